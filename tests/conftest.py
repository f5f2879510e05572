"""Annotations are checked while tests run; real data are found or skipped with a reason; what is
dear to make is made once for all workers.
"""

import fcntl
import gc
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree

from tests.annotations import check_annotations
from tests.browser import NAMES, VARIABLE, Browser, browser_path, browsing
from tests.compiling import compile_once
from tests.forked import pytest_addoption, pytest_collectreport, pytest_runtestloop

__all__ = ["pytest_addoption", "pytest_collectreport", "pytest_runtestloop"]

SRC = Path(__file__).resolve().parents[1] / "src" / "intralpha"
# Not where work is planned: millions of calls there pass no array, and checking them takes longer
# than the work.
UNCHECKED = ("pipeline", "cli", "__pycache__")
CHECKED = [p.name for p in SRC.iterdir() if p.is_dir() and p.name not in UNCHECKED]
# What is imported stays: looking through it again and again is an eighth of a collection.
gc.disable()
check_annotations([f"intralpha.{name}" for name in CHECKED])
compile_once()

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

# The same examples in every run, and no verdict depends on the clock: tests say only how many
# examples they need where these are too many or too few. `make slow` asks for more.
settings.register_profile(
    "intralpha",
    max_examples=int(os.environ.get("INTRALPHA_EXAMPLES", "12")),
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("intralpha")

REPOSITORY = Path(__file__).resolve().parent.parent


def real_data_root() -> Path:
    """Where the real market data are expected."""
    return Path(os.environ.get("INTRALPHA_REAL_DATA", REPOSITORY.parent / "shared" / "data"))


MEMORY, ROOM = Path("/dev/shm"), 4 << 30  # a file system in memory; bytes that tests may need


def pytest_configure() -> None:
    """Files of tests lie in memory where there is room: a lake waits for the disk at every append,
    and that is half of the time of the tests that fill one.
    """
    if "PYTEST_DEBUG_TEMPROOT" not in os.environ and os.access(MEMORY, os.W_OK):
        found = os.statvfs(MEMORY)
        if found.f_bavail * found.f_frsize >= ROOM:
            os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test that is much the same for all its parameters some run, the others are slow."""
    seen: Counter[str] = Counter()
    for item in items:
        if mark := item.get_closest_marker("one_in"):
            name = item.nodeid.partition("[")[0]
            if seen[name] % mark.args[0]:
                item.add_marker(pytest.mark.slow)
            seen[name] += 1


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """The command line, where a test calls it, chooses what is logged from then on."""
    yield
    logging.getLogger("intralpha").setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real market data; the test is skipped where it is absent."""
    root = real_data_root()
    if not root.is_dir():
        pytest.skip(f"real market data not found at {root}; set INTRALPHA_REAL_DATA")
    return root


@pytest.fixture(scope="session")
def half_year_lake(made_once: Callable[..., Path]) -> Path:
    """Half a year of 24 simulated stocks, daily and in bars of 30 minutes; only to be read."""
    months = {"start": "2023-01-03", "end": "2023-06-30"}
    return made_once("half_year", traded(seed=3, n_assets=24, **months)) / "lake"


@pytest.fixture(scope="session")
def long_lake(made_once: Callable[..., Path]) -> Path:
    """Nine months of sixty simulated stocks, daily and in bars of 30 minutes; only to be read."""
    months = {"start": "2023-01-03", "end": "2023-09-28"}
    return made_once("long", traded(seed=3, n_assets=60, **months)) / "lake"


def traded(**market: object) -> Callable[[Path], None]:
    """Trades a market with few orders into the lake of a folder."""

    def make(folder: Path) -> None:
        from intralpha.market import Lake
        from intralpha.sources import SimulatedSpec, ingest
        from intralpha.sources.exchange.habits import HabitSpec

        spec = SimulatedSpec(freq=30, habits=HabitSpec(orders_per_day=150), **market)
        ingest([spec], Lake(str(folder / "lake"), create=True), show_progress=False)

    return make


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``made_once(name, make)``: a folder that ``make(folder)`` fills in the first worker to ask.

    The others wait for it. Tests only read what it holds: no worker may see another's changes.
    """
    root = tmp_path_factory.getbasetemp()  # made before workers are

    def ask(name: str, make: Callable[[Path], object]) -> Path:
        folder, done = root / "once" / name, root / "once" / f"{name}.done"
        folder.parent.mkdir(exist_ok=True)
        with (root / "once" / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return ask


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser without a window; the test is skipped where none is installed."""
    path = browser_path()
    if path is None:
        pytest.skip(f"no browser: {VARIABLE} names none, and {', '.join(NAMES)} are not on PATH")
    with browsing(path) as opened:
        yield opened
