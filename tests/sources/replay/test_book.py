"""The rebuilt book beside books by hand, a small exchange, and a plain replay."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from intralpha.sources.replay import book
from intralpha.sources.replay.rows import book_rows

from .book_inputs import order_frame, ticks, trade_frame
from .plain_book import Levels, SmallExchange

T = 36_000_000  # ten o'clock


def levels_of(row: dict) -> Levels:
    """Shown levels of a row; a level that is null in one part must be null in all."""
    out = []
    for side in ("bid", "ask"):
        found = []
        for k in range(1, 11):
            parts = [row[f"{side}_{what}{k}"] for what in ("price", "volume", "orders")]
            assert len({part is None for part in parts}) == 1
            if parts[0] is not None:
                assert len(found) == k - 1, "levels stand without gaps"
                found.append((round(100 * parts[0]), parts[1], parts[2]))
        out.append(found)
    return out[0], out[1]


def rebuilt(orders: pl.DataFrame, trades: pl.DataFrame, times: list[int], **more) -> pl.DataFrame:
    return book_rows(
        ticks("orders", orders), ticks("trades", trades), np.array(times, np.int64), **more
    )


def shown(orders: list[tuple], trades: list[tuple], times: list[int]) -> list[Levels]:
    rows = rebuilt(order_frame(orders), trade_frame(trades), times)
    return [levels_of(row) for row in rows.iter_rows(named=True)]


def test_shanghai_by_hand() -> None:
    """Call auction, then add, partial fill, cancel, an aggressor filled whole and one in part."""
    call, noon = 33_600_000, 33_900_940
    orders = [
        (1, call, 11, 1, 10.02, 300, "limit", False),
        (2, call, 12, -1, 10.00, 200, "limit", False),
        (3, call + 1, 13, -1, 10.05, 500, "limit", False),
        # 200 of order 11 are filled at the opening, 100 rest at 10.02.
        (5, T, 20, 1, 10.01, 400, "limit", False),
        (6, T + 10, 21, -1, 10.02, 60, "limit", False),  # filled whole on arrival: seq of its fill
        (7, T + 20, 22, 1, 10.06, 700, "limit", False),  # takes 13, the rest stays at 10.06
        (8, T + 30, 20, 1, 10.01, 400, "limit", True),
        (9, T + 40, 23, -1, 10.07, 100, "limit", False),
        (10, T + 50, 24, -1, 10.07, 200, "limit", False),
    ]
    trades = [
        (4, noon, 10.01, 200, 11, 12, 0),
        (6, T + 10, 10.02, 60, 11, 21, -1),
        (7, T + 20, 10.05, 500, 22, 13, 1),
    ]
    times = [call, call + 5, 33_900_000, noon, T, T + 10, T + 20, T + 30, T + 50]
    assert shown(orders, trades, times) == [
        ([], []),
        ([], []),
        ([], []),  # 09:25:00 and the book still crosses
        ([(1002, 100, 1)], [(1005, 500, 1)]),
        ([(1002, 100, 1), (1001, 400, 1)], [(1005, 500, 1)]),
        ([(1002, 40, 1), (1001, 400, 1)], [(1005, 500, 1)]),
        ([(1006, 200, 1), (1002, 40, 1), (1001, 400, 1)], []),
        ([(1006, 200, 1), (1002, 40, 1)], []),
        ([(1006, 200, 1), (1002, 40, 1)], [(1007, 300, 2)]),
    ]
    row = rebuilt(order_frame(orders), trade_frame(trades), times).row(6, named=True)
    assert (row["last"], row["volume"], row["trades"]) == (10.05, 760, 3)
    assert row["amount"] == 200 * 10.01 + 60 * 10.02 + 500 * 10.05
    first = rebuilt(order_frame(orders), trade_frame(trades), times).row(0, named=True)
    assert (first["last"], first["volume"], first["amount"], first["trades"]) == (0, 0, 0, 0)


def test_shenzhen_by_hand() -> None:
    """Own-best with and without an own side, market orders that end and one that becomes limit."""
    orders = [
        (1, T, 1, 1, 0.0, 100, "own_best", False),  # nobody bids: never rests
        (2, T, 1, 1, 0.0, 100, "own_best", True),
        (3, T + 1, 3, 1, 9.98, 100, "limit", False),
        (4, T + 2, 4, 1, 0.0, 300, "own_best", False),  # joins 9.98
        (5, T + 3, 5, -1, 10.00, 200, "limit", False),
        (6, T + 4, 6, -1, 10.03, 100, "limit", False),
        (7, T + 5, 7, 1, 0.0, 500, "market", False),  # 200 + 100, 200 are cancelled
        (10, T + 5, 7, 1, 0.0, 200, "market", True),
        (11, T + 6, 11, -1, 0.0, 250, "market", False),  # 100 + 50 of 300 at 9.98, 100 filled
        (14, T + 7, 14, -1, 9.99, 100, "limit", False),
        (15, T + 8, 15, 1, 0.0, 350, "market", False),  # 100 at 9.99, 250 rest there
        (17, T + 9, 17, -1, 0.0, 400, "own_best", False),  # nobody offers: never rests
        (18, T + 9, 17, -1, 0.0, 400, "own_best", True),
        (19, T + 10, 19, 1, 0.0, 10, "market", False),  # meets nobody, no cancel: has no price
        (20, T + 11, 20, 1, 9.90, 10, "limit", False),
    ]
    trades = [
        (8, T + 5, 10.00, 200, 7, 5, 1),
        (9, T + 5, 10.03, 100, 7, 6, 1),
        (12, T + 6, 9.98, 100, 3, 11, -1),
        (13, T + 6, 9.98, 150, 4, 11, -1),
        (16, T + 8, 9.99, 100, 15, 14, 1),
    ]
    bid = (998, 150, 1)
    assert shown(orders, trades, [T, *range(T + 2, T + 12)]) == [
        ([], []),
        ([(998, 400, 2)], []),
        ([(998, 400, 2)], [(1000, 200, 1)]),
        ([(998, 400, 2)], [(1000, 200, 1), (1003, 100, 1)]),
        ([(998, 400, 2)], []),
        ([bid], []),
        ([bid], [(999, 100, 1)]),
        ([(999, 250, 1), bid], []),
        ([(999, 250, 1), bid], []),
        ([(999, 250, 1), bid], []),
        ([(999, 250, 1), bid, (990, 10, 1)], []),
    ]


def test_an_order_in_flight_is_not_in_the_book() -> None:
    orders = [
        (1, T, 1, -1, 10.00, 100, "limit", False),
        (2, T, 2, -1, 10.01, 100, "limit", False),
        (3, T + 10, 3, 1, 10.01, 500, "limit", False),
    ]
    trades = [(4, T + 20, 10.00, 100, 3, 1, 1), (5, T + 30, 10.01, 100, 3, 2, 1)]
    rows = rebuilt(
        order_frame(orders), trade_frame(trades), [T, T + 10, T + 20, T + 30], facts=True
    )
    assert [levels_of(row) for row in rows.iter_rows(named=True)] == [
        ([], [(1000, 100, 1), (1001, 100, 1)]),
        ([], [(1000, 100, 1), (1001, 100, 1)]),
        ([], [(1001, 100, 1)]),
        ([(1001, 300, 1)], []),
    ]
    assert rows["in_flight"].to_list() == [False, True, True, False]
    assert not rows["crossed"].any()
    # The same shares and prices, but the first order is the passive side of what comes next.
    later = [*orders[:2], (3, T + 10, 3, 1, 9.99, 500, "limit", False)]
    later.append((4, T + 20, 4, -1, 9.99, 100, "limit", False))
    rows = rebuilt(
        order_frame(later), trade_frame([(4, T + 20, 9.99, 100, 3, 4, -1)]), [T + 10], facts=True
    )
    assert levels_of(rows.row(0, named=True))[0] == [(999, 500, 1)]
    assert rows["in_flight"].to_list() == [False]


def test_no_levels_in_the_call_auctions_of_the_day() -> None:
    """14:57 to 15:00 is an auction in Shanghai from 2018-08-20 on and was none before."""
    orders = [(1, 33_600_000, 1, 1, 9.0, 100, "limit", False)]
    trades = trade_frame([(9, 57_000_000, 9.0, 1, 1, 2, 0)])
    edges = [33_600_000, 33_899_999, 33_900_000, 53_819_999, 53_820_000, 53_999_999, 54_000_000]
    for on, symbol, late in (
        (date(2018, 8, 20), "600000.SH", 0),
        (date(2018, 8, 17), "600000.SH", 1),
        (date(2018, 8, 17), "000001.SZ", 0),
        (date(2023, 2, 1), "830799.BJ", 0),
    ):
        both = (order_frame(orders, symbol), trades.with_columns(symbol=pl.lit(symbol)))
        given = [ticks(t, rows, on) for t, rows in zip(("orders", "trades"), both, strict=True)]
        rows = book_rows(*given, np.array(edges))
        assert rows["bid_orders1"].fill_null(0).to_list() == [0, 0, 1, 1, late, late, 1]


def test_what_does_not_fit_is_counted() -> None:
    orders = [
        (1, T, 1, 1, 10.00, 100, "limit", False),
        (2, T, 99, 1, 10.00, 100, "limit", True),  # never entered
        (3, T, 2, 1, 9.99, 100, "limit", False),
        (4, T, 2, 1, 9.99, 150, "limit", True),  # more than there is
        (5, T, 3, -1, 10.05, 10, "limit", False),
        (6, T, 3, -1, 10.06, 20, "limit", False),  # the id again
        (8, T, 0, 1, 10.01, 10, "limit", False),  # no id, still an order
    ]
    trades = [(7, T, 10.00, 40, 1, 77, -1)]
    rows = rebuilt(order_frame(orders), trade_frame(trades), [T], facts=True)
    facts = rows.select("unseen", "overfilled", "repeated", "crossed", "in_flight").row(0)
    assert facts == (2, 1, 1, False, False)
    assert levels_of(rows.row(0, named=True)) == (
        [(1001, 10, 1), (1000, 60, 1)],
        [(1005, 10, 1), (1006, 20, 1)],
    )
    cut = [*orders, (9, T, 9, -1, 10.01, 5, "limit", False)]  # its trade is missing
    rows = rebuilt(order_frame(cut), trade_frame(trades), [T], facts=True)
    assert levels_of(rows.row(0, named=True)) == ([], [])
    assert rows["crossed"].to_list() == [True]


COMMANDS = st.one_of(
    st.tuples(st.just("limit"), st.sampled_from([1, -1]), st.integers(-4, 4), st.integers(1, 9)),
    st.tuples(st.just("market"), st.sampled_from([1, -1]), st.booleans(), st.integers(1, 20)),
    st.tuples(st.just("own_best"), st.sampled_from([1, -1]), st.just(0), st.integers(1, 9)),
    st.tuples(st.just("cancel"), st.just(0), st.just(0), st.integers(0, 50)),
)


def run(commands: list[tuple]) -> SmallExchange:
    exchange = SmallExchange()
    for what, side, more, number in commands:
        if what == "limit":
            exchange.limit(side, 1000 + more, 100 * number)
        elif what == "market":
            exchange.market(side, 100 * number, converts=more)
        elif what == "own_best":
            exchange.own_best(side, 100 * number)
        else:
            exchange.cancel(number)
    return exchange


@settings(max_examples=30)
@given(st.lists(st.lists(COMMANDS, min_size=1, max_size=40), min_size=1, max_size=3))
def test_after_every_event_the_book_is_the_exchanges_own(days: list[list[tuple]]) -> None:
    """Several stocks in one call; every event has a stamp of its own."""
    exchanges = [exchange for exchange in map(run, days) if exchange.shown]
    assume(exchanges)
    frames = [e.frames(f"60000{i}.SH") for i, e in enumerate(exchanges)]
    times = list(range(1, max(len(e.shown) for e in exchanges) + 1))
    rows = rebuilt(*(pl.concat(part) for part in zip(*frames, strict=True)), times, facts=True)
    assert not rows.select("crossed").to_series().any()
    assert rows.select(pl.sum_horizontal("unseen", "overfilled", "repeated").max()).item() == 0
    for i, exchange in enumerate(exchanges):
        mine = rows.filter(pl.col("symbol") == f"60000{i}.SH").to_dicts()
        assert len(mine) == len(times)
        for row, expected in zip(mine, exchange.shown, strict=False):
            assert levels_of(row) == expected
        assert mine[-1]["volume"] == sum(trade[3] for trade in exchange.trades)
        assert mine[-1]["trades"] == len(exchange.trades)


def long_day(commands: int = 600, spread: int = 40) -> SmallExchange:
    rng = np.random.default_rng(5)
    exchange = SmallExchange()
    for _ in range(commands):
        side, draw = int(rng.choice([1, -1])), rng.random()
        if draw < 0.5:
            tick = 50_000 + int(rng.integers(0, spread)) - side * spread // 3
            exchange.limit(side, tick, int(rng.integers(1, 900)))
        elif draw < 0.6:
            exchange.market(side, int(rng.integers(1, 2000)), converts=bool(rng.integers(2)))
        elif draw < 0.7:
            exchange.own_best(side, int(rng.integers(1, 900)))
        else:
            exchange.cancel(int(rng.integers(10**6)))
    return exchange


@pytest.fixture(scope="module")
def day() -> SmallExchange:
    return long_day()


@pytest.mark.parametrize("ids", ["near", "far"])
@pytest.mark.parametrize("wild", [[], [1, 99_999_999], [49_000, 114_000]])
def test_far_ids_and_wild_prices_change_nothing(day: SmallExchange, ids: str, wild: list) -> None:
    """Ids far apart go through a hash, prices far apart are addressed by rank."""
    orders, trades = day.frames("000001.SZ")
    if ids == "far":
        code = {n: n * 10**9 + (n % 13) for n in orders["id"].to_list()}
        orders = orders.with_columns(pl.col("id").replace_strict(code))
        trades = trades.with_columns(pl.col("buy_id", "sell_id").replace_strict(code))
    if wild:  # entered and taken back before anything else
        low, high, number = *wild, orders["id"].max() + 1
        first = [(-4, 0, number, 1, low / 100, 100, "limit"), (-3, 0, number + 1, -1, high / 100,
            100, "limit")]  # fmt: skip
        gone = [(seq + 2, *row, True) for seq, *row in first]
        far = order_frame([(*row, False) for row in first] + gone, "000001.SZ")
        orders = pl.concat([far, orders])
    rows = rebuilt(orders, trades, list(range(1, len(day.shown) + 1)))
    found = [levels_of(row) for row in rows.iter_rows(named=True)]
    assert found == day.shown
    assert max(len(bids) for bids, _ in found) == 10


def test_both_ways_of_addressing_were_used(day: SmallExchange) -> None:
    """The days above are on both sides of the thresholds."""
    orders, _ = day.frames("000001.SZ")
    ids = orders.filter(~pl.col("cancel"))["id"]
    assert ids.max() - ids.min() > book.SPARSE * len(ids)
    near = ids.rank("dense")
    assert near.max() - near.min() < book.SPARSE * len(ids)
    assert book.MOST_LEVELS < 99_999_999
