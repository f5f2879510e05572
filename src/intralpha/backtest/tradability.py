"""Which orders the exchange could not have filled on a day."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from intralpha.backtest.bar import DayBar
from intralpha.market.limits import TICK_YUAN, at_down_limit, at_up_limit
from intralpha.market.vwap import vwap_outside


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


def tradability(
    bar: DayBar, price: Float[ndarray, "A"], tick_yuan: float = TICK_YUAN
) -> Tradability:
    """Tradability at a price of the day.

    Limit-up: ``price >= up_limit - tick / 2``, or ``low = high = up_limit`` within half a tick;
    limit-down likewise. A limit that is NaN does not exist. A price is odd if it lies outside the
    day's low and high by more than a tick and what the amount and the volume behind it may have
    been rounded by, see :func:`intralpha.market.vwap_outside`. Spec 18.4.

    Parameters
    ----------
    bar : the day
    price : the fill price; the close gives what is known at a decision
    tick_yuan : price step
    """
    priced = np.isfinite(price) & (price > 0)
    suspended = bar.suspended | ~priced | ~(bar.volume > 0)
    up, down = bar.up_limit, bar.down_limit
    limit_up = at_up_limit(price, up, tick_yuan) | at_up_limit(bar.low, up, tick_yuan)
    limit_down = at_down_limit(price, down, tick_yuan) | at_down_limit(bar.high, down, tick_yuan)
    amount = np.round(np.nan_to_num(price) * np.nan_to_num(bar.volume), 2)
    odd = vwap_outside(bar.low, bar.high, bar.volume, amount, tick_yuan) & ~suspended
    return Tradability(suspended, limit_up & ~suspended, limit_down & ~suspended, odd)
