"""Claims: what a report says, held against figures of ours; told apart by two standard errors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from intralpha.evaluation import FactorReport, newey_west_error, overlap_of
from intralpha.evaluation.overlap import usual_lags

AGREE, DISAGREE, UNTOLD, UNTESTED = "agree", "disagree", "not told apart", "not testable here"
ERRORS = 2.0  # a difference of less than so many standard errors is none


@dataclass(frozen=True)
class Claim:
    """One statement of a report.

    Attributes
    ----------
    says : the statement in our words
    theirs : figures of the report, in words; empty: it prints none
    ours : figures of ours in words, or why there are none
    verdict : one of the four
    where : run that ours is of
    """

    says: str
    theirs: str
    ours: str
    verdict: str
    where: str = ""


@dataclass(frozen=True)
class Difference:
    """A mean difference, its standard error, and how many dates, seeds or pairs it is of."""

    mean: float
    error: float
    n: int
    of: str = "dates"

    def verdict(self, sign: int = 1) -> str:
        """Whether it has the sign that is said; 0: whether it is no more than its error.

        Parameters
        ----------
        sign : 1 above, -1 below, 0 no difference
        """
        if not (np.isfinite(self.mean) and np.isfinite(self.error)):
            return UNTESTED
        told = abs(self.mean) > ERRORS * self.error
        if sign == 0:
            return DISAGREE if told else AGREE
        if not told:
            return UNTOLD
        return AGREE if np.sign(self.mean) == sign else DISAGREE

    def text(self, percent: bool = False) -> str:
        """In words; of percent in points."""
        if not np.isfinite(self.mean):
            return "no value"
        unit, digits, times = (" points", 2, 100.0) if percent else ("", 3, 1.0)
        return (
            f"{times * self.mean:+.{digits}f}{unit} ± {times * self.error:.{digits}f} "
            f"({self.n} {self.of})"
        )


def overall(claims: Sequence[Claim]) -> str:
    """Verdict of several claims: against one counts more than not told, that more than for."""
    tested = [claim.verdict for claim in claims if claim.verdict != UNTESTED]
    for verdict in (DISAGREE, UNTOLD, AGREE):
        if verdict in tested:
            return verdict
    return UNTESTED


def paired(one: FactorReport, other: FactorReport, column: str, sign: float = 1.0) -> Difference:
    """Mean difference date by date of a column of two tests.

    Parameters
    ----------
    one, other : tests; dates that only one of them has are left out
    column : of their series: ``rank_ic``, ``top_excess`` or ``turnover``
    sign : of the difference
    """
    both = values(one, column, other), values(other, column, one)
    gap = sign * (both[0] - both[1])
    rows = one.series.join(other.series.select("date"), on="date", how="semi").sort("date")
    days = rows["date"].to_numpy().astype("datetime64[D]")[np.isfinite(gap)]
    return of_series(gap, shared=_shared(one, days) if column == "rank_ic" else 1)


def _shared(report: FactorReport, days: np.ndarray) -> int:
    """Dates that a return of the leading horizon spans, such as ``1_11`` of every session: 10."""
    if "horizons" not in report.more or len(days) < 2:
        return 1
    first, last = report.more["horizons"]["horizon"][0].split("_")
    return overlap_of(days, int(last) - int(first))


def values(one: FactorReport, column: str, like: FactorReport) -> np.ndarray:
    """A column of a test on the dates that another one has, too."""
    rows = one.series.join(like.series.select("date"), on="date", how="semi").sort("date")
    return rows[column].fill_null(float("nan")).to_numpy().astype(np.float64)


def of_series(series_D: np.ndarray, of: str = "dates", shared: int = 1) -> Difference:
    """Mean of values in time order, with Newey and West's error; NaN is left out.

    Parameters
    ----------
    series_D : a value a date
    of : what the values are
    shared : dates that the return behind a value spans
    """
    known = series_D[np.isfinite(series_D)]
    if len(known) < 3:
        return Difference(np.nan, np.nan, len(known), of)
    lags = max(usual_lags(len(known)), shared - 1)
    return Difference(float(known.mean()), newey_west_error(known, lags), len(known), of)


def of_copies(series: Sequence[np.ndarray]) -> Difference:
    """Mean over dates of what several seeds or settings have in common.

    Parameters
    ----------
    series : of each, on the same dates

    Returns
    -------
    Difference
        Its error is the larger one of two: over dates, of the mean of the copies; over copies, of
        the means of the dates.
    """
    stacked = np.stack(series)
    over_dates = of_series(stacked.mean(axis=0))
    over_copies = of_values([float(np.nanmean(one)) for one in stacked], "copies")
    error = np.nanmax([over_dates.error, over_copies.error])
    return Difference(over_dates.mean, float(error), over_dates.n)


def of_values(found: Sequence[float], of: str) -> Difference:
    """Mean of values that are copies of one another, with the error that they show."""
    known = np.array([one for one in found if np.isfinite(one)])
    if len(known) < 2:
        return Difference(float(known.mean()) if len(known) else np.nan, np.nan, len(known), of)
    return Difference(
        float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known))), len(known), of
    )


def icir_difference(one: FactorReport, other: FactorReport) -> Difference:
    """Difference of the ICIRs of ranks on common dates, with the jackknife's error over dates."""
    both = np.stack([values(one, "rank_ic", other), values(other, "rank_ic", one)])
    return jackknife(both, lambda x: float(np.diff(_ratios(x)[::-1])[0]))


def _ratios(both: np.ndarray) -> np.ndarray:
    return both.mean(axis=1) / both.std(axis=1, ddof=1)


def jackknife(rows: np.ndarray, figure: Callable[[np.ndarray], float]) -> Difference:
    """A figure of dates and its error, from the figure without each date in turn.

    Parameters
    ----------
    rows : [N, D]; dates that any row lacks are left out
    figure : of such an array
    """
    known = rows[:, np.isfinite(rows).all(axis=0)]
    n = known.shape[1]
    if n < 4:
        return Difference(np.nan, np.nan, n)
    without = np.array([figure(np.delete(known, d, axis=1)) for d in range(n)])
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    return Difference(figure(known), float(error), n)


def apart(one: float, error: float, other: float, of_other: float, n: int) -> Difference:
    """Difference of two figures whose dates are not kept: errors as of independent ones."""
    return Difference(one - other, float(np.hypot(error, of_other)), n)


def mean_of(report: FactorReport, column: str) -> float:
    """Mean of a column over the dates that have it."""
    return float(report.series.select(pl.col(column).fill_nan(None).mean()).item() or np.nan)
