"""A lake of four stocks and an index, small enough to check by hand."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from intralpha.market import Calendar, Lake

SESSIONS = [d.item() for d in Calendar.xshg().between("2024-01-02", "2024-02-29")]
SYMBOLS = ("000001.SZ", "300750.SZ", "600519.SH", "688981.SH")


def daily_rows(days: list[date], symbols: tuple[str, ...] = SYMBOLS) -> pl.DataFrame:
    """Closes 10, 11, 12, ... by day plus the position of the stock."""
    rows = []
    for i, day in enumerate(days):
        for j, symbol in enumerate(symbols):
            close = 10.0 + i + j
            rows.append(
                (day, symbol, close, close + 1, close - 1, close, close - 1, 1000 * (j + 1))
            )
    names = ["date", "symbol", "open", "high", "low", "close", "preclose", "volume"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        amount=pl.lit(None, pl.Float64),
        adj_factor=pl.lit(2.0),
        suspended=pl.col("volume") == 0,
    )


def bar_rows(day: date, symbols: tuple[str, ...] = SYMBOLS, freq: int = 30) -> pl.DataFrame:
    """Full grids of bars."""
    from intralpha.market import bar_times

    times = bar_times(freq)
    rows = [(day, s, t, 10.0 + k) for s in symbols for k, t in enumerate(times)]
    frame = pl.DataFrame(rows, schema=["date", "symbol", "time", "close"], orient="row")
    return frame.with_columns(
        freq=pl.lit(freq),
        open=pl.col("close"),
        high=pl.col("close") + 0.5,
        low=pl.col("close") - 0.5,
        volume=pl.lit(100),
        amount=pl.col("close") * 100,
    )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake", create=True)
    lake.append("daily", daily_rows(SESSIONS))
    boards = dict(zip(SYMBOLS, ("main", "chinext", "main", "star"), strict=True))
    lake.append(
        "instruments",
        pl.DataFrame(
            {
                "symbol": list(boards),
                "exchange": ["SSE" if s.endswith("SH") else "SZSE" for s in boards],
                "board": list(boards.values()),
            }
        ),
    )
    return lake
