"""One account, one day: T+1, lots, limits, cash and costs, worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.backtest import (
    Account,
    BacktestSpec,
    DayBar,
    Exchange,
    NoCashError,
    NotSellableError,
    SessionOrderError,
    tradability,
)
from intralpha.backtest.lots import whole_buys, whole_sells
from intralpha.portfolio import CostSpec

FREE = CostSpec(buy_bps=0, sell_bps=0)
DATES = np.array(["2024-01-02", "2024-01-03", "2024-01-04"], dtype="datetime64[D]")
ASSETS = np.array(["600001.SH", "688002.SH"])


def exchange_for(make_market, spec=None, costs=FREE, **columns):
    close = np.array([[10.0, 20.0]] * 3)
    market = make_market(DATES, ASSETS, {"close": close} | columns)
    spec = spec or BacktestSpec(capital_yuan=100_000)
    return Exchange(ASSETS, DATES, spec, costs), [DayBar.of(market, i) for i in range(3)]


def test_shares_bought_today_cannot_be_sold_today(make_market):
    exchange, bars = exchange_for(make_market)
    exchange.open(bars[0])
    exchange.trade(bars[0], np.array([1_000.0, 0.0]))
    assert exchange.account.shares[0] == 1_000
    assert exchange.account.sellable[0] == 0
    second = exchange.trade(bars[0], np.array([-600.0, 0.0]))
    assert second.fills.which.size == 0
    assert second.blocked.reason.tolist() == ["t+1"]
    assert second.blocked.shares.tolist() == [600.0]
    exchange.close(bars[0])
    exchange.open(bars[1])
    assert exchange.account.sellable[0] == 1_000
    later = exchange.trade(bars[1], np.array([-600.0, 0.0]))
    assert later.fills.shares.tolist() == [600.0]


def test_only_yesterdays_part_of_a_holding_is_sold(make_market):
    exchange, bars = exchange_for(make_market)
    exchange.step(bars[0], np.array([0.5, 0.0]))  # 5,000 shares
    exchange.open(bars[1])
    exchange.trade(bars[1], np.array([1_000.0, 0.0]))
    result = exchange.trade(bars[1], np.array([-5_500.0, 0.0]))
    assert result.fills.shares.tolist() == [5_000.0]
    assert (result.blocked.reason.tolist(), result.blocked.shares.tolist()) == (["t+1"], [500.0])
    assert exchange.account.shares[0] == 1_000


def test_the_account_itself_refuses(make_market):
    account = Account.with_cash(ASSETS, 1_000.0)
    one, ten, price, no = np.array([0]), np.array([10.0]), np.array([10.0]), np.array([0.0])
    account.buy(one, ten, price, no)
    with pytest.raises(NotSellableError, match=r"10 shares of 600001\.SH") as caught:
        account.sell(one, ten, price, no)
    assert (caught.value.sellable, caught.value.held) == (0.0, 10.0)
    with pytest.raises(NoCashError, match=r"need 1000\.00 yuan; there are 900\.00") as short:
        account.buy(one, np.array([100.0]), price, no)
    assert short.value.cash_yuan == 900.0
    assert account.shares[0] == 10.0


def test_sales_pay_for_purchases_on_the_same_day(make_market):
    exchange, bars = exchange_for(make_market)
    exchange.step(bars[0], np.array([1.0, 0.0]))
    assert exchange.account.cash_yuan == 0
    result = exchange.step(bars[1], np.array([0.0, 1.0]))
    assert result.fills.side.tolist() == [-1, 1]
    assert exchange.account.shares.tolist() == [0.0, 5_000.0]


def test_purchases_shrink_to_the_cash(make_market):
    # 5,000 x 10.50 + 2,500 x 21 = 105,000 are asked of 100,000: x 0.952381 -> 4,761.9 and 2,380.95,
    # in lots 4,700 and (STAR, step 1) 2,380: 49,350 + 49,980 = 99,330.
    dear = np.array([[10.0, 20.0], [10.5, 21.0], [10.5, 21.0]])
    before = np.array([[10.0, 20.0]] * 3)
    exchange, bars = exchange_for(make_market, close=dear, preclose=before)
    result = exchange.step(bars[1], np.array([0.5, 0.5]))
    assert result.fills.shares.tolist() == [4_700.0, 2_380.0]
    assert result.buy_scale == pytest.approx(100 / 105)
    assert exchange.account.cash_yuan == pytest.approx(670.0)


def test_a_purchase_that_shrinks_below_a_lot_is_reported(make_market):
    spec = BacktestSpec(capital_yuan=1_040)
    exchange, bars = exchange_for(make_market, spec, CostSpec(buy_bps=500, sell_bps=0))
    result = exchange.step(bars[0], np.array([1.0, 0.0]))  # 100 shares cost 1,000 + 50
    assert result.fills.which.size == 0
    assert result.blocked.reason.tolist() == ["cash"]
    assert exchange.account.cash_yuan == 1_040


def test_orders_are_sized_before_the_day_or_at_the_fill(make_market):
    dear = np.array([[10.0, 20.0], [8.0, 16.0], [8.0, 16.0]])
    before = np.array([[10.0, 20.0]] * 3)
    for size_at, shares in (("preclose", 5_000.0), ("trade", 6_200.0)):  # 50,000 / 8 = 6,250
        spec = BacktestSpec(capital_yuan=100_000, size_at=size_at)
        exchange, bars = exchange_for(make_market, spec, close=dear, preclose=before)
        result = exchange.step(bars[1], np.array([0.5, 0.0]))
        assert result.fills.shares.tolist() == [shares]


def test_sizes_by_preclose_ignore_every_price_of_the_day(make_market):
    exchange, bars = exchange_for(make_market)
    other, moved = exchange_for(
        make_market,
        close=np.array([[13.0, 11.0]] * 3),
        preclose=np.array([[10.0, 20.0]] * 3),
    )
    weights = np.array([0.3, 0.6])
    exchange.open(bars[0])
    other.open(moved[0])
    assert exchange.size(weights, bars[0]).tolist() == other.size(weights, moved[0]).tolist()


def test_a_target_that_never_had_a_price(make_market):
    nan = np.array([[10.0, np.nan]] * 3)
    exchange, bars = exchange_for(make_market, close=nan, preclose=nan)
    result = exchange.step(bars[0], np.array([0.5, 0.5]))
    assert result.blocked.reason.tolist() == ["no_price"]
    assert result.fills.which.tolist() == [0]


def test_the_minimum_commission_never_makes_cash_negative(make_market):
    costs = CostSpec(buy_bps=1, sell_bps=1, min_commission_yuan=300)
    spec = BacktestSpec(capital_yuan=10_000)
    exchange, bars = exchange_for(make_market, spec, costs)
    result = exchange.step(bars[0], np.array([1.0, 0.0]))
    # (10,000 - 300) / (10,000 x 1.0001) of 1,000 shares: 969.9 -> 900.
    assert result.fills.shares.tolist() == [900.0]
    assert exchange.account.cash_yuan == pytest.approx(700.0)


@pytest.mark.parametrize("lots", [True, False])
def test_cash_below_the_minimum_commissions_buys_nothing(make_market, lots):
    costs = CostSpec(buy_bps=1, sell_bps=1, min_commission_yuan=3_000)
    spec = BacktestSpec(capital_yuan=5_000, lots=lots)
    exchange, bars = exchange_for(make_market, spec, costs)
    result = exchange.step(bars[0], np.array([0.5, 0.5] if not lots else [0.2, 0.8]))
    assert result.fills.which.size == 0
    assert set(result.blocked.reason) == {"cash"}
    assert exchange.account.cash_yuan == 5_000


def test_a_sale_that_costs_more_than_it_brings_is_not_made(make_market):
    costs = CostSpec(buy_bps=0, sell_bps=0, min_commission_yuan=50)
    exchange, bars = exchange_for(make_market, costs=costs)
    exchange.account.shares[0] = 4.0
    exchange.account.mark(bars[0].close)
    result = exchange.step(bars[0], np.array([0.0, 0.0]))
    assert result.blocked.reason.tolist() == ["cost"]
    assert exchange.account.shares[0] == 4.0


def test_days_come_in_order(make_market):
    exchange, bars = exchange_for(make_market)
    exchange.step(bars[1])
    for late in (bars[1], bars[0]):
        with pytest.raises(SessionOrderError):
            exchange.open(late)


UP, DOWN = np.array([11.0]), np.array([9.0])


@pytest.mark.parametrize(
    ("price", "low", "high", "volume", "flag", "expected"),
    [
        (10.0, 9.5, 10.5, 1e5, False, (True, True)),
        (10.994, 10.0, 11.0, 1e5, False, (True, True)),
        (10.996, 10.9, 11.0, 1e5, False, (False, True)),  # at the limit less half a tick
        (10.99, 11.0, 11.0, 1e5, False, (False, True)),  # locked; vwap from a rounded amount
        (9.004, 9.0, 9.1, 1e5, False, (True, False)),
        (9.01, 9.0, 9.0, 1e5, False, (True, False)),
        (10.0, 10.0, 10.0, 0.0, False, (False, False)),
        (10.0, 9.5, 10.5, 1e5, True, (False, False)),
        (np.nan, 9.5, 10.5, 1e5, False, (False, False)),
        (10.0, 9.5, 10.5, np.nan, False, (False, False)),
    ],
)
def test_tradability(price, low, high, volume, flag, expected):
    at = np.array([price])
    bar = DayBar(
        date=DATES[0], open=at, high=np.array([high]), low=np.array([low]), close=at, preclose=at,
        volume=np.array([volume]), vwap=at, adj_factor=np.ones(1), up_limit=UP, down_limit=DOWN,
        suspended=np.array([flag]),
    )  # fmt: skip
    status = tradability(bar, at)
    assert (bool(status.can_buy[0]), bool(status.can_sell[0])) == expected


def test_no_limit_means_no_limit():
    at = np.array([50.0])
    none = np.array([np.nan])
    bar = DayBar(
        date=DATES[0], open=at, high=at, low=at, close=at, preclose=np.array([10.0]),
        volume=np.array([1e5]), vwap=at, adj_factor=np.ones(1), up_limit=none, down_limit=none,
        suspended=np.array([False]),
    )  # fmt: skip
    assert tradability(bar, at).can_buy[0]


@settings(max_examples=200)
@given(
    wanted=st.floats(0, 5_000),
    sellable=st.integers(0, 5_000),
    star=st.booleans(),
)
def test_rounded_orders_are_legal_and_never_larger(wanted, sellable, star):
    least, step = (200.0, 1.0) if star else (100.0, 100.0)
    one = lambda x: np.array([float(x)])  # noqa: E731
    bought = float(whole_buys(one(wanted), one(least), one(step))[0])
    assert bought <= wanted + 1e-6
    assert bought == 0 or (bought >= least and bought % step == 0)
    wanted = min(wanted, sellable)
    sold = float(whole_sells(one(wanted), one(sellable), one(least), one(step))[0])
    assert sold <= wanted + 1e-6
    rest = sellable - sold
    if star:
        assert sold == 0 or sold >= 200 or rest == 0
    else:
        # Whole lots, or the odd rest in one piece with or without lots.
        assert sold % 100 in (0, sellable % 100)
    assert wanted - sold < (200 if star else 100)


def vanishing(make_market, **settings):
    """The first stock is bought on the first day and has no row from the second day on."""
    dates = np.busday_offset("2024-01-02", np.arange(8))
    close = np.full((8, 2), 10.0)
    close[1:, 0] = np.nan
    market = make_market(dates, ASSETS, {"close": close, "suspended": np.zeros((8, 2))})
    spec = BacktestSpec(capital_yuan=100_000, vanished_after=3, **settings)
    exchange = Exchange(ASSETS, dates, spec, FREE)
    results = [exchange.step(DayBar.of(market, 0), np.array([0.5, 0.3]))]
    results += [exchange.step(DayBar.of(market, row)) for row in range(1, 8)]
    return exchange, results


def test_a_holding_whose_rows_end_is_closed_and_told(make_market):
    exchange, results = vanishing(make_market)
    told = [(row, e) for row, r in enumerate(results) for e in r.events]
    # Absent on days 1, 2, 3: closed on the third of them, at its last price.
    assert [(row, e.symbol, e.kind) for row, e in told] == [(3, "600001.SH", "vanished")]
    (_, event), account = told[0], exchange.account
    assert (event.shares_change, event.cash_yuan, event.lost_yuan) == (-5_000.0, 50_000.0, 0.0)
    assert account.shares.tolist() == [0.0, 3_000.0]
    assert account.cash_yuan == pytest.approx(70_000.0)
    assert account.nav_yuan == pytest.approx(100_000.0)


def test_a_holding_whose_rows_end_may_be_written_off(make_market):
    exchange, results = vanishing(make_market, vanished_pays=0.0)
    (event,) = results[3].events
    assert (event.cash_yuan, event.lost_yuan) == (0.0, 50_000.0)
    assert exchange.account.nav_yuan == pytest.approx(50_000.0)


def test_short_gaps_are_not_an_end(make_market):
    dates = np.busday_offset("2024-01-02", np.arange(8))
    close = np.full((8, 2), 10.0)
    close[[1, 2, 4, 5, 7], 0] = np.nan
    market = make_market(dates, ASSETS, {"close": close})
    spec = BacktestSpec(capital_yuan=100_000, vanished_after=3)
    exchange = Exchange(ASSETS, dates, spec, FREE)
    exchange.step(DayBar.of(market, 0), np.array([0.5, 0.3]))
    assert not any(exchange.step(DayBar.of(market, row)).events for row in range(1, 8))
    assert exchange.account.shares[0] == 5_000


def test_a_price_outside_the_day_fills_nothing(make_market):
    """Amount in thousands, volume in shares: a VWAP of 0.01 on a stock of 10."""
    vwap = np.array([[0.01, 20.0], [10.0, 20.0], [12.0, 20.01]])
    exchange, bars = exchange_for(make_market, vwap=vwap)
    first = exchange.step(bars[0], np.array([0.5, 0.2]))
    assert first.fills.which.tolist() == [1]
    assert (first.blocked.which.tolist(), first.blocked.reason.tolist()) == ([0], ["odd_price"])
    assert [(e.symbol, e.kind) for e in first.events] == [("600001.SH", "odd_price")]
    second = exchange.step(bars[1], np.array([0.5, 0.2]))
    assert (second.blocked.which.size, second.events) == (0, ())
    # 20.01 is a tick above the only price of the day, 12 is not.
    last = exchange.step(bars[2], np.array([0.0, 0.0]))
    assert last.blocked.reason.tolist() == ["odd_price"]
    assert [e.kind for e in last.events] == ["odd_price"]
    assert exchange.account.shares.tolist() == [5_000.0, 0.0]
