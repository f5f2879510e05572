"""Code reached: what work imports, directly or not, and nothing else."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import intralpha
from intralpha.pipeline.code import code_reached, reached

PACKAGE = Path(intralpha.__file__).parent

ASK = """
import sys
from importlib import import_module
from intralpha.pipeline.code import code_reached
from intralpha.features import DaySpec, LibrarySpec
specs = {"": None, "day": DaySpec(), "minutes": LibrarySpec(library="minute15")}
for word in sys.argv[1:]:
    module, name, spec = word.split(":")
    print(word, code_reached(getattr(import_module(module), name), specs[spec]))
"""
DAY = "intralpha.factors.features:make_features:day"
MINUTES = "intralpha.factors.features:make_features:minutes"
WEIGHTS = "intralpha.factors.network:make_weights:"
UNIVERSE = "intralpha.pipeline.nodes.ground:make_universe:"
PORTFOLIO = "intralpha.pipeline.nodes.portfolio:make_portfolio:"
NODES = (
    DAY,
    MINUTES,
    WEIGHTS,
    "intralpha.factors.zscore_mean:make_score:",
    UNIVERSE,
    PORTFOLIO,
)


def digests(package: Path) -> dict[str, str]:
    """Code of each node as a package in another folder has it."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, *NODES],
        env=os.environ | {"PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("copy") / "intralpha"
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


@pytest.fixture(scope="module")
def before(copied: Path) -> dict[str, str]:
    return digests(copied)


@pytest.mark.parametrize(
    ("file", "moved"),
    [
        ("base/panel.py", set(NODES)),
        ("report/charts.py", set()),
        ("models/gru.py", set()),  # a recipe that names it reaches it through its spec
        ("features/frames/minute.py", {MINUTES}),
        ("features/frames/bar.py", set()),
        ("features/engine/machine.py", {MINUTES}),
        ("training/fit.py", {WEIGHTS}),
        ("portfolio/highs.py", {PORTFOLIO}),
        ("market/universe.py", {UNIVERSE, PORTFOLIO}),
        ("market/rules/lots.csv", {PORTFOLIO}),
    ],
)
def test_a_comment_moves_what_reaches_its_file(
    copied: Path, before: dict[str, str], file: str, moved: set[str]
) -> None:
    path = copied / file
    text = path.read_text()
    path.write_text(text + "\n# A remark.\n")
    try:
        after = digests(copied)
    finally:
        path.write_text(text)
    assert {name for name in NODES if before[name] != after[name]} == moved


def test_a_new_file_moves_nothing(copied: Path, before: dict[str, str]) -> None:
    path = copied / "models" / "another.py"
    path.write_text("from intralpha.models.gru import GRU\n")
    try:
        assert digests(copied) == before
    finally:
        path.unlink()


def test_names_of_a_package_count_as_the_modules_that_define_them() -> None:
    found = reached({"intralpha.evaluation.factor_test"})
    assert "intralpha.evaluation.ic" in found
    assert "intralpha.evaluation.stylised" not in found
    assert "intralpha.evaluation" not in found


def test_data_files_that_a_module_names_count_with_it() -> None:
    found = reached({"intralpha.market.trading_rules"})["intralpha.market.trading_rules"]
    assert [path.suffix for path in found.data] == [".csv"] * len(found.data)
    assert found.data


def test_code_of_a_plugin_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_plugin.py").write_text(
        textwrap.dedent("""
        from a_helper import two

        def make(spec, inputs, task):
            return two()
        """)
    )
    helper = tmp_path / "a_helper.py"
    helper.write_text("def two():\n    return 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    import a_plugin

    first = code_reached(a_plugin.make, None)
    helper.write_text("def two():\n    return 3  # another\n")
    assert code_reached(a_plugin.make, None) != first
