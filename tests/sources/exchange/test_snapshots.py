"""Snapshots beside a plain replay of the tape, the engine's own book, and what is published."""

from collections import defaultdict
from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.market import validate
from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.bars import MINUTES
from intralpha.sources.exchange.publish import shanghai_files
from intralpha.sources.exchange.snapshots import DEPTH, snapshot_times, snapshots, tape_ticks
from intralpha.sources.exchange.tape import BUY, MARKET, OWN_BEST, SELL, Tape
from intralpha.sources.replay.rows import book_rows

from ...sources.replay.book_inputs import orders_of_shanghai, ticks, trades_of_shanghai
from ...sources.replay.plain_book import plain_replay
from ...sources.replay.test_book import levels_of
from .test_flow import DayPlan, make_plan, traded

ON = date(2023, 2, 1)
IN_CALLS = ((33_300_000, 33_900_000), (53_820_000, 54_000_000))


def plain_levels(tape: Tape, until: int) -> dict[int, dict[int, list[int]]]:
    """Side -> tick -> shares of each resting order, from sums over the whole tape."""
    gone: dict[int, int] = defaultdict(int)
    for seq, shares, time in zip(tape.cancel_id, tape.cancel_shares, tape.cancel_time, strict=True):
        gone[int(seq)] += int(shares) if time <= until else 0
    for ids in (tape.trade_buy, tape.trade_sell):
        for seq, shares, time in zip(ids, tape.trade_shares, tape.trade_time, strict=True):
            gone[int(seq)] += int(shares) if time <= until else 0
    out: dict[int, dict[int, list[int]]] = {BUY: defaultdict(list), SELL: defaultdict(list)}
    for i, seq in enumerate(tape.order_seq.tolist()):
        left = int(tape.order_shares[i]) - gone[seq]
        rests = tape.order_kind[i] != MARKET and tape.order_tick[i] > 0
        if tape.order_time[i] <= until and rests and left > 0:
            out[int(tape.order_side[i])][int(tape.order_tick[i])].append(left)
    return out


@pytest.mark.parametrize("number", range(4))
def test_levels_equal_a_plain_replay(number: int) -> None:
    tape = traded(make_plan(number), number)
    times = np.array([33_600_000, 33_900_000, 34_500_000, 41_400_000, 50_000_000, 54_000_000])
    found = snapshots(tape, times)
    for row in found.iter_rows(named=True):
        levels = plain_levels(tape, row["time"])
        crossed = levels[BUY] and levels[SELL] and max(levels[BUY]) >= min(levels[SELL])
        crossed = crossed or row["time"] == 33_600_000  # the call auction
        for side, name in ((BUY, "bid"), (SELL, "ask")):
            best = sorted(levels[side], key=lambda t: -side * t)[:DEPTH]
            expected = [] if crossed else [(t, levels[side][t]) for t in best]
            for k in range(DEPTH):
                price = row[f"{name}_price{k + 1}"]
                if k >= len(expected):
                    assert price is None
                    continue
                tick, orders = expected[k]
                assert round(100 * price) == tick
                assert row[f"{name}_volume{k + 1}"] == sum(orders)
                assert row[f"{name}_orders{k + 1}"] == len(orders)


def test_sums_are_those_of_the_trades() -> None:
    tape = traded(make_plan(2), 2)
    found = snapshots(tape, snapshot_times())
    for row in found.gather_every(397).iter_rows(named=True):
        done = tape.trade_time <= row["time"]
        assert row["volume"] == tape.trade_shares[done].sum()
        assert row["trades"] == done.sum()
        fen = (tape.trade_shares * tape.trade_tick)[done].sum()
        assert round(100 * row["amount"]) == fen
        assert round(100 * row["last"]) == (tape.trade_tick[done][-1] if done.any() else 0)


def test_call_auctions_show_no_levels_by_hand() -> None:
    book = lob.new_book(200, 10, 10)
    lob.reset(book, 900, 1099)
    lob.rest(book, 33_301_000, BUY, 1001, 200)
    lob.rest(book, 33_901_000, BUY, 1000, 100)
    lob.rest(book, 33_902_000, SELL, 1000, 100)
    found = snapshots(lob.tape_of(book), np.array([33_301_000, 33_901_000, 33_902_000]))
    assert found["bid_price1"].to_list() == [None, 10.01, None]
    assert found["bid_orders1"].to_list() == [None, 1, None]
    assert found["ask_price1"].to_list() == [None, None, None]


def locked(number: int, up: bool) -> DayPlan:
    """A day whose value lies beyond the price limit."""
    plan = make_plan(number)
    tick = plan.high if up else plan.low
    value = np.full(MINUTES + 1, tick * (1.05 if up else 0.95))
    return plan._replace(value=value, target=tick)


DAYS = {
    **{f"day {n}": make_plan(n) for n in range(4)},  # odd numbers are Shanghai's
    **{f"up {n}": locked(n, up=True) for n in (4, 5)},
    **{f"down {n}": locked(n, up=False) for n in (6, 7)},
}


