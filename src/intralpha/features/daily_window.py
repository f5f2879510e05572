"""Daily rows with their look-back, as the daily features see them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from intralpha.base import Panel
from intralpha.features.session_blocks import SessionBlock, session_blocks
from intralpha.market import Lake, fill_forward, read_daily


@dataclass(frozen=True, eq=False)
class DailyWindow:
    """A block of days and the look-back rows before it; rows before the lake's first are NaN.

    Parameters
    ----------
    block : SessionBlock
        Which rows of the output these days fill, and where they stand here.
    daily : Panel, float64 [N, A, F]
        The columns read, look-back included.
    close_DA : float64 [D, A], D = n_missing + N
        Adjusted close, carried over suspensions and absent rows; CNY.
    ret_DA : float64 [D, A]
        Simple return of ``close_DA`` against the session before; NaN in the first row.
    traded_DA : bool [D, A]
        Volume was positive.
    """

    block: SessionBlock
    daily: Panel
    close_DA: Float[ndarray, "D A"]
    ret_DA: Float[ndarray, "D A"]
    traded_DA: Bool[ndarray, "D A"]

    def column(self, name: str) -> Float[ndarray, "D A"]:
        """A column with the missing rows of the look-back as NaN."""
        return _padded(self.daily[name], self.block.n_missing)


def daily_windows(
    lake: Lake, dates: ndarray, assets: ndarray, lookback: int, columns: tuple[str, ...]
) -> Iterator[DailyWindow]:
    """Blocks of days with their look-back, in order; one block is in memory at a time.

    Parameters
    ----------
    lake, dates, assets : as in ``FeatureSet.compute``
    lookback : int
        Sessions before a date that its value needs, at least 1.
    columns : tuple of str
        Further names of ``read_daily``.

    Raises
    ------
    UnknownSessionError
        If a date is no session of the lake.
    """
    wanted = tuple(dict.fromkeys(("adj_close", "traded", *columns)))
    before: tuple[ndarray, ndarray] | None = None
    for block in session_blocks(lake, dates, lookback):
        daily = read_daily(lake, wanted, block.start, block.end, assets)
        close = daily["adj_close"].copy()
        close[0] = _carried_to(lake, block.start, assets, before)
        close = fill_forward(close)
        before = (daily.dates, close)
        full = _padded(close, block.n_missing)
        ret = np.full(full.shape, np.nan)
        ret[1:] = full[1:] / full[:-1] - 1.0
        traded = _padded(daily["traded"], block.n_missing) == 1.0
        yield DailyWindow(block, daily, full, ret, traded)


def _carried_to(
    lake: Lake, day: date, assets: ndarray, before: tuple[ndarray, ndarray] | None
) -> Float[ndarray, " A"]:
    """Last known adjusted close up to a day: from the block before, or from the whole past."""
    if before is not None:
        days, close = before
        row = int(np.searchsorted(days, np.datetime64(day, "D")))
        if row < len(days):
            return close[row]
    return read_daily(lake, ("filled_close",), day, day, assets).values[0, :, 0]


def _padded(values_DA: Float[ndarray, "N A"], n_rows: int) -> Float[ndarray, "D A"]:
    """Put NaN rows in front."""
    front = np.full((n_rows, values_DA.shape[1]), np.nan)
    return np.concatenate([front, values_DA])
