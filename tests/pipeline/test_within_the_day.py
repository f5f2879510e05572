"""Networks that speak within the day, run for real: nothing after their bar moves a bit of them."""

import json
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from scipy.stats import spearmanr

from intralpha.audit import scramble
from intralpha.audit.probe import FutureLeakError
from intralpha.base.node import Node
from intralpha.factors import FactorSpec, Ground, Network
from intralpha.labels import RawBarReturnsSpec
from intralpha.market import Lake, bar_times
from intralpha.pipeline import Plan, Recipe, RunResult, audit_recipe, execute, load_recipe, plan

from .leaks import BarsSpec

FIRST, ON, LAST = date(2023, 3, 14), date(2023, 5, 9), date(2023, 5, 25)  # ON is of the grid
EARLY = {
    "kind": "network",
    "features": {
        "kind": "library",
        "library": "bar64_30",
        "rows": 30,
        "parameters": {"least": 1},
        "names": ["bar_ret", "bar_range", "tval_rel"],
    },
    "transform": {"kind": "cross_section", "mads": None, "sigmas": 3},
    "window_days": 3,
    "schedule": {"kind": "rolling", "train_days": 16, "valid_days": 4, "step_days": 40},
    "model": {"kind": "gru", "hidden": 4},
    "objective": {"kind": "neg_ic"},
    "training": {"learning_rate": 0.01, "max_epochs": 1, "patience": 1},
    "seeds": [0],
}


def until(bar: int, **keys: Any) -> dict[str, Any]:
    """A network that speaks at the end of a bar, of the returns from then on."""
    label = {"kind": "y_bars", "after": [bar], "horizon": 4}
    return {**EARLY, "until": bar, "label": label, **keys}


def recipe_of(path: Path, factors: dict[str, Any]) -> Recipe:
    """The factors alone, on a lake that is there."""
    raw = json.loads(load_recipe(path).model_dump_json())
    raw |= {"factors": {}, "portfolio": None, "combination": {"kind": "equal"}}
    raw["data"] |= {"sources": [], "start": str(FIRST), "end": str(LAST)}
    raw["test"] |= {"horizons": [[1, 2]]}
    return Recipe.model_validate(raw | {"factors": factors})


def on_lake(recipe: Recipe, lake: Path) -> Recipe:
    data = recipe.data.model_copy(update={"lake": str(lake)})
    return recipe.model_copy(update={"data": data})


def run(recipe: Recipe, runs: Path) -> tuple[Plan, RunResult]:
    planned = plan(recipe, runs)
    result = execute(planned, show_progress=False)
    assert result.problems == ()
    return planned, result


NETWORKS = {
    "bar2": until(2),
    "bar6": until(6),
    "close": {**EARLY, "label": {"kind": "y_bars", "after": [8], "horizon": 4}},
}


@pytest.fixture(scope="module")
def true(finished: tuple[Path, RunResult], tmp_path_factory: pytest.TempPathFactory):
    recipe = recipe_of(finished[0] / "tiny.yaml", NETWORKS)
    return run(recipe, tmp_path_factory.mktemp("true"))


def scores_on(planned: Plan, name: str) -> np.ndarray:
    panel = planned.panel(f"score/{name}").at(np.array([ON], "datetime64[D]"))
    return panel["score"][0]


@pytest.mark.parametrize("bar", [2, pytest.param(6, marks=pytest.mark.slow)])
def test_what_comes_after_the_bar_moves_no_bit_of_a_score(
    true: tuple[Plan, RunResult], tmp_path: Path, bar: int
) -> None:
    """Later bars of the date, its daily row and all later days are noise."""
    planned, _ = true
    twin = scramble(Lake(planned.lake_root), ON, tmp_path / "lake", at=bar_times(30)[bar - 1])
    other = plan(on_lake(planned.recipe, twin.root), tmp_path / "runs")
    execute(other, show_progress=False)
    old, new = (scores_on(one, f"bar{bar}") for one in (planned, other))
    assert np.isfinite(old).sum() > 40
    np.testing.assert_array_equal(old.view(np.int32), new.view(np.int32))
    whole = [scores_on(one, "close") for one in (planned, other)]
    assert (np.nan_to_num(whole[0]) != np.nan_to_num(whole[1])).mean() > 0.5, "no other future"
    if bar == 6:  # of which bar 2 is part
        old, new = (scores_on(one, "bar2") for one in (planned, other))
        np.testing.assert_array_equal(old.view(np.int32), new.view(np.int32))


@pytest.mark.slow
def test_its_own_bar_moves_a_score(true: tuple[Plan, RunResult], tmp_path: Path) -> None:
    planned, _ = true
    twin = scramble(Lake(planned.lake_root), ON, tmp_path / "lake", at=bar_times(30)[0])
    other = plan(on_lake(planned.recipe, twin.root), tmp_path / "runs")
    execute(other, show_progress=False)
    old, new = (np.nan_to_num(scores_on(one, "bar2")) for one in (planned, other))
    assert (old != new).mean() > 0.5


