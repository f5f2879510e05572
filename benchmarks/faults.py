"""Faults: every harm that a machine can do to a run, and whether the end is the same.

    python benchmarks/faults.py            all of them, some minutes
    python benchmarks/faults.py --quick    a few of every sort, under a minute

A small recipe (simulated market, network, hand-made factor, combination by matured ICIR,
portfolio, tests) runs once undisturbed. Then the same command runs in other places: killed before
it puts the first file of each stage in place, and in the middle of each; against a limit of the
size of files; in too little memory; beside a second process; under another time zone and with
files from the future, as a clock that was set back leaves them; and with a file of every sort that
it keeps (lake, manifest, caches, days, folders, checkpoints) changed by a bit, cut or emptied.

A fault is *survived* when the command, given again where it stopped, ends with every file of lake
and store the same, byte for byte, but for those that say how long something took. It is *refused*
when the command stops with an error of ours (exit code 2 or 3) until the harm is undone, and then
ends the same. Everything else is lost.
"""

import argparse
import contextlib
import hashlib
import io
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

RECIPE = """
name: faults
data:
  lake: lake
  sources:
    - {kind: simulated, seed: 3, n_assets: 40, start: 2023-01-03, end: 2023-04-28, freq: 30,
       habits: {orders_per_day: 100}}
  assets: bars
  bar_freq: 30
universe: {min_listed_days: 5, exclude_st: false}
grid: {every: 3}
factors:
  gru:
    kind: network
    features:
      {kind: library, library: bar64_30, rows: 30, parameters: {least: 1},
       names: [bar_ret, bar_range]}
    transform: {kind: global_standard}
    window_days: 3
    label: {kind: y_ret, horizon: 3}
    schedule: {kind: rolling, train_days: 24, valid_days: 9, step_days: 30}
    model: {kind: gru, hidden: 4}
    objective: {kind: neg_ic}
    training: {learning_rate: 0.01, max_epochs: 3, patience: 3}
    seeds: [0]
  simple:
    kind: zscore_mean
    features: {kind: library, library: price_volume, names: [ret20]}
    signs: {ret20: -1}
combination: {kind: icir_weight, observations: 6, min_observations: 2}
test: {horizons: [[1, 3]], factor: {n_groups: 3}}
portfolio:
  problem: {stock_deviation: 0.2, industry_deviation: 0.5, style_bounds: {}}
"""

TIMED = ("artifact.json", "history.parquet", "solver.json")  # they say how long something took
STAGES = (
    "lake/daily", "lake/bars", "lake/manifest.json", "/ingest/", "/universe/", "features/",
    "label/", "weights/", "state/facts.json", "/outputs/", "/score/", "/matured/",
    "/combination/", "/signal/", "/benchmark/", "/exposures/", "/portfolio/", "/test/",
    "report.html",
)  # fmt: skip
QUICK_STAGES = ("lake/bars", "features/", "state/facts.json", "/portfolio/")


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes
    ----------
    code : exit code, or minus the signal
    said : on stderr
    seconds : of processor time
    """

    code: int
    said: str
    seconds: float

    @property
    def refused(self) -> bool:
        """Whether it was an error of ours."""
        return self.code in (2, 3)

    def brief(self) -> str:
        """In a few words."""
        if self.code < 0:
            return f"killed ({signal.Signals(-self.code).name})"
        lines = [line for line in self.said.splitlines() if line and " INFO " not in line]
        errors = [line for line in lines if line.endswith(("Error", "Exception"))]
        if self.refused and errors:
            return errors[-1]
        return f"exit {self.code}" + (f": {lines[-1][:60]}" if self.code and lines else "")


@dataclass
class Row:
    """A line of the table.

    Attributes
    ----------
    fault, where : what was done to what
    happened : what the command made of it
    same : whether the end was that of the undisturbed run
    refused : whether it stopped with an error of ours first
    """

    fault: str
    where: str
    happened: str
    same: bool
    refused: bool = False

    def __str__(self) -> str:
        return f"| {self.fault} | {self.where} | {self.happened} | {'yes' if self.same else 'NO'} |"


def command(folder: Path, harm: Callable[[], None] = lambda: None) -> Ended:
    """``intralpha run faults.yaml`` in a folder, in a process of its own.

    Parameters
    ----------
    folder : with the recipe
    harm : done in that process before it begins
    """
    said = folder / "said.txt"
    child = os.fork()  # imports are done; nothing has begun that would not live through it
    if child == 0:
        _begin(folder, said, harm)
    _, status, used = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, said.read_text(errors="replace"), used.ru_utime + used.ru_stime)


def _begin(folder: Path, said: Path, harm: Callable[[], None]) -> None:
    """Become the command; never returns."""
    code = 1
    try:
        os.chdir(folder)
        with said.open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        sys.argv = ["intralpha", "run", "faults.yaml"]
        from intralpha.cli.main import main as begin

        harm()
        begin()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def kill_before(part: str, count: int) -> Callable[[], None]:
    """SIGKILL before the ``count``-th file with a part in its path is put in place."""

    def harm() -> None:
        left = count

        def hook(event: str, given: tuple) -> None:
            nonlocal left
            if event == "os.rename" and part in f"{given[0]} {given[1]}":
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)

    return harm


def largest_file(size: int) -> Callable[[], None]:
    """No file may become larger: what does fails in the middle of a write, as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def memory(more: int) -> Callable[[], None]:
    """So many bytes of address space more than the process has."""

    def harm() -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    return harm


def time_zone(name: str) -> Callable[[], None]:
    """The process lives elsewhere."""

    def harm() -> None:
        os.environ["TZ"] = name
        time.tzset()

    return harm


def digest(folder: Path) -> str:
    """Of every file of lake and store, and of its path."""
    whole = hashlib.sha256()
    for root in (folder / "lake", folder / "runs/artifacts"):
        for path in sorted(root.rglob("*")):
            parts = path.relative_to(folder).parts
            if not path.is_file() or path.name in TIMED or path.suffix == ".lock":
                continue
            if path.name.startswith(".") or "ingest" in parts or "made" in parts:
                continue
            if ".cache" in parts or path.name == "manifest.json":
                continue  # names the times of files; what it says is in the addresses of the store
            whole.update(f"{path.relative_to(folder)}\n".encode())
            whole.update(path.read_bytes())
    return whole.hexdigest()[:16]


def to_the_end(folder: Path) -> Ended:
    """The command, undisturbed, until it has nothing more to mend: twice at most."""
    return command(folder)
