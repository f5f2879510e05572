"""Session stream: values of one session after another become a panel, smoothed where asked for."""

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.features.session_blocks import session_rows
from intralpha.features.trailing import trailing_mean
from intralpha.market import Lake

# Row among those asked for, symbols [S], and values [S, T, F], T = 1 for daily factors.
SessionValues = tuple[int, ndarray, ndarray]
Stream = Callable[[ndarray, ndarray], Iterator[SessionValues]]


def stream_panel(lake: Lake, empty: Panel, smooth: int, stream: Stream) -> Panel:
    """The panel with the values of a stream, a session without any NaN.

    Parameters
    ----------
    lake : the sessions are those of its table ``daily``
    empty : axes of the result
    smooth : the mean of so many sessions, of at least half of them, rounded up [Spec 2.7]
    stream : of all sessions and the rows among them that are wanted

    Notes
    -----
    Memory: the result, and with ``smooth`` the sessions before its first one.
    """
    days = as_days(empty.dates)
    sessions = lake.dates("daily")
    wanted = np.zeros(len(sessions), dtype=bool)
    for p in session_rows(sessions, days, "daily"):
        wanted[max(p - smooth + 1, 0) : p + 1] = True
    rows = np.flatnonzero(wanted)
    panel = Panel.full(sessions[rows], empty.assets, empty.names, empty.times)
    if len(rows):
        for at, symbols, values in stream(sessions, rows):
            _scatter(panel.values[at], empty.assets, symbols, values)
    if smooth > 1:
        panel = _smoothed(panel, smooth)
    return panel.at(days)


def session_axis(lake: Lake, assets: ndarray) -> ndarray:
    """All symbols of the lake but indices: what is kept must not depend on who asked."""
    table = lake.scan("instruments").filter(pl.col("board") != "index")
    known = table.select("symbol").collect()["symbol"].to_numpy().astype(str)
    return np.union1d(known, np.asarray(assets, dtype=str))


def _scatter(out: ndarray, assets: ndarray, symbols: ndarray, values: ndarray) -> None:
    """Values [A, T, F] of some symbols into a day of the Panel, [A, F] or [T, A, F]."""
    kept = np.isin(symbols, assets)
    columns = np.searchsorted(assets, symbols[kept])
    if out.ndim == 2:
        out[columns] = values[kept, 0]
    else:
        out[:, columns] = values[kept].transpose(1, 0, 2)


def _smoothed(panel: Panel, days: int) -> Panel:
    """Mean of the last sessions of every factor; rows are consecutive where it matters."""
    values = np.empty(panel.values.shape, np.float32)
    for f in range(panel.values.shape[-1]):
        part = panel.values[..., f].astype(np.float64).reshape(len(panel.dates), -1)
        part = np.concatenate([np.full((days - 1, part.shape[1]), np.nan), part])
        mean = trailing_mean(part, np.isfinite(part), days, (days + 1) // 2)
        values[..., f] = mean.reshape(panel.values.shape[:-1])
    return Panel(values, panel.dates, panel.assets, panel.names, panel.times)
