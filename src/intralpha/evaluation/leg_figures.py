"""Figures of a test's legs and coefficients, under the names that presets list as columns."""

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.evaluation.ic import summarise
from intralpha.evaluation.nav import annualised_return, max_drawdown, nav, sharpe, win_rate
from intralpha.evaluation.overlap import newey_west_error, newey_west_t, overlap_t, usual_lags

LEG = ("per_date", "annualised", "sharpe", "max_drawdown", "win_date", "win_week", "win_month")
LEG += ("per_date_se", "t")
OF_IC = ("mean", "std", "icir", "icir_annualised", "positive_share", "t", "t_overlap", "se")


def leg_figures(
    excess_D: Float[ndarray, "D"], dates_D: Shaped[ndarray, "D"], per_year: float
) -> dict[str, float]:
    """Mean a date, geometric return a year, Sharpe ratio, drawdown and win rates of an excess.

    Parameters
    ----------
    excess_D : simple return over the universe a date; NaN is left out
    dates_D : datetime64[D]; a return belongs to the week or month of its date
    per_year : dates in a year

    Returns
    -------
    dict
        The names of ``LEG``; win rates count dates, or calendar weeks or months compounded;
        ``per_date_se`` and ``t`` are of the mean a date, Newey and West's with the usual lags.
        Spec 17.1, 17.2.
    """
    known = excess_D[np.isfinite(excess_D)]
    wins = {
        f"win_{period}": win_rate(excess_D, dates_D, "row" if period == "date" else period)
        for period in ("date", "week", "month")
    }
    return {
        "per_date": float(known.mean()) if len(known) else np.nan,
        "annualised": annualised_return(excess_D, per_year),
        "sharpe": sharpe(excess_D, per_year),
        "max_drawdown": max_drawdown(nav(known)),
        **wins,
        "per_date_se": newey_west_error(excess_D),
        "t": newey_west_t(excess_D),
    }


def ic_figures(ic_D: Float[ndarray, "D"], per_year: float, overlap: int) -> dict[str, float]:
    """Summary of a series of coefficients with t-statistics that allow for shared returns.

    Parameters
    ----------
    ic_D : a coefficient a date; NaN is left out
    per_year : coefficients in a year, for the annualised ratio
    overlap : coefficients that one return spans, see :func:`intralpha.evaluation.overlap_of`

    Returns
    -------
    dict
        The names of ``OF_IC``; ``t`` and ``se``, the standard error of the mean, are Newey and
        West's with the usual lags, or the overlap less one where that is more.
    """
    found = summarise(ic_D)
    lags = max(usual_lags(found.n), overlap - 1)
    return {
        "mean": found.mean,
        "std": found.std,
        "icir": found.icir,
        "icir_annualised": found.icir * float(np.sqrt(per_year)),
        "positive_share": found.positive_share,
        "t": newey_west_t(ic_D, lags),
        "t_overlap": overlap_t(ic_D, overlap),
        "se": newey_west_error(ic_D, lags),
    }


def in_rows(of: dict[str, dict[str, float]], what: str) -> pl.DataFrame:
    """Figures of several things, one row each.

    Parameters
    ----------
    of : thing -> figure -> value
    what : name of the column of things
    """
    return pl.DataFrame([{what: name, **figures} for name, figures in of.items()])
