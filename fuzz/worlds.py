"""Good input, made once a process, that the targets break."""

import os
import struct
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import polars as pl

from intralpha.market import Lake
from intralpha.sources import SimulatedMarket, SimulatedSpec, ingest, write_published
from intralpha.sources.exchange.layouts.layout import SessionLayout, layout_of

SESSIONS = [date(2024, 1, 2) + timedelta(days=n) for n in (0, 1, 2, 3, 6, 7, 8, 9, 10)]
STOCKS = ("600000.SH", "000001.SZ", "830799.BJ")


PLACE = "INTRALPHA_FUZZ_WORLDS"  # folder that processes share


def _made(name: str, make: Callable[[Path], object]) -> Path:
    """A folder that ``make`` fills, in the first process that asks."""
    if PLACE not in os.environ:
        os.environ[PLACE] = mkdtemp(prefix="fuzz_worlds")
    folder = Path(os.environ[PLACE]) / name
    if not folder.exists():
        partial = folder.with_name(f"{name}.{os.getpid()}")
        make(partial)
        partial.rename(folder)
    return folder


@cache
def daily_rows() -> pl.DataFrame:
    """Daily rows of three stocks as a vendor would have them."""
    rng = np.random.default_rng(0)
    rows = []
    for stock in STOCKS:
        close = 10.0
        for day in SESSIONS:
            preclose, close = close, round(close * (1 + rng.normal(0, 0.01)), 2)
            high, low = max(preclose, close) + 0.05, min(preclose, close) - 0.05
            volume = int(rng.integers(1, 900)) * 100
            rows.append((stock, str(day), preclose, high, low, close, volume,
                         round(volume * (high + low) / 2, 2), preclose))  # fmt: skip
    names = ["code", "date", "open", "high", "low", "close", "volume", "amount", "preclose"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.col("high", "low").round(2)
    )


@cache
def bar_rows() -> pl.DataFrame:
    """Half-hour bars of two stocks over three sessions."""
    ends = [
        "10:00:00",
        "10:30:00",
        "11:00:00",
        "11:30:00",
        "13:30:00",
        "14:00:00",
        "14:30:00",
        "15:00:00",
    ]
    rng = np.random.default_rng(1)
    rows = []
    for stock in STOCKS[:2]:
        for day in SESSIONS[:3]:
            for end in ends:
                price, volume = round(10 + rng.normal(0, 0.05), 2), int(rng.integers(1, 90)) * 100
                rows.append((stock, f"{day} {end}", price, round(price + 0.02, 2), round(price - 0.02, 2),
                             price, volume, round(price * volume, 2)))  # fmt: skip
    names = ["code", "datetime", "open", "high", "low", "close", "volume", "amount"]
    return pl.DataFrame(rows, schema=names, orient="row")


@cache
def tdx_bytes() -> bytes:
    """Two sessions of 5-minute records."""
    ends = [9 * 60 + 30 + 5 * k for k in range(1, 25)] + [13 * 60 + 5 * k for k in range(1, 25)]
    days = [(2024 - 2004) * 2048 + 100 + day for day in (2, 3)]
    return b"".join(
        struct.pack("<HHfffffII", day, end, 3.0, 3.01, 2.99, 3.0, 3000.0, 1000, 0)
        for day in days
        for end in ends
    )


@cache
def qlib_files() -> dict[str, bytes]:
    """A small folder of qlib's layout."""
    days = "\n".join(str(day) for day in SESSIONS)
    files = {"calendars/day.txt": days.encode()}
    files["instruments/all.txt"] = (
        b"SH600000\t2024-01-02\t2024-01-11\nSZ000001\t2024-01-03\t2024-01-10\n"
    )
    for stock, first, count in (("sh600000", 0, 9), ("sz000001", 1, 7)):
        for name in ("open", "high", "low", "close", "volume", "factor"):
            level = {"volume": 1000.0, "factor": 1.0}.get(name, 10.0)
            values = np.r_[np.float32(first), np.full(count, level, dtype="<f4")]
            files[f"features/{stock}/{name}.day.bin"] = values.astype("<f4").tobytes()
    return files


def published() -> Path:
    """Level-2 files of a simulated session."""
    day = date(2023, 1, 3)
    market = SimulatedSpec(n_assets=6, start=day, end=day)
    return _made("published", lambda to: list(write_published(SimulatedMarket(market), to)))


def laid_out(layout: str) -> Path:
    """Files of a vendor's layout, a few sessions of a simulated market."""
    form = layout_of(layout)
    last = date(2023, 1, 3 if isinstance(form, SessionLayout) else 5)
    market = SimulatedSpec(n_assets=5, start=date(2023, 1, 3), end=last, freq=form.freq or 30)
    return _made(f"layout_{layout}", lambda to: list(form.write(SimulatedMarket(market), to)))


@cache
def lake() -> Lake:
    """A simulated market that only is read."""
    spec = SimulatedSpec(n_assets=36, start=date(2023, 1, 3), end=date(2023, 2, 10), freq=30)

    def make(to: Path) -> None:
        ingest([spec], Lake(to, create=True), show_progress=False)

    return Lake(_made("lake", make))
