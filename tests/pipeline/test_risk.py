"""The risk model in a recipe: a slice a session and a date, equal to the whole, and audited."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest

from intralpha.audit.probe import FutureLeakError
from intralpha.pipeline import Plan, Recipe, audit_recipe, execute, load_recipe, plan
from intralpha.pipeline.report import render_report
from intralpha.risk import (
    FactorRiskSpec,
    RiskHistoryError,
    SessionReturns,
    load_estimate,
    load_session,
    rolling_estimates,
)

RISK = (
    "{kind: factors, window_days: 30, min_days: 15, young_days: 10, exposures: {kind: price_volume,"
    " beta_days: 20, momentum_days: 20, volatility_days: 20, month_days: 5, year_months: 3}}"
)
RECIPE = """
name: small
data:
  lake: {lake}
universe: {{min_listed_days: 20, exclude_st: false}}
grid: {{every: 3}}
factors:
  simple:
    kind: zscore_mean
    features: {{kind: library, library: price_volume, names: [ret20, vol20]}}
    signs: {{ret20: -1, vol20: -1}}
combination: {{kind: single}}
test:
  horizons: [[1, 6]]
  start: 2023-03-15
  factor: {{n_groups: 3, top_share: 0.2}}
portfolio:
  problem: {{stock_deviation: 0.1, industry_deviation: 0.3}}
  risk: {risk}
"""
AFTER = date(2023, 5, 15)


class FuturistSpec(FactorRiskSpec):
    """Knows the exposures of the last session of the lake that it sees."""

    kind: Literal["risky.futurist"] = "risky.futurist"

    def explain(self, lake, dates, assets, mask_DA) -> Iterator[SessionReturns]:
        last = lake.dates("daily")[-1]
        late = list(super().explain(lake, last[None], assets, mask_DA[-1:]))
        for one in super().explain(lake, dates, assets, mask_DA):
            yield SessionReturns(
                one.date, one.names, one.returns_K + late[0].returns_K.mean(), one.assets,
                one.left_A, one.r2,
            )  # fmt: skip


def with_risk(folder: Path, *more: str, risk: str = RISK) -> Recipe:
    path = folder / "small.yaml"
    path.write_text(RECIPE.format(lake=folder / "lake", risk=risk))
    return load_recipe(path, more)


@pytest.fixture(scope="module")
def small(half_year_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lake of 24 stocks over half a year."""
    folder = tmp_path_factory.mktemp("risk")
    (folder / "lake").symlink_to(half_year_lake)
    return folder


@pytest.fixture(scope="module")
def made(small: Path) -> Plan:
    planned = plan(with_risk(small), small / "runs")
    result = execute(planned, show_progress=False)
    assert not result.problems
    return planned


def test_without_a_model_there_is_no_node_and_nothing_else_moves(small, made, tmp_path):
    none = plan(with_risk(small, "portfolio.risk=null"), tmp_path / "runs")
    assert set(made.keys) - set(none.keys) == {"risk_returns", "risk", "active_risk"}
    moved = {name for name in none.keys if none.keys[name] != made.keys[name]}
    assert moved == {"portfolio", "attribution", "style_attribution"}


def test_what_came_is_told_beside_what_was_expected(made):
    folder = made.folders("active_risk")["all"]
    told, years = (pl.read_parquet(folder / n) for n in ("told.parquet", "yearly.parquet"))
    assert told.height > 10
    assert (told["expected_tracking_error"] > 0).all()
    assert years["year"].to_list() == ["2023", "all"]
    assert 0.3 < years["bias_statistic"][-1] < 3
    page = render_report(made, folder.parent / "page.html").read_text()
    for words in ("Risk model", "Tracking error", "Returns of the factors", "bias statistic"):
        assert words in page


