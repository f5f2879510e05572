"""Expected and realised risk of what was held, against a plain loop."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.backtest import Ledger, active_risk, factor_history, risk_by_year
from intralpha.backtest.attribution import EFFECTS
from intralpha.base import Panel
from intralpha.risk import RiskEstimate, SessionReturns

ASSETS = np.array(["A", "B", "C"])
DAYS = np.array([f"2023-12-{d}" for d in (25, 26, 27, 28, 29)] + ["2024-01-02", "2024-01-03"],
                dtype="datetime64[D]")  # fmt: skip
DECIDED = DAYS[[0, 3]]


def ledger(weights: dict[date, tuple[float, float, float]]) -> Ledger:
    rows = [
        {"date": day, "symbol": s, "weight": w}
        for day, ws in weights.items()
        for s, w in zip("ABC", ws, strict=True)
    ]
    tables = {f: pl.DataFrame() for f in Ledger.__dataclass_fields__}
    return Ledger(**tables | {"holdings": pl.DataFrame(rows)})


HELD = ledger({DAYS[1].item(): (0.5, 0.5, 0.0), DAYS[4].item(): (0.2, 0.2, 0.6)})
BENCHMARK = Panel(
    np.array([[0.4, 0.4, 0.2], [0.3, 0.3, 0.4]])[:, :, None], DECIDED, ASSETS, ("weight",)
)
ONE = RiskEstimate(
    np.array(["A", "B"]), ("f",), np.array([[1.0], [-1.0]]), np.array([[4e-4]]), np.full(2, 1e-4)
)
RISK = {DECIDED[0]: ONE, DECIDED[1]: replace(ONE, specific_var_A=np.full(2, 9e-4))}


def effects(scale: float = 1.0) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    parts = {name: scale * rng.normal(0, 0.01, len(DAYS) - 1) for name in EFFECTS}
    return pl.DataFrame({"date": DAYS[1:].tolist()} | parts)


def test_by_hand():
    """Active 0.1, 0.1 of A and B: the factor cancels, 2 x 0.1^2 x 1e-4 is left; C is unknown."""
    moved = effects()
    ret = moved.select(pl.sum_horizontal(*EFFECTS)).to_series().to_numpy()
    found = active_risk(HELD, moved, BENCHMARK, RISK.__getitem__)
    assert found["date"].to_list() == [DAYS[1].item(), DAYS[4].item()]
    assert found["sessions"].to_list() == [3, 2]
    variance = np.array([2 * 0.1**2 * 1e-4, 2 * 0.1**2 * 9e-4])
    np.testing.assert_allclose(found["expected_tracking_error"], np.sqrt(244 * variance))
    np.testing.assert_allclose(found["factor_share"], 0.0)
    sums = [ret[1:4].sum(), ret[4:].sum()]
    np.testing.assert_allclose(found["active_ret"], sums)
    np.testing.assert_allclose(found["surprise"], sums / np.sqrt(variance * [3, 2]))


def test_years_are_told_apart():
    found = active_risk(HELD, effects(), BENCHMARK, RISK.__getitem__)
    later = found.with_columns(date=pl.Series([date(2023, 12, 26), date(2024, 1, 2)]))
    years = risk_by_year(later, effects())
    assert years["year"].to_list() == ["2023", "2024", "all"]
    ret = effects().select(pl.sum_horizontal(*EFFECTS)).to_series().to_numpy()
    realised = ret[1:].std() * np.sqrt(244)
    last = years.row(-1, named=True)
    assert last["realised_tracking_error"] == pytest.approx(realised)
    expected = np.sqrt((later["expected_tracking_error"].to_numpy() ** 2).mean())
    assert last["realised_over_expected"] == pytest.approx(realised / expected)
    assert last["bias_statistic"] == pytest.approx(later["surprise"].to_numpy().std(ddof=1))
    assert last["bias_error"] == pytest.approx(0.5)


def test_returns_of_planted_volatility_have_bias_one():
    """What came is drawn from what is expected: 400 rebalances of one session."""
    rng = np.random.default_rng(1)
    days = np.arange("2020-01-01", "2021-02-05", dtype="datetime64[D]")
    held = ledger(dict.fromkeys(days[1:].astype(object), (0.6, 0.4, 0.0)))
    level = Panel(np.tile([[0.4], [0.6], [0.0]], (len(days), 1, 1)), days, ASSETS, ("weight",))
    sd = np.sqrt(ONE.variance(np.array([0.2, -0.2])))
    parts = {EFFECTS[0]: rng.normal(0, sd, len(days) - 1)} | dict.fromkeys(EFFECTS[1:], 0.0)
    moved = pl.DataFrame({"date": days[1:].tolist()} | parts)
    found = active_risk(held, moved, level, lambda day: ONE)
    assert found.height == 399
    last = risk_by_year(found, moved).row(-1, named=True)
    assert last["bias_statistic"] == pytest.approx(1, abs=3 * last["bias_error"])
    assert found["factor_share"][0] == pytest.approx(0.16 * 4 / (0.16 * 4 + 0.08))


def test_nothing_held_nothing_told():
    none = ledger({DAYS[0].item(): (1.0, 0.0, 0.0)})  # no decision before it
    assert active_risk(none, effects(), BENCHMARK, RISK.__getitem__).is_empty()
    assert risk_by_year(
        active_risk(none, effects(), BENCHMARK, RISK.__getitem__), effects()
    ).is_empty()


def test_factor_returns_are_added_up_and_gaps_add_nothing():
    past = [
        SessionReturns(DAYS[0], ("a", "b"), np.array([0.01, np.nan]), ASSETS[:0], np.zeros(0), 0.5),
        SessionReturns(DAYS[1], ("b",), np.array([0.02]), ASSETS[:0], np.zeros(0), 0.3),
        SessionReturns(DAYS[2], ("a", "b"), np.array([-0.03, 0.01]), ASSETS[:0], np.zeros(0), 0.1),
    ]
    fits, factors = factor_history(past)
    np.testing.assert_allclose(fits["r2_mean"], [0.5, 0.4, 0.3])
    by = {name: part["sum_ret"].to_list() for (name,), part in factors.group_by("factor")}
    np.testing.assert_allclose(by["a"], [0.01, -0.02])
    np.testing.assert_allclose(by["b"], [0.0, 0.02, 0.03])
