"""Habits: who trades in the simulated market, and how; every number a documented parameter."""

from typing import NamedTuple

from pydantic import Field

from intralpha.base import Spec


class HabitSpec(Spec):
    """Traders of the simulated exchange.

    Liquidity providers quote around a value they see with an error, take quotes back, and quote
    anew at once where a side of the book is empty or far away. Takers
    work through parent orders in slices: informed ones (their side follows the hidden signal),
    momentum and reversal traders (their side follows the last half hour), and the rest, who have
    no reason.
    """

    orders_per_day: float = Field(
        default=950.0, gt=50, description="orders entered in an average stock on an average day"
    )
    cancel_share: float = Field(
        default=0.35, ge=0, lt=0.9, description="cancels among the events of continuous trading"
    )
    taker_share: float = Field(
        default=0.12, gt=0, lt=0.9, description="slices of takers among the events"
    )
    open_share: float = Field(
        default=0.08, gt=0, lt=0.5, description="orders entered in the opening auction"
    )
    close_share: float = Field(
        default=0.02, gt=0, lt=0.5, description="orders entered in the closing auction"
    )
    half_spread_bps: float = Field(
        default=2.0, gt=0, description="usual distance of the best quote from the value"
    )
    quote_depth: float = Field(
        default=1.3, gt=0, description="mean further distance of quotes, in half spreads"
    )
    far_share: float = Field(
        default=0.08, ge=0, le=1, description="quotes that stand ten times as far away"
    )
    requote: float = Field(
        default=8.0,
        gt=0,
        description="half spreads from the value at which a side is quoted anew; an empty one is "
        "the whole band away",
    )
    deep_share: float = Field(
        default=0.6, ge=0, le=1, description="opening orders that stand far away all day"
    )
    parent_slices: float = Field(
        default=6.0, ge=1, description="mean number of slices of a parent order"
    )
    size_spread: float = Field(
        default=0.8, ge=0, description="standard deviation of the log size of an order"
    )
    parent_spread: float = Field(
        default=0.4, ge=0, description="standard deviation of the log size between parents"
    )
    informed_share: float = Field(
        default=0.20, ge=0, le=1, description="informed traders among parent orders"
    )
    informed_tilt: float = Field(
        default=0.25, ge=0, description="a signal of 1 makes them buy with probability Phi(tilt)"
    )
    informed_size: float = Field(
        default=2.0, gt=0, description="size of their slices over the others'"
    )
    momentum_share: float = Field(
        default=0.15, ge=0, le=1, description="momentum traders among parent orders"
    )
    reversal_share: float = Field(
        default=0.15, ge=0, le=1, description="reversal traders among parent orders"
    )
    market_share: float = Field(
        default=0.05, ge=0, le=1, description="slices sent as market orders"
    )
    own_best_share: float = Field(
        default=0.05, ge=0, le=1, description="slices sent as own-best orders"
    )

    def for_kernel(self) -> "Habits":
        """The same numbers as a tuple that compiled code can read."""
        return Habits(**{name: float(getattr(self, name)) for name in Habits._fields})


class Habits(NamedTuple):
    """Fields of :class:`HabitSpec` that the kernels read."""

    cancel_share: float
    taker_share: float
    open_share: float
    close_share: float
    quote_depth: float
    far_share: float
    requote: float
    deep_share: float
    parent_slices: float
    size_spread: float
    parent_spread: float
    informed_share: float
    informed_tilt: float
    informed_size: float
    momentum_share: float
    reversal_share: float
    market_share: float
    own_best_share: float
