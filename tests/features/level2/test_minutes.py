"""Minutes: a stock-day by hand, and random ones against plain NumPy."""

from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from intralpha.base import DataError, Panel
from intralpha.features.level2.minutes import (
    LEVELS,
    SNAPSHOT_COLUMNS,
    TRADED,
    Minutes,
    auction_rows,
    bar_rows,
    quote_minutes,
    trade_minutes,
)
from intralpha.features.level2.parents import ParentTotals, parent_totals
from intralpha.market import aggregate_bars, bar_times, validate
from intralpha.market.ticks import Ticks

ON, OLD = date(2024, 1, 2), date(2018, 8, 17)


def at(clock: str) -> int:
    """Milliseconds since midnight of 09:30:00 or 09:30:00.500."""
    hour, minute, second = clock.split(":")
    return 3_600_000 * int(hour) + 60_000 * int(minute) + round(1000 * float(second))


def trades_of(symbols: list[str], rows: list[list[tuple]]) -> Ticks:
    """Rows of (clock, price, shares, buy, sell, side) of each stock."""
    flat = [row for part in rows for row in part]
    columns = {
        "time": np.array([at(r[0]) for r in flat], np.int32),
        "price": np.array([r[1] for r in flat], float),
        "volume": np.array([r[2] for r in flat], np.int64),
        "buy_id": np.array([r[3] for r in flat], np.int64),
        "sell_id": np.array([r[4] for r in flat], np.int64),
        "side": np.array([r[5] for r in flat], np.int16),
    }
    bounds = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    return Ticks(ON, "trades", np.array(symbols), bounds, columns)


def made(trades: Ticks, theta: list[float], preclose: list[float], threads: int = 1) -> Minutes:
    return trade_minutes(
        trades, parent_totals(trades), np.array(theta), np.array(preclose), threads
    )


BY_HAND = [
    ("09:25:00", 10.0, 100, 1, 2, 0),
    ("09:30:00", 10.1, 200, 3, 2, 1),
    ("09:30:59.999", 9.9, 300, 1, 4, -1),
    ("09:31:00", 10.2, 400, 5, 2, 1),
    ("11:29:59.999", 10.3, 10, 5, 6, 0),
    ("11:30:00", 10.4, 20, 7, 6, 1),
    ("13:00:00", 10.5, 30, 7, 8, -1),
    ("14:56:59.999", 10.6, 40, 9, 8, 1),
    ("15:00:00", 10.7, 50, 9, 10, 0),
    ("15:00:00.010", 10.7, 60, 9, 10, 0),
]


def test_a_stock_day_by_hand():
    """Buys 3 (2020 CNY) and 5 (4183), sells 2 (7100) and 4 (2970) are big at 2000 CNY."""
    minutes = made(trades_of(["600000.SH"], [BY_HAND]), [2000.0], [9.5])

    def row(m: int) -> dict[str, float]:
        return {name: minutes[name][0, m - 1] for name in TRADED}

    assert minutes.auction[:, 0].tolist() == [10.0, 100, 1000, 1]
    first = row(1)
    assert [first[n] for n in ("open", "high", "low", "close")] == [10.1, 10.1, 9.9, 9.9]
    assert (first["volume"], first["trades"]) == (500, 2)
    assert first["amount"] == pytest.approx(4990)
    assert (first["active_buy_volume"], first["active_sell_volume"]) == (200, 300)
    assert first["active_buy_amount"] == pytest.approx(2020)
    assert first["active_sell_amount"] == pytest.approx(2970)
    assert (first["active_buy_trades"], first["active_sell_trades"]) == (1, 1)
    # Order 1 bought 1000 in the auction and 2970 now: big; so both fills of the minute are.
    assert first["big_buy_amount"] == pytest.approx(4990)
    assert first["big_sell_amount"] == pytest.approx(4990)
    second = row(2)
    assert (second["open"], second["volume"]) == (10.2, 400)
    assert second["big_sell_amount"] == second["big_buy_amount"] == pytest.approx(4080)
    noon = row(120)
    assert [noon[n] for n in ("open", "high", "low", "close")] == [10.3, 10.4, 10.3, 10.4]
    assert (noon["volume"], noon["trades"], noon["active_buy_trades"]) == (30, 2, 1)
    assert noon["big_buy_amount"] == pytest.approx(103)
    assert noon["big_sell_amount"] == 0
    assert row(121)["volume"] == 30
    assert row(121)["active_sell_trades"] == 1
    assert row(237)["volume"] == 40
    last = row(240)
    assert (last["volume"], last["trades"], last["open"], last["close"]) == (110, 2, 10.7, 10.7)
    assert last["active_buy_volume"] == last["active_sell_volume"] == 0
    for m, price in ((3, 10.2), (119, 10.2), (122, 10.5), (236, 10.5), (238, 10.6), (239, 10.6)):
        quiet = row(m)
        assert [quiet[n] for n in ("open", "high", "low", "close")] == [price] * 4
        assert quiet["volume"] == quiet["amount"] == quiet["trades"] == 0
    assert minutes["volume"].sum() + minutes.auction[1, 0] == 1210