def test_recalibrated_forecasts_are_told_with_their_multiples(small, made):
    """The first decision is as foreseen; what is expected then is the model's times the root."""
    planned = plan(
        with_risk(small, "portfolio.recalibration={half_life: 4, least: 0}"), small / "runs"
    )
    assert not execute(planned, show_progress=False).problems
    alone, told = (
        pl.read_parquet(one.folders("active_risk")["all"] / "told.parquet")
        for one in (made, planned)
    )
    assert "risk_multiple" not in alone.columns
    assert told["risk_multiple"][0] == 1
    assert told["risk_multiple"].n_unique() > 10
    first = "expected_tracking_error"
    assert told[first][0] == pytest.approx(alone[first][0])
    # Nothing in the problem asks for risk, so that the same is held, and only the forecast moves.
    np.testing.assert_allclose(told[first], alone[first] * told["risk_multiple"].sqrt())
    page = render_report(planned, small / "page.html").read_text()
    assert "Recalibration" in page


def test_a_first_decision_without_a_past_is_told_before_anything_is_made(small, tmp_path):
    """Fifteen sessions after the lake's first are over on 31 January, a date of the grid."""
    with pytest.raises(RiskHistoryError, match=r"test\.start: 2023-01-31 or later") as caught:
        _ = plan(with_risk(small, "test.start=null"), tmp_path / "runs").keys
    assert "found 0 sessions of returns" in str(caught.value)
    assert plan(with_risk(small, "test.start=2023-01-31"), tmp_path / "runs").keys


def test_a_recalibration_that_changes_nothing_is_told_too(small, made):
    """Who asks for it and gets 1 throughout is shown that, not a report without a word."""
    assert made.node("active_risk").spec is None
    asked = plan(with_risk(small, "portfolio.recalibration={prior: 1e300}"), small / "runs")
    node = asked.node("active_risk")
    assert node.spec == asked.recipe.portfolio.recalibration


@pytest.mark.slow
def test_artifacts_are_those_of_the_whole(made):
    dates = np.array([s.name for s in made.node("risk").slices], dtype="datetime64[D]")
    assert len(dates) > 15
    spec = made.recipe.portfolio.risk
    sessions, estimates = made.folders("risk_returns"), made.folders("risk")
    compared = 0
    for one, found in rolling_estimates(
        spec, made.lake, dates, made.panel("universe").select(["universe"])
    ):
        name = str(one.date)
        if name in sessions:
            kept = load_session(sessions[name])
            assert kept.names == one.names
            np.testing.assert_array_equal(kept.returns_K, one.returns_K)
            np.testing.assert_array_equal(kept.left_A, one.left_A)
            compared += 1
        if found is not None:
            held = load_estimate(estimates[name])
            np.testing.assert_array_equal(held.assets, found.assets)
            np.testing.assert_array_equal(held.factor_cov_KK, found.factor_cov_KK)
            np.testing.assert_array_equal(held.specific_var_A, found.specific_var_A)
    assert compared == len(sessions) > 50


def test_a_new_day_is_one_new_slice(small, made, tmp_path):
    last = made.node("risk_returns").slices[-1].name
    before = made.node("risk_returns").slices[-2].name
    shorter = plan(with_risk(small, f"test.end={before}"), tmp_path / "runs")
    old, new = shorter.addresses["risk_returns"], made.addresses["risk_returns"]
    assert last not in old
    assert old.items() <= new.items()
    assert shorter.addresses["risk"].items() <= made.addresses["risk"].items()


@pytest.mark.slow
def test_an_audit_covers_the_model(small, tmp_path):
    honest = audit_recipe(with_risk(small), AFTER, tmp_path / "honest", False, ("noise",))
    seen = {one.what: one.compared for one in honest}
    assert seen["risk_returns"] > 30
    assert seen["risk"] > 5


@pytest.mark.slow
def test_an_audit_sees_a_model_that_looks_ahead(small, tmp_path):
    risk = RISK.replace("factors", "risky.futurist")
    recipe = with_risk(small, risk=risk)
    with pytest.raises(FutureLeakError, match="risk_returns: "):
        audit_recipe(recipe, AFTER, tmp_path / "cheat", False, ("noise",))
