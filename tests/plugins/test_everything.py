"""One recipe of nothing but a user's kinds, loaded in each of the three ways."""

import json
import re
from pathlib import Path

import pytest
import yaml
from tests.pages import english

from .conftest import BOTH, HERE, Desk, families

FAMILIES = {
    "acme": ("features", "grid", "head", "label", "net", "schedule", "transform"),
    "mine": ("AverageSpec", "BenchmarkSpec", "CombinerSpec", "ConstraintSpec", "ExposureSpec",
             "FactorSpec", "FiguresSpec", "Layout", "MetricSpec", "ObjectiveSpec",
             "OptimiserSpec", "RateSpec", "RiskModelSpec", "RowFilterSpec", "SourceSpec",
             "TermSpec", "WeighingSpec"),
}  # fmt: skip
NOTHING_TO_DO = re.compile(r"\n0 of \d+ slices to do\n$")
PROBE = """
import json, sys
from pathlib import Path
from intralpha.base.plugins import load_plugins
load_plugins({names})
from intralpha.pipeline import load_recipe, plan
planned = plan(load_recipe(Path("everything.yaml")), Path("runs"))
missing = {{n.name: len(planned.missing(n)) for n in planned.nodes}}
print(json.dumps(missing))
"""


def test_there_is_a_kind_of_every_family() -> None:
    ours = families()
    text = "".join(p.read_text() for p in HERE.rglob("*.py"))
    bases = set(re.findall(r"^class \w+\((\w+)\):", text, re.MULTILINE))
    assert ours == bases & ours
    assert len(ours) == 26


def test_a_recipe_of_plugins_runs_from_the_command_line(finished: Desk) -> None:
    (report,) = (finished.folder / "runs" / "everything").glob("*/report.html")
    page = english(report)
    assert page.count("<h2>Portfolio</h2>") == 1
    assert page.count("<h2>The best day</h2>") == 1
    rows = re.findall(r"<tr><td>(\w+)</td><td>([\w.]+)</td><td>([0-9a-f]{12})</td></tr>", page)
    assert [row[:2] for row in rows] == [("acme", "1.2.3"), ("mine", "file")]
    kept = yaml.safe_load((report.parent / "recipe.yaml").read_text())
    assert kept["factors"]["net"]["model"] == {
        "kind": "acme.mynet",
        "hidden": 4,
        "half_life": 2.0,
        "head": {"kind": "acme.tanh", "orthogonal": False},
    }
    weights = json.loads((report.parent / "run.json").read_text())["nodes"]["weights/net"]
    assert len(weights["slices"]) == 2  # two jobs for the recipe's two workers


@pytest.mark.slow
def test_the_environment_and_python_load_the_same(finished: Desk) -> None:
    words = ("run", "everything.yaml", "--dry-run")
    for done in (
        finished.intralpha(*words, *BOTH),
        finished.intralpha(*words, plugins="acme,./mine.py"),
    ):
        assert done.returncode == 0, done.stderr
        assert NOTHING_TO_DO.search(done.stdout), done.stdout
        assert done.stdout.startswith("time line of net\n")
    found = json.loads(finished.script(PROBE.format(names='["acme", "./mine.py"]')))
    assert len(found) == 21
    assert set(found.values()) == {0}


@pytest.mark.slow
def test_a_search_of_a_plugin_says_what_is_tried(finished: Desk) -> None:
    done = finished.intralpha("study", "everything.yaml", "--dry-run", *BOTH)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"n_groups = (\d)", done.stdout) == ["3", "4", "3"]


def test_nothing_is_loaded_that_is_not_named(finished: Desk) -> None:
    done = finished.intralpha("check", "everything.yaml")
    assert done.returncode == 2
    assert done.stderr.startswith("RecipeError\n")
    assert "everything.yaml has 24 fault(s)" in done.stderr
    assert "factors.net.model: no kind acme.mynet" in done.stderr
    assert "--plugins acme (an installed package) or --plugins ./acme.py" in done.stderr
    one = finished.intralpha("check", "everything.yaml", "--plugins", "./mine.py")
    assert one.returncode == 2
    assert "has 6 fault(s)" in one.stderr
    told = finished.script(
        "import sys\n"
        "from pathlib import Path\n"
        "from intralpha.models import ModelSpec\n"
        "from intralpha.pipeline import RecipeError, load_recipe\n"
        "try:\n    load_recipe(Path('everything.yaml'))\n"
        "except RecipeError as error:\n    print(len(error.faults))\n"
        "print([m for m in sys.modules if m.partition('.')[0] in ('acme', 'mine')])\n"
        "print([k for k in ModelSpec.kinds() if '.' in k])\n"
    )
    assert told.split("\n") == ["24", "[]", "[]", ""]


def test_a_layout_of_a_plugin_writes_the_files_of_a_market(desk: Desk) -> None:
    # Not where others look: a file that a plug-in names is part of it if it lies below its folder.
    words = ("simulate", "closes", "--preset", "tiny", "--layout", "mine.closes")
    done = desk.intralpha(*words, "--end", "2023-01-10", "--plugins", "./mine.py")
    assert done.returncode == 0, done.stderr
    first, *lines = (desk.folder / "closes" / "closes.csv").read_text().splitlines()
    assert first.startswith("date,600001.SH,000001.SZ,")
    assert [line[:10] for line in lines] == [f"2023-01-{d:02}" for d in (3, 4, 5, 6, 9, 10)]
    assert "6 sessions" in done.stdout


