"""Industries as dense codes, point in time where the lake has history."""

import numpy as np
import polars as pl

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
    scheme : classification, default the only or first one of the lake in alphabetical order

    Returns
    -------
    codes : ndarray of int32, shape [D, A]
        Positions in ``labels``; stocks without an industry have 0, the class ``unknown``.
    labels : tuple of str
    """
    table = lake.scan("industry").collect()
    codes = np.zeros((len(dates), len(assets)), dtype=np.int32)
    if table.is_empty():
        return codes, (UNKNOWN,)
    wanted = scheme or str(table["scheme"].min())
    rows = table.filter(pl.col("scheme") == wanted, pl.col("symbol").is_in(list(map(str, assets))))
    labels = (UNKNOWN, *sorted(set(rows["code"]) - {UNKNOWN}))
    for position, label in enumerate(labels[1:], start=1):
        codes[intervals_mask(rows.filter(pl.col("code") == label), dates, assets)] = position
    return codes, labels
