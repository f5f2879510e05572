"""Splits, dividends, rights and delistings."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.backtest import (
    Account,
    BacktestSpec,
    CorporateActionError,
    MarketFacts,
    simulate,
)
from intralpha.backtest.corporate import follow_factor
from intralpha.portfolio import CostSpec

FREE = CostSpec(buy_bps=0, sell_bps=0)
ASSETS = np.array(["600001.SH", "600002.SH"])
DATES = np.array(["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"], dtype="datetime64[D]")
COLUMNS = ("symbol", "ex_date", "bonus_ratio", "cash_yuan", "rights_ratio", "rights_price")


def actions(*rows):
    types = [pl.String, pl.Date, *[pl.Float64] * 4]
    return pl.DataFrame(list(rows), schema=dict(zip(COLUMNS, types, strict=True)), orient="row")


def run(make_market, make_targets, close, facts, **columns):
    market = make_market(DATES, ASSETS, {"close": np.array(close)} | columns)
    targets = make_targets(["2024-01-04"], ASSETS, [[0.5, 0.0]])
    return simulate(targets, market, BacktestSpec(capital_yuan=22_200), FREE, facts)


# 22,200 x 0.5 / 10 = 1,110 -> 1,100 shares for 11,000; 11,200 stay cash.
SPLIT = [[10.0, 5.0], [10.0, 5.0], [7.0, 5.0], [7.7, 5.0]]
EX = np.array([[10.0, 5.0], [10.0, 5.0], [7.0, 5.0], [7.0, 5.0]])  # (10 - 0.2) / 1.4 = 7


def test_shares_and_cash_are_credited(make_market, make_targets):
    facts = MarketFacts.of(ASSETS, actions(("600001.SH", date(2024, 1, 8), 0.4, 0.2, 0.0, 0.0)))
    factor = np.array([[1.0, 1.0]] * 2 + [[10 / 7, 1.0]] * 2)
    ledger = run(make_market, make_targets, SPLIT, facts, preclose=EX, adj_factor=factor)
    # 1,100 -> 1,540 shares, 220 yuan: 1,540 x 7 + 11,420 = 22,200, then 1,540 x 7.7 + 11,420.
    assert ledger.daily["nav_yuan"].to_list() == pytest.approx([22_200, 22_200, 23_278])
    assert ledger.events["kind"].to_list() == ["bonus", "dividend"]


def test_the_factor_reinvests_the_dividend(make_market, make_targets):
    # 1,100 x 10/7 = 1,571.43 shares: x 7.7 = 12,100; + 11,200 = 23,300. The credited way has
    # 220 yuan of it in cash, which missed the 10 % of the last day: 22 less.
    factor = np.array([[1.0, 1.0]] * 2 + [[10 / 7, 1.0]] * 2)
    ledger = run(make_market, make_targets, SPLIT, None, preclose=EX, adj_factor=factor)
    assert ledger.daily["nav_yuan"].to_list() == pytest.approx([22_200, 22_200, 23_300])
    assert ledger.events["kind"].to_list() == ["factor"]
    assert ledger.events["shares_change"][0] == pytest.approx(1_100 * 3 / 7)


def test_fractions_of_new_shares_are_lost(make_market, make_targets):
    # 1,100 x 0.333 = 366.3 -> 366
    facts = MarketFacts.of(ASSETS, actions(("600001.SH", date(2024, 1, 8), 0.333, 0.0, 0.0, 0.0)))
    ledger = run(make_market, make_targets, SPLIT, facts, preclose=EX)
    assert ledger.events["shares_change"].to_list() == [366.0]


def test_an_ex_date_between_sessions_counts_on_the_next(make_market, make_targets):
    saturday = MarketFacts.of(ASSETS, actions(("600001.SH", date(2024, 1, 6), 0.4, 0.2, 0.0, 0.0)))
    ledger = run(make_market, make_targets, SPLIT, saturday, preclose=EX)
    assert ledger.events["date"].to_list() == [date(2024, 1, 8)] * 2


def test_two_rows_of_one_day_add_up_and_strangers_are_left_out(make_market, make_targets):
    day = date(2024, 1, 8)
    facts = MarketFacts.of(
        ASSETS,
        actions(
            ("600001.SH", day, 0.4, 0.0, 0.0, 0.0),
            ("600001.SH", day, 0.0, 0.2, 0.0, 0.0),
            ("600002.SH", day, 1.0, 0.0, 0.0, 0.0),  # not held
            ("999999.SH", day, 1.0, 0.0, 0.0, 0.0),  # not on the axis
            ("600001.SH", date(2023, 1, 8), 9.0, 0.0, 0.0, 0.0),  # before the data
            ("600001.SH", date(2024, 1, 10), 9.0, 0.0, 0.0, 0.0),  # after them
        ),
    )
    ledger = run(make_market, make_targets, SPLIT, facts, preclose=EX)
    assert ledger.daily["nav_yuan"].to_list() == pytest.approx([22_200, 22_200, 23_278])
    assert ledger.events["kind"].to_list() == ["bonus", "dividend"]


def test_a_halted_stock_keeps_its_value_over_the_ex_date(make_market, make_targets):
    nan = np.nan
    close = [[10.0, 5.0], [10.0, 5.0], [nan, 5.0], [7.0, 5.0]]
    facts = MarketFacts.of(ASSETS, actions(("600001.SH", date(2024, 1, 8), 0.4, 0.2, 0.0, 0.0)))
    ledger = run(make_market, make_targets, close, facts, preclose=EX)
    assert ledger.daily["nav_yuan"].to_list() == pytest.approx([22_200, 22_200, 22_200])


@pytest.mark.parametrize("credited", [True, False])
def test_new_shares_can_be_sold_at_once(make_market, make_targets, credited):
    # Everything is sold on the ex-date: 1,540 shares credited, or 1,571.43 by the factor.
    facts = MarketFacts.of(
        ASSETS, actions(("600001.SH", date(2024, 1, 8), 0.4, 0.2, 0.0, 0.0)) if credited else None
    )
    factor = np.array([[1.0, 1.0]] * 2 + [[10 / 7, 1.0]] * 2)
    columns = {"close": np.array(SPLIT), "preclose": EX, "adj_factor": factor}
    market = make_market(DATES, ASSETS, columns)
    targets = make_targets(["2024-01-04", "2024-01-05"], ASSETS, [[0.5, 0.0], [0.0, 0.0]])
    ledger = simulate(targets, market, BacktestSpec(capital_yuan=22_200), FREE, facts)
    assert ledger.fills["shares"][1] == pytest.approx(1_540 if credited else 1_100 * 10 / 7)
    assert ledger.blocked.height == 0
    assert ledger.daily["n_holdings"].to_list() == [1, 0, 0]


def test_following_the_factor_keeps_the_value():
    account = Account.with_cash(ASSETS, 0.0)
    account.shares[:], account.sellable[:] = [100.0, 50.0], [100.0, 50.0]
    account.mark(np.array([10.0, 5.0]))
    follow_factor(account, np.array([1.0, 2.0]), np.array([1.6, np.nan]))
    assert account.shares.tolist() == pytest.approx([160.0, 50.0])
    assert account.mark_yuan.tolist() == pytest.approx([6.25, 5.0])
    assert account.nav_yuan == pytest.approx(1_250.0)


def test_an_action_explains_one_change_of_the_factor_only(make_market, make_targets):
    factor = np.array([[1.0, 1.0], [1.0, 1.0], [10 / 7, 1.0], [2.0, 1.0]])
    facts = MarketFacts.of(ASSETS, actions(("600001.SH", date(2024, 1, 8), 0.4, 0.2, 0.0, 0.0)))
    ledger = run(make_market, make_targets, SPLIT, facts, preclose=EX, adj_factor=factor)
    odd = ledger.events.filter(pl.col("kind") == "unexplained_factor")
    assert odd["date"].to_list() == [date(2024, 1, 9)]


def test_rights_are_reported_and_not_subscribed(make_market, make_targets):
    facts = MarketFacts.of(ASSETS, actions(("600001.SH", date(2024, 1, 8), 0.0, 0.0, 0.3, 5.0)))
    ledger = run(make_market, make_targets, SPLIT, facts, preclose=EX)
    assert ledger.events["kind"].to_list() == ["rights_ignored"]
    assert ledger.events["shares_change"].to_list() == [0.0]


def test_a_factor_without_an_action_is_reported(make_market, make_targets):
    factor = np.array([[1.0, 1.0]] * 2 + [[10 / 7, 1.0]] * 2)
    facts = MarketFacts.of(ASSETS, actions())
    ledger = run(make_market, make_targets, SPLIT, facts, preclose=EX, adj_factor=factor)
    assert ledger.events.select("date", "kind").rows() == [(date(2024, 1, 8), "unexplained_factor")]
    assert ledger.daily["nav_yuan"].to_list() == pytest.approx([22_200, 18_900, 19_670])


def test_a_delisted_holding_is_written_off_the_day_after(make_market, make_targets):
    nan = np.nan
    close = [[10.0, 5.0], [10.0, 5.0], [4.0, 5.0], [nan, 5.0]]
    facts = MarketFacts(
        boards=np.array(["main", "main"]),
        delist_dates=np.array(["2024-01-08", "NaT"], dtype="datetime64[D]"),
    )
    ledger = run(make_market, make_targets, close, facts)
    # 1,100 x 4 + 11,200 on the last day, 11,200 after it.
    assert ledger.daily["nav_yuan"].to_list() == pytest.approx([22_200, 15_600, 11_200])
    assert ledger.events.rows() == [
        (date(2024, 1, 9), "600001.SH", "delisting", -1_100.0, 0.0, 4_400.0)
    ]
    assert ledger.daily["n_holdings"].to_list() == [1, 1, 0]


def test_absent_rows_are_valued_at_the_last_close_and_not_traded(make_market, make_targets):
    nan = np.nan
    market = make_market(
        DATES, ASSETS, {"close": np.array([[10.0, 5.0], [10.0, 5.0], [nan, 5.0], [nan, 5.0]])}
    )
    targets = make_targets(["2024-01-04", "2024-01-05"], ASSETS, [[0.5, 0.0], [0.0, 0.0]])
    ledger = simulate(targets, market, BacktestSpec(capital_yuan=22_200), FREE)
    assert ledger.daily["nav_yuan"].to_list() == pytest.approx([22_200] * 3)
    assert ledger.blocked.select("side", "shares_wanted", "reason").rows() == [
        ("sell", 1_100.0, "suspended")
    ]


@pytest.mark.parametrize("bad", [(-0.5, 0.0), (0.0, np.nan)])
def test_impossible_actions_are_refused(make_market, make_targets, bad):
    facts = MarketFacts.of(ASSETS, actions(("600001.SH", date(2024, 1, 8), *bad, 0.0, 0.0)))
    with pytest.raises(CorporateActionError, match=r"600001\.SH"):
        run(make_market, make_targets, SPLIT, facts)
