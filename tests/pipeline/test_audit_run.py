"""The audit of a recipe: noise that nobody can trade proves nothing against it."""

from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intralpha.audit import scramble
from intralpha.audit.probe import FutureLeakError, NothingComparedError
from intralpha.base import DataError, Panel
from intralpha.features import LibraryFeatures
from intralpha.market import Lake
from intralpha.pipeline import (
    Recipe,
    RunResult,
    audit_dates,
    audit_recipe,
    execute,
    load_recipe,
    plan,
)
from intralpha.portfolio import Desk, InfeasibleError, lay_desk

AFTER = date(2023, 5, 9)
# A replay of four months says as much as one of seven.
FAST = (
    "data.sources=[]", "factors.gru=null", "combination={kind: single}", "test.start=2023-04-04",
)  # fmt: skip
STRICT = "portfolio.problem.stock_deviation=0.0015"


@pytest.fixture
def strict_recipe(finished: tuple[Path, RunResult]) -> Recipe:
    """Bounds so narrow that a market of noise leaves nothing, while the true one does."""
    return load_recipe(finished[0] / "tiny.yaml", (*FAST, STRICT))


@pytest.mark.slow
def test_the_optimiser_need_not_get_along_with_the_noise(
    strict_recipe: Recipe, tmp_path: Path
) -> None:
    findings = audit_recipe(strict_recipe, AFTER, tmp_path / "audit", False, ("noise",))
    assert findings[-1].what == "target weights"
    assert all(f.compared > 300 for f in findings)
    # It does stop there when it has to go on to the end, and later than the date.
    noisy = scramble(Lake(strict_recipe.data.lake), AFTER, tmp_path / "noise")
    data = strict_recipe.data.model_copy(update={"lake": str(noisy.root)})
    whole = strict_recipe.model_copy(update={"data": data})
    (error,) = execute(plan(whole, tmp_path / "whole"), show_progress=False).problems
    assert isinstance(error, InfeasibleError)
    assert error.date > np.datetime64(AFTER)


@pytest.mark.slow
def test_an_optimiser_that_knows_the_next_signal_is_caught(
    finished: tuple[Path, RunResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = lay_desk

    def tomorrow(*args: object) -> Desk:
        desk = honest(*args)
        return replace(desk, alpha=np.concatenate([desk.alpha[1:], desk.alpha[-1:]]))

    # The package means the function by the name of its module.
    monkeypatch.setattr(import_module("intralpha.backtest.stretches"), "lay_desk", tomorrow)
    recipe = load_recipe(finished[0] / "tiny.yaml", FAST)
    with pytest.raises(FutureLeakError) as caught:
        audit_recipe(recipe, AFTER, tmp_path / "audit", False, ("noise",))
    assert [f.what for f in caught.value.findings] == ["target weights"]


@pytest.mark.slow
def test_an_audit_before_the_first_decision_proves_nothing_about_weights(
    strict_recipe: Recipe, tmp_path: Path
) -> None:
    test = strict_recipe.test.model_copy(update={"start": date(2023, 6, 13)})
    recipe = strict_recipe.model_copy(update={"test": test})
    with pytest.raises(NothingComparedError, match="benchmark has no finite value"):
        audit_recipe(recipe, AFTER, tmp_path / "audit", show_progress=False)


@pytest.mark.slow
def test_what_is_not_compared_is_not_made_again(simple_recipe: Recipe, tmp_path: Path) -> None:
    """The tests begin after the date, on a Saturday; in the noise they could not be made."""
    test = simple_recipe.test.model_copy(update={"start": date(2023, 6, 10)})
    recipe = simple_recipe.model_copy(update={"test": test})
    findings = audit_recipe(recipe, AFTER, tmp_path / "audit", show_progress=False)
    assert [f.what for f in findings] == ["universe", "features/simple", "score/simple", "signal"]
    assert [p.name for p in (tmp_path / "audit").iterdir()] == ["true"]


@pytest.mark.slow
def test_several_dates_are_spread_over_what_is_scored(
    simple_recipe: Recipe, tmp_path: Path
) -> None:
    found = audit_dates(simple_recipe, 2, tmp_path, show_progress=False, futures=("removed",))
    days = Lake(simple_recipe.data.lake).dates("daily")
    scored = days[days >= np.datetime64(date(2023, 2, 8))]  # the grid's first after 20 sessions
    thirds = [scored[(len(scored) - 1) * k // 3].item() for k in (1, 2)]
    assert list(found) == thirds
    assert [f.compared for f in found[thirds[0]]] < [f.compared for f in found[thirds[1]]]


@pytest.mark.slow
def test_a_failure_of_what_is_compared_counts(
    simple_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = LibraryFeatures.compute

    def afraid_of_noise(self: LibraryFeatures, lake: Lake, *args: Any, **named: Any) -> Panel:
        if "noise" in str(lake.root):
            raise DataError("cannot read noise")
        return honest(self, lake, *args, **named)

    monkeypatch.setattr(LibraryFeatures, "compute", afraid_of_noise)
    with pytest.raises(DataError, match="cannot read noise"):
        audit_recipe(simple_recipe, AFTER, tmp_path / "audit", show_progress=False)
