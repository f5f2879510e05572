"""Universe: which stocks count on which day, from what is known at that day's close."""

from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Bool, Shaped
from numpy import ndarray
from pydantic import Field, field_validator

from intralpha.base import Spec
from intralpha.base.panel import as_days
from intralpha.market.boards import boards_of
from intralpha.market.codes import known_boards
from intralpha.market.daily import read_daily
from intralpha.market.lake import Lake


class UniverseSpec(Spec):
    """Rules of membership in the research universe [Spec 2.8]."""

    indices: tuple[str, ...] = Field(default=(), description="only members of these; empty for all")
    boards: tuple[str, ...] = Field(
        default=("main", "star", "chinext"), description="boards admitted"
    )
    min_listed_days: int = Field(
        default=60, ge=0, description="rows in the lake up to and with the day"
    )
    exclude_st: bool = Field(default=True, description="leave out stocks under special treatment")
    exclude_suspended: bool = Field(default=True, description="leave out stocks that did not trade")

    @field_validator("boards")
    @classmethod
    def _boards_are_known(cls, boards: tuple[str, ...]) -> tuple[str, ...]:
        lost = sorted(set(boards) - set(known_boards()))
        if lost:
            raise ValueError(f"no board {', '.join(lost)}; known are {', '.join(known_boards())}")
        return boards


def universe(
    lake: Lake, spec: UniverseSpec, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
) -> Bool[ndarray, "D A"]:
    """Mask of the stocks that count.

    Parameters
    ----------
    lake : with ``daily`` and ``instruments``
    spec : the rules
    dates, assets : axes of the mask: sessions, ascending, and symbols

    Returns
    -------
    ndarray of bool, shape [D, A]
        Known at the close of each date: volume and row of the date itself are looked at. A stock
        without a row on a day is out. A null ``st`` (the vendor does not say) counts as not ST.
    """
    names = ("listed_days", "traded", "st")
    days = as_days(dates)
    daily = read_daily(lake, names, days[0].item(), days[-1].item(), assets).at(days)
    mask = np.nan_to_num(daily["listed_days"]) >= max(spec.min_listed_days, 1)
    boards = boards_of(lake, assets.tolist())
    mask &= np.array([boards[a] in spec.boards for a in assets.tolist()], dtype=bool)[None, :]
    if spec.exclude_suspended:
        mask &= daily["traded"] == 1
    if spec.exclude_st:
        mask &= daily["st"] != 1
    if spec.indices:
        mask &= members(lake, spec.indices, days, assets)
    return mask


def members(
    lake: Lake,
    indices: tuple[str, ...],
    dates: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
) -> Bool[ndarray, "D A"]:
    """Mask of the stocks that belong to any of some indices on each date.

    Parameters
    ----------
    lake : with ``membership``
    indices : symbols of the indices, such as 000852.SH; one that the table lacks has no members
    dates : ascending, shape [D]
    assets : symbols, shape [A], any order

    Returns
    -------
    ndarray of bool, shape [D, A]
        Known on the date: an ``out_date`` changes nothing up to and with its own day.
    """
    rows = lake.scan("membership").filter(pl.col("index").is_in(indices)).collect()
    return intervals_mask(rows, dates, assets)


def intervals_mask(
    rows: pl.DataFrame, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
) -> Bool[ndarray, "D A"]:
    """Mask of the cells inside any ``in_date``..``out_date`` of a symbol, both included.

    Parameters
    ----------
    rows : ``symbol``, ``in_date`` and ``out_date``, null where there is no end
        Intervals of a symbol may overlap; symbols that are not on the axis are passed over.
    dates : ascending, shape [D]; need not be sessions
    assets : symbols, shape [A], any order

    Returns
    -------
    ndarray of bool, shape [D, A]
    """
    days = as_days(dates)
    column = {symbol: i for i, symbol in enumerate(assets)}
    mask = np.zeros((len(days), len(assets)), dtype=bool)
    lo = np.searchsorted(days, as_days(rows["in_date"]), side="left").tolist()
    ends = as_days(rows["out_date"].fill_null(date.max))
    hi = np.searchsorted(days, ends, side="right").tolist()
    for symbol, first, stop in zip(rows["symbol"], lo, hi, strict=True):
        if symbol in column:
            mask[first:stop, column[symbol]] = True
    return mask
