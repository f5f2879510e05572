"""Past: what dates said about factors, and since when each of it has been known."""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base import DataError
from intralpha.base.panel import as_days


class PastShapeError(DataError):
    """What dates said about factors does not fit their names or dates."""

    def __init__(self, found: str, expected: str) -> None:
        self.found, self.expected = found, expected
        super().__init__(f"the past of factors: found {found}; expected {expected}.")


@dataclass(frozen=True, eq=False)
class Past:
    """What each of W dates said about K factors; correlations and sums, not stocks.

    Values of a factor are z-scores over the date's universe; correlations are over the stocks that
    have both. Sums are over the stocks that have a return (any, where none is asked for) and any
    factor; a factor that a stock lacks is 0, and every factor is less its mean over these stocks.

    Parameters
    ----------
    names : the factors
    dates : datetime64[D] [W], of the scores
    known_dates : datetime64[D] [W], ascending: sessions at whose close an observation is complete,
        the one on which the last return of its date is over
    rank_ic_WHK : RankIC with the returns of each horizon; NaN where there is none
    corr_WKK : Pearson correlation of two factors; NaN on dates with fewer than 30 stocks
    gram_WKK : mean of the products of two factors; NaN likewise
    cross_WK : mean of the products of a factor and the first horizon's return, in units of return
    spread_W : population standard deviation of these returns
    count_W : stocks that the means are over
    samples : the stocks themselves, for rules that ask for them: of each date float32 z-scores
        [n, K], NaN where a factor is missing, and the z-scores [n] of the first horizon's returns;
        else empty

    Raises
    ------
    PastShapeError
        The parts do not fit each other, or the dates do not ascend.
    """

    names: tuple[str, ...]
    dates: Shaped[ndarray, "W"]
    known_dates: Shaped[ndarray, "W"]
    rank_ic_WHK: Float[ndarray, "W H K"]
    corr_WKK: Float[ndarray, "W K K"]
    gram_WKK: Float[ndarray, "W K K"]
    cross_WK: Float[ndarray, "W K"]
    spread_W: Float[ndarray, "W"]
    count_W: Float[ndarray, "W"]
    samples: tuple[tuple[ndarray, ndarray], ...] = ()

    def __post_init__(self) -> None:
        dates, count = len(self.known_dates), len(self.names)
        for name, axes in (("gram_WKK", 3), ("corr_WKK", 3), ("cross_WK", 2)):
            found = getattr(self, name).shape
            expected = (dates, *(count,) * (axes - 1))
            if found != expected:
                raise PastShapeError(f"{name} of shape {found}", str(expected))
        if self.rank_ic_WHK.shape[0] != dates or self.rank_ic_WHK.shape[2] != count:
            expected = f"({dates}, horizons, {count})"
            raise PastShapeError(f"rank_ic_WHK of shape {self.rank_ic_WHK.shape}", expected)
        if (np.diff(as_days(self.known_dates)) < np.timedelta64(0, "D")).any():
            raise PastShapeError("dates out of order", "ascending known_dates")

    @classmethod
    def of_rank_ics(
        cls,
        names: tuple[str, ...],
        known_dates: Shaped[ndarray, "W"],
        rank_ic_WK: Float[ndarray, "observations factors"],
    ) -> "Past":
        """RankICs of one horizon, and nothing else.

        Parameters
        ----------
        names : the factors
        known_dates : sessions at whose close each is complete
        rank_ic_WK : one row an observation, one column a factor

        Raises
        ------
        PastShapeError
        """
        if rank_ic_WK.shape != (len(known_dates), len(names)):
            expected = f"({len(known_dates)}, {len(names)})"
            raise PastShapeError(f"RankICs of shape {rank_ic_WK.shape}", expected)
        dates, count = len(known_dates), len(names)
        square, row = np.full((dates, count, count), np.nan), np.full((dates, count), np.nan)
        one = np.full(dates, np.nan)
        rank_ic_WHK = rank_ic_WK[:, None, :]
        return cls(
            names, known_dates, known_dates, rank_ic_WHK, square, square, row, one, np.zeros(dates)
        )

    def until(self, day: np.datetime64, observations: int) -> "Past":
        """The latest observations that are complete at the close of a day.

        Parameters
        ----------
        day : included
        observations : so many at most
        """
        stop = int(np.searchsorted(as_days(self.known_dates), day, side="right"))
        return self._part(slice(max(stop - observations, 0), stop))

    def _part(self, rows: slice) -> "Past":
        parts = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "names"}
        return Past(self.names, **parts)

    def mean_corr(self) -> Float[ndarray, "K K"]:
        """Mean over dates of the correlations; 0 for a pair that no date has, 1 on the diagonal."""
        seen = np.isfinite(self.corr_WKK)
        total = np.where(seen, self.corr_WKK, 0.0).sum(axis=0)
        mean = total / np.maximum(seen.sum(axis=0), 1)
        np.fill_diagonal(mean, 1.0)
        return mean

    def mean_rank_ic(self, horizon: int = 0, least: int = 2) -> Float[ndarray, "K"]:
        """Mean RankIC of each factor.

        Parameters
        ----------
        horizon : place of the horizon
        least : a factor with fewer RankICs is NaN
        """
        found = self.rank_ic_WHK[:, horizon]
        seen = np.isfinite(found)
        count = seen.sum(axis=0)
        mean = np.where(seen, found, 0.0).sum(axis=0) / np.maximum(count, 1)
        return np.where(count >= max(least, 1), mean, np.nan)