def test_it_is_tested_from_its_next_bar_on(true: tuple[Plan, RunResult]) -> None:
    """By hand: rank correlations of score and raw return of the stocks that were known by then."""
    planned, result = true
    reports = {one.name: one for one in result.factors}
    assert {"bar2", "bar2, from 10:30", "bar6", "bar6, from 14:00", "close"} <= set(reports)
    assert "close, from 15:00" not in reports
    report = reports["bar2, from 10:30"]
    assert report.more["horizons"]["horizon"].to_list() == ["bar03_4_of_8"]
    dates = report.series["date"].to_numpy().astype("datetime64[D]")
    assert len(dates) > 5
    lake, score = planned.lake, planned.panel("score/bar2").at(dates)
    label = RawBarReturnsSpec(after=(2,), horizon=4)
    returns = label.compute(lake, dates, score.assets).values[:, :, 0]
    sessions = planned.axes.dates
    before = sessions[np.searchsorted(sessions, dates) - 1]
    inside = planned.panel("universe").at(before)["universe"] > 0
    expected = []
    for d in range(len(dates)):
        both = inside[d] & np.isfinite(returns[d]) & np.isfinite(score["score"][d])
        expected.append(spearmanr(score["score"][d, both], returns[d, both]).statistic)
    np.testing.assert_allclose(report.series["rank_ic"], expected, atol=1e-9)


def audited(recipe: Recipe, folder: Path, *futures: str) -> set[str]:
    """What an audit of the date found to look ahead; it looked at what the factor says."""
    try:
        found = audit_recipe(recipe, ON, folder, show_progress=False, futures=futures)
    except FutureLeakError as error:
        return {one.what for one in error.findings}
    assert {"universe/early", "outputs/early", "score/early"} <= {one.what for one in found}
    return set()


@pytest.mark.slow
@pytest.mark.parametrize("bar", [2, 4, 6])
def test_an_audit_compares_what_it_says_within_the_day(
    finished: tuple[Path, RunResult], tmp_path: Path, bar: int
) -> None:
    recipe = recipe_of(finished[0] / "tiny.yaml", {"early": until(bar)})
    assert audited(recipe, tmp_path, "noon") == set()


@pytest.mark.slow
def test_an_audit_compares_it_in_every_other_future(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    recipe = recipe_of(finished[0] / "tiny.yaml", {"early": until(4)})
    assert audited(recipe, tmp_path, "noise", "removed", "shifted") == set()


@pytest.fixture
def cheating() -> Iterator[None]:
    """Two kinds of factors that are gone after the test: others look at all that there are."""

    class LateNetwork(Network):
        """Sees two bars more than it says."""

        kind: Literal["leaks.late"] = "leaks.late"  # type: ignore[assignment]

        @property
        def known_at(self) -> time:
            return bar_times(30)[(self.until or 8) - 3]

    class CloseNetwork(Network):
        """Stands on the stocks that its date's close decides."""

        kind: Literal["leaks.close"] = "leaks.close"  # type: ignore[assignment]

        def eve(self, name: str, ground: Ground) -> tuple[tuple[Node, ...], Ground]:
            del name
            return (), ground

        @property
        def tested_by(self) -> tuple[()]:
            return ()

    yield
    for kind in (LateNetwork, CloseNetwork):
        del FactorSpec.known_kinds[kind.model_fields["kind"].default]


CHEATS: dict[str, dict[str, Any]] = {
    "it sees the next bars": until(6, kind="leaks.late"),
    "it sees the whole day": until(8, kind="leaks.late"),
    "it knows who will have traded": until(4, kind="leaks.close"),
    "a feature is the next bar": until(4, features=BarsSpec(cheats=True).model_dump()),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "cheat",
    [
        "it sees the next bars",
        pytest.param("it sees the whole day", marks=pytest.mark.slow),
        pytest.param("it knows who will have traded", marks=pytest.mark.slow),
        pytest.param("a feature is the next bar", marks=pytest.mark.slow),
    ],
)
@pytest.mark.usefixtures("cheating")
def test_a_planted_cheat_is_caught(
    finished: tuple[Path, RunResult], tmp_path: Path, cheat: str
) -> None:
    recipe = recipe_of(finished[0] / "tiny.yaml", {"early": CHEATS[cheat]})
    assert "score/early" in audited(recipe, tmp_path, "noon")


@pytest.mark.slow
def test_a_feature_that_is_honest_is_not(finished: tuple[Path, RunResult], tmp_path: Path) -> None:
    honest = until(4, features=BarsSpec(cheats=False).model_dump())
    recipe = recipe_of(finished[0] / "tiny.yaml", {"early": honest})
    assert audited(recipe, tmp_path, "noon") == set()
