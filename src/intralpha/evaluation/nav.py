"""What a series of returns amounts to: NAV, annualised figures, drawdowns, win rates, years.

Every function takes simple returns per row and skips rows without one (NaN). A *row* is whatever
the series is sampled at; ``periods_per_year`` says how many of them make a year: 244 for sessions
(the default), 250 or 252 to compare with a report that uses it, 243/5 for a five-session grid.
Series that are returned are known row by row, figures with the last row.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base.arrays import ArrayFormError, check_arrays

SESSIONS_PER_YEAR = 244.0


def nav(ret_D: Float[ndarray, "D"]) -> Float[ndarray, "D"]:
    """Compounded value of 1 invested before the first row; an absent return leaves it unchanged."""
    return np.cumprod(1.0 + np.nan_to_num(ret_D.astype(np.float64)))


def excess_nav(
    ret_D: Float[ndarray, "D"], benchmark_ret_D: Float[ndarray, "D"]
) -> Float[ndarray, "D"]:
    r"""Compounded difference of returns, :math:`\prod_d (1 + r_{p,d} - r_{b,d})`.

    Not the ratio of the two NAVs: the form that printed reports use. A row where either return
    is absent leaves the value unchanged. Spec 17.1, 17.6 item 1.

    Examples
    --------
    >>> r, b = np.array([0.01, -0.02, 0.015]), np.array([0.008, -0.015, 0.01])
    >>> round(float(excess_nav(r, b)[-1]) - 1, 8)
    0.00197495
    """
    check_arrays(1, ret_D=ret_D, benchmark_ret_D=benchmark_ret_D)
    return nav(ret_D - benchmark_ret_D)


def annualised_return(
    ret_D: Float[ndarray, "D"],
    periods_per_year: float = SESSIONS_PER_YEAR,
    compound: bool = True,
) -> float:
    r"""Return per year of a series.

    Geometric, :math:`NAV^{A/n} - 1`, or with ``compound=False`` the mean times A (the form of
    the real-data protocol). n counts the rows that have a return; NaN without any, -1 for a NAV
    of zero or below. Spec 17.1.

    Parameters
    ----------
    ret_D : simple returns a row; NaN is left out
    periods_per_year : A, rows in a year
    compound : geometric (default) or arithmetic
    """
    kept = _present(ret_D)
    if not len(kept):
        return np.nan
    if not compound:
        return float(kept.mean() * periods_per_year)
    end = float(np.prod(1.0 + kept))
    return end ** (periods_per_year / len(kept)) - 1.0 if end > 0 else -1.0


def volatility(ret_D: Float[ndarray, "D"], periods_per_year: float = SESSIONS_PER_YEAR) -> float:
    """Sample standard deviation (ddof 1) of the returns times sqrt(A). Spec 17.1.

    The tracking error is this function applied to ``ret_D - benchmark_ret_D``.
    """
    kept = _present(ret_D)
    return float(kept.std(ddof=1) * np.sqrt(periods_per_year)) if len(kept) > 1 else np.nan


def sharpe(
    ret_D: Float[ndarray, "D"],
    periods_per_year: float = SESSIONS_PER_YEAR,
    compound: bool = True,
) -> float:
    """Annualised return over annualised volatility, risk-free rate 0. Spec 17.1.

    empyrical's ``sharpe_ratio`` is the arithmetic form, ``compound=False`` here. NaN for a
    series that does not vary.

    Parameters
    ----------
    ret_D : simple returns a row; NaN is left out
    periods_per_year : rows in a year
    compound : whether the return is geometric
    """
    return _ratio(
        annualised_return(ret_D, periods_per_year, compound), volatility(ret_D, periods_per_year)
    )


def information_ratio(
    ret_D: Float[ndarray, "D"],
    benchmark_ret_D: Float[ndarray, "D"],
    periods_per_year: float = SESSIONS_PER_YEAR,
    compound: bool = True,
) -> float:
    """Annualised excess (of the compounded difference) over tracking error. Spec 17.1, 17.6.

    Parameters
    ----------
    ret_D, benchmark_ret_D : simple returns a row, same length; a row without either is left out
    periods_per_year : rows in a year
    compound : whether the excess is geometric

    Raises
    ------
    ArrayFormError
        The series differ in length.
    """
    check_arrays(1, ret_D=ret_D, benchmark_ret_D=benchmark_ret_D)
    return sharpe(ret_D - benchmark_ret_D, periods_per_year, compound)


def drawdown(nav_D: Float[ndarray, "D"]) -> Float[ndarray, "D"]:
    """Loss from the highest value so far (the starting value 1 included), a fraction >= 0."""
    return 1.0 - nav_D / np.maximum.accumulate(np.maximum(nav_D, 1.0))


def max_drawdown(nav_D: Float[ndarray, "D"]) -> float:
    r"""Largest loss from a previous high, :math:`\max_d 1 - NAV_d / \max_{\le d} NAV`, >= 0.

    The starting value 1 counts as a high. empyrical prints the same figure with a minus sign.
    NaN for an empty series. Spec 17.1.
    """
    return float(drawdown(nav_D).max()) if len(nav_D) else np.nan


@dataclass(frozen=True)
class Drawdown:
    """The worst loss of a NAV and when it happened.

    Parameters
    ----------
    depth : float
        Fraction lost, >= 0.
    peak : numpy.datetime64 or None
        Date of the high before; None when that was the starting value.
    trough : numpy.datetime64 or None
        Date of the low; None when the NAV never fell.
    recovery : numpy.datetime64 or None
        First date back at the high; None when that has not happened.
    """

    depth: float
    peak: np.datetime64 | None
    trough: np.datetime64 | None
    recovery: np.datetime64 | None


def worst_drawdown(nav_D: Float[ndarray, "D"], dates_D: Shaped[ndarray, "D"]) -> Drawdown:
    """Depth and dates of the largest drawdown, the first one if several are equally deep."""
    check_series(nav_D, dates_D)
    path = drawdown(nav_D)
    if not len(path) or path.max() <= 0:
        return Drawdown(0.0 if len(path) else np.nan, None, None, None)
    low = int(path.argmax())
    high = max(1.0, float(nav_D[: low + 1].max()))
    before = np.flatnonzero(nav_D[: low + 1] == high)
    after = low + np.flatnonzero(nav_D[low:] >= high)
    days = dates_D.astype("datetime64[D]").tolist()
    return Drawdown(
        depth=float(path[low]),
        peak=np.datetime64(days[before[-1]]) if len(before) else None,
        trough=np.datetime64(days[low]),
        recovery=np.datetime64(days[after[0]]) if len(after) else None,
    )


def calmar(ret_D: Float[ndarray, "D"], periods_per_year: float = SESSIONS_PER_YEAR) -> float:
    """Annualised return over maximum drawdown; give it excess returns for the excess Calmar.

    NaN for a series that never fell. Spec 17.1.
    """
    return _ratio(annualised_return(ret_D, periods_per_year), max_drawdown(nav(ret_D)))


def period_returns(
    ret_D: Float[ndarray, "D"],
    dates_D: Shaped[ndarray, "D"],
    period: Literal["week", "month", "year"],
) -> pl.DataFrame:
    """Returns compounded inside calendar weeks (Monday first), months or years.

    Parameters
    ----------
    ret_D : simple returns a row; NaN is left out
    dates_D : datetime64[D], same length
    period : calendar week, month or year

    Returns
    -------
    DataFrame
        ``start`` (first day of the calendar period), ``ret``, ``rows`` (returns inside). Periods
        without any return are left out.
    """
    check_series(ret_D, dates_D)
    every = {"week": "1w", "month": "1mo", "year": "1y"}[period]
    frame = pl.DataFrame({"date": dates_D.astype("datetime64[D]"), "ret": ret_D.astype(np.float64)})
    return (
        frame.filter(pl.col("ret").is_not_nan())
        .group_by(start=pl.col("date").dt.truncate(every), maintain_order=True)
        .agg(ret=(pl.col("ret") + 1).product() - 1, rows=pl.len().cast(pl.Int64))
        .sort("start")
    )


def win_rate(
    ret_D: Float[ndarray, "D"],
    dates_D: Shaped[ndarray, "D"],
    period: Literal["row", "week", "month", "year"],
) -> float:
    """Share of periods with a compounded return above zero; NaN without any.

    Give it ``ret_D - benchmark_ret_D`` for the win rate against a benchmark.

    Parameters
    ----------
    ret_D : simple returns a row; NaN is left out
    dates_D : datetime64[D], same length
    period : what is counted: rows, or calendar weeks, months or years
    """
    kept = (
        _present(ret_D)
        if period == "row"
        else period_returns(ret_D, dates_D, period)["ret"].to_numpy()
    )
    return float((kept > 0).mean()) if len(kept) else np.nan


def check_series(value_D: Float[ndarray, "D"], dates_D: Shaped[ndarray, "D"]) -> None:
    """Refuse a series that has another length than its dates.

    Raises
    ------
    ArrayFormError
    """
    check_arrays(1, values=value_D)
    found = np.shape(dates_D)
    if not isinstance(dates_D, ndarray) or found != value_D.shape:
        kind = type(dates_D).__name__
        raise ArrayFormError("dates_D", f"a {kind} of shape {found}", f"shape {value_D.shape}")


def _present(ret_D: Float[ndarray, "D"]) -> Float[ndarray, "n"]:
    return ret_D[np.isfinite(ret_D)].astype(np.float64)


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom > 1e-15 else np.nan
