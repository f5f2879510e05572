"""RiskModelSpec: how the covariance of stock returns is estimated from what is known at a close."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base import DataError, Kinded
from intralpha.base.panel import as_days
from intralpha.market import Lake
from intralpha.risk.estimate import RiskEstimate


class RiskHistoryError(DataError):
    """The past that an estimate is made from is too short, or is not past."""

    def __init__(self, date: np.datetime64, fault: str, hint: str) -> None:
        self.date, self.fault = date, fault
        super().__init__(f"risk estimate of {date}: {fault}.\nHint: {hint}")


@dataclass(frozen=True, eq=False)
class SessionReturns:
    """What one session's returns were made of, known at its close.

    Attributes
    ----------
    date : the session
    names : of the K factors
    returns_K : return of each factor; NaN for one that no stock tells of
    assets : stocks whose return is explained, shape [A]
    left_A : what the factors leave of each stock's return, without NaN
    r2 : share of the weighted squared returns that the factors explain; NaN where nothing is fitted
    """

    date: np.datetime64
    names: tuple[str, ...]
    returns_K: Float[ndarray, "K"]
    assets: Shaped[ndarray, "A"]
    left_A: Float[ndarray, "A"]
    r2: float


class RiskModelSpec(Kinded):
    """A model of risk in two steps, so that a new session is one new piece of work.

    ``explain`` takes the return of each session apart; ``estimate`` makes the covariance of a date
    from the last ``past_days`` sessions so explained, ``estimates`` those of several dates.
    """

    homes = ("intralpha.risk",)
    default_kind = "factors"

    @property
    def past_days(self) -> int:
        """Explained sessions, up to and with a date, that its estimate looks at."""
        raise NotImplementedError

    @property
    def least_days(self) -> int:
        """How many of them it needs; with fewer it raises. 0: it does not say."""
        return 0

    def explain(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "mask_D mask_A"],
    ) -> Iterator[SessionReturns]:
        """Take the returns of sessions apart, in turn.

        Parameters
        ----------
        lake : with ``daily``
        dates : sessions of the lake, ascending, without its first
        assets : symbols
        mask_DA : for each of the dates the stocks that are fitted: the universe of the session
            **before** it
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
        """Covariance of one session's returns after a date, known at its close.

        Parameters
        ----------
        lake : with ``daily``
        date : a session of the lake
        assets : symbols
        mask_A : stocks by which exposures are scaled: the universe of the date
        past : the last ``past_days`` explained sessions up to and with the date, ascending; fewer
            at the beginning of a lake

        Returns
        -------
        RiskEstimate
            For the stocks among ``assets`` that have ever traded.

        Raises
        ------
        RiskHistoryError
            Too few sessions, or one after the date.
        """
        raise NotImplementedError

    def estimates(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "mask_D mask_A"],
        pasts: Iterable[Sequence[SessionReturns]],
    ) -> Iterator[RiskEstimate]:
        """Estimates of several dates in turn, each as :meth:`estimate` makes it to the last bit.

        A model that reads the same sessions for dates close to each other reads them once here.

        Parameters
        ----------
        lake : with ``daily``
        dates : sessions of the lake, ascending
        assets : symbols
        mask_DA : for each of the dates what :meth:`estimate` calls ``mask_A``
        pasts : for each of the dates what :meth:`estimate` calls ``past``; asked for one at a time

        Raises
        ------
        RiskHistoryError
        """
        for date, mask_A, past in zip(as_days(dates), mask_DA, pasts, strict=False):
            yield self.estimate(lake, date, assets, mask_A, past)
