"""yearly: trained again once a year."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.datasets.periods import periods
from intralpha.datasets.schedule import Block, ScheduleSpec


class YearlySpec(ScheduleSpec):
    """Retrained once a year on the years before [001; protocol: 8 years, last 20 % validation].

    001 trains on ten years and validates on the eleventh, and splits shorter data 9:1 in time:
    ``window_years: 11, valid: last_year, short_share: 0.1``; of inputs that begin later than the
    lake ``since: 2013-12-31, valid_share: 0.1``.
    """

    kind: Literal["yearly"] = "yearly"
    first_year: int = Field(description="first year predicted")
    window_years: int | None = Field(default=None, gt=0, description="null: all years before")
    since: date | None = Field(
        default=None, description="first date of training, if not the first there is"
    )
    valid: Literal["last_year", "share"] = Field(default="share", description="validation block")
    valid_share: float = Field(default=0.2, gt=0, lt=1, description="for valid: share")
    short_share: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="for valid: last_year where the data begin after the January of the window's "
        "first year: last part of the samples; null: the last year all the same",
    )

    def blocks(
        self, sessions: Shaped[ndarray, " n_sessions"], label_offset: int
    ) -> Iterator[Block]:
        """One a year; the past is purged against the year's first session.

        Parameters and what it yields as in :meth:`ScheduleSpec.blocks`.
        """
        del label_offset
        for begins, ends in periods(sessions, 12, np.datetime64(f"{self.first_year:04}-01-01")):
            year = begins.astype("datetime64[Y]")
            since = None
            if self.window_years is not None:
                since = (year - np.timedelta64(self.window_years, "Y")).astype("datetime64[D]")
            valid, first = self._valid(year, since, sessions[0]), since
            if self.since is not None:
                own = np.datetime64(self.since, "D")
                first = own if since is None else max(own, since)
            yield Block(begins, ends, first, valid)

    def _valid(
        self, year: np.datetime64, since: np.datetime64 | None, start: np.datetime64
    ) -> np.datetime64 | float:
        """First date of validation, or the share of the past that it is."""
        if self.valid == "share":
            return self.valid_share
        short = since is not None and start >= since + np.timedelta64(31, "D")
        if short and self.short_share is not None:
            return self.short_share
        return (year - np.timedelta64(1, "Y")).astype("datetime64[D]")
