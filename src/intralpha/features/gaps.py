"""Gaps: how many values are NaN because a table does not hold the minutes that they are made of."""

import logging
from dataclasses import dataclass, field
from datetime import date

LOG = logging.getLogger(__name__)


@dataclass
class Gaps:
    """Counts over the sessions that were computed.

    Attributes
    ----------
    library : whose factors
    table : of the lake
    partly : stock-days that lack minutes
    absent : stock-days that have none, though the stock traded
    stock_days : all of them
    sessions : where any was missing
    small : sessions on which stocks had no threshold of big orders -> how many stocks
    """

    library: str
    table: str
    partly: int = 0
    absent: int = 0
    stock_days: int = 0
    sessions: list[date] = field(default_factory=list)
    small: dict[date, int] = field(default_factory=dict)

    def add(self, on: date, partly: int, absent: int, stock_days: int) -> None:
        """Count a session.

        Parameters
        ----------
        on : its date
        partly, absent, stock_days : its stocks
        """
        self.partly, self.absent = self.partly + partly, self.absent + absent
        self.stock_days += stock_days
        if partly or absent:
            self.sessions.append(on)

    def without_threshold(self, on: date, stocks: int) -> None:
        """Count the stocks of a session of which nobody knows when an order is big."""
        if stocks:
            self.small[on] = stocks

    def tell(self) -> None:
        """A line in the log for minutes that were missing, and one for thresholds."""
        if self.small:
            LOG.warning(
                "%s: %d stock-days have no threshold of big orders and what reads it is NaN (%d "
                "sessions, the first %s): too few sessions with trades before. Ingest more, lower "
                "big_order.min_days, or take a rule of the day itself, big_order: {rule: day_mean}",
                self.library, sum(self.small.values()), len(self.small), min(self.small),
            )  # fmt: skip
        if self.sessions:
            LOG.warning(
                "%s: of %d stock-days, %s of %d lack minutes that factors read and %d have none "
                "though the stock traded; these values are NaN (%d sessions, the first %s; "
                "`intralpha quality` shows the streams)",
                self.library, self.stock_days, self.table, self.partly,
                self.absent, len(self.sessions), self.sessions[0],
            )  # fmt: skip
