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
    """

    library: str
    table: str
    partly: int = 0
    absent: int = 0
    stock_days: int = 0
    sessions: list[date] = field(default_factory=list)

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

    def tell(self) -> None:
        """One line in the log, if anything was missing."""
        if self.sessions:
            LOG.warning(
                "%s: of %d stock-days, %s of %d lack minutes that factors read and %d have none "
                "though the stock traded; these values are NaN (%d sessions, the first %s; "
                "`intralpha quality` shows the streams)",
                self.library, self.stock_days, self.table, self.partly,
                self.absent, len(self.sessions), self.sessions[0],
            )  # fmt: skip
