"""The matching engine beside a plain book, and the rules of the auction by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.auction import uncross
from intralpha.sources.exchange.tape import BUY, SELL

from .reference import PlainBook, best_prices

LOW, HIGH = 950, 1110  # more than two words of 64 levels
OPEN = 33_900_000


def fresh(orders: int = 2000) -> lob.Book:
    book = lob.new_book(HIGH - LOW + 1, orders, 4 * orders)
    lob.reset(book, LOW, HIGH)
    return book


def play(book: lob.Book, plain: PlainBook, seed: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    for step in range(steps):
        side, shares = int(rng.choice([BUY, SELL])), 100 * int(rng.integers(1, 9))
        kind = rng.random()
        if kind < 0.3 and plain.entered:
            handle = int(rng.integers(1, len(plain.entered) + 1))
            lob.cancel(book, step, handle)
            plain.cancel(handle)
        elif kind < 0.4:
            lob.market(book, step, side, shares)
            plain.market(side, shares)
        elif kind < 0.5:
            lob.own_best(book, step, side, shares)
            plain.own_best(side, shares)
        else:
            tick = int(np.clip(1030 - side * rng.normal(1, 25), LOW, HIGH))
            lob.limit(book, step, side, tick, shares)
            plain.limit(side, tick, shares)


def assert_same(book: lob.Book, plain: PlainBook) -> None:
    tape = lob.tape_of(book)
    columns = (tape.trade_seq, tape.trade_tick, tape.trade_shares)
    columns += (tape.trade_buy, tape.trade_sell, tape.trade_side)
    assert list(zip(*(c.tolist() for c in columns), strict=True)) == plain.trades
    cancels = (tape.cancel_seq, tape.cancel_id, tape.cancel_shares)
    assert list(zip(*(c.tolist() for c in cancels), strict=True)) == plain.cancels
    for side, best in ((BUY, lob.best_bid(book)), (SELL, lob.best_ask(book))):
        own = plain.side(side)
        assert best == (own[0].tick if own else 0)
        for tick in {o.tick for o in own}:
            shares = sum(o.left for o in own if o.tick == tick)
            assert lob.level_shares(book, side, tick) == shares


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_engine_does_what_a_plain_book_does(seed: int) -> None:
    book, plain = fresh(), PlainBook()
    play(book, plain, seed, 150)
    assert_same(book, plain)
    assert lob.best_bid(book) < lob.best_ask(book) or 0 in (
        lob.best_bid(book),
        lob.best_ask(book),
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), shanghai=st.booleans(), reference=st.integers(LOW, HIGH))
def test_an_auction_takes_the_best_price(seed: int, shanghai: bool, reference: int) -> None:
    rng = np.random.default_rng(seed)
    book, plain = fresh(), PlainBook()
    for _ in range(int(rng.integers(0, 25))):
        side, shares = int(rng.choice([BUY, SELL])), 100 * int(rng.integers(1, 4))
        tick = int(rng.integers(1000, 1012))
        lob.rest(book, OPEN - 1, side, tick, shares)
        plain.rest(side, tick, shares)
    prices, volume = best_prices(plain, LOW, HIGH)
    tick, shares = uncross(book, OPEN, reference, shanghai)
    assert shares == volume
    if volume:
        middle = (prices[0] + prices[-1] + 1) // 2
        assert tick == (middle if shanghai else min(max(reference, prices[0]), prices[-1]))
        plain.uncross(tick, volume)
    assert_same(book, plain)
    play(book, plain, seed, 40)
    assert_same(book, plain)


def auction(orders: list[tuple[int, int, int]], reference: int, shanghai: bool) -> tuple[int, int]:
    book = fresh()
    for side, tick, shares in orders:
        lob.rest(book, OPEN - 1, side, tick, shares)
    return uncross(book, OPEN, reference, shanghai)


def test_auction_rules_by_hand() -> None:
    # At 1002 both sides have 300; at 1001 and 1003 only 200 trade.
    most = [(BUY, 1003, 200), (BUY, 1002, 100), (SELL, 1001, 200), (SELL, 1002, 100)]
    assert auction(most, 1000, True) == (1002, 300)
    # 100 trade at 1000 to 1005 whatever the price: Shanghai the middle 1002.5 -> 1003,
    # Shenzhen the nearest to the reference.
    tied = [(BUY, 1005, 100), (SELL, 1000, 100)]
    assert auction(tied, 1001, True) == (1003, 100)
    assert auction(tied, 1001, False) == (1001, 100)
    assert auction(tied, 1050, False) == (1005, 100)
    # 300 bid at 1005 against 100 at 1000: a lower price would leave better bids unfilled.
    assert auction([(BUY, 1005, 300), (SELL, 1000, 100)], 1001, True) == (1005, 100)
    assert auction([(BUY, 1000, 100), (SELL, 1001, 100)], 1001, True) == (0, 0)


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


def test_a_market_order_takes_five_levels() -> None:
    book = fresh()
    for tick in range(1000, 1007):
        lob.limit(book, 1, SELL, tick, 100)
    lob.market(book, 2, BUY, 1000)
    tape = lob.tape_of(book)
    assert tape.trade_tick.tolist() == [1000, 1001, 1002, 1003, 1004]
    assert tape.cancel_shares.tolist() == [500]
    assert lob.best_ask(book) == 1005


def test_what_is_refused_leaves_no_trace() -> None:
    book = fresh()
    assert lob.limit(book, 1, BUY, LOW - 1, 100) == 0
    assert lob.limit(book, 1, BUY, HIGH + 1, 100) == 0
    assert lob.limit(book, 1, BUY, 1000, 0) == 0
    assert lob.cancel(book, 1, 5) == 0
    assert lob.tape_of(book).events == 0
    assert book.state[lob.REFUSED] == 3


def test_a_reset_book_is_a_new_book() -> None:
    used, new = fresh(), fresh()
    play(used, PlainBook(), 3, 300)
    lob.reset(used, LOW, HIGH)
    plain = PlainBook()
    play(used, plain, 8, 200)
    assert_same(used, plain)
    play(new, PlainBook(), 8, 200)
    np.testing.assert_array_equal(used.state, new.state)


def test_a_full_book_is_an_error_and_writes_nothing_beyond() -> None:
    book = fresh(orders=5)
    for _ in range(9):
        lob.limit(book, 1, BUY, 1000, 100)
    assert book.state[lob.ORDERS] == 5
    with pytest.raises(lob.BookFullError, match="full at 5 orders and 20 trades"):
        lob.check(book)
