"""Which orders the exchange could not have filled on a day."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from intralpha.backtest.bar import DayBar

ROUNDING = 0.02


@dataclass(frozen=True, eq=False)
class Tradability:
    """Why a name cannot be traded at a price of the day.

    Attributes
    ----------
    suspended : no row, no volume, no price, or the suspension flag
    odd_price : the price lies outside the day's range, as a VWAP does when amount and volume are
        not in the same units
    limit_up, limit_down : the price is at the limit, or the whole day was
    """

    suspended: Bool[ndarray, "A"]
    limit_up: Bool[ndarray, "A"]
    limit_down: Bool[ndarray, "A"]
    odd_price: Bool[ndarray, "A"]

    @property
    def can_buy(self) -> Bool[ndarray, "A"]:
        """Neither suspended nor at limit-up, at a price of the day."""
        return ~self.suspended & ~self.limit_up & ~self.odd_price

    @property
    def can_sell(self) -> Bool[ndarray, "A"]:
        """Neither suspended nor at limit-down, at a price of the day."""
        return ~self.suspended & ~self.limit_down & ~self.odd_price


def tradability(bar: DayBar, price: Float[ndarray, "A"], tick_yuan: float = 0.01) -> Tradability:
    """Tradability at a price of the day.

    Limit-up: ``price >= up_limit - tick / 2``, or ``low = high = up_limit`` within half a tick;
    limit-down likewise. A limit that is NaN does not exist. A price is odd if it is more than a
    tick and 2 % (rounding of amounts and volumes) outside the day's low and high. Spec 18.4.

    Parameters
    ----------
    bar : the day
    price : the fill price; the close gives what is known at a decision
    tick_yuan : price step
    """
    half = tick_yuan / 2
    priced = np.isfinite(price) & (price > 0)
    suspended = bar.suspended | ~priced | ~(bar.volume > 0)
    limit_up = (price >= bar.up_limit - half) | (bar.low >= bar.up_limit - half)
    limit_down = (price <= bar.down_limit + half) | (bar.high <= bar.down_limit + half)
    below = price < bar.low * (1 - ROUNDING) - tick_yuan
    odd = (below | (price > bar.high * (1 + ROUNDING) + tick_yuan)) & ~suspended
    return Tradability(suspended, limit_up & ~suspended, limit_down & ~suspended, odd)
