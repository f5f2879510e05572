"""Our replay equals a second, slow and exact one on random markets, to the cent."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.backtest import BacktestSpec, Ledger, MarketFacts, simulate
from intralpha.base import Panel
from intralpha.market import TradingRules
from intralpha.portfolio import CostSpec

from .plain_ledger import PlainLedger

CAPITAL, LEAST = 2_000_000, 40  # small orders pay the minimum commission
COSTS = CostSpec(buy_bps=3, sell_bps=3, stamp_tax="dated", min_commission_yuan=LEAST)
BASE = Fraction(3, 10_000)


def plain(market: Panel, actions: pl.DataFrame, targets: Panel, facts: MarketFacts) -> PlainLedger:
    """The same orders through the plain one."""
    day = market.dates[0].item()
    tax = Fraction(round(TradingRules.default().stamp_tax_bps("sell", day)), 10_000)
    symbols = [str(s) for s in market.assets]
    gone = {
        s: d.item() for s, d in zip(symbols, facts.delist_dates, strict=True) if not np.isnat(d)
    }
    book = PlainLedger(
        CAPITAL, {"buy": BASE, "sell": BASE}, {"buy": Fraction(0), "sell": tax}, LEAST, gone
    )
    ordered = None
    for row, date in enumerate(market.dates):
        bars = {
            s: {n: float(market[n][row, i]) for n in market.names} for i, s in enumerate(symbols)
        }
        today = actions.filter(pl.col("ex_date") == date.item())
        book.session(
            date.item(), bars, today.select("symbol", "bonus_ratio", "cash_yuan").rows(), ordered
        )
        ordered = None
        if date in targets.dates:
            given_row = targets.at(np.array([date])).values[0, :, 0]
            ordered = dict(zip(symbols, given_row.tolist(), strict=True))
    return book


def world(any_market, any_targets, seed: int) -> tuple[Panel, pl.DataFrame, Panel, MarketFacts]:
    """A market whose first stock is delisted in the middle of it."""
    market, actions = any_market(seed)
    values, last = market.values.copy(), 14
    values[last + 1 :, 0] = np.nan
    actions = actions.filter(
        (pl.col("symbol") != market.assets[0]) | (pl.col("ex_date") <= market.dates[last].item())
    )
    facts = MarketFacts.of(market.assets, actions)
    gone = facts.delist_dates.copy()
    gone[0] = market.dates[last]
    market = replace(market, values=values)
    return market, actions, any_targets(market, seed), replace(facts, delist_dates=gone)


def same(ledger: Ledger, book: PlainLedger) -> None:
    """Fill by fill and day by day."""
    ours = ledger.fills.select("date", "symbol", "side", "shares").rows()
    assert sorted(ours) == sorted((d, s, side, float(n)) for d, s, side, n, _ in book.fills)
    paid = {(d, s, side): float(cost) for d, s, side, _, cost in book.fills}
    for date, symbol, side, cost in ledger.fills.select(
        "date", "symbol", "side", "cost_yuan"
    ).rows():
        assert abs(paid[date, symbol, side] - cost) < 1e-6
    days = {day: (float(cash), float(value)) for day, cash, value in book.days}
    for date, cash, held in ledger.daily.select("date", "cash_yuan", "holdings_yuan").rows():
        assert abs(days[date][0] - cash) < 0.005
        assert abs(days[date][1] - held) < 0.005


@settings(max_examples=6)
@given(seed=st.integers(0, 10**6))
def test_the_slow_and_exact_replay_says_the_same(any_market, any_targets, seed: int) -> None:
    market, actions, targets, facts = world(any_market, any_targets, seed)
    ledger = simulate(targets, market, BacktestSpec(capital_yuan=CAPITAL), COSTS, facts)
    assert ledger.fills.height > 20, "too little was traded to show anything"
    same(ledger, plain(market, actions, targets, facts))


def test_the_markets_have_what_could_go_wrong(any_market, any_targets) -> None:
    """Delistings, bonus shares, dividends, halts, limits, purchases cut to the cash."""
    kinds, reasons, cut = set(), set(), 0
    for seed in range(6):
        market, _, targets, facts = world(any_market, any_targets, seed)
        ledger = simulate(targets, market, BacktestSpec(capital_yuan=CAPITAL), COSTS, facts)
        kinds |= set(ledger.events["kind"])
        reasons |= set(ledger.blocked["reason"])
        cut += int((ledger.daily["buy_scale"] < 1).sum())
    assert {"bonus", "dividend", "delisting"} <= kinds
    assert {"suspended", "limit_up"} <= reasons
    assert cut > 0


def test_a_difference_of_a_yuan_is_seen(any_market, any_targets) -> None:
    market, actions, targets, facts = world(any_market, any_targets, 1)
    dearer = COSTS.model_copy(update={"min_commission_yuan": LEAST + 1.0})
    spec = BacktestSpec(capital_yuan=CAPITAL)
    ledger = simulate(targets, market, spec, dearer, facts)
    with pytest.raises(AssertionError):
        same(ledger, plain(market, actions, targets, facts))
