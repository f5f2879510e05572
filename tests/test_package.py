"""The package from outside: what it offers, and what it costs to import."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

HEAVY = ("torch", "numba", "scipy", "highspy")
Script = Callable[[str], str]
# Libraries are imported once, the package by every script anew, in a process of its own.
SCRIPTS = """
import json, os, sys, traceback
import jaxtyping, numba, numpy, polars, pyarrow, pydantic, scipy, torch, typer, yaml

for line in sys.stdin:
    mine, its = os.pipe()
    if not os.fork():
        os.dup2(its, 1)
        os.dup2(its, 2)
        try:
            exec(compile(json.loads(line), "script", "exec"), {"__name__": "__main__"})
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(0)
    os.close(its)
    with os.fdopen(mine) as said:
        text = said.read()
    os.wait()
    print(json.dumps(text), flush=True)
"""


def alone(code: str) -> str:
    """What a script prints where nothing is imported."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def python() -> Iterator[Script]:
    """Run a script where the libraries are imported and the package is not; what it prints."""
    command = [sys.executable, "-c", SCRIPTS]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as server:  # type: ignore[call-overload]

        def run(code: str) -> str:
            print(json.dumps(code), file=server.stdin, flush=True)
            said: str = json.loads(server.stdout.readline())
            return said

        yield run
        server.stdin.close()


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "first",
    [
        "import intralpha as ia",
        "import intralpha.market; import intralpha as ia",
        "from intralpha.market import Lake; import intralpha as ia",
        "import intralpha as ia; import intralpha.market",
        "import intralpha as ia; ia.Lake",
    ],
)
def test_market_is_a_folder_and_opens_a_lake(python: Script, first: str) -> None:
    said = python(
        f"{first}\n"
        "from intralpha.base import DataError\n"
        "from intralpha.market import TABLES\n"
        "import intralpha.market as folder\n"
        "print(folder.TABLES is TABLES, ia.market is folder)\n"
        "try:\n    ia.market('no/such/lake')\n"
        "except DataError as error:\n    print(type(error).__name__)\n"
    )
    assert said.split() == ["True", "True", "NoLakeError"]


PUBLIC = "Lake Market Panel execute load_plugins load_recipe market open_market plan"


def test_the_public_names_are_these_and_can_be_pickled(python: Script) -> None:
    said = python(
        "import pickle, numpy as np, intralpha as ia\n"
        "print(*ia.__all__)\n"
        "print(all(getattr(ia, name) for name in ia.__all__), set(ia.__all__) <= set(dir(ia)))\n"
        "things = [getattr(ia, name) for name in ia.__all__ if name != 'market']\n"
        "print(all(pickle.loads(pickle.dumps(thing)) is thing for thing in things))\n"
        "import sys\nprint('scipy.stats' in sys.modules)\n"  # takes longer to import than all
        "days = np.array(['2024-01-02'], 'datetime64[D]')\n"
        "panel = ia.Panel(np.ones((1, 1, 1)), days, np.array(['A']), ('x',))\n"
        "print(pickle.loads(pickle.dumps(panel)).values.tolist())\n"
    )
    assert said == f"{PUBLIC}\nTrue True\nTrue\nFalse\n[[[1.0]]]\n"


def test_dir_and_completion_show_what_is_offered_and_nothing_else(python: Script) -> None:
    said = python(
        "import rlcompleter, intralpha as ia, intralpha.base.kind, intralpha.features\n"
        "print(*[name for name in dir(ia) if not name.startswith('__')])\n"
        "complete = rlcompleter.Completer({'ia': ia}).complete\n"
        "print(*[complete('ia.', n).strip('()') for n in range(9)], complete('ia.', 9))\n"
        "print('__all__' in dir(ia), '__version__' in dir(ia), ia.features.LibrarySpec.__name__)\n"
    )
    completed = " ".join(f"ia.{name}" for name in PUBLIC.split())
    assert said == f"{PUBLIC}\n{completed} None\nTrue True LibrarySpec\n"


def test_a_star_brings_the_public_names_and_help_describes_them(python: Script) -> None:
    star, _, said = python(
        "from intralpha import *\n"
        "print(*sorted(name for name in dir() if not name.startswith('__')))\n"
        "print(market.Lake is Lake, callable(market))\n"
        "print('---')\n"
        "import intralpha as ia\nhelp(ia)\nhelp(ia.market)\nhelp(ia.plan)\n"
    ).partition("---")
    assert star == f"{PUBLIC}\nTrue True\n"
    for part in (
        "class Panel(",
        "open_market(",
        "load_recipe(",
        "package intralpha.market",
        "0.1.0",
    ):
        assert part in said, part
    assert "LazyPackage" not in said.partition("package intralpha.market")[0]


def test_python_m_is_the_command() -> None:
    command = [sys.executable, "-m", "intralpha"]
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("intralpha ")
    lost = subprocess.run([*command, "check", "none.yaml"], capture_output=True, check=False)
    assert lost.returncode == 2
    assert b"none.yaml" in lost.stderr


TELLING = [["--version"], ["--help"], ["run", "--help"], ["level2", "--help"]]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("words", TELLING)
def test_a_command_that_only_tells_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from intralpha.cli import app\n"
        f"try:\n    app({words!r})\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        f"print('heavy:', *[n for n in {HEAVY!r} if n in sys.modules])\n"
    )
    assert alone(code).strip().endswith("heavy:")


def test_a_name_that_is_not_there_says_so() -> None:
    import intralpha

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = intralpha.nonsense
