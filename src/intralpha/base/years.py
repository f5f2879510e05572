"""Calendar years of dates, and tables by them."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from jaxtyping import Int, Shaped
from numpy import ndarray

ALL = "all"  # the row of all years together


def years_of(dates: Shaped[ndarray, "D"]) -> Int[ndarray, "D"]:
    """Calendar year of each date.

    Parameters
    ----------
    dates : datetime64, shape [D]

    Returns
    -------
    int64, shape [D]
    """
    return dates.astype("datetime64[Y]").astype(np.int64) + 1970


def by_year(
    rows: pl.DataFrame, figures: Sequence[pl.Expr], keys: Sequence[str] = ()
) -> pl.DataFrame:
    """Figures of the rows of each calendar year, and of all rows.

    Parameters
    ----------
    rows : ``date``, ascending, and what ``figures`` ask for
    figures : each makes one number of many rows
    keys : columns whose every combination gets figures of its own

    Returns
    -------
    DataFrame
        ``year``, ascending, as a string, the last :data:`ALL`; ``keys``; the figures.
    """
    year = pl.col("date").dt.year().cast(pl.String).alias("year")
    each = rows.group_by(year, *keys, maintain_order=True).agg(*figures)
    whole = (
        rows.group_by(*keys, maintain_order=True).agg(*figures) if keys else rows.select(*figures)
    )
    return pl.concat([each, whole.select(pl.lit(ALL).alias("year"), pl.all())])
