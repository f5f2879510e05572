"""Code reached: what work imports, directly or not, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import intralpha
from intralpha.pipeline.code import Look, code_reached, reached

PACKAGE = Path(intralpha.__file__).parent

ASK = """
import json
import sys
from importlib import import_module
from pathlib import Path
import intralpha
from intralpha.pipeline.code import code_reached
from intralpha.features import DaySpec, LibrarySpec
specs = {"": None, "day": DaySpec(), "minutes": LibrarySpec(library="minute15")}
nodes, files = json.loads(sys.argv[1])
package = Path(intralpha.__file__).parent

def digests():
    found = {}
    for word in nodes:
        module, name, spec = word.split(":")
        found[word] = code_reached(getattr(import_module(module), name), specs[spec])
    return found

answers = {"": digests()}
for file in files:
    path = package / file
    text = path.read_text() if path.is_file() else None
    path.write_text((text or "") + chr(10) + "# A remark." + chr(10))
    answers[file] = digests()
    path.unlink() if text is None else path.write_text(text)
answers["again"] = digests()
print(json.dumps(answers))
"""
DAY = "intralpha.factors.features:make_features:day"
MINUTES = "intralpha.factors.features:make_features:minutes"
WEIGHTS = "intralpha.factors.learning:make_weights:"
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


MOVED = {
    "base/panel.py": set(NODES),
    "report/charts.py": set(),
    "models/gru.py": set(),  # a recipe that names it reaches it through its spec
    "models/another.py": set(),  # a new file
    "features/frames/minute.py": {MINUTES},
    "features/frames/bar.py": set(),
    "features/engine/machine.py": {MINUTES},
    "training/fit.py": {WEIGHTS},
    "portfolio/highs.py": {PORTFOLIO},
    "market/universe.py": {UNIVERSE, PORTFOLIO},
    "market/rules/lots.csv": set(NODES),  # a lake derives limits of rows by the rules
}


@pytest.fixture(scope="module")
def digests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Code of each node in a copy of the package: as it is, and with a remark in each file."""
    copy = tmp_path_factory.mktemp("copy") / "intralpha"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("*.nbi", "*.nbc"))
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps([NODES, list(MOVED)])],
        env=os.environ | {"PYTHONPATH": str(copy.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("file", MOVED)
def test_a_comment_moves_what_reaches_its_file(
    digests: dict[str, dict[str, str]], file: str
) -> None:
    before, after = digests[""], digests[file]
    assert {name for name in NODES if before[name] != after[name]} == MOVED[file]


def test_a_remark_taken_back_leaves_nothing(digests: dict[str, dict[str, str]]) -> None:
    assert digests["again"] == digests[""]


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


def test_a_module_may_declare_its_encoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "# -*- coding: gb18030 -*-\nfrom intralpha.base import Spec  # 动量\n"
    (tmp_path / "momentum_gb.py").write_bytes(text.encode("gb18030"))
    monkeypatch.syspath_prepend(tmp_path)
    found = Look().source("momentum_gb")
    assert found is not None
    assert found.imports == (("intralpha.base", "Spec"),)


def test_data_of_a_users_module_lie_where_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a run writes below its folder under the same name is no part of it."""
    text = 'NAMES = ["near.csv", "sub/far.csv", "*.csv", "../out.csv", "no such: [.csv"]\n'
    (tmp_path / "a_plugin_with_data.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)

    def named() -> list[str]:
        found = Look().source("a_plugin_with_data")
        assert found is not None
        return [str(path.relative_to(tmp_path)) for path in found.data]

    assert named() == []
    for place in ("near.csv", "runs/near.csv", "sub/far.csv", "sub/runs/far.csv", "other.csv"):
        (tmp_path / place).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / place).write_text("x")
    (tmp_path / "a_plugin_with_data.py").write_text(text + "\n")
    assert named() == ["near.csv", "sub/far.csv"]
