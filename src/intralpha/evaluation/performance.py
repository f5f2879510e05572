"""The figures of one portfolio against its benchmark: whole sample and year by year."""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base.arrays import check_arrays
from intralpha.evaluation import spacing
from intralpha.evaluation.nav import (
    SESSIONS_PER_YEAR,
    annualised_return,
    calmar,
    check_series,
    excess_nav,
    information_ratio,
    max_drawdown,
    nav,
    sharpe,
    volatility,
    win_rate,
)


@dataclass(frozen=True)
class Performance:
    """Figures of a return series against a benchmark; fractions, not percent.

    ``ret``, ``benchmark_ret`` and ``excess_ret`` are the totals of the sample,
    ``*_annualised`` the same per year; excess figures belong to the compounded difference of
    returns, ``excess_annualised_se`` is the standard error of their mean times the rows of a year,
    as if rows were independent. ``*_win_rate`` is the share of calendar weeks or months with a
    positive excess. Spec 17.1.
    """

    rows: int
    ret: float
    benchmark_ret: float
    excess_ret: float
    ret_annualised: float
    benchmark_annualised: float
    excess_annualised: float
    excess_annualised_se: float
    volatility: float
    tracking_error: float
    sharpe: float
    information_ratio: float
    max_drawdown: float
    excess_max_drawdown: float
    excess_calmar: float
    weekly_win_rate: float
    monthly_win_rate: float


def performance(
    ret_D: Float[ndarray, "D"],
    benchmark_ret_D: Float[ndarray, "D"],
    dates_D: Shaped[ndarray, "D"],
    periods_per_year: float | None = None,
) -> Performance:
    """All figures of a portfolio against its benchmark.

    Parameters
    ----------
    ret_D, benchmark_ret_D : ndarray of float
        Simple returns per row. Rows where either is absent are left out of every figure.
    dates_D : ndarray of datetime64[D]
    periods_per_year : float, optional
        Default: 244 for a row a session, otherwise by the spacing of the dates, see
        :func:`intralpha.evaluation.periods_per_year`.
    """
    check_arrays(1, ret_D=ret_D, benchmark_ret_D=benchmark_ret_D)
    check_series(ret_D, dates_D)
    both = np.isfinite(ret_D) & np.isfinite(benchmark_ret_D)
    ret, benchmark, dates = ret_D[both], benchmark_ret_D[both], dates_D[both]
    excess = ret - benchmark
    a = periods_per_year or spacing.periods_per_year(dates_D, SESSIONS_PER_YEAR)
    return Performance(
        rows=len(ret),
        ret=_total(ret),
        benchmark_ret=_total(benchmark),
        excess_ret=_total(excess),
        ret_annualised=annualised_return(ret, a),
        benchmark_annualised=annualised_return(benchmark, a),
        excess_annualised=annualised_return(excess, a),
        excess_annualised_se=_error(excess) * a,
        volatility=volatility(ret, a),
        tracking_error=volatility(excess, a),
        sharpe=sharpe(ret, a),
        information_ratio=information_ratio(ret, benchmark, a),
        max_drawdown=max_drawdown(nav(ret)),
        excess_max_drawdown=max_drawdown(excess_nav(ret, benchmark)),
        excess_calmar=calmar(excess, a),
        weekly_win_rate=win_rate(excess, dates, "week"),
        monthly_win_rate=win_rate(excess, dates, "month"),
    )


def _error(excess: Float[ndarray, "n"]) -> float:
    """Standard error of the mean; NaN below two values."""
    n = len(excess)
    return float(excess.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")


def yearly_table(
    ret_D: Float[ndarray, "D"],
    benchmark_ret_D: Float[ndarray, "D"],
    dates_D: Shaped[ndarray, "D"],
    periods_per_year: float | None = None,
) -> pl.DataFrame:
    """One row of :class:`Performance` per calendar year, with a ``year`` column in front.

    Each year starts again at a NAV of 1, so a drawdown that began the year before is counted
    from the year's own high.

    Parameters
    ----------
    ret_D, benchmark_ret_D : simple returns a row, same length
    dates_D : datetime64[D], same length
    periods_per_year : default: by the spacing of all dates, as in :func:`performance`

    Raises
    ------
    ArrayFormError
        The series differ in length.
    """
    check_arrays(1, ret_D=ret_D, benchmark_ret_D=benchmark_ret_D)
    check_series(ret_D, dates_D)
    a = periods_per_year or spacing.periods_per_year(dates_D, SESSIONS_PER_YEAR)
    years = dates_D.astype("datetime64[Y]")
    rows = []
    for year in np.unique(years):
        inside = years == year
        figures = performance(ret_D[inside], benchmark_ret_D[inside], dates_D[inside], a)
        rows.append({"year": int(str(year)), **asdict(figures)})
    return pl.DataFrame(rows)


def _total(ret_D: Float[ndarray, "n"]) -> float:
    return float(nav(ret_D)[-1] - 1.0) if len(ret_D) else np.nan
