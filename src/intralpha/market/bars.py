"""Dense intraday bars: a day is a reshape, never a group-by."""

from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha.base import DataError, Panel
from intralpha.base.columns import floats
from intralpha.base.panel import as_days
from intralpha.market.hours import bar_times
from intralpha.market.lake import Lake

_SUMMED = (
    "volume",
    "amount",
    "trades",
    "active_buy_volume",
    "active_sell_volume",
    "active_buy_amount",
    "active_sell_amount",
    "active_buy_trades",
    "active_sell_trades",
    "big_buy_amount",
    "big_sell_amount",
    "net_bid_amount",
    "quotes",
)


class IncompleteDayError(DataError):
    """A day of bars does not have every bar of every stock."""

    def __init__(self, day: date, freq: int, found: int, expected: int, symbol: str) -> None:
        self.day, self.freq, self.found, self.expected = day, freq, found, expected
        super().__init__(
            f"bars of {day} at {freq} min: {symbol} has {found} rows, expected {expected}.\n"
            "Hint: ingest fills the grid; `intralpha quality` lists incomplete days."
        )


def read_bars(
    lake: Lake, day: date, freq: int, names: tuple[str, ...], assets: np.ndarray | None = None
) -> Panel:
    """Bars of one session.

    Parameters
    ----------
    lake : with ``bars`` of that frequency
    day : session
    freq : minutes of one bar
    names : columns of ``bars``
    assets : symbols; default: all of the day, sorted. Absent ones are NaN.

    Returns
    -------
    Panel, float64, shape [1, T, A, F]
        Prices CNY, volume shares, amount CNY; a bar's values are known at its end.

    Raises
    ------
    IncompleteDayError
        A stock has fewer or more bars than the grid.
    """
    times = bar_times(freq)
    frame = lake.scan("bars", day, day, freq).select("symbol", *names).collect()
    symbols = frame["symbol"].unique(maintain_order=True).to_numpy().astype(str)
    if frame.height != len(symbols) * len(times):
        counts = frame.group_by("symbol").len().filter(pl.col("len") != len(times))
        symbol, found = counts.sort("symbol").row(0)
        raise IncompleteDayError(day, freq, found, len(times), symbol)
    values = np.empty((1, len(times), len(symbols), len(names)))
    for i, name in enumerate(names):
        column = floats(frame[name])
        values[0, :, :, i] = column.reshape(len(symbols), len(times)).T
    panel = Panel(values, as_days([day]), symbols, names, times)
    return panel if assets is None else panel.reindex(panel.dates, assets)


def aggregate_bars(panel: Panel, to_freq: int) -> Panel:
    """Longer bars from shorter ones: first open, highest, lowest, last close, sums of the rest.

    Bars without a price say nothing of it; nothing has traded in them.

    Raises
    ------
    BarFrequencyError
        The longer bars do not fit the session.
    DataError
        They are no multiple of the shorter ones, or a column has no rule.
    """
    times = bar_times(to_freq)
    assert panel.times is not None
    sub, rest = divmod(len(panel.times), len(times))
    if rest or sub == 0:
        raise DataError(f"{len(panel.times)} bars a day cannot become {len(times)}")
    days, assets = len(panel.dates), len(panel.assets)
    out = Panel.full(panel.dates, panel.assets, panel.names, times, dtype=np.float64)
    for i, name in enumerate(panel.names):
        blocks = panel[name].reshape(days, len(times), sub, assets)
        out.values[..., i] = _combine(name, np.moveaxis(blocks, 2, -1))
    return out


def first_known(blocks: Float[ndarray, "*S N"]) -> Float[ndarray, "*S"]:
    """First value along the last axis that is not NaN; NaN if there is none."""
    first = blocks[..., 0]
    if not np.isnan(first).any():
        return first
    at = np.isfinite(blocks).argmax(axis=-1)
    return np.take_along_axis(blocks, at[..., None], axis=-1)[..., 0]


def _combine(name: str, blocks: Float[ndarray, "*S N"]) -> Float[ndarray, "*S"]:
    if name == "open":
        return first_known(blocks)
    if name == "close":
        return blocks[..., -1]
    if name in {"high", "low"}:
        return (np.fmax if name == "high" else np.fmin).reduce(blocks, axis=-1)
    if name in _SUMMED:
        return blocks.sum(axis=-1)
    raise DataError(f"no rule to aggregate bars for {name}")
