"""The package from outside: what it offers, and what it costs to import."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "numba", "scipy", "plotly", "highspy")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


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
def test_market_is_a_folder_and_opens_a_lake(first: str) -> None:
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


def test_the_public_names_are_these() -> None:
    said = python(
        "import intralpha as ia\n"
        "print(*ia.__all__)\n"
        "print(all(getattr(ia, name) for name in ia.__all__), set(ia.__all__) <= set(dir(ia)))\n"
    )
    assert said == f"{PUBLIC}\nTrue True\n"


TELLING = [["--version"], ["--help"], ["run", "--help"], ["level2", "--help"]]


@pytest.mark.parametrize("words", TELLING)
def test_a_command_that_only_tells_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from intralpha.cli import app\n"
        f"try:\n    app({words!r})\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        f"print('heavy:', *[n for n in {HEAVY!r} if n in sys.modules])\n"
    )
    assert python(code).strip().endswith("heavy:")


def test_a_name_that_is_not_there_says_so() -> None:
    import intralpha

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = intralpha.nonsense