def test_the_price_before_the_first_trade():
    late = [("10:00:00", 8.0, 100, 1, 2, 1)]
    auction = [("09:25:00", 7.0, 100, 1, 2, 0), *late]
    symbols = ["600000.SH", "600001.SH", "600002.SH"]
    minutes = made(trades_of(symbols, [late, auction, late]), [1.0] * 3, [7.5, 7.5, np.nan])
    assert minutes["close"][:, 0].tolist() == [7.5, 7.0, 8.0]
    assert minutes["open"][:, 29].tolist() == [7.5, 7.0, 8.0]
    assert minutes["open"][:, 30].tolist() == [8.0, 8.0, 8.0]
    assert np.isnan(minutes.auction[0, [0, 2]]).all()


def test_a_threshold_is_reached_at_it_and_unknown_without_it():
    rows = [("10:00:00", 1.0, 1000, 1, 2, 1), ("10:00:01", 1.0, 999, 3, 4, 1)]
    minutes = made(trades_of(["600000.SH", "600001.SH"], [rows] * 2), [1000.0, np.nan], [1.0] * 2)
    assert minutes["big_buy_amount"][0, 30] == minutes["big_sell_amount"][0, 30] == 1000
    for name in ("big_buy_amount", "big_sell_amount"):
        assert np.isnan(minutes[name][1]).all()
    assert minutes["volume"][1].sum() == 1999


def random_trades(seed: int) -> Ticks:
    rng = np.random.default_rng(seed)
    counts = [300, 0, 7, 900]
    n = sum(counts)
    session = np.concatenate([np.arange(34_200_000, 41_400_001), np.arange(46_800_000, 54_000_001)])
    columns = {
        "time": np.where(rng.random(n) < 0.05, 33_900_000, rng.choice(session, n)).astype(np.int32),
        "price": rng.integers(900, 1100, n) / 100,
        "volume": rng.integers(1, 10_000, n),
        "buy_id": rng.integers(0, 50, n),
        "sell_id": rng.integers(0, 50, n),
        "side": rng.integers(-1, 2, n).astype(np.int16),
    }
    bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    for lo, hi in pairwise(bounds):
        columns["time"][lo:hi].sort()
    return Ticks(ON, "trades", np.array([f"60000{i}.SH" for i in range(4)]), bounds, columns)