@pytest.fixture(scope="module", params=list(DAYS))
def tape(request: pytest.FixtureRequest) -> Tape:
    return traded(DAYS[request.param], int(request.param[-1]))


@pytest.mark.one_in(2)
@pytest.mark.one_in(4)
def test_every_row_of_a_day_equals_a_plain_replay(tape: Tape) -> None:
    """Days of both exchanges, some locked at a limit; levels, last price and sums."""
    times = snapshot_times().tolist()
    orders, trades = as_rows(tape)
    expected = plain_replay(orders, trades, times)
    found = snapshots(tape, np.array(times))
    seen = 0
    for row, (levels, sums) in zip(found.iter_rows(named=True), expected, strict=True):
        called = any(lo <= row["time"] < hi for lo, hi in IN_CALLS)
        assert levels_of(row) == (([], []) if called else levels)
        assert (round(100 * row["last"]), row["volume"]) == sums[:2]
        assert (round(100 * row["amount"]), row["trades"]) == sums[2:]
        seen += not called and bool(levels[0] or levels[1])
    assert seen > 2_000


def as_rows(tape: Tape) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tape's rows, one after the other, for the plain replay."""
    orders, trades = tape_ticks([tape], ["600000.SH"], ON)
    kinds = np.array(["limit", "market", "own_best"])[orders["kind"]]
    return (
        pl.DataFrame(orders.columns | {"kind": kinds.tolist()}),
        pl.DataFrame(trades.columns),
    )


def test_a_locked_side_is_empty() -> None:
    plan = locked(4, up=True)
    rows = snapshots(traded(plan, 4), snapshot_times()).filter(pl.col("bid_orders1") > 0)
    at_limit = rows.filter((100 * pl.col("bid_price1")).round() == plan.high)
    assert at_limit.height > 500
    assert at_limit["ask_price1"].null_count() == at_limit.height


def test_own_best_orders_need_no_price(tape: Tape) -> None:
    """Shenzhen does not say where an own-best order rests; the book knows."""
    times = snapshot_times()
    orders, trades = tape_ticks([tape], ["000001.SZ"], ON)
    own_best = orders["kind"] == OWN_BEST
    orders.columns["price"] = np.where(own_best, 0.0, orders["price"])
    assert own_best.any()
    found = book_rows(orders, trades, times).drop("date", "symbol")
    assert found.equals(snapshots(tape, times))


def test_what_shanghai_publishes_makes_the_same_snapshots(tape: Tape) -> None:
    """Orders rebuilt from the published files alone, read by rules written apart."""
    times = snapshot_times()
    entrust, trade = shanghai_files(tape, "600000")
    symbol = pl.lit("600000.SH").alias("symbol")
    orders = orders_of_shanghai(entrust, trade).with_columns(symbol)
    trades = trades_of_shanghai(trade).with_columns(symbol)
    assert (entrust["OrderType"] == "A").sum() < len(tape.order_seq)  # not those filled at once
    found = book_rows(ticks("orders", orders), ticks("trades", trades), times, facts=True)
    assert found.select(pl.max_horizontal("unseen", "overfilled", "repeated").max()).item() == 0
    assert found.select(snapshots(tape, times).columns).equals(snapshots(tape, times))


@pytest.mark.parametrize("seed", range(6))
def test_after_every_order_the_book_is_the_engines_own(seed: int) -> None:
    """A stream of all kinds of orders and cancels; the engine's book is read while it trades."""
    rng = np.random.default_rng(seed)
    book = lob.new_book(300, 3000, 9000)
    lob.reset(book, 850, 1149)
    own, out = [], np.zeros((2, DEPTH, 3), np.int64)
    for step in range(1, 700):
        side, draw = int(rng.choice([BUY, SELL])), rng.random()
        shares = 100 * int(rng.geometric(0.3))
        if draw < 0.5:
            tick = int(np.clip(1000 + rng.normal(0, 12) - 4 * side, 850, 1149))
            lob.limit(book, step, side, tick, shares)
        elif draw < 0.65:
            lob.market(book, step, side, shares)
        elif draw < 0.75:
            lob.own_best(book, step, side, shares)
        else:
            lob.cancel(book, step, int(rng.integers(1, max(book.state[lob.ORDERS], 1) + 1)))
        lob.snapshot(book, out)
        own.append(out.copy())
    lob.check(book)
    rows = snapshots(lob.tape_of(book), np.arange(1, 700))
    for row, levels in zip(rows.iter_rows(named=True), own, strict=True):
        expected = tuple([tuple(k) for k in side if k[0]] for side in levels.tolist())
        assert levels_of(row) == expected
    assert rows["trades"][-1] > 100


def test_rows_are_valid_after_the_first_trade() -> None:
    frame = snapshots(traded(make_plan(1), 1), snapshot_times()).filter(pl.col("trades") > 0)
    keyed = frame.with_columns(
        date=pl.date(2024, 3, 4), symbol=pl.lit("600000.SH"), time=pl.col("time")
    )
    assert validate("snapshots", keyed).height == frame.height > 4000
