"""The audit of a portfolio whose trades are planned ahead: what comes later moves no order."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from intralpha.audit.probe import FutureLeakError
from intralpha.backtest import load_run
from intralpha.base import Panel
from intralpha.pipeline import Recipe, RunResult, audit_recipe, execute, load_recipe, plan
from intralpha.portfolio.planned import PlanSpec

from .test_planned import CHANGES

AFTER = date(2023, 5, 9)
PLANNED = (
    *CHANGES,
    "test.start=2023-04-11",
    "portfolio.plan={trades: 3, sessions: 1}",
)


@pytest.fixture
def recipe(finished: tuple[Path, RunResult]) -> Recipe:
    """Three trades planned over what a decoder says of three sessions."""
    return load_recipe(finished[0] / "tiny.yaml", PLANNED)


@pytest.mark.slow
@pytest.mark.parametrize("future", ["noise", "removed"])
def test_planned_trades_do_not_know_what_comes(recipe: Recipe, tmp_path: Path, future: str) -> None:
    findings = audit_recipe(recipe, AFTER, tmp_path / "audit", False, (future,))
    assert findings[-1].what == "target weights"
    assert all(f.compared > 300 for f in findings)
    assert "outputs/gru" in {f.what for f in findings}
    # What was compared is a plan: the weights are not those of one trade at a time.
    one = recipe.model_copy(
        update={"portfolio": recipe.portfolio.model_copy(update={"plan": None})}
    )
    runs = [plan(r, tmp_path / "audit" / "true") for r in (recipe, one)]
    assert not execute(runs[1], show_progress=False).problems
    weights = [
        load_run(list(r.folders("portfolio").values()), r.axes.assets).targets.values for r in runs
    ]
    assert np.abs(weights[0] - weights[1]).max() > 1e-3


@pytest.mark.slow
def test_a_plan_over_the_sequence_of_the_next_decision_is_caught(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = PlanSpec.signals

    def late(self: PlanSpec, sequence: Panel, universe: Panel, dates: np.ndarray) -> np.ndarray:
        found = honest(self, sequence, universe, dates)
        return np.concatenate([found[:, 1:], found[:, -1:]], axis=1)

    monkeypatch.setattr(PlanSpec, "signals", late)
    with pytest.raises(FutureLeakError) as caught:
        audit_recipe(recipe, AFTER, tmp_path / "audit", False, ("noise",))
    assert [f.what for f in caught.value.findings] == ["target weights"]


@pytest.mark.slow
def test_a_later_trade_that_peeks_is_caught(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first trade's own signal is honest: only what is planned after it knows the future."""
    honest = PlanSpec.signals

    def late(self: PlanSpec, sequence: Panel, universe: Panel, dates: np.ndarray) -> np.ndarray:
        found = honest(self, sequence, universe, dates)
        return np.concatenate([found[:1], np.roll(found[1:], -1, axis=1)])

    monkeypatch.setattr(PlanSpec, "signals", late)
    with pytest.raises(FutureLeakError) as caught:
        audit_recipe(recipe, AFTER, tmp_path / "audit", False, ("noise",))
    assert [f.what for f in caught.value.findings] == ["target weights"]