def minutes_by_hand(trades: Ticks) -> np.ndarray:
    """Row of each trade, with the clock read as digits; -1 before 09:30."""
    out = []
    for time in trades["time"].tolist():
        clock = time // 60_000
        hhmm = 100 * (clock // 60) + clock % 60
        m = min(clock - 570, 119) if hhmm < 1200 else min(clock - 780 + 120, 239)
        out.append(m if hhmm >= 930 else -1)
    return np.array(out)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_sums_are_those_of_plain_loops(seed: int, threads: int):
    trades = random_trades(seed)
    rng = np.random.default_rng(seed)
    totals = ParentTotals(*rng.uniform(0, 2e6, (2, len(trades))))
    theta = np.array([1e6, 1e6, 5e5, 1.5e6])
    minutes = trade_minutes(trades, totals, theta, np.full(4, 9.0), threads)
    volume, side = trades["volume"].astype(float), trades["side"]
    amount, one, every = trades["price"] * volume, np.ones(len(trades)), side > -9
    big, place = np.repeat(theta, np.diff(trades.bounds)), minutes_by_hand(trades)
    for s in range(4):
        expected = {
            "volume": (volume, every),
            "amount": (amount, every),
            "trades": (one, every),
            "active_buy_volume": (volume, side == 1),
            "active_sell_volume": (volume, side == -1),
            "active_buy_amount": (amount, side == 1),
            "active_sell_amount": (amount, side == -1),
            "active_buy_trades": (one, side == 1),
            "active_sell_trades": (one, side == -1),
            "big_buy_amount": (amount, totals.buy >= big),
            "big_sell_amount": (amount, totals.sell >= big),
        }
        here = np.arange(trades.bounds[s], trades.bounds[s + 1])
        for name, (values, mask) in expected.items():
            by_hand = [values[here][(place[here] == m) & mask[here]].sum() for m in range(240)]
            assert_allclose(minutes[name][s], by_hand, rtol=1e-13, err_msg=name)
        for m in np.unique(place[here][place[here] >= 0]):
            prices = trades["price"][here][place[here] == m]
            got = [minutes[n][s, m] for n in ("open", "high", "low", "close")]
            assert got == [prices[0], prices.max(), prices.min(), prices[-1]]
        last = np.append(9.0, trades["price"][here][place[here] < 0])[-1]
        for m in range(240):
            if not minutes["trades"][s, m]:
                assert [minutes[n][s, m] for n in ("open", "high", "low", "close")] == [last] * 4
            last = minutes["close"][s, m]


def book(symbol: str, on: date, rows: list[tuple]) -> Ticks:
    """Rows of (clock, bid, bid shares, ask, ask shares, second bid shares)."""
    n = len(rows)
    columns = {name: np.zeros(n, np.int64) for name in SNAPSHOT_COLUMNS}
    columns["time"] = np.array([at(r[0]) for r in rows], np.int32)
    columns["bid_price1"] = np.array([r[1] for r in rows], float)
    columns["bid_volume1"] = np.array([r[2] for r in rows])
    columns["ask_price1"] = np.array([r[3] for r in rows], float)
    columns["ask_volume1"] = np.array([r[4] for r in rows])
    columns["bid_volume10"] = np.array([r[5] for r in rows])
    return Ticks(on, "snapshots", np.array([symbol]), np.array([0, n]), columns)


BOOK = [
    ("09:25:00", 10.0, 900, 10.0, 900, 0),  # before 09:30: does not count
    ("09:30:00", 10.0, 100, 10.2, 100, 0),
    ("09:30:03", 10.0, 300, 10.2, 100, 100),  # +2000
    ("09:31:00", 10.1, 300, 10.3, 200, 0),  # bid +30, ask +1040
    ("11:30:00", 10.1, 400, 10.3, 200, 0),  # +1010
    ("11:30:03", 10.1, 900, 10.3, 200, 0),  # lunch
    ("13:00:00", 11.0, 100, 11.2, 100, 0),  # first of the afternoon: no change
    ("13:00:03", 11.0, 200, np.nan, 0, 0),  # bid +1100, ask -1120: one side only
    ("13:00:06", 11.0, 200, 11.2, 50, 0),  # ask +560
    ("14:56:59.999", 11.0, 200, 11.2, 60, 0),  # ask +112
    ("14:57:00", 11.1, 500, 11.1, 500, 0),  # auction
    ("15:00:00", 11.1, 600, 11.1, 500, 0),
]


def test_a_book_by_hand():
    net, spread, depth, quotes = quote_minutes(book("000001.SZ", ON, BOOK), 1)[:, 0]
    moved = {0: 2000, 1: -1010, 119: 1010, 120: 2220 - 560, 236: -112}
    expected = np.zeros(240)
    expected[list(moved)] = list(moved.values())
    assert_allclose(net, expected, atol=1e-9)
    counted = {0: 2, 1: 1, 119: 1, 120: 2, 236: 1}
    assert {m: int(q) for m, q in enumerate(quotes) if q} == counted
    assert spread[0] == pytest.approx(0.2 / 10.1, rel=1e-12)
    assert spread[120] == pytest.approx(0.2 / 11.1, rel=1e-12)
    assert depth[0] == pytest.approx((0 + 300 / 500) / 2)
    assert depth[1] == pytest.approx(100 / 500)
    assert depth[120] == pytest.approx((0 + 150 / 250) / 2)
    assert np.isnan(spread[quotes == 0]).all()
    assert np.isnan(depth[quotes == 0]).all()


@pytest.mark.parametrize(
    ("column", "nothing"),
    [
        *((f"{side}_{what}1", 0) for side in ("bid", "ask") for what in ("price", "volume")),
        *((f"{side}_price1", np.nan) for side in ("bid", "ask")),
    ],
)
def test_a_quote_has_two_prices_with_shares(column: str, nothing: float):
    rows = [(f"10:00:0{n}", 10.0, 100, 10.2, 300, 0) for n in range(0, 9, 3)]
    snapshots = book("000001.SZ", ON, rows)
    snapshots.columns[column][1] = nothing
    _, spread, depth, quotes = quote_minutes(snapshots, 1)[:, 0, 30]
    assert quotes == 2
    assert (spread, depth) == pytest.approx((0.2 / 10.1, -0.5))


def test_without_a_closing_auction_the_book_counts_to_the_end():
    net, _, _, quotes = quote_minutes(book("600000.SH", OLD, BOOK), 1)[:, 0]
    assert quotes[237] == 1
    assert quotes[239] == 1
    assert net[237] == pytest.approx(11.1 * 500 - 2200 - (11.1 * 500 - 672))
    assert net[239] == pytest.approx(1110)
    for symbol, on in (("600000.SH", ON), ("000001.SZ", OLD), ("830000.BJ", OLD)):
        assert quote_minutes(book(symbol, on, BOOK), 1)[3, 0, 237:].sum() == 0


def test_every_level_counts_in_the_depth():
    rows = [("10:00:00", 10.0, 100, 10.1, 100, 0)]
    for n in LEVELS:
        for side, sign in (("bid", 1), ("ask", -1)):
            snapshots = book("000001.SZ", ON, rows)
            snapshots.columns["bid_volume10"][:] = 0
            snapshots.columns[f"{side}_volume{n}"][:] += 50
            assert quote_minutes(snapshots, 1)[2, 0, 30] == pytest.approx(sign * 50 / 250)


def test_longer_bars_add_up_what_adds_up_and_refuse_means():
    names = ("net_bid_amount", "quotes", "spread")
    values = np.ones((1, 240, 1, 3))
    panel = Panel(values, np.array(["2024-01-02"], "datetime64[D]"), np.array(["000001.SZ"]),
                  names, bar_times(1))  # fmt: skip
    longer = aggregate_bars(panel.select(names[:2]), 30)
    assert (longer.values == 30).all()
    with pytest.raises(DataError, match="spread"):
        aggregate_bars(panel, 30)


def test_stocks_and_threads_do_not_meet():
    one, two = book("000001.SZ", ON, BOOK), book("000002.SZ", ON, BOOK[::-1][:0] + BOOK[1:4])
    columns = {n: np.concatenate([one[n], two[n]]) for n in SNAPSHOT_COLUMNS}
    both = Ticks(ON, "snapshots", np.array(["000001.SZ", "000002.SZ"]),
                 np.array([0, len(BOOK), len(BOOK) + 3]), columns)  # fmt: skip
    for threads in (1, 2):
        got = quote_minutes(both, threads)
        assert_array_equal(got[:, 0], quote_minutes(one)[:, 0])
        assert_array_equal(got[:, 1], quote_minutes(two)[:, 0])


def test_rows_are_valid_and_unknown_is_null():
    symbols = ["000001.SZ", "600000.SH"]
    minutes = made(trades_of(symbols, [BY_HAND, BY_HAND[1:]]), [2000.0, np.nan], [9.5, 9.5])
    quotes = np.full((4, 2, 240), np.nan)
    quotes[:, :1] = quote_minutes(book("000001.SZ", ON, BOOK))
    rows = validate("bars", bar_rows(minutes, quotes))
    assert rows.height == 480
    assert rows["auc_in_first"].any() is False
    known, unknown = (rows.filter(pl.col("symbol") == s) for s in symbols)
    for name in ("net_bid_amount", "spread", "depth_imbalance", "quotes"):
        assert unknown[name].null_count() == 240
    assert unknown["big_buy_amount"].null_count() == unknown["big_sell_amount"].null_count() == 240
    assert known["big_buy_amount"].null_count() == known["quotes"].null_count() == 0
    assert known["spread"].null_count() == 235
    assert known["quotes"].sum() == 7
    assert known["time"][0].isoformat() == "09:31:00"
    for name in TRADED[:7]:
        assert_array_equal(known[name].to_numpy(), minutes[name][0])
    auctions = validate("auctions", auction_rows(minutes))
    values = auctions.select("symbol", "price", "volume", "amount", "trades").rows()
    assert values == [("000001.SZ", 10.0, 100, 1000.0, 1)]
    assert auctions["time"][0].isoformat() == "09:25:00"
