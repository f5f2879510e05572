"""Lakes of ticks to measure on: the simulated market, and a day as long as a real one.

The simulated market has about 430 trades and 2,100 orders a stock and day, a real one fifteen
thousand and more; it is what the numbers of peers are checked on. The long day is made of random
walks: prices, ids and sizes that look like those of an exchange, and row counts that are those.
"""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from common import tick_peers as peers
from ticks import make_snapshots, write_table

from intralpha.features.level2.enrich import enrich
from intralpha.market import Lake
from intralpha.market.ticks import Ticks
from intralpha.sources import SimulatedSpec, ingest

STOCKS_A_BLOCK = 250
BEFORE = [date(2023, 12, d) for d in (25, 26, 27, 28, 29)]  # sessions that set thresholds
LEVELS = range(1, 11)


def simulated(folder: Path, stocks: int) -> Lake:
    """Six sessions of the simulated market, their minutes enriched."""
    lake = Lake(folder / "lake", create=True)
    spec = SimulatedSpec(
        n_assets=stocks,
        start=date(2023, 1, 3),
        end=date(2023, 1, 10),
        freq=1,
        ticks=("trades", "orders", "snapshots"),
    )
    ingest([spec], lake, show_progress=False)
    enrich(lake, lake.dates("trades"), show_progress=False)
    return lake


def long_day(folder: Path, stocks: int, trades: int) -> Lake:
    """A session of so many trades, 1.6 times as many orders and a snapshot every 3 seconds.

    It is made in another process, so that its memory does not count.
    """
    pid = os.fork()
    if pid == 0:
        _make_long_day(folder, stocks, trades)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    return Lake(folder / "lake")


def _make_long_day(folder: Path, stocks: int, trades: int) -> None:
    lake = Lake(folder / "lake", create=True)
    blocks = range(0, stocks, STOCKS_A_BLOCK)
    share = trades // len(blocks)

    def rows() -> Iterator[Ticks]:
        return (_block(share, stocks, first) for first in blocks)

    write_table(lake, "trades", rows())
    write_table(lake, "orders", (_orders(block) for block in rows()))
    write_table(lake, "snapshots", (_book(block) for block in rows()), whole=True)
    few = [_block(40 * STOCKS_A_BLOCK, stocks, first, day) for day in range(5) for first in blocks]
    for day, on in enumerate(BEFORE):
        parts = few[day * len(blocks) : (day + 1) * len(blocks)]
        frame = pl.concat([peers.to_frame(block) for block in parts])
        lake.append("trades", frame.with_columns(pl.lit(on).alias("date")))
    symbols = np.concatenate([block.symbols for block in few[: len(blocks)]])
    lake.append("daily", _daily(symbols))
    instruments = {"symbol": symbols.tolist(), "exchange": "SSE", "board": "main"}
    lake.append("instruments", pl.DataFrame(instruments))
    enrich(lake, lake.dates("trades"), show_progress=False)


def _block(trades: int, stocks: int, first: int, day: int = 99) -> Ticks:
    """Trades of some stocks."""
    count = min(STOCKS_A_BLOCK, stocks - first)
    made = peers.make_trades(trades, count, seed=1000 * day + first)
    symbols = np.array([f"{600_000 + first + i}.SH" for i in range(count)])
    return Ticks(made.on, "trades", symbols, made.bounds, made.columns)


def _orders(trades: Ticks) -> Ticks:
    """Orders around the prices of a stock's trades, a fifth of them cancels."""
    rng = np.random.default_rng(len(trades))
    counts = np.diff(trades.bounds) * 8 // 5
    bounds = np.concatenate([[0], np.cumsum(counts)])
    n, inside = int(bounds[-1]), np.arange(bounds[-1]) - np.repeat(bounds[:-1], counts)
    place = np.repeat(trades.bounds[:-1], counts) + inside * 5 // 8
    away = rng.integers(-20, 21, n, dtype=np.int16) / 100
    columns = {
        "seq": 2 * inside,
        "time": trades["time"][place],
        "id": 1000 + inside,
        "side": rng.choice(np.array([-1, 1], np.int16), n),
        "price": np.maximum(trades["price"][place] + away, 0.01),
        "volume": 100 * (1 + (rng.random(n) + 0.01) ** -0.9).astype(np.int64),
        "kind": np.full(n, "limit"),
        "cancel": rng.random(n) < 0.2,
    }
    return Ticks(trades.on, "orders", trades.symbols, bounds, columns)


def _book(trades: Ticks) -> Ticks:
    """Ten levels every 3 seconds, a tick apart, with orders."""
    book = make_snapshots(trades.symbols, len(trades))
    rng, columns = np.random.default_rng(len(trades)), dict(book.columns)
    for level in LEVELS:
        away = (level - 1) / 100
        columns[f"bid_price{level}"] = np.maximum(columns["bid_price1"] - away, 0.0)
        columns[f"ask_price{level}"] = columns["ask_price1"] + away
        for side in ("bid", "ask"):
            shape = len(columns["time"])
            columns[f"{side}_orders{level}"] = rng.integers(1, 40, shape, dtype=np.int32)
    return Ticks(book.on, "snapshots", book.symbols, book.bounds, columns)


def _daily(symbols: np.ndarray) -> pl.DataFrame:
    """What thresholds and features read of a day; no limits."""
    days = [*BEFORE, peers.ON]
    one = {"open": 20.0, "high": 20.0, "low": 20.0, "close": 20.0, "preclose": 20.0, "volume": 100,
           "adj_factor": 1.0, "suspended": False, "float_shares": 1e8}  # fmt: skip
    frame = pl.DataFrame({"symbol": symbols.tolist()}).with_columns(
        pl.lit(v).alias(k) for k, v in one.items()
    )
    return pl.concat([frame.with_columns(pl.lit(on).alias("date")) for on in days])


def last_session(lake: Lake) -> date:
    """The one that is measured."""
    on = lake.dates("trades")[-1].item()
    assert isinstance(on, date)
    assert on - lake.dates("trades")[0].item() >= timedelta(days=5)
    return on
