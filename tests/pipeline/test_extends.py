"""Recipes that go on from others: what changes, what stays, what is refused; and a report's own."""

import json
from pathlib import Path

import numpy as np
import pytest

from intralpha.pipeline import (
    Plan,
    RecipeError,
    RunResult,
    execute,
    find_recipe,
    load_recipe,
    plan,
)
from intralpha.pipeline.trials import combinations, space_of

BASE = """
name: base
data: {lake: lake, start: 2020-01-02}
grid: {kind: weekday}
factors:
  a: {kind: zscore_mean, features: {kind: library, library: price_volume, names: [ret20, vol20]},
      signs: {ret20: -1, vol20: -1}}
  b: {kind: file, path: b.csv}
"""


def write(folder: Path, name: str, text: str) -> Path:
    (folder / f"{name}.yaml").write_text(text)
    return folder / f"{name}.yaml"


def test_keys_change_one_by_one_and_kinds_as_a_whole(tmp_path: Path) -> None:
    write(tmp_path, "base", BASE)
    write(tmp_path, "middle", "extends: base.yaml\nname: middle\ndata: {end: 2021-01-04}\n")
    (tmp_path / "own").mkdir()
    path = write(
        tmp_path,
        "last",
        """
extends: middle
name: last
grid: {kind: every, every: 3}
factors: {a: {features: {names: [vol20, ret20]}, signs: {vol20: 1}}, b: null}
""",
    )
    recipe = load_recipe(path, ("data.start=2020-06-01",))
    assert recipe.name == "last"
    assert (str(recipe.data.start), str(recipe.data.end)) == ("2020-06-01", "2021-01-04")
    assert recipe.grid.model_dump() == {"kind": "every", "every": 3, "anchor": None}
    assert list(recipe.factors) == ["a"]
    assert recipe.factors["a"].model_dump()["signs"] == {"ret20": -1, "vol20": 1}
    assert recipe.factors["a"].model_dump()["features"]["names"] == ("vol20", "ret20")
    assert recipe.data.lake == str(tmp_path / "lake")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extends: nothing\nname: x\n", "nothing; expected .*nothing.yaml or a shipped recipe"),
        ("extends: [a]\nname: x\n", "expected the name or the file of a recipe"),
        (
            "extends: other\nname: x\n",
            "which extends it; expected a recipe that does not come back",
        ),
        ("extends: list\nname: x\n", "expected a mapping of keys"),
        ("extends: broken\nname: x\n", "expected a recipe that can be read"),
    ],
)
def test_what_cannot_be_extended_is_named(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, "other", "extends: x\n")
    write(tmp_path, "list", "- 1\n")
    write(tmp_path, "broken", "a: [\n")
    with pytest.raises(RecipeError, match=said):
        load_recipe(write(tmp_path, "x", text))


def run_tiny(name: str, lake: Path, folder: Path) -> tuple[Plan, RunResult]:
    """A recipe's smallest size on a market that is there; nothing fails."""
    on = (f"data.lake={lake}", "data.sources=[]")
    planned = plan(load_recipe(find_recipe(Path(name)), on, folder), folder / "runs")
    result = execute(planned, show_progress=False)
    assert result.problems == ()
    return planned, result


@pytest.mark.slow
def test_report_000_runs_at_its_smallest_size(long_lake: Path, tmp_path: Path) -> None:
    """Labels, an attention, block selection, a vote of horizons, with the report's own tables."""
    planned, result = run_tiny("s000_minute_platform_tiny", long_lake, tmp_path)
    names = [f.name for f in result.factors]
    within = ["bar_2", "bar_2, from 10:30"]
    close = ["ret_1", "ret_10", "rank_10", "sharpe_10", "attention", "blocks"]
    assert names == [*close, *within, "signal"]
    decided = [node for node in planned.nodes if node.kind == "selected"]
    assert len(decided[0].slices) > 2, "blocks are chosen from more than once"
    page = result.report.read_text()
    bars = "8 bars from bar 3 of t, 8 bars a session"
    for heading in ("Weights of the combination", "Report 000", "score rank_10", bars):
        assert heading in page, heading


@pytest.mark.slow
def test_report_003_runs_at_its_smallest_size(long_lake: Path, tmp_path: Path) -> None:
    """Attention across time and variables, a decoder, an enhancement, and the line of a date."""
    planned, result = run_tiny("s003_angles_tiny", long_lake, tmp_path)
    names = [f.name for f in result.factors]
    assert names == ["all", "itransformer", "sequence", "composite", "both"]
    assert {"h01", "h03"} < set(planned.panel("outputs/sequence").names)
    page = result.report.read_text()
    for heading in (
        "report 003",
        "Portfolios side by side",
        ">half_any<",
        "score sequence",
        "strictly out of sample from here",
    ):
        assert heading in page, heading


@pytest.mark.slow
def test_the_trials_of_report_000_are_a_study_of_its_network(tmp_path: Path) -> None:
    recipe = load_recipe(find_recipe(Path("s000_grid")), (), tmp_path)
    assert recipe.study is not None
    assert (list(recipe.factors), recipe.sets) == (["ret_10"], {})
    trials = list(combinations(space_of((), recipe.study)))
    assert len(trials) == 7 * 3 * 4 * 2
    for one in trials:
        changes = tuple(f"{key}={json.dumps(value)}" for key, value in one.items())
        load_recipe(find_recipe(Path("s000_grid")), changes, tmp_path)


def test_a_set_that_is_null_is_left_out(tmp_path: Path) -> None:
    own = "sets: {x: {features: {kind: day}}, y: {features: {kind: day}, scores: [a]}}\n"
    write(tmp_path, "base", BASE + own)
    recipe = load_recipe(
        write(tmp_path, "x", "extends: base\nname: x\nfactors: {b: null}\nsets: {x: null}\n")
    )
    assert list(recipe.sets) == ["y"]
    assert recipe.sets["y"].scores == ("a",)


@pytest.mark.slow
def test_report_004_runs_at_its_smallest_size(long_lake: Path, tmp_path: Path) -> None:
    """On a market that is there: networks, premia, an enhancement, with the report's own tables."""
    planned, result = run_tiny("s004_attention_tiny", long_lake, tmp_path)
    residual = planned.recipe.factors["residual_30"].model_dump()
    assert residual["model"]["residual"] == "last"
    names = [f.name for f in result.factors]
    assert names == ["rnn_30", "residual_30", "reversal", "calm", "illiquid", "signal"]
    signal = planned.panel("signal")["score"].astype(np.float64)
    spread = [np.std(row[np.isfinite(row)]) for row in signal if np.isfinite(row).sum() > 30]
    known = np.array(spread) < 0.1
    assert known.sum() > 5, "an expected return of five days, once premia are known"
    page = result.report.read_text()
    for heading in ("Weights of the combination", "Report 004", ">rnn_30<", ">portfolio_2<"):
        assert heading in page, heading
