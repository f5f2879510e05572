"""Snapshots beside a plain replay of the tape, and their sums beside the trades."""

from collections import defaultdict

import numpy as np
import polars as pl
import pytest

from intralpha.market import validate
from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.snapshots import DEPTH, snapshot_times, snapshots
from intralpha.sources.exchange.tape import BUY, MARKET, SELL, Tape

from .test_flow import make_plan, traded


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


def test_a_crossed_auction_shows_no_levels_by_hand() -> None:
    book = lob.new_book(200, 10, 10)
    lob.reset(book, 900, 1099)
    lob.rest(book, 33_301_000, BUY, 1001, 200)
    lob.rest(book, 33_302_000, SELL, 1000, 100)
    found = snapshots(lob.tape_of(book), np.array([33_301_000, 33_302_000]))
    assert found["bid_price1"].to_list() == [10.01, None]
    assert found["bid_orders1"].to_list() == [1, None]
    assert found["ask_price1"].to_list() == [None, None]


def test_rows_are_valid_after_the_first_trade() -> None:
    frame = snapshots(traded(make_plan(1), 1), snapshot_times()).filter(pl.col("trades") > 0)
    keyed = frame.with_columns(
        date=pl.date(2024, 3, 4), symbol=pl.lit("600000.SH"), time=pl.col("time")
    )
    assert validate("snapshots", keyed).height == frame.height > 4000
