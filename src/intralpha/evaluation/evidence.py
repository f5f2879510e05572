"""Evidence behind a test: its groups, months, distribution and rolling figures, as tables."""

from statistics import NormalDist

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.evaluation.leg_figures import leg_figures

BINS = 20
ROLLING = 24  # dates of a rolling mean, and half as many as there are at most


def group_table(series: pl.DataFrame, per_year: float) -> pl.DataFrame:
    """Figures of every group's excess over the universe, lowest scores first.

    Parameters
    ----------
    series : a row a test date: date, universe, group_1 .. group_G, simple returns; NaN is absent
    per_year : test dates in a year

    Returns
    -------
    DataFrame
        ``group`` and what :func:`~intralpha.evaluation.leg_figures.leg_figures` gives.
    """
    names = [name for name in series.columns if name.startswith("group_")]
    universe, dates = series["universe"].to_numpy(), series["date"].to_numpy()
    rows = [
        {"group": name.removeprefix("group_")}
        | leg_figures(series[name].to_numpy() - universe, dates, per_year)
        for name in names
    ]
    return pl.DataFrame(rows)


def group_courses(series: pl.DataFrame) -> pl.DataFrame:
    """Compounded excess of every group over the universe, 1 before the first date.

    Parameters
    ----------
    series : as of :func:`group_table`; an absent return leaves the value unchanged

    Returns
    -------
    DataFrame
        ``date``, ``group_1`` .. ``group_G``.
    """
    names = [name for name in series.columns if name.startswith("group_")]
    excess = [(pl.col(name) - pl.col("universe")).fill_nan(0.0) for name in names]
    return series.select(
        "date", *((1 + e).cum_prod().alias(n) for n, e in zip(names, excess, strict=True))
    )


def monthly_table(series: pl.DataFrame) -> pl.DataFrame:
    """Mean RankIC of each calendar month.

    Parameters
    ----------
    series : a row a test date: date, rank_ic; NaN is absent

    Returns
    -------
    DataFrame
        ``year``, ``month``, ``dates`` with a RankIC, ``rank_ic``; null in a month without one.
    """
    known = pl.col("rank_ic").filter(pl.col("rank_ic").is_finite())
    month = (pl.col("date").dt.year().alias("year"), pl.col("date").dt.month().alias("month"))
    return series.group_by(*month, maintain_order=True).agg(dates=known.len(), rank_ic=known.mean())


def histogram_table(ic_D: Float[ndarray, "D"], bins: int = BINS) -> pl.DataFrame:
    """How many coefficients lie where, beside what a normal distribution would have.

    Parameters
    ----------
    ic_D : a coefficient a date; NaN is left out
    bins : of equal width between the smallest and the largest

    Returns
    -------
    DataFrame
        ``from``, ``to``, ``dates``, and ``normal``, dates expected there of a normal distribution
        of the same mean and (sample) deviation. No rows for fewer than two different values.
    """
    known = ic_D[np.isfinite(ic_D)]
    if len(known) < 2 or np.ptp(known) == 0:
        schema = {"from": pl.Float64, "to": pl.Float64, "dates": pl.Int64, "normal": pl.Float64}
        return pl.DataFrame(schema=schema)
    counts, edges = np.histogram(known, bins)
    normal = NormalDist(float(known.mean()), float(known.std(ddof=1)))
    below = np.array([normal.cdf(edge) for edge in edges.tolist()])
    expected = np.diff(below) * len(known)
    return pl.DataFrame({"from": edges[:-1], "to": edges[1:], "dates": counts, "normal": expected})


def quantile_table(ic_D: Float[ndarray, "D"]) -> pl.DataFrame:
    """Coefficients in order beside the quantiles of a normal distribution (Q-Q).

    Parameters
    ----------
    ic_D : a coefficient a date; NaN is left out

    Returns
    -------
    DataFrame
        ``normal``, the standard normal quantile of (i - 0.5) / n, ``rank_ic``, and ``line``, where
        a normal distribution of the same mean and deviation would have it.
    """
    known = np.sort(ic_D[np.isfinite(ic_D)])
    n = len(known)
    z = np.array([NormalDist().inv_cdf((i + 0.5) / n) for i in range(n)])
    line = known.mean() + z * known.std(ddof=1) if n > 1 else np.full(n, np.nan)
    return pl.DataFrame({"normal": z, "rank_ic": known, "line": line})


def rolling_table(
    ic_D: Float[ndarray, "D"], dates_D: Shaped[ndarray, "D"], window: int = ROLLING
) -> pl.DataFrame:
    """Sum, rolling mean and rolling ICIR of a coefficient.

    Parameters
    ----------
    ic_D : a coefficient a date; NaN is absent
    dates_D : datetime64[D], ascending
    window : dates with a coefficient that a mean counts; never more than half of those there are

    Returns
    -------
    DataFrame
        ``date``, ``sum`` up to it, ``mean`` and ``icir`` of the last ``window`` dates (a column of
        that name says how many), null before there are as many. A date knows no later one's
        coefficient; that itself is known when its return is over.
    """
    there = np.isfinite(ic_D)
    frame = pl.DataFrame({"date": dates_D[there].astype("datetime64[D]"), "ic": ic_D[there]})
    window = max(min(window, frame.height // 2), 2)
    ic = pl.col("ic")
    mean, std = ic.rolling_mean(window), ic.rolling_std(window)
    icir = pl.when(std > 0).then(mean / std)
    return frame.select(
        "date",
        ic.cum_sum().alias("sum"),
        mean.alias("mean"),
        icir.alias("icir"),
        window=pl.lit(window),
    )


def evidence(series: pl.DataFrame, per_year: float) -> dict[str, pl.DataFrame]:
    """All tables of this file, by name.

    Parameters
    ----------
    series : a row a test date: date, rank_ic, universe, group_1 .. group_G
    per_year : test dates in a year
    """
    ic_D, dates_D = series["rank_ic"].to_numpy(), series["date"].to_numpy()
    return {
        "groups": group_table(series, per_year),
        "group_courses": group_courses(series),
        "monthly": monthly_table(series),
        "histogram": histogram_table(ic_D),
        "quantiles": quantile_table(ic_D),
        "rolling": rolling_table(ic_D, dates_D),
    }
