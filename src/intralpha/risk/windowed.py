"""WindowedRisk: estimates from a trailing window of sessions, the dates of a job in one reading."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from jaxtyping import Bool, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base.panel import as_days
from intralpha.market import Lake
from intralpha.risk.estimate import RiskEstimate
from intralpha.risk.laid import LaidSessions
from intralpha.risk.model import RiskHistoryError, RiskModelSpec, SessionReturns

# The estimate of one date, from past sessions and where they are laid.
Estimator = Callable[[LaidSessions, Sequence[SessionReturns]], RiskEstimate]


class WindowedRisk(RiskModelSpec):
    """Settings of windows and of specific variances that the kinds below share [Spec 9.5]."""

    window_days: int = Field(default=252, ge=5, description="sessions an estimate looks at")
    half_life_days: float = Field(default=90.0, gt=0, description="of the weights of the sessions")
    min_days: int = Field(default=60, ge=2, description="sessions that an estimate needs")
    decile_weight: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="how far specific variances are shrunk to the mean of their cap decile",
    )
    young_days: int = Field(
        default=120,
        ge=1,
        description="sessions from which on a stock's specific variance is its own alone",
    )

    @property
    def least_days(self) -> int:
        """See :attr:`RiskModelSpec.least_days`."""
        return self.min_days

    @property
    def past_days(self) -> int:
        """The window."""
        return self.window_days

    def check_past(self, date: np.datetime64, past: Sequence[SessionReturns]) -> None:
        """Refuse a past that is too short, or not past.

        Raises
        ------
        RiskHistoryError
        """
        if past and past[-1].date > date:
            raise RiskHistoryError(
                date,
                f"its past ends on {past[-1].date}, after it",
                "give the sessions up to and with the date",
            )
        if len(past) < self.min_days:
            raise RiskHistoryError(
                date,
                f"found {len(past)} explained sessions up to it, expected {self.min_days} at least",
                "decide later (test.start), begin the data earlier (data.start), or lower "
                "portfolio.risk.min_days",
            )

    def estimators(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "mask_D mask_A"],
    ) -> Iterator[Estimator]:
        """For each date what makes its estimate; the lake is read once for all of them.

        Parameters
        ----------
        lake, dates, assets, mask_DA : as of :meth:`RiskModelSpec.estimates`; at least one date
        """
        raise NotImplementedError

    def estimate(
        self,
        lake: Lake,
        date: np.datetime64,
        assets: Shaped[ndarray, "A"],
        mask_A: Bool[ndarray, "mask_A"],
        past: Sequence[SessionReturns],
    ) -> RiskEstimate:
        """The estimate of one date; see :meth:`RiskModelSpec.estimate`.

        Parameters
        ----------
        lake, date, assets, mask_A, past : as of it
        """
        self.check_past(date, past)
        return next(self.estimates(lake, as_days([date]), assets, mask_A[None, :], [past]))

    def estimates(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "mask_D mask_A"],
        pasts: Iterable[Sequence[SessionReturns]],
    ) -> Iterator[RiskEstimate]:
        """What is read is read once for all dates; see :meth:`RiskModelSpec.estimates`.

        Parameters
        ----------
        lake, dates, assets, mask_DA, pasts : as of it
        """
        days, laid = as_days(dates), LaidSessions(assets)
        if len(days) == 0:
            return
        known = zip(days, self.estimators(lake, days, assets, mask_DA), strict=True)
        for (date, estimated), past in zip(known, pasts, strict=False):
            self.check_past(date, past)
            yield estimated(laid, past)
