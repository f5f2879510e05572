"""The matching engine beside a plain book, by hand, and at the end of its room."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.auction import uncross
from intralpha.sources.exchange.tape import BUY, LIMIT, MARKET, OWN_BEST, SELL

from .reference import Order, PlainBook, best_prices

LOW, HIGH = 950, 1110  # more than two words of 64 levels
SEEDS = st.integers(0, 10**6)


def fresh(orders: int = 2000, trades: int = 8000, low: int = LOW, high: int = HIGH) -> lob.Book:
    book = lob.new_book(high - low + 1, orders, trades)
    lob.reset(book, low, high)
    return book


def play(book: lob.Book, plain: PlainBook, seed: int, steps: int) -> None:
    """Continuous trading on both; what must be refused goes to the engine alone."""
    rng = np.random.default_rng(seed)
    for step in range(steps):
        side, shares = int(rng.choice([BUY, SELL])), int(rng.integers(1, 900))
        tick = int(np.clip(1030 - side * rng.normal(1, 25), LOW, HIGH))
        kind = rng.random()
        if kind < 0.3 and plain.entered:
            handle = int(rng.integers(1, len(plain.entered) + 1))
            left = plain.entered[handle - 1].left
            assert lob.cancel(book, step, handle) == left
            plain.cancel(handle)
        elif kind < 0.4:
            lob.market(book, step, side, shares)
            plain.market(side, shares)
        elif kind < 0.5:
            lob.own_best(book, step, side, shares)
            plain.own_best(side, shares)
        elif kind < 0.55:
            refuse(book, step, side, tick, shares)
        else:
            lob.limit(book, step, side, tick, shares)
            plain.limit(side, tick, shares)
        assert not crossed(book)


def refuse(book: lob.Book, time: int, side: int, tick: int, shares: int) -> None:
    events = book.state[lob.SEQ]
    for enter in (lob.limit, lob.rest):
        assert enter(book, time, side, LOW - 1, shares) == 0
        assert enter(book, time, side, HIGH + 1, shares) == 0
        assert enter(book, time, side, 0, shares) == 0
        assert enter(book, time, side, tick, 0) == 0
        assert enter(book, time, 0, tick, shares) == 0
    for enter in (lob.market, lob.own_best):
        assert enter(book, time, side, -shares) == 0
        assert enter(book, time, 2 * side, shares) == 0
    for handle in (-1, 0, int(book.state[lob.ORDERS]) + 1):
        assert lob.cancel(book, time, handle) == 0
    assert book.state[lob.SEQ] == events


def call(book: lob.Book, plain: PlainBook, seed: int, orders: int, shanghai: bool) -> None:
    """A call auction on both, with orders taken back before it, and its print."""
    rng = np.random.default_rng(seed)
    for _ in range(orders):
        side, shares = int(rng.choice([BUY, SELL])), int(rng.integers(1, 5))
        tick = int(rng.integers(1000, 1012))
        lob.rest(book, 1, side, tick, shares)
        plain.rest(side, tick, shares)
        if rng.random() < 0.2:
            handle = int(rng.integers(1, len(plain.entered) + 1))
            lob.cancel(book, 1, handle)
            plain.cancel(handle)
    reference = int(rng.integers(990, 1020))
    prices, volume = best_prices(plain, LOW, HIGH)
    tick, shares = uncross(book, 2, reference, shanghai)
    assert shares == volume
    if volume:
        middle = (prices[0] + prices[-1] + 1) // 2
        nearest = min(prices, key=lambda price: abs(price - reference))
        assert tick == (middle if shanghai else nearest)
        plain.uncross(tick, volume)
    assert not crossed(book)


def crossed(book: lob.Book) -> bool:
    return 0 < lob.best_ask(book) <= lob.best_bid(book)


def queue(book: lob.Book, side: int, tick: int) -> list[tuple[int, int]]:
    """Handles and shares left at a price, from the first in the queue; links agree both ways."""
    level = book.levels[0 if side == BUY else 1, tick - book.state[lob.LOW]]
    slot, before, found = level[lob.L_HEAD], lob.NONE, []
    while slot != lob.NONE:
        assert book.orders[slot, lob.O_BEFORE] == before
        found.append((int(slot) + 1, int(book.orders[slot, lob.O_LEFT])))
        slot, before = book.orders[slot, lob.O_AFTER], slot
    assert level[lob.L_TAIL] == before
    return found


def assert_same(book: lob.Book, plain: PlainBook) -> None:
    """Trades, cancels, and every queue of both books."""
    tape = lob.tape_of(book)
    columns = (tape.trade_seq, tape.trade_tick, tape.trade_shares)
    columns += (tape.trade_buy, tape.trade_sell, tape.trade_side)
    assert list(zip(*(c.tolist() for c in columns), strict=True)) == plain.trades
    cancels = (tape.cancel_seq, tape.cancel_id, tape.cancel_shares)
    assert list(zip(*(c.tolist() for c in cancels), strict=True)) == plain.cancels
    assert tape.order_seq.tolist() == [o.seq for o in plain.entered]
    assert lob.volume(book) == sum(shares for _, _, shares, *_ in plain.trades)
    assert lob.last_tick(book) == (plain.trades[-1][1] if plain.trades else 0)
    handles = {o.seq: n for n, o in enumerate(plain.entered, 1)}
    for side in (BUY, SELL):
        own = plain.side(side)
        for tick in range(LOW, HIGH + 1):
            here = [(handles[o.seq], o.left) for o in own if o.tick == tick]
            assert queue(book, side, tick) == here
            assert lob.level_count(book, side, tick) == len(here)
            assert lob.level_shares(book, side, tick) == sum(left for _, left in here)
        assert_same_levels(book, side, own)


def assert_same_levels(book: lob.Book, side: int, own: list[Order]) -> None:
    """Best price and snapshot of a side."""
    ticks = list(dict.fromkeys(o.tick for o in own))
    assert (lob.best_bid if side == BUY else lob.best_ask)(book) == (ticks[0] if ticks else 0)
    out = np.full((2, 10, 3), -7)
    lob.snapshot(book, out)
    expected = [[t, sum(o.left for o in own if o.tick == t)] for t in ticks[:10]]
    expected = [[*row, sum(o.tick == row[0] for o in own)] for row in expected]
    assert out[0 if side == BUY else 1].tolist() == expected + [[0, 0, 0]] * (10 - len(expected))


@given(seed=SEEDS)
def test_the_engine_does_what_a_plain_book_does(seed: int) -> None:
    book, plain = fresh(), PlainBook()
    play(book, plain, seed, 150)
    assert_same(book, plain)


@settings(max_examples=30)
@given(seed=SEEDS, orders=st.integers(0, 25), shanghai=st.booleans())
def test_a_day_with_both_auctions_is_the_plain_books_day(
    seed: int, orders: int, shanghai: bool
) -> None:
    book, plain = fresh(), PlainBook()
    call(book, plain, seed, orders, shanghai)
    assert_same(book, plain)
    play(book, plain, seed + 1, 40)
    call(book, plain, seed + 2, orders, shanghai)
    assert_same(book, plain)


@given(seed=SEEDS)
def test_every_share_is_traded_taken_back_or_rests(seed: int) -> None:
    book, plain = fresh(), PlainBook()
    call(book, plain, seed, 20, True)
    play(book, plain, seed, 100)
    tape = lob.tape_of(book)
    assert len(tape.trade_seq), "nothing was compared"
    out = np.zeros(book.state[lob.SEQ] + 1, np.int64)
    for ids, shares in (
        (tape.trade_buy, tape.trade_shares),
        (tape.trade_sell, tape.trade_shares),
        (tape.cancel_id, tape.cancel_shares),
    ):
        np.add.at(out, ids, shares)
    rests = np.zeros_like(tape.order_shares)
    for side in (BUY, SELL):
        for tick in range(LOW, HIGH + 1):
            for handle, left in queue(book, side, tick):
                rests[handle - 1] = left
    np.testing.assert_array_equal(out[tape.order_seq] + rests, tape.order_shares)
    side_of = np.zeros_like(out)
    side_of[tape.order_seq] = tape.order_side
    assert (side_of[tape.trade_buy] == BUY).all()
    assert (side_of[tape.trade_sell] == SELL).all()
    assert tape.trade_tick.min() >= LOW
    assert tape.trade_tick.max() <= HIGH
    every = np.concatenate([tape.order_seq, tape.cancel_seq, tape.trade_seq])
    assert sorted(every.tolist()) == list(range(1, tape.events + 1))


def test_price_comes_before_time_and_time_before_size() -> None:
    book = fresh()
    lob.limit(book, 1, SELL, 1001, 100)
    lob.limit(book, 2, SELL, 1000, 100)
    lob.limit(book, 3, SELL, 1000, 900)
    lob.limit(book, 4, BUY, 1001, 300)
    tape = lob.tape_of(book)
    assert tape.trade_sell.tolist() == [2, 3]
    assert tape.trade_tick.tolist() == [1000, 1000]
    assert tape.trade_shares.tolist() == [100, 200]
    assert tape.trade_side.tolist() == [BUY, BUY]
    assert tape.trade_time.tolist() == [4, 4]


def test_a_limit_order_pays_the_resting_prices_and_queues_the_rest() -> None:
    book = fresh()
    lob.limit(book, 1, BUY, 1003, 100)
    lob.limit(book, 2, BUY, 1001, 100)
    lob.limit(book, 3, BUY, 1000, 100)
    lob.limit(book, 4, SELL, 1001, 250)
    tape = lob.tape_of(book)
    assert tape.trade_tick.tolist() == [1003, 1001]
    assert tape.trade_sell.tolist() == [4, 4]
    assert (lob.best_bid(book), lob.best_ask(book)) == (1000, 1001)
    assert lob.level_shares(book, SELL, 1001) == 50


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_market_order_takes_five_levels(side: int) -> None:
    book = fresh()
    ticks = [1003 + side * k for k in range(-3, 4)]  # the best of the other side first
    for tick in ticks:
        lob.limit(book, 1, -side, tick, 60)
        lob.limit(book, 1, -side, tick, 40)
    lob.market(book, 2, side, 1000)
    tape = lob.tape_of(book)
    assert tape.trade_tick.tolist() == [t for t in ticks[:5] for _ in range(2)]
    assert tape.trade_shares.tolist() == [60, 40] * 5
    assert (tape.order_tick[-1], tape.order_kind[-1]) == (0, MARKET)
    assert tape.cancel_shares.tolist() == [500]
    assert (tape.cancel_id[0], tape.cancel_time[0]) == (tape.order_seq[-1], 2)
    best = lob.best_ask(book) if side == BUY else lob.best_bid(book)
    assert best == ticks[5]


def test_a_market_order_that_meets_nobody_is_cancelled() -> None:
    book = fresh()
    handle = lob.market(book, 7, SELL, 300)
    tape = lob.tape_of(book)
    assert (tape.cancel_seq.tolist(), tape.cancel_shares.tolist()) == ([2], [300])
    assert lob.cancel(book, 8, handle) == 0


def test_own_best_joins_the_end_of_its_side() -> None:
    book = fresh()
    alone = lob.own_best(book, 1, BUY, 100)  # nobody bids: cancelled, sequence numbers 1 and 2
    lob.limit(book, 2, BUY, 1000, 200)  # 3
    lob.limit(book, 3, SELL, 1002, 200)  # 4
    lob.own_best(book, 4, BUY, 300)  # 5
    lob.own_best(book, 5, SELL, 400)  # 6
    tape = lob.tape_of(book)
    assert alone == 1
    assert tape.order_kind.tolist() == [OWN_BEST, LIMIT, LIMIT, OWN_BEST, OWN_BEST]
    assert tape.order_tick.tolist() == [0, 1000, 1002, 1000, 1002]
    assert (tape.cancel_id.tolist(), tape.cancel_shares.tolist()) == ([1], [100])
    assert queue(book, BUY, 1000) == [(2, 200), (4, 300)]
    assert queue(book, SELL, 1002) == [(3, 200), (5, 400)]


def test_a_cancel_takes_what_is_left_once() -> None:
    book = fresh()
    handles = [lob.limit(book, 1, BUY, 1000, 100) for _ in range(3)]
    lob.limit(book, 2, SELL, 1000, 130)  # the first is filled, 70 of the second are left
    assert [lob.cancel(book, 3, handle) for handle in handles] == [0, 70, 100]
    assert [lob.cancel(book, 4, handle) for handle in handles] == [0, 0, 0]
    tape = lob.tape_of(book)
    assert tape.cancel_shares.tolist() == [70, 100]
    assert lob.best_bid(book) == 0


def test_a_wide_and_empty_band_finds_its_next_level() -> None:
    book = fresh(low=1, high=30_000)
    for tick in (1, 64, 65, 14_000):
        lob.limit(book, 1, BUY, tick, 100)
    for tick in (30_000, 29_953, 14_001):
        lob.limit(book, 1, SELL, tick, 100)
    out = np.zeros((2, 5, 3), np.int64)
    lob.snapshot(book, out)
    assert out[:, :, lob.S_TICK].tolist() == [
        [14_000, 65, 64, 1, 0],
        [14_001, 29_953, 30_000, 0, 0],
    ]
    for best in (65, 64, 1, 0):
        lob.market(book, 2, SELL, 100)
        assert lob.best_bid(book) == best
    for best in (29_953, 30_000, 0):
        lob.market(book, 3, BUY, 100)
        assert lob.best_ask(book) == best


def test_a_snapshot_stops_at_the_edges_of_the_band() -> None:
    book = fresh()
    for side in (BUY, SELL):
        lob.rest(book, 1, side, LOW, 100)
        lob.rest(book, 1, side, HIGH, 300)
    out = np.zeros((2, 3, 3), np.int64)
    lob.snapshot(book, out)
    bids = [[HIGH, 300, 1], [LOW, 100, 1], [0, 0, 0]]
    assert out.tolist() == [bids, [bids[1], bids[0], bids[2]]]


@pytest.mark.parametrize(("low", "high"), [(LOW, HIGH), (1, 40), (5000, 5160)])
def test_a_reset_book_is_a_new_book(low: int, high: int) -> None:
    used = fresh()
    play(used, PlainBook(), 3, 300)
    lob.reset(used, low, high)
    assert lob.tape_of(used).events == 0
    lob.reset(used, LOW, HIGH)
    new = fresh()
    for array in ("state", "levels", "bits"):
        np.testing.assert_array_equal(getattr(used, array), getattr(new, array))
    plain = PlainBook()
    play(used, plain, 8, 200)
    assert_same(used, plain)
    play(new, PlainBook(), 8, 200)
    np.testing.assert_array_equal(used.state, new.state)


def test_a_copied_tape_outlives_the_book() -> None:
    book = fresh()
    lob.limit(book, 1, BUY, 1000, 100)
    tape = lob.tape_of(book)
    lob.reset(book, LOW, HIGH)
    lob.limit(book, 2, SELL, 1001, 500)
    assert tape.order_shares.tolist() == [100]


def walled(orders: int, trades: int) -> tuple[lob.Book, lob.Book]:
    """A small book inside the arrays of a larger one, where writing too far would be seen."""
    wide = fresh(orders + 5, trades + 5)
    for part in (wide.orders, wide.cancels, wide.trades):
        part[:] = -99
    small = wide._replace(
        orders=wide.orders[:orders], cancels=wide.cancels[:orders], trades=wide.trades[:trades]
    )
    return small, wide


def assert_over(book: lob.Book, wide: lob.Book, orders: int, trades: int) -> None:
    """The book shows and takes nothing more, says so, and wrote nothing beyond its room."""
    assert (lob.best_bid(book), lob.best_ask(book)) == (0, 0)
    events = book.state[lob.SEQ]
    assert lob.limit(book, 9, SELL, 1001, 100) == lob.NO_ROOM
    assert lob.rest(book, 9, SELL, 1001, 100) == lob.NO_ROOM
    assert lob.market(book, 9, SELL, 100) == lob.NO_ROOM
    assert lob.own_best(book, 9, SELL, 100) == lob.NO_ROOM
    assert lob.cancel(book, 9, 1) == 0
    assert uncross(book, 9, 1000, True) == (0, 0)
    assert book.state[lob.SEQ] == events
    for part, room in ((wide.orders, orders), (wide.cancels, orders), (wide.trades, trades)):
        assert (part[room:] == -99).all()
    with pytest.raises(lob.BookFullError, match=f"full at {orders} orders and {trades} trades"):
        lob.check(book)
    lob.reset(book, LOW, HIGH)
    lob.check(book)
    assert lob.limit(book, 1, BUY, 1000, 100) == 1


def test_more_orders_than_room() -> None:
    book, wide = walled(5, 20)
    handles = [lob.limit(book, 1, BUY, 1000, 100) for _ in range(6)]
    assert handles == [1, 2, 3, 4, 5, lob.NO_ROOM]
    assert_over(book, wide, 5, 20)


@pytest.mark.parametrize("kind", ["limit", "market", "auction"])
def test_more_trades_than_room(kind: str) -> None:
    book, wide = walled(20, 2)
    for _ in range(3):
        lob.rest(book, 1, SELL, 1000, 100)
    if kind == "limit":
        assert lob.limit(book, 2, BUY, 1000, 500) == lob.NO_ROOM
    elif kind == "market":
        assert lob.market(book, 2, BUY, 500) == lob.NO_ROOM
    else:
        lob.rest(book, 2, BUY, 1000, 500)
        assert uncross(book, 3, 1000, True) == (1000, 200)
    assert lob.volume(book) == 200
    assert_over(book, wide, 20, 2)


@pytest.mark.parametrize(("low", "high"), [(1000, 1010), (0, 5), (-4, 5), (1001, 1000)])
def test_a_band_the_book_cannot_hold(low: int, high: int) -> None:
    book = lob.new_book(10, 5, 5)
    lob.reset(book, 1000, 1009)
    lob.check(book)
    lob.reset(book, low, high)
    assert lob.limit(book, 1, BUY, max(low, 1), 100) == lob.NO_ROOM
    assert (lob.level_shares(book, BUY, high), lob.level_count(book, BUY, low - 1)) == (0, 0)
    with pytest.raises(lob.BandError, match="room for 10 levels"):
        lob.check(book)