ADDRESSES = """
import json
from pathlib import Path
from intralpha.base.plugins import load_plugins
load_plugins(["acme", "./mine.py"])
from intralpha.pipeline import load_recipe, plan

def keys():
    given = ("data.sources=[]", "data.lake={lake}")
    return plan(load_recipe(Path("everything.yaml"), given), Path("runs")).keys

before = keys()
for name in {files}:
    path = Path(name)
    old = path.read_text() if path.is_file() else None
    path.write_text((old or "") + "\\n# A remark.\\n")
    after = keys()
    moved = [node for node in before if before[node] != after[node]]
    path.unlink() if old is None else path.write_text(old)
    assert keys() == before, "as it was"
    print(json.dumps(moved))
"""


def test_addresses_move_with_the_code_of_a_plugin_and_not_otherwise(
    desk: Desk, finished: Desk
) -> None:
    net = ["weights/net", "outputs/net", "score/net"]
    chosen = ("rows/net", "weighing/net")
    known = ["benchmark", "exposures", "risk_returns", "risk"]
    files = {
        "site/acme/shapes.py": net,
        "site/acme/features.py": [
            "features/net", "seen/net", "weights/net", "outputs/net", "score/net",
        ],
        "site/acme/grid.py": [],
        "site/acme/kinds.py": [],
        "site/acme/new.py": [],
        "site/acme-1.2.3.dist-info/METADATA": [],
        "falls.py": [*net, *chosen, "score/reversal", *known],
        "mine.py": [*net, *chosen, "score/reversal", *known],
    }  # fmt: skip
    text = ADDRESSES.format(lake=finished.folder / "lake", files=list(files))
    found = [json.loads(line) for line in desk.script(text).splitlines()]
    after = {"signal", "test", "portfolio", "attribution", "style_attribution", "active_risk"}
    for (file, moved), seen in zip(files.items(), found, strict=True):
        assert set(seen) == set(moved) | (after if moved else set()), file


@pytest.mark.slow
def test_an_audit_covers_the_features_of_a_plugin(desk: Desk, finished: Desk) -> None:
    (desk.folder / "cheat.py").write_text(
        (HERE / "acme" / "src" / "acme" / "features.py")
        .read_text()
        .replace("acme.gap", "cheat.gap")
        .replace("daily[\"open\"]", "np.roll(daily[\"open\"], -1, axis=0)")
    )  # fmt: skip
    factor = "factors={one: {kind: zscore_mean, features: {kind: %s.gap}, signs: {gap: 1}}}"
    common = [
        "--after", "2023-05-10", "--future", "noise",
        "--set", f"data.lake={finished.folder / 'lake'}", "--set", "data.sources=[]",
        "--set", "portfolio=null", "--set", "combination={kind: equal}",
        "--set", "executor={kind: local}", "--set", "study=null",
    ]  # fmt: skip
    honest = desk.intralpha(
        "audit", "everything.yaml", "--plugins", "acme", *common, "--set", factor % "acme"
    )
    assert honest.returncode == 0, honest.stderr
    assert "features/one: " in honest.stdout
    words = ("--plugins", "acme", "--plugins", "cheat.py", "--set", factor % "cheat")
    cheat = desk.intralpha("audit", "everything.yaml", *words, *common, "--folder", "other")
    assert cheat.returncode == 3
    assert "FutureLeakError" in cheat.stderr
    assert "features/one: " in cheat.stderr


@pytest.mark.slow
def test_a_recipe_with_sources_of_its_own_is_audited(finished: Desk) -> None:
    words = ("--after", "2023-05-10", "--future", "noise", "--set", "factors.net=null")
    done = finished.intralpha("audit", "everything.yaml", *BOTH, *words)
    assert done.returncode == 0, done.stderr
    assert "target weights: " in done.stdout


@pytest.mark.parametrize("causal", [False, True])
def test_check_tests_the_kinds_of_a_recipe(finished: Desk, causal: bool) -> None:
    done = finished.intralpha("check", "everything.yaml", *BOTH, *["--causal"] * causal)
    assert done.returncode == 0, done.stderr
    if causal:
        assert done.stdout.splitlines() == [
            "acme.gap: passed assert_shapes, assert_permutation, assert_reads, assert_causal",
            "acme.next: passed assert_shapes, assert_permutation, assert_reads, "
            "assert_label_forward_only",
            "acme.mynet: passed assert_network",
            "mine.absolute: passed assert_objective",
        ]
    else:
        assert yaml.safe_load(done.stdout)["portfolio"]["exposures"] == {"kind": "mine.level"}


def test_the_package_says_what_it_is() -> None:
    import tomllib

    project = tomllib.loads((HERE / "acme" / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["intralpha.kinds"] == {"acme": "acme.kinds"}
    assert Path(HERE / "acme" / "src" / "acme" / "kinds.py").is_file()
