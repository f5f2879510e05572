"""What came of a day's orders."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.backtest.events import Event

BUY, SELL = 1, -1


@dataclass(frozen=True, eq=False)
class Fills:
    """Orders that were filled.

    Attributes
    ----------
    which : index of the asset
    side : +1 bought, -1 sold
    shares, price_yuan, cost_yuan : of each fill
    """

    which: Int[ndarray, "N"]
    side: Int[ndarray, "N"]
    shares: Float[ndarray, "N"]
    price_yuan: Float[ndarray, "N"]
    cost_yuan: Float[ndarray, "N"]


@dataclass(frozen=True, eq=False)
class BlockedOrders:
    """Orders, or rests of orders, that could not be filled.

    Attributes
    ----------
    which, side, shares : as in :class:`Fills`
    reason : ``suspended``, ``limit_up``, ``limit_down``; ``odd_price`` for a price
        outside the day's range; ``t+1`` for shares bought today; ``cash``
        for a purchase the cash does not reach for; ``cost`` for a sale that would cost more than
        it brings; ``no_price`` for a target that never had a price
    """

    which: Int[ndarray, "N"]
    side: Int[ndarray, "N"]
    shares: Float[ndarray, "N"]
    reason: ndarray


@dataclass(frozen=True, eq=False)
class DayResult:
    """Everything that happened on one session.

    Attributes
    ----------
    fills, blocked : of the day's orders; None without a batch of orders
    events : corporate actions, delistings, and orders at a price outside the day's range
    buy_scale : share of the purchases that the cash allowed, 1 if all
    n_below_lot : orders smaller than the exchange accepts, left out
    """

    fills: Fills | None
    blocked: BlockedOrders | None
    events: tuple[Event, ...]
    buy_scale: float = 1.0
    n_below_lot: int = 0
