"""Industries as dense codes, point in time where the lake has history."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from intralpha.base.panel import as_days
from intralpha.market.lake import Lake
from intralpha.market.universe import intervals_mask

UNKNOWN = "unknown"


def industry_codes(
    lake: Lake, dates: np.ndarray, assets: np.ndarray, scheme: str | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Industry of every stock on every day.

    Parameters
    ----------
    lake : its ``industry`` table may be absent
    dates, assets : axes
    scheme : classification; default: of those that have begun by a date, the first by alphabet

    Returns
    -------
    codes : ndarray of int32, shape [D, A]
        Positions in ``labels``; stocks without an industry have 0, the class ``unknown``. Known at
        the close of each date.
    labels : tuple of str
    """
    table = lake.scan("industry").collect()
    codes = np.zeros((len(dates), len(assets)), dtype=np.int32)
    mine = table.filter(pl.col("symbol").is_in(list(map(str, assets))))
    labels = (UNKNOWN, *sorted(set(mine["code"]) - {UNKNOWN}))
    for wanted, here in _schemes(table, as_days(dates), scheme):
        rows = mine.filter(pl.col("scheme") == wanted)
        for position, label in enumerate(labels[1:], start=1):
            inside = intervals_mask(rows.filter(pl.col("code") == label), dates, assets)
            codes[inside & here[:, None]] = position
    return codes, labels


def _schemes(
    table: pl.DataFrame, days: np.ndarray, scheme: str | None
) -> Iterator[tuple[str, np.ndarray]]:
    """Schemes that are used, each with a mask of its dates: the first that has begun by then."""
    if scheme is not None:
        yield scheme, np.ones(len(days), dtype=bool)
        return
    left = np.ones(len(days), dtype=bool)
    begun = table.group_by("scheme").agg(pl.col("in_date").min()).sort("scheme")
    for name, first in begun.iter_rows():
        here = left & (days >= np.datetime64(first, "D"))
        left &= ~here
        yield name, here
