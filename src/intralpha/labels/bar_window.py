"""BarWindow: the bars in front of a sample date, a window of sessions in memory at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base.node import Read
from intralpha.labels.windows import ForwardBlock, forward_blocks
from intralpha.market import Lake, fill_forward, locked, read_bars
from intralpha.market.bar_day import MissingBarsError

_RAW = ("open", "high", "low", "close", "volume", "amount")
_DAILY = ("adj_factor", "up_limit", "down_limit")


@dataclass(frozen=True, eq=False)
class BarWindow:
    """Adjusted bars of some sessions after a sample date, laid end to end; N bars.

    Parameters
    ----------
    row : which of the sample dates
    open_NA, close_NA, vwap_NA : float64 [N, A], CNY x adjustment factor; NaN where nothing traded
        in the bar
    locked_NA : bool [N, A], high = low = a limit price in a bar with trades
    whole_A : bool [A], whether every session on which the stock traded has bars of it
    """

    row: int
    open_NA: Float[ndarray, "N A"]
    close_NA: Float[ndarray, "N A"]
    vwap_NA: Float[ndarray, "N A"]
    locked_NA: Bool[ndarray, "N A"]
    whole_A: Bool[ndarray, " A"]

    def gains(self) -> Float[ndarray, "N A"]:
        """Simple return of each bar over the last traded close; bars without trades have 0.

        The first begins at the open of the stock's first bar with trades. NaN for stocks without
        any.
        """
        begun = np.isfinite(self.open_NA)
        first = np.take_along_axis(self.open_NA, begun.argmax(axis=0)[None, :], axis=0)
        path = fill_forward(np.concatenate([first, self.close_NA]))
        return path[1:] / path[:-1] - 1.0

    def prices(self) -> Float[ndarray, "N A"]:
        """The vwap of each bar; of bars without trades the last close before, NaN without one."""
        traded = np.isfinite(self.vwap_NA)
        return np.where(traded, self.vwap_NA, fill_forward(self.close_NA))


def bar_reads(freq: int, ahead: int) -> tuple[Read, ...]:
    """What :func:`bar_windows` looks at: daily rows from t on, and the bars of the same sessions.

    Parameters
    ----------
    freq : minutes of one bar
    ahead : last session of a window, counted from t
    """
    return Read("daily", back=0, ahead=ahead), Read("bars", freq, back=0, ahead=ahead)


def bar_windows(
    lake: Lake,
    days: Shaped[ndarray, " D"],
    assets: Shaped[ndarray, " A"],
    freq: int,
    span: tuple[int, int],
) -> Iterator[BarWindow]:
    """Windows of the sample dates in turn; dates whose window the lake does not hold are left out.

    Parameters
    ----------
    lake : with ``daily`` and ``bars``
    days : datetime64[D], shape [D]; sessions of the lake, ascending
    assets : str, shape [A]
    freq : minutes of one bar
    span : first and last session of a window, counted from its date

    Raises
    ------
    MissingBarsError
        The lake has no bars of that frequency at all.
    UnknownSampleDateError
        A date is no session of the lake.

    Notes
    -----
    Each session is read once. In memory are one block of 250 days of daily rows, and the sessions
    of one window: about 50 bytes a bar and stock.
    """
    known = set(lake.dates("bars", freq).tolist())
    if not known:
        raise MissingBarsError(lake, freq, "another freq of the label")
    held: dict[date, BarWindow] = {}
    for block in forward_blocks(lake, days, assets, span[1], _DAILY):
        for row, at in zip(block.rows.tolist(), block.at.tolist(), strict=True):
            places = range(at + span[0], at + span[1] + 1)
            if places[-1] >= len(block.daily.dates):
                continue
            window = {block.daily.dates[place].item(): place for place in places}
            if not window.keys() <= known:
                continue
            held = {
                day: held[day] if day in held else _session(lake, day, freq, block, place)
                for day, place in window.items()
            }
            yield _joined(row, list(held.values()))


def _session(lake: Lake, day: date, freq: int, block: ForwardBlock, place: int) -> BarWindow:
    """The bars of one session; without those of stocks that by the daily rows did not trade."""
    bars, daily = read_bars(lake, day, freq, _RAW, block.daily.assets), block.daily
    factor, up, down = (daily[name][place] for name in _DAILY)
    open_, high, low, close, volume, amount = (bars[name][0] for name in _RAW)
    there = daily["traded"][place] == 1.0
    traded = (volume > 0) & there
    vwap = np.divide(amount, volume, out=np.full(volume.shape, np.nan), where=traded)
    return BarWindow(
        row=-1,
        open_NA=np.where(traded, open_ * factor, np.nan),
        close_NA=np.where(traded, close * factor, np.nan),
        vwap_NA=vwap * factor,
        locked_NA=locked(high, low, up, down) & traded,
        whole_A=~there | traded.any(axis=0),
    )


def _joined(row: int, sessions: list[BarWindow]) -> BarWindow:
    return BarWindow(
        row=row,
        open_NA=np.concatenate([one.open_NA for one in sessions]),
        close_NA=np.concatenate([one.close_NA for one in sessions]),
        vwap_NA=np.concatenate([one.vwap_NA for one in sessions]),
        locked_NA=np.concatenate([one.locked_NA for one in sessions]),
        whole_A=np.logical_and.reduce([one.whole_A for one in sessions]),
    )
