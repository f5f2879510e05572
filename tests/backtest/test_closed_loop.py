"""Optimiser and account in one loop: turnover counts from what is really held."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from intralpha.backtest import BacktestSpec, run_portfolio, simulate
from intralpha.portfolio import (
    ActiveReturn,
    CostSpec,
    FullyInvested,
    HeldButUnknownError,
    PortfolioSpec,
    Problem,
    Snapshot,
    StockDeviation,
    StyleBand,
    Turnover,
)

COSTS = CostSpec(buy_bps=10, sell_bps=20)


def snapshot(date, assets, alpha):
    count = len(assets)
    yes = np.ones(count, dtype=bool)
    return Snapshot(
        date=date, assets=assets, alpha=alpha, benchmark=np.full(count, 1 / count),
        exposures=np.zeros((count, 0)), exposure_names=(), industry=np.zeros(count, np.int32),
        member=yes, can_buy=yes, can_sell=yes,
    )  # fmt: skip


def weekly(market, seed=0, every=5):
    rng = np.random.default_rng(seed)
    decisions = market.dates[::every]
    scores = {d: rng.standard_normal(len(market.assets)) for d in decisions.tolist()}
    return decisions, lambda date, held: snapshot(date, market.assets, scores[date.item()])


def test_turnover_counts_from_the_drifted_weights(make_market):
    # Two stocks, half each. The first doubles: 2/3 and 1/3. One-sided 0.1 from there, towards the
    # second: 2/3 - 0.1 and 1/3 + 0.1. From the old targets it would be 0.4 and 0.6.
    dates = np.array(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"], "datetime64[D]")
    assets = np.array(["600001.SH", "600002.SH"])
    close = np.array([[10.0, 10.0], [10.0, 10.0], [20.0, 10.0], [20.0, 10.0]])
    market = make_market(dates, assets, {"close": close})
    problem = Problem(
        ActiveReturn(),
        (FullyInvested(), StockDeviation(0.9), StyleBand("tie", 0.0), Turnover(0.1)),
    )

    def snapshot_of(date, held):
        # At first the style ties the weights to half each; then it is 0 and alpha decides.
        tie = np.array([[1.0], [0.0]]) if date == dates[0] else np.zeros((2, 1))
        shot = snapshot(date, assets, np.array([0.0, 1.0]))
        return replace(shot, exposures=tie, exposure_names=("tie",))

    result = run_portfolio(
        problem,
        dates[[0, 2]],
        snapshot_of,
        market,
        BacktestSpec(capital_yuan=1e6, lots=False),
        CostSpec(buy_bps=0, sell_bps=0),
    )
    np.testing.assert_allclose(result.targets.values[0, :, 0], [0.5, 0.5], atol=1e-6)
    np.testing.assert_allclose(
        result.targets.values[1, :, 0], [2 / 3 - 0.1, 1 / 3 + 0.1], atol=1e-6
    )
    assert result.ledger.daily["turnover_one_sided"][2] == pytest.approx(0.1, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_loop_equals_the_replay_of_its_own_targets(any_market, seed):
    market, _ = any_market(seed)
    decisions, snapshot_of = weekly(market, seed)
    spec = BacktestSpec(capital_yuan=5e6)
    problem = PortfolioSpec(
        stock_deviation=0.1, industry_deviation=None, turnover_one_sided=0.3
    ).make()
    run = run_portfolio(problem, decisions, snapshot_of, market, spec, COSTS)
    again = simulate(run.targets, market, spec, COSTS)
    assert run.ledger.daily.equals(again.daily)
    assert run.ledger.fills.equals(again.fills)
    assert len(run.solutions) == len(decisions)


def test_planned_turnover_keeps_the_cap_and_the_rest_is_blocked_orders(any_market):
    market, _ = any_market(5, days=40)
    decisions, snapshot_of = weekly(market, 5)
    problem = PortfolioSpec(
        stock_deviation=0.1, industry_deviation=None, turnover_one_sided=0.2
    ).make()
    run = run_portfolio(
        problem, decisions, snapshot_of, market, BacktestSpec(capital_yuan=5e6), COSTS
    )
    planned = [
        row.value
        for solution in run.solutions[1:]
        for row in solution.rows
        if row.name == "turnover" and not solution.relaxed
    ]
    assert len(planned) >= 4, "too few rebalances within the cap to show anything"
    assert max(planned) <= 0.4 + 1e-9
    # Filled is less or more than planned: lots, blocked orders and the prices of the day.
    filled = run.ledger.daily.filter(pl.col("traded_yuan") > 0)["turnover_two_sided"]
    assert filled.len() == len(run.solutions)


def test_held_names_are_told_and_must_be_known(any_market):
    market, _ = any_market(1)
    told = []

    def forgets(date, held):
        told.append(held.tolist())
        known = market.assets[:6] if len(told) > 1 else market.assets
        return snapshot(date, known, np.ones(len(known)))

    with pytest.raises(HeldButUnknownError):
        run_portfolio(
            Problem(ActiveReturn(), (FullyInvested(), StockDeviation(0.05))),
            market.dates[[0, 5]],
            forgets,
            market,
            BacktestSpec(capital_yuan=5e6),
            COSTS,
        )
    assert told[0] == []
    assert set(told[1]) - set(market.assets[:6])


def test_decisions_do_not_depend_on_later_prices(any_market):
    market, _ = any_market(2)
    decisions, snapshot_of = weekly(market, 2)
    problem = PortfolioSpec(stock_deviation=0.1, industry_deviation=None).make()
    spec = BacktestSpec(capital_yuan=5e6)
    expected = run_portfolio(problem, decisions, snapshot_of, market, spec, COSTS)
    last = 15
    later = replace(market, values=market.values.copy())
    later.values[last + 1 :] *= np.random.default_rng(0).uniform(
        0.5, 2, later.values[last + 1 :].shape
    )
    found = run_portfolio(problem, decisions, snapshot_of, later, spec, COSTS)
    upto = decisions <= market.dates[last]
    assert upto.sum() == 4, "nothing was compared"
    assert np.array_equal(found.targets.values[upto], expected.targets.values[upto])
    day = market.dates[last].item()
    past = pl.col("date") <= day
    assert found.ledger.daily.filter(past).equals(expected.ledger.daily.filter(past))
    assert not found.ledger.daily.equals(expected.ledger.daily)
