"""Tape: everything that happened to one stock on one day, in the order the exchange handled it."""

from dataclasses import dataclass

import numpy as np

LIMIT, MARKET, OWN_BEST = 0, 1, 2
BUY, SELL, NO_SIDE = 1, -1, 0


@dataclass(frozen=True, eq=False)
class Tape:
    """The truth of one stock-day: every order as it was entered, every cancel, every trade.

    One sequence counts orders, cancels and trades together, from 1; an order's id is its number
    in it. Prices are ticks of 0.01 CNY, times milliseconds since midnight, volumes shares.

    Attributes
    ----------
    order_seq, order_time, order_side, order_tick, order_shares, order_kind : ndarray [O]
        Entered orders: side BUY or SELL; kind LIMIT, MARKET or OWN_BEST; tick 0 for a market
        order, the price it rested at for an own-best order; shares as entered.
    cancel_seq, cancel_time, cancel_id, cancel_shares : ndarray [C]
        Orders taken back: the order's id and the shares that were left of it. What is left of a
        market order is a cancel by the exchange, in the same millisecond.
    trade_seq, trade_time, trade_tick, trade_shares, trade_buy, trade_sell, trade_side : ndarray [N]
        Executions: ids of both orders; side of the order that came later, NO_SIDE in auctions.
    """

    order_seq: np.ndarray
    order_time: np.ndarray
    order_side: np.ndarray
    order_tick: np.ndarray
    order_shares: np.ndarray
    order_kind: np.ndarray
    cancel_seq: np.ndarray
    cancel_time: np.ndarray
    cancel_id: np.ndarray
    cancel_shares: np.ndarray
    trade_seq: np.ndarray
    trade_time: np.ndarray
    trade_tick: np.ndarray
    trade_shares: np.ndarray
    trade_buy: np.ndarray
    trade_sell: np.ndarray
    trade_side: np.ndarray

    @property
    def events(self) -> int:
        """Orders, cancels and trades."""
        return len(self.order_seq) + len(self.cancel_seq) + len(self.trade_seq)
