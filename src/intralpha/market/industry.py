"""Industries as dense codes, point in time where the lake has history."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl

from intralpha.base.panel import as_days
from intralpha.market.lake import Lake

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
    days, codes = as_days(dates), np.zeros((len(dates), len(assets)), dtype=np.int32)
    mine = table.filter(pl.col("symbol").is_in(list(map(str, assets))))
    labels = (UNKNOWN, *sorted(set(mine["code"]) - {UNKNOWN}))
    for wanted, here in _schemes(table, days, scheme):
        rows = mine.filter(pl.col("scheme") == wanted)
        codes[here] = _codes(rows, labels, days[here], assets)
    return codes, labels


def _codes(
    rows: pl.DataFrame, labels: tuple[str, ...], days: np.ndarray, assets: np.ndarray
) -> np.ndarray:
    """Positions of one scheme; of intervals of a stock that overlap the last by label counts."""
    column = {symbol: a for a, symbol in enumerate(assets.tolist())}
    place = {label: k for k, label in enumerate(labels)}
    codes = np.zeros((len(days), len(assets)), dtype=np.int32)
    known = rows.filter(pl.col("code") != UNKNOWN).sort("code")
    first = np.searchsorted(days, as_days(known["in_date"]), side="left").tolist()
    ends = as_days(known["out_date"].fill_null(date.max))
    stop = np.searchsorted(days, ends, side="right").tolist()
    for symbol, code, lo, hi in zip(known["symbol"], known["code"], first, stop, strict=True):
        codes[lo:hi, column[symbol]] = place[code]
    return codes


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
