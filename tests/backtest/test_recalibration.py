"""The risk of a portfolio set right by its own surprises: by hand, and against a plain loop."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from intralpha.backtest import (
    EnhancementSpec,
    Foreseen,
    Known,
    PortfolioRun,
    RecalibrationSpec,
    Standing,
    Watch,
    benchmark_weights,
    save_standing,
    stretches,
    trade,
    weights_before,
)
from intralpha.backtest.benchmark import growth_of
from intralpha.base import Panel
from intralpha.market import Lake, UniverseSpec, read_daily, universe
from intralpha.portfolio import decisions
from intralpha.risk import RiskEstimate, rolling_estimates
from intralpha.risk.pca import PcaRiskSpec
from intralpha.sources.exchange.index import INDEX

from .conftest import market_of, weights_of

SPEC = EnhancementSpec.model_validate(
    {
        "exposures": {"momentum_days": 20, "beta_days": 20, "volatility_days": 20},
        "risk": {"kind": "pca", "window_days": 60, "n_factors": 3, "min_days": 40},
        "problem": {"stock_deviation": 0.08, "turnover_one_sided": 0.3, "tracking_error": 0.04},
        "backtest": {"capital_yuan": 1e7},
        "every": 5,
    }
)
RULE = RecalibrationSpec(half_life=4.0, prior=2.0, least=0.0)
SHARE = 1 / 9  # of the variances that a model too sure of itself forecasts


def test_surprises_by_hand():
    """Two sessions of 0.01 where 1e-4 a session was foreseen are 4e-4 of 2e-4: twice as much."""
    rule = RecalibrationSpec(half_life=1.0, prior=1.0, least=0.0)
    one = Foreseen(ordered=1e-4)
    assert one.multiple(rule) == 1
    one = one.moved(0.5, rule)  # what was held before the first order counts nothing
    assert one == Foreseen(variance=1e-4)
    one = one.moved(0.01, rule).moved(0.01, rule)
    assert one.multiple(rule) == pytest.approx((1 + 2) / (1 + 1))
    ordered = replace(one, ordered=3e-4).moved(0.01, rule)  # three sessions: 9e-4 of 3e-4
    assert ordered.squares == pytest.approx(3.0)
    assert ordered == Foreseen(ordered.squares, 1.0, variance=3e-4)
    later = ordered.moved(0.0, rule)
    assert later.multiple(rule) == pytest.approx((1 + 0.5 * 3 + 0) / (1 + 0.5 + 1))
    assert later.multiple(RULE.model_copy(update={"prior": 0.0, "least": 2.0})) == 2


def test_a_variance_is_never_less_than_least_nor_nothing():
    """Before anything was seen, too; and two zeros would let a surprise of 0 end all bounds."""
    assert Foreseen().multiple(RecalibrationSpec(prior=0, least=2)) == 2
    assert Foreseen().multiple(RecalibrationSpec(prior=0, least=0.5)) == 1
    with pytest.raises(ValueError, match="expected one of them above 0"):
        RecalibrationSpec(prior=0, least=0)


def test_active_return_is_that_of_weights_that_drift():
    """0.6 and 0.4 against 0.5 and 0.5 of stocks that gain 10 % and nothing: 0.01, then drifted."""
    days = np.array(["2024-01-02", "2024-01-03", "2024-01-04"], "datetime64[D]")
    assets = np.array(["A", "B"])
    close = np.array([[10.0, 10.0], [11.0, 10.0], [12.1, 10.0]])
    market = market_of(days, assets, {"close": close})
    halves = weights_of([days[0]], assets, [[1.0, 1.0]])
    own_DA = benchmark_weights(halves, market)["weight"]
    watch = Watch(RULE, Foreseen(variance=1e-4), own_DA, growth_of(market))
    watch.session(np.array([0.6, 0.4]), 1)
    assert watch.foreseen.active_ret == pytest.approx(0.01)
    watch.session(np.array([0.6, 0.4]), 2)
    assert watch.foreseen.active_ret == pytest.approx(0.01 + 0.1 * (0.6 - 0.55 / 1.05))
    assert watch.foreseen.sessions == 2


def test_a_portfolio_without_a_model_is_told():
    spec = EnhancementSpec(recalibration=RecalibrationSpec())
    (fault,) = [f for f in spec.faults() if f.startswith("recalibration")]
    assert "risk is null" in fault


@pytest.fixture(scope="module")
def lake(half_year_lake: Path) -> Lake:
    return Lake(half_year_lake)


@pytest.fixture(scope="module")
def known(lake: Lake) -> Known:
    """A signal that leans one way from the 60th session on, and a model three times too sure."""
    close = read_daily(lake, ("close",))
    stocks = close.assets[close.assets != INDEX]
    days = close.dates
    inside = universe(lake, UniverseSpec(min_listed_days=20), days, stocks)
    axes = Panel(inside[:, :, None].astype(np.float32), days, stocks, ("universe",))
    values = np.full((len(days), len(stocks), 1), np.nan)
    values[60:] = np.random.default_rng(0).standard_normal((1, len(stocks), 1))
    at = days[60::5]
    weights = SPEC.benchmark.weights(lake, at, stocks, inside[60::5])
    assert isinstance(SPEC.risk, PcaRiskSpec)
    estimates = {
        one.date: found.scaled(SHARE)
        for one, found in rolling_estimates(SPEC.risk, lake, at, axes)
        if found is not None
    }
    return Known(
        axes,
        Panel(values, days, stocks, ("score",)),
        Panel(weights[:, :, None], at, stocks, ("weight",)),
        SPEC.exposures.estimate(lake, at, stocks, inside[60::5]),
        estimates.__getitem__,
    )


def run_of(lake: Lake, known: Known, rule: RecalibrationSpec | None) -> PortfolioRun:
    spec = SPEC.model_copy(update={"recalibration": rule})
    days = known.benchmark.dates
    ahead = stretches(decisions(days, 1), known.universe.dates[-1].item())
    return PortfolioRun.joined(
        [part.run for part in trade(spec, lake, known.universe.assets, ahead, known)]
    )


def estimate_of(known: Known, day: np.datetime64) -> RiskEstimate:
    assert known.risk is not None
    return known.risk(day)


def plain_multiples(lake: Lake, known: Known, run: PortfolioRun) -> list[float]:
    """The same from the books alone, by the sums as they stand in the formula."""
    market = read_daily(lake, ("close", "preclose"), assets=known.universe.assets)
    moved = {}
    for one in weights_before(run.ledger, market, known.benchmark):
        active = one.held_A - one.benchmark_A / one.benchmark_A.sum()
        moved[np.datetime64(one.date)] = float(active @ one.ret_A)
    sessions = known.universe.dates
    dates = [one.date for one in run.solutions]
    trades = [sessions[np.searchsorted(sessions, day) + 1] for day in dates]
    expected = []
    for solution in run.solutions:
        row = known.benchmark["weight"][np.searchsorted(known.benchmark.dates, solution.date)]
        own = row[np.searchsorted(known.universe.assets, solution.assets)]
        model = estimate_of(known, solution.date).on(solution.assets)
        expected.append(model.variance(solution.weights - own / own.sum()))
    out = []
    for now, day in enumerate(dates):
        above, below = RULE.prior, RULE.prior
        for age, i in enumerate(range(now - 1, -1, -1)):
            last = min(trades[i + 1], day)
            days = [d for d in moved if trades[i] < d <= last]
            surprise = sum(moved[d] for d in days) ** 2 / (len(days) * expected[i])
            fade = 0.5 ** (age / RULE.half_life)
            above, below = above + fade * surprise, below + fade
        out.append(above / below)
    return out


def test_multiples_are_those_of_a_plain_loop(lake: Lake, known: Known) -> None:
    """To the last digits until a dividend lies as cash beside the holdings, which the books of
    weights put back into the stock; from then on to half a per cent.
    """
    run = run_of(lake, known, RULE)
    assert len(run.solutions) > 8
    multiples = [one.risk_multiple for one in run.solutions]
    plainly = plain_multiples(lake, known, run)
    paid = run.ledger.events.filter(kind="dividend")["date"].min()
    before = sum(one.date.item() < paid for one in run.solutions)
    assert before > 4
    np.testing.assert_allclose(multiples[:before], plainly[:before], rtol=1e-9)
    np.testing.assert_allclose(multiples, plainly, rtol=5e-3)
    assert multiples[0] == 1
    assert np.mean(multiples[1:]) > 2, "a model that foresees a ninth was not set right"
    plain = run_of(lake, known, None)
    active = [s.exact - plain.solutions[i].exact for i, s in enumerate(run.solutions)]
    assert np.abs(active[0]).max() == 0
    assert np.abs(active[-1]).max() > 0
    assert not any(one.relaxed for one in run.solutions)


def test_cut_at_every_decision_it_is_the_same(lake: Lake, known: Known, tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"recalibration": RULE})
    whole, before, found = run_of(lake, known, RULE), None, []
    for one in stretches(decisions(known.benchmark.dates, 1), known.universe.dates[-1].item()):
        (part,) = trade(spec, lake, known.universe.assets, [one], known, before)
        save_standing(part.standing, tmp_path)
        before = Standing.load(tmp_path)
        found += part.run.solutions
    for mine, expected in zip(found, whole.solutions, strict=True):
        assert mine.risk_multiple == expected.risk_multiple
        np.testing.assert_array_equal(mine.exact, expected.exact)


def test_a_heavy_prior_leaves_everything_as_it_was(lake: Lake, known: Known) -> None:
    heavy = run_of(lake, known, RecalibrationSpec(prior=1e300))
    for one, other in zip(heavy.solutions, run_of(lake, known, None).solutions, strict=True):
        np.testing.assert_array_equal(one.exact, other.exact)
