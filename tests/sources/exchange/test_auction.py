"""Every rule of the call auction by hand.

D is the cumulated demand at a price, S the supply; the volume is the smaller one. Orders are
(side, tick, shares), entered in the order of the list, so the first has id 1.
"""

import pytest

from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.auction import uncross
from intralpha.sources.exchange.tape import BUY, NO_SIDE, SELL

LOW, HIGH, PRINT = 900, 1100, 33_900_000
Orders = list[tuple[int, int, int]]


def entered(orders: Orders) -> lob.Book:
    book = lob.new_book(HIGH - LOW + 1, 100, 100)
    lob.reset(book, LOW, HIGH)
    for side, tick, shares in orders:
        lob.rest(book, PRINT - 1, side, tick, shares)
    return book


def auction(orders: Orders, reference: int, shanghai: bool) -> tuple[int, int]:
    return uncross(entered(orders), PRINT, reference, shanghai)


def everywhere(orders: Orders) -> set[tuple[int, int]]:
    """Results on both exchanges for references below, inside and above."""
    return {
        auction(orders, reference, shanghai)
        for reference in (LOW, 1000, 1001, 1002, 1003, HIGH)
        for shanghai in (True, False)
    }


def test_the_most_volume_comes_first() -> None:
    # 1001: D 300, S 200. 1002: D 300, S 300. 1003: D 200, S 300.
    orders = [(BUY, 1003, 200), (BUY, 1002, 100), (SELL, 1001, 200), (SELL, 1002, 100)]
    assert everywhere(orders) == {(1002, 300)}


def test_better_prices_must_be_filled() -> None:
    # The volume is 100 from 1000 to 1005; below 1005 a bid of 300 at a better price is not filled.
    assert everywhere([(BUY, 1005, 300), (SELL, 1000, 100)]) == {(1005, 100)}
    # The mirror image: above 1000 an offer of 300 at a better price is not filled.
    assert everywhere([(BUY, 1005, 100), (SELL, 1000, 300)]) == {(1000, 100)}


def test_then_the_smallest_imbalance() -> None:
    # 1001: D 400, S 300, volume 300, 100 over. 1002: D 300, S 350, volume 300, 50 over.
    # 1000 has the volume too, but 400 of better bids.
    orders = [(BUY, 1002, 300), (BUY, 1001, 100), (SELL, 1000, 300), (SELL, 1002, 50)]
    assert everywhere(orders) == {(1002, 300)}
    # 1001: D 350, S 300, 50 over. 1002: D 300, S 400, 100 over.
    orders = [(BUY, 1002, 300), (BUY, 1001, 50), (SELL, 1000, 300), (SELL, 1002, 100)]
    assert everywhere(orders) == {(1001, 300)}


# What is tied: 1000 to 1005 with D = S = 100; 1000 to 1004 with the same;
# 1001 with D 400, S 300 and 1002 with D 300, S 400, the same 100 over on different sides.
SIX = [(BUY, 1005, 100), (SELL, 1000, 100)]
FIVE = [(BUY, 1004, 100), (SELL, 1000, 100)]
TWO = [(BUY, 1002, 300), (BUY, 1001, 100), (SELL, 1000, 300), (SELL, 1002, 100)]


@pytest.mark.parametrize(
    ("orders", "middle"),
    [
        (SIX, 1003),  # 1002.5 is rounded up
        (FIVE, 1002),
        (TWO, 1002),  # 1001.5 is rounded up
    ],
)
@pytest.mark.parametrize("reference", [LOW, 1001, HIGH])
def test_shanghai_takes_the_middle_of_what_is_tied(
    orders: Orders, middle: int, reference: int
) -> None:
    assert auction(orders, reference, True)[0] == middle


@pytest.mark.parametrize(
    ("orders", "reference", "nearest"),
    [
        (SIX, 950, 1000),
        (SIX, 1001, 1001),
        (SIX, 1005, 1005),
        (SIX, 1050, 1005),
        (TWO, 1000, 1001),
        (TWO, 1003, 1002),
        (SIX, 0, 1000),  # no reference
    ],
)
def test_shenzhen_takes_the_nearest_to_the_reference(
    orders: Orders, reference: int, nearest: int
) -> None:
    assert auction(orders, reference, False)[0] == nearest


def test_trades_stand_in_price_time_order_on_both_sides() -> None:
    # 1003: D 400, S 300, and only 100 bid better; at 1002 and 1001 400 bid better. So 300 at 1003.
    book = entered(
        [(BUY, 1003, 200), (BUY, 1004, 100), (BUY, 1003, 100), (SELL, 1001, 150), (SELL, 1000, 150)]
    )
    assert uncross(book, PRINT, 1000, True) == (1003, 300)
    tape = lob.tape_of(book)
    pairs = zip(tape.trade_buy.tolist(), tape.trade_sell.tolist(), strict=True)
    # Buyers 2, then 1; sellers 5, then 4. Buyer 3 came last and gets nothing.
    assert list(pairs) == [(2, 5), (1, 5), (1, 4)]
    assert tape.trade_shares.tolist() == [100, 50, 150]
    assert tape.trade_seq.tolist() == [6, 7, 8]
    assert set(tape.trade_tick.tolist()) == {1003}
    assert set(tape.trade_time.tolist()) == {PRINT}
    assert set(tape.trade_side.tolist()) == {NO_SIDE}
    assert (lob.best_bid(book), lob.best_ask(book), lob.last_tick(book)) == (1003, 0, 1003)


def test_what_is_left_trades_afterwards_and_keeps_its_place() -> None:
    book = entered([(BUY, 1002, 500), (BUY, 1002, 100), (SELL, 1002, 300)])
    assert uncross(book, PRINT, 1000, False) == (1002, 300)
    lob.limit(book, PRINT + 1, SELL, 1001, 250)
    tape = lob.tape_of(book)
    assert tape.trade_buy.tolist() == [1, 1, 2]
    assert tape.trade_shares.tolist() == [300, 200, 50]
    assert tape.trade_side.tolist() == [NO_SIDE, SELL, SELL]


@pytest.mark.parametrize(
    "orders",
    [
        [],
        [(BUY, 1000, 100)],
        [(SELL, 1000, 100)],
        [(BUY, 1000, 100), (SELL, 1001, 100)],
    ],
)
def test_nothing_crosses(orders: Orders) -> None:
    book = entered(orders)
    assert uncross(book, PRINT, 1000, True) == (0, 0)
    tape = lob.tape_of(book)
    assert (len(tape.trade_seq), len(tape.order_seq)) == (0, len(orders))


def test_an_auction_at_the_limit() -> None:
    # All bid at the upper limit against a few offers there: the band's last level.
    orders = [(BUY, HIGH, 1000), (SELL, HIGH, 100), (SELL, LOW, 100)]
    assert everywhere(orders) == {(HIGH, 200)}
