"""Auction: the single price at which a call auction trades most."""

from typing import no_type_check

from numba import njit

from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.tape import BUY, NO_SIDE, SELL


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def uncross(book, time, reference, shanghai):
    """Trade everything that crosses at one price.

    The price has the largest volume among those at which every better-priced order is filled and
    one side is filled completely at the price itself; then the smallest imbalance; then Shanghai
    takes the middle of what is left (half a tick up), Shenzhen the one nearest to ``reference``
    (of two the higher one).

    Parameters
    ----------
    book : entered with ``rest``
    time : ms since midnight
    reference : ticks, previous close at the open and the last trade at the close
    shanghai : which exchange

    Returns
    -------
    tick, shares : 0 and 0 if nothing crosses
        Trades stand in price-time order with side NO_SIDE; what is left stays in the book.
    """
    low, high = lob.best_ask(book), lob.best_bid(book)
    if low == 0 or high < low:
        return 0, 0
    first, last, volume = _optimum(book, low, high)
    tick = (first + last + 1) // 2 if shanghai else min(max(reference, first), last)
    _fill(book, time, tick, volume)
    return tick, volume


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _optimum(book, low, high):
    """First and last of the best prices, and the volume there."""
    demand, supply = 0, 0
    for tick in range(low, high + 1):
        demand += lob.level_shares(book, BUY, tick)
    first, last, volume, gap = 0, 0, 0, 0
    for tick in range(low, high + 1):
        asked, bid = lob.level_shares(book, SELL, tick), lob.level_shares(book, BUY, tick)
        supply += asked
        traded = min(demand, supply)
        fair = demand - bid <= traded and supply - asked <= traded
        away = abs(demand - supply)
        if fair and (traded > volume or (traded == volume and away < gap)):
            first, volume, gap = tick, traded, away
            last = tick
        elif fair and traded == volume and away == gap:
            last = tick
        demand -= bid
    return first, last, volume


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _fill(book, time, tick, volume):
    """Best bids with best asks, in the order of price and time."""
    while volume > 0:
        low = book.state[lob.LOW]
        buyer = book.levels[0, lob.best_bid(book) - low, lob.L_HEAD]
        seller = book.levels[1, lob.best_ask(book) - low, lob.L_HEAD]
        shares = min(volume, book.orders[buyer, lob.O_LEFT], book.orders[seller, lob.O_LEFT])
        if not lob.note_trade(book, time, tick, shares, buyer, seller, NO_SIDE):
            return
        lob.take(book, buyer, shares)
        lob.take(book, seller, shares)
        volume -= shares
