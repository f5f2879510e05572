"""Distribution of features: how much of each is there on each date, and how its values lie."""

import numpy as np
import polars as pl
from jaxtyping import Bool
from numpy import ndarray

from intralpha.base import Panel

QUANTILES = {"q01": 0.01, "q25": 0.25, "median": 0.5, "q75": 0.75, "q99": 0.99}


def distribution_table(features: Panel, inside_DA: Bool[ndarray, "D A"]) -> pl.DataFrame:
    """Coverage and distribution of every feature on every date, over the stocks of the universe.

    Parameters
    ----------
    features : [D, A, F], or [D, T, A, F], of which all bars of a date count together
    inside_DA : universe, on the same dates and stocks

    Returns
    -------
    DataFrame, a row a date and feature
        ``date``, ``feature``, ``coverage`` (share of the universe's cells that are finite; NaN of
        an empty universe), ``mean``, ``std`` (ddof 0), and quantiles ``q01``, ``q25``,
        ``median``, ``q75``, ``q99`` of the finite ones; NaN without any.

    Notes
    -----
    Peak memory beside the values: one date of one feature as float64.
    """
    rows = []
    for d, day in enumerate(features.dates.tolist()):
        one = features.values[d][..., inside_DA[d], :]
        for f, name in enumerate(features.names):
            values = np.asarray(one[..., f], np.float64).ravel()
            rows.append({"date": day, "feature": name} | _figures(values))
    return pl.DataFrame(rows)


def _figures(values: ndarray) -> dict[str, float]:
    known = values[np.isfinite(values)]
    coverage = len(known) / len(values) if len(values) else np.nan
    if not len(known):
        return {"coverage": coverage} | dict.fromkeys(("mean", "std", *QUANTILES), np.nan)
    lies = np.quantile(known, tuple(QUANTILES.values())).tolist()
    told = {"coverage": coverage, "mean": float(known.mean()), "std": float(known.std())}
    return told | dict(zip(QUANTILES, lies, strict=True))


def distribution_summary(table: pl.DataFrame) -> pl.DataFrame:
    """A row a feature: means over the dates, and the date of which least is there.

    Parameters
    ----------
    table : of :func:`distribution_table`, dates ascending
    """
    coverage = pl.col("coverage").fill_nan(None)
    means = [pl.col(n).fill_nan(None).mean() for n in ("mean", "std", *QUANTILES)]
    return table.group_by("feature", maintain_order=True).agg(
        coverage_share=coverage.mean(),
        least_share=coverage.min(),
        least_on=pl.col("date").get(coverage.arg_min()),
        **dict(zip(("mean", "std", *QUANTILES), means, strict=True)),
        dates=pl.len(),
    )
