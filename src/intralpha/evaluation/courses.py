"""Courses of a portfolio: values and drawdowns by session, its worst falls, months and costs."""

from dataclasses import asdict
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base.stretches import stretches
from intralpha.evaluation.nav import (
    SESSIONS_PER_YEAR,
    drawdown,
    excess_nav,
    nav,
    period_returns,
    worst_drawdown,
)
from intralpha.evaluation.performance import performance

WINDOW = 60  # sessions of the rolling figures
SHOWN = ("ret_annualised", "excess_annualised", "sharpe", "information_ratio")
SHOWN += ("excess_max_drawdown",)


def courses(
    ret_D: Float[ndarray, "D"],
    benchmark_ret_D: Float[ndarray, "D"],
    cost_D: Float[ndarray, "D"],
    dates_D: Shaped[ndarray, "D"],
    window: int = WINDOW,
) -> pl.DataFrame:
    """Value, drawdown and rolling figures of a portfolio by session.

    Parameters
    ----------
    ret_D, benchmark_ret_D : simple returns after cost
    cost_D : costs over the value of the session before
    dates_D : datetime64[D], ascending
    window : sessions of the rolling figures

    Returns
    -------
    DataFrame
        ``date``, ``portfolio``, ``benchmark``, ``excess`` and ``excess_before_cost``: compounded
        values of 1; ``drawdown``, ``excess_drawdown``: 0 or less; ``rolling_excess`` (mean times
        244) and ``rolling_tracking_error`` of the last ``window`` sessions, null before. A session
        knows no later one.
    """
    excess = pl.Series(ret_D - benchmark_ret_D)
    relative = excess_nav(ret_D, benchmark_ret_D)
    year = SESSIONS_PER_YEAR
    return pl.DataFrame(
        {
            "date": dates_D.astype("datetime64[D]"),
            "portfolio": nav(ret_D),
            "benchmark": nav(benchmark_ret_D),
            "excess": relative,
            "excess_before_cost": excess_nav(ret_D + cost_D, benchmark_ret_D),
            "drawdown": -drawdown(nav(ret_D)),
            "excess_drawdown": -drawdown(relative),
            "rolling_excess": excess.rolling_mean(window) * year,
            "rolling_tracking_error": excess.rolling_std(window) * float(np.sqrt(year)),
        }
    )


def drawdown_table(
    nav_D: Float[ndarray, "D"], dates_D: Shaped[ndarray, "D"], most: int = 5
) -> pl.DataFrame:
    """The deepest falls of a value that do not overlap, deepest first.

    Parameters
    ----------
    nav_D : value, which began at 1
    dates_D : datetime64[D], ascending
    most : how many rows at most

    Returns
    -------
    DataFrame
        ``max_drawdown`` (a fraction), ``high`` (null: before the first session), ``low``,
        ``recovered`` (null: not yet), ``sessions`` from the high to the recovery or the end.
    """
    found = [_fall(nav_D, dates_D, *span) for span in stretches(drawdown(nav_D) > 0)]
    schema = {"max_drawdown": pl.Float64, "high": pl.Date, "low": pl.Date, "recovered": pl.Date}
    rows = pl.DataFrame(found, schema=schema | {"sessions": pl.Int64})
    return rows.sort("max_drawdown", descending=True, maintain_order=True).head(most)


def _fall(
    nav_D: ndarray, dates_D: ndarray, start: int, stop: int
) -> dict[str, float | date | None]:
    first = max(start - 1, 0)
    high = float(nav_D[start - 1]) if start else 1.0
    found = worst_drawdown(nav_D[first : stop + 1] / high, dates_D[first : stop + 1])
    days = dates_D.astype("datetime64[D]").tolist()
    return {
        "max_drawdown": found.depth,
        "high": days[start - 1] if start else None,
        "low": None if found.trough is None else found.trough.item(),
        "recovered": days[stop] if stop < len(days) else None,
        "sessions": min(stop, len(days) - 1) - start + 1,
    }


def monthly_excess(
    ret_D: Float[ndarray, "D"], benchmark_ret_D: Float[ndarray, "D"], dates_D: Shaped[ndarray, "D"]
) -> pl.DataFrame:
    """Compounded excess of every calendar month.

    Parameters
    ----------
    ret_D, benchmark_ret_D : simple returns
    dates_D : datetime64[D]

    Returns
    -------
    DataFrame
        ``year``, ``month``, ``sessions``, ``excess_ret``.
    """
    found = period_returns(ret_D - benchmark_ret_D, dates_D, "month")
    start = pl.col("start")
    named = {"year": start.dt.year(), "month": start.dt.month(), "sessions": pl.col("rows")}
    return found.select(**named, excess_ret=pl.col("ret"))


def cost_table(
    ret_D: Float[ndarray, "D"],
    benchmark_ret_D: Float[ndarray, "D"],
    cost_D: Float[ndarray, "D"],
    dates_D: Shaped[ndarray, "D"],
) -> pl.DataFrame:
    """Figures before and after cost, and what cost took.

    Parameters
    ----------
    ret_D, benchmark_ret_D : simple returns after cost
    cost_D : costs over the value of the session before
    dates_D : datetime64[D]

    Returns
    -------
    DataFrame
        ``cost`` (before, after), ``ret_annualised``, ``excess_annualised``, ``sharpe``,
        ``information_ratio``, ``excess_max_drawdown``, and ``cost_share``, the mean a session times
        244.
    """
    year = float(np.mean(cost_D)) * SESSIONS_PER_YEAR if len(cost_D) else np.nan
    rows: list[dict[str, str | float]] = []
    for name, ret, taken in (("before", ret_D + cost_D, 0.0), ("after", ret_D, year)):
        figures = asdict(performance(ret, benchmark_ret_D, dates_D))
        rows.append({"cost": name, **{n: figures[n] for n in SHOWN}, "cost_share": taken})
    return pl.DataFrame(rows)
