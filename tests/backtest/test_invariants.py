"""Whatever the market does: nothing is lost, nothing forbidden is traded, nothing looks ahead."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.backtest import BacktestSpec, MarketFacts, simulate
from intralpha.base import Panel
from intralpha.portfolio import CostSpec

COSTS = CostSpec(buy_bps=10, sell_bps=20)
FEW = settings(max_examples=7)  # each example is a whole replay
SEEDS = st.integers(0, 10**6)


def bookkeeper(ledger, market, actions, capital):
    """Cash and shares rebuilt from fills and announcements with nothing but sums, day by day."""
    cash, shares, last = capital, {}, {}
    col = {str(s): i for i, s in enumerate(market.assets)}
    for day in ledger.daily["date"]:
        row = int(np.searchsorted(market.dates, np.datetime64(day)))
        for symbol, _, bonus, dividend, *_ in actions.filter(pl.col("ex_date") == day).rows():
            old = shares.get(symbol, 0.0)
            cash += dividend * old
            shares[symbol] = old + np.floor(old * bonus + 1e-6)
            if symbol in last:
                last[symbol] = (last[symbol] - dividend) / (1 + bonus)
        for symbol, side, count, price, cost in (
            ledger.fills.filter(pl.col("date") == day)
            .select("symbol", "side", "shares", "price", "cost_yuan")
            .iter_rows()
        ):
            sign = 1 if side == "buy" else -1
            shares[symbol] = shares.get(symbol, 0.0) + sign * count
            cash -= sign * count * price + cost
        for symbol, i in col.items():
            if np.isfinite(market["close"][row, i]):
                last[symbol] = market["close"][row, i]
        yield day, cash, sum(n * last[s] for s, n in shares.items() if n), dict(shares)


@FEW
@given(seed=SEEDS, price=st.sampled_from(["vwap", "open", "close"]))
def test_the_books_balance(any_market, any_targets, seed, price):
    market, actions = any_market(seed)
    spec = BacktestSpec(capital_yuan=2e6, price=price)
    facts = MarketFacts.of(market.assets, actions)
    ledger = simulate(any_targets(market, seed), market, spec, COSTS, facts)
    assert ledger.fills.height > 20, "too little was traded to show anything"
    days = bookkeeper(ledger, market, actions, 2e6)
    for (_, cash, value, shares), row in zip(days, ledger.daily.rows(named=True), strict=True):
        assert row["cash_yuan"] == pytest.approx(cash, rel=1e-6, abs=1e-3)
        assert row["holdings_yuan"] == pytest.approx(value, rel=1e-6)
        assert row["nav_yuan"] == pytest.approx(row["cash_yuan"] + row["holdings_yuan"], rel=1e-12)
        assert row["cash_yuan"] >= 0
        assert all(n >= -1e-9 and n == round(n) for n in shares.values())
    growth = np.cumprod(1 + ledger.daily["ret"].to_numpy())[-1]
    assert growth * 2e6 == pytest.approx(ledger.daily["nav_yuan"][-1], rel=1e-9)


@FEW
@given(seed=SEEDS)
def test_nothing_forbidden_is_traded(any_market, any_targets, seed):
    market, actions = any_market(seed)
    facts = MarketFacts.of(market.assets, actions)
    ledger = simulate(
        any_targets(market, seed, every=1), market, BacktestSpec(capital_yuan=2e6), COSTS, facts
    )
    col = {str(s): i for i, s in enumerate(market.assets)}
    held = {}
    events = {
        (d, s): n
        for d, s, n in ledger.events.filter(pl.col("kind") == "bonus")
        .select("date", "symbol", "shares_change")
        .iter_rows()
    }
    days = {d.item(): i for i, d in enumerate(market.dates)}
    assert ledger.blocked.height > 0, "nothing was blocked: the test shows nothing"
    for day in ledger.daily["date"]:
        for symbol in col:
            held[symbol] = held.get(symbol, 0.0) + events.get((day, symbol), 0.0)
        sellable = dict(held)
        fills = ledger.fills.filter(pl.col("date") == day)
        for symbol, side, shares, price in fills.select(
            "symbol", "side", "shares", "price"
        ).iter_rows():
            row, i = days[day], col[symbol]
            assert market["suspended"][row, i] == 0
            assert market["volume"][row, i] > 0
            if side == "buy":
                assert price < market["up_limit"][row, i] - 0.005
                least, step = (200, 1) if symbol.startswith("688") else (100, 100)
                assert shares >= least
                assert shares % step == 0
                held[symbol] += shares
            else:
                assert price > market["down_limit"][row, i] + 0.005
                assert shares <= sellable[symbol], "sold what was bought today"
                held[symbol] -= shares


@FEW
@given(seed=SEEDS, ratio=st.sampled_from([0.5, 1.0, 2.0]), day=st.integers(2, 20))
def test_a_split_changes_no_value(any_market, any_targets, seed, ratio, day):
    """One stock splits; everything in yuan stays. Fractional shares, so that lots do not differ."""
    market, _ = any_market(seed)
    assets = market.assets
    none = pl.DataFrame(
        schema={"symbol": pl.String, "ex_date": pl.Date}
        | dict.fromkeys(("bonus_ratio", "cash_yuan", "rights_ratio"), pl.Float64)
    )
    plain = replace(market, values=market.values.copy())
    plain.values[:, :, plain.names.index("adj_factor")] = 1.0
    split = replace(plain, values=plain.values.copy())
    priced = ("open", "high", "low", "close", "preclose", "vwap", "up_limit", "down_limit")
    columns = [split.names.index(n) for n in priced]
    split.values[day:, 0, columns] /= 1 + ratio
    action = none.clear().vstack(
        pl.DataFrame(
            [(str(assets[0]), market.dates[day].item(), ratio, 0.0, 0.0)],
            schema=none.schema,
            orient="row",
        )
    )
    spec = BacktestSpec(capital_yuan=2e6, lots=False, tick_yuan=1e-9)
    targets = any_targets(market, seed)
    before = simulate(targets, plain, spec, COSTS, MarketFacts.of(assets, none))
    after = simulate(targets, split, spec, COSTS, MarketFacts.of(assets, action))
    np.testing.assert_allclose(after.daily["nav_yuan"], before.daily["nav_yuan"], rtol=1e-9)
    np.testing.assert_allclose(after.daily["cash_yuan"], before.daily["cash_yuan"], atol=1e-3)
    by_factor = replace(split, values=split.values.copy())
    by_factor.values[day:, 0, split.names.index("adj_factor")] = 1 + ratio
    followed = simulate(targets, by_factor, spec, COSTS)
    np.testing.assert_allclose(followed.daily["nav_yuan"], before.daily["nav_yuan"], rtol=1e-9)


@FEW
@given(seed=SEEDS)
def test_the_order_of_assets_does_not_matter(any_market, any_targets, seed):
    market, actions = any_market(seed)
    order = np.random.default_rng(seed).permutation(len(market.assets))
    moved = replace(market, values=market.values[:, order], assets=market.assets[order])
    targets, spec = any_targets(market, seed), BacktestSpec(capital_yuan=2e6)
    one = simulate(targets, market, spec, COSTS, MarketFacts.of(market.assets, actions))
    two = simulate(targets, moved, spec, COSTS, MarketFacts.of(moved.assets, actions))
    np.testing.assert_allclose(two.daily["nav_yuan"], one.daily["nav_yuan"], rtol=1e-12)
    assert (
        one.fills.sort("date", "symbol")
        .select("symbol", "side", "shares")
        .equals(two.fills.sort("date", "symbol").select("symbol", "side", "shares"))
    )


def ledger_upto(market: Panel, targets: Panel, row: int):
    ledger = simulate(targets, market, BacktestSpec(capital_yuan=2e6), COSTS)
    day = market.dates[row].item()
    frames = [ledger.daily, ledger.fills, ledger.blocked, ledger.holdings, ledger.events]
    past = [f.filter(pl.col("date") <= day) for f in frames]
    assert past[0].height > 5, "nothing was compared"
    assert past[1].height > 5, "nothing was compared"
    return past


@pytest.mark.one_in(3)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("row", [10, 17])
def test_the_ledger_does_not_depend_on_later_prices(any_market, any_targets, seed, row):
    market, _ = any_market(seed)
    targets = any_targets(market, seed)
    expected = ledger_upto(market, targets, row)
    rng = np.random.default_rng(seed)
    scrambled = replace(market, values=market.values.copy())
    scrambled.values[row + 1 :] *= rng.uniform(0.5, 2.0, scrambled.values[row + 1 :].shape)
    cut = replace(market, values=market.values[: row + 1], dates=market.dates[: row + 1])
    for changed, planned in (
        (scrambled, targets),
        (cut, targets.between(market.dates[0], market.dates[row])),
    ):
        found = ledger_upto(changed, planned, row)
        for a, b in zip(found[:4], expected[:4], strict=True):
            assert a.equals(b)
        assert found[4].filter(pl.col("kind") != "not_traded").equals(expected[4])


def test_the_check_catches_a_cheat(any_market, any_targets):
    """Weights moved to the winners of tomorrow must be seen as a dependence on the future."""

    def cheat(market, targets):
        tomorrow = np.roll(market["close"], -1, axis=0) / market["close"]
        rows = np.searchsorted(market.dates, targets.dates)
        best = np.nan_to_num(tomorrow[rows]) + 1e-3
        return replace(targets, values=(best / best.sum(axis=1, keepdims=True))[:, :, None])

    market, _ = any_market(3)
    targets = any_targets(market, 3)
    scrambled = replace(market, values=market.values.copy())
    changes = np.random.default_rng(0).uniform(0.5, 2.0, scrambled.values[10:].shape)
    scrambled.values[10:] *= changes
    honest = ledger_upto(market, cheat(market, targets), 10)
    found = ledger_upto(scrambled, cheat(scrambled, targets), 10)
    assert not found[1].equals(honest[1])
