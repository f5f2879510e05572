"""Auction: the single price at which a call auction trades most."""

from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.base.compiling import BARE, BARE_INNER
from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.tape import NO_SIDE

NEITHER = np.int64(NO_SIDE)  # typed, see `book`


@njit(**BARE)
@no_type_check
def uncross(book, time, reference, shanghai):
    """Trade everything that crosses at one price.

    The price has the largest volume among those at which every better-priced order is filled and
    one side is filled completely at the price itself; then the smallest imbalance; then Shanghai
    takes the middle of what is left (half a tick up), Shenzhen the one nearest to ``reference``.
    Prices that are left are neighbours, so the nearest is the reference moved into their range.

    Parameters
    ----------
    book : entered with ``rest``
    time : ms since midnight
    reference : ticks, previous close at the open and the last trade at the close
    shanghai : which exchange

    Returns
    -------
    tick, shares : 0 and 0 if nothing crosses
        Trades stand in price-time order with side NO_SIDE; what is left stays in the book. Fewer
        shares than the auction's only where the book has no room for the trades.
    """
    low, high = lob.best_ask(book), lob.best_bid(book)
    if low == 0 or high < low:
        return 0, 0
    first, last, volume = _optimum(book.levels, book.state[lob.LOW], low, high)
    tick = (first + last + 1) // 2 if shanghai else min(max(reference, first), last)
    return tick, _fill(book, time, tick, volume)


@njit(**BARE_INNER)
@no_type_check
def _optimum(levels, base, low, high):
    """First and last of the best prices from ``low`` to ``high``, and the volume there.

    Takes the levels alone, of which the first has the price ``base``: handing over the whole book
    at every price costs more than the sums do.
    """
    demand, supply = 0, 0
    for level in range(low - base, high - base + 1):
        demand += levels[0, level, lob.L_SHARES]
    first, last, volume, gap = 0, 0, 0, 0
    for level in range(low - base, high - base + 1):
        bid, asked = levels[0, level, lob.L_SHARES], levels[1, level, lob.L_SHARES]
        supply += asked
        traded, away = min(demand, supply), abs(demand - supply)
        fair = demand - bid <= traded and supply - asked <= traded
        if fair and (traded > volume or (traded == volume and away < gap)):
            first, last, volume, gap = level, level, traded, away
        elif fair and traded == volume and away == gap:
            last = level
        demand -= bid
    return base + first, base + last, volume


@njit(**BARE_INNER)
@no_type_check
def _fill(book, time, tick, volume):
    """Best bids with best asks, in the order of price and time; returns the shares traded."""
    low, left = book.state[lob.LOW], volume
    while left > 0:
        buyer = book.levels[0, lob.best_bid(book) - low, lob.L_HEAD]
        seller = book.levels[1, lob.best_ask(book) - low, lob.L_HEAD]
        shares = min(left, book.orders[buyer, lob.O_LEFT], book.orders[seller, lob.O_LEFT])
        if not lob.note_trade(book, time, tick, shares, buyer, seller, NEITHER):
            break
        lob.take(book, buyer, shares)
        lob.take(book, seller, shares)
        left -= shares
    return volume - left
