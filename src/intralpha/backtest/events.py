"""Events: what happens to holdings without an order."""

from dataclasses import dataclass
from typing import Literal

EventKind = Literal[
    "bonus",
    "dividend",
    "rights_ignored",
    "factor",
    "unexplained_factor",
    "delisting",
    "vanished",
    "odd_price",
    "not_traded",
    "no_score",
]


@dataclass(frozen=True)
class Event:
    """One row of the ledger's events.

    Attributes
    ----------
    symbol : None for events of the whole account
    kind : ``bonus`` and ``dividend`` from a corporate action, ``rights_ignored`` for a rights
        issue that is not subscribed, ``factor`` when holdings follow ``adj_factor``,
        ``unexplained_factor`` when that changes without a corporate action (nothing is credited),
        ``delisting``, ``vanished`` for a holding closed because its rows have ended without a
        delisting date (``vanished_after`` and ``vanished_pays`` of the spec), ``odd_price`` for an
        order that was not filled because amount / volume lies outside the day's range of prices,
        ``not_traded`` for a decision after which the data end, ``no_score`` for a decision date on
        which no stock has a score, so that nothing was decided
    shares_change : shares received or lost
    cash_yuan : cash received
    lost_yuan : value written off
    """

    symbol: str | None
    kind: EventKind
    shares_change: float = 0.0
    cash_yuan: float = 0.0
    lost_yuan: float = 0.0
