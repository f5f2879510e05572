"""Stock-days of the references as the machine and the lake read them."""

from datetime import date

import numpy as np
import polars as pl

from intralpha.features.engine.machine import Rows, run
from intralpha.features.engine.program import Program, assemble
from intralpha.features.frames import frame_named, vocabulary
from intralpha.features.language.compile import Compiler
from intralpha.features.language.graph import Graph
from intralpha.features.language.library import Library
from intralpha.features.level2.minutes import QUOTED, TRADED, quote_minutes, trade_minutes
from intralpha.features.level2.parents import parent_totals
from intralpha.features.tick_factors import TickFrame
from intralpha.market import Ticks
from intralpha.market.bar_day import LEVEL2_COLUMNS
from intralpha.market.schemas import TABLES

from ..reference.level2_day import Level2Day, minute_day

NEW, OLD = date(2023, 3, 1), date(2018, 8, 17)
TYPES = {"time": np.int32, "side": np.int16, "cancel": np.bool_, "kind": np.int8}


def program_of(library: Library) -> Program:
    """What the machine runs for a library, as its feature set makes it."""
    graph, rows = Graph(), 0 if library.segments == "day" else int(library.segments)
    compiler = Compiler(vocabulary(library.frame), graph, rows)
    outputs = [compiler.factor(f.expr, f.on_locked) for f in library.factors]
    return assemble(graph, outputs, getattr(frame_named(library.frame), "inputs", ()))


def ticks_of(days: list[Level2Day], table: str, symbols: np.ndarray, on: date) -> Ticks:
    """Rows of one table of several stock-days."""
    parts = [getattr(day, table) for day in days]
    bounds = np.concatenate([[0], np.cumsum([len(p["time"]) for p in parts])]).astype(np.int64)
    columns = {}
    for name in parts[0]:
        real = name == "price" or "price" in name
        kind = TYPES.get(name, np.float64 if real else np.int64)
        columns[name] = np.concatenate([p[name] for p in parts]).astype(kind)
    if table == "orders":
        columns["kind"] = (columns["price"] == 0).astype(np.int8)
    return Ticks(on, table, symbols, bounds, columns)


def _number(day: Level2Day, name: str) -> float:
    grid = minute_day(day)
    known = {"price_ok": float(not grid.half_locked), "day_volume": grid.day_volume}
    return known[name] if name in known else float(getattr(day, name))


def symbols_of(days: list[Level2Day]) -> np.ndarray:
    """Stocks of Shenzhen and Shanghai; before Shanghai's closing auction those of Shanghai."""
    fit = ("SH", "SZ") if days[0].closing_auction else ("SH", "SH")
    return np.array([f"{600000 + i}.{fit[i % 2]}" for i in range(len(days))])


def rows_of_ticks(program: Program, frame: str, days: list[Level2Day], dtype: type) -> Rows:
    """What the machine reads of a frame of ticks; all days close in one way."""
    on = NEW if days[0].closing_auction else OLD
    of = frame_named(frame)
    assert isinstance(of, TickFrame)
    ticks = ticks_of(days, of.table, symbols_of(days), on)
    numbers = np.array([[_number(d, n) for d in days] for n in program.days])
    locked = np.array([minute_day(d).locked for d in days])
    return of.rows(program, ticks, numbers.reshape(len(program.days), -1), locked, dtype)


def rows_of_minutes(program: Program, days: list[Level2Day], dtype: type, segment: int = 0) -> Rows:
    """Minutes made from trades and snapshots; ``segment``: minutes of a bar, 0 for the day."""
    on, symbols = NEW if days[0].closing_auction else OLD, symbols_of(days)
    trades = ticks_of(days, "trades", symbols, on)
    theta, preclose = (np.array([getattr(d, n) for d in days]) for n in ("theta", "preclose"))
    made = trade_minutes(trades, parent_totals(trades), theta, preclose)
    book = quote_minutes(ticks_of(days, "snapshots", symbols, on))
    book[:, [not len(d.snapshots["time"]) for d in days]] = np.nan
    series = dict(zip(QUOTED, book, strict=True)) | {n: made[n] for n in TRADED}
    # What 20 sessions leave unexplained has tests of its own; here any numbers with gaps do.
    series["surprise"] = np.where(made["trades"] > 0, np.sin(np.arange(240)), np.nan)
    rows = [series[LEVEL2_COLUMNS.get(n, n)].ravel() for n in program.rows]
    grid, length = [minute_day(d) for d in days], segment or 240
    numbers = np.array([[float(getattr(g, n)) for g in grid] for n in program.days])
    bounds = np.arange(0, 240 * len(days) + 1, length)
    numbers = np.repeat(numbers, 240 // length, axis=1)
    return Rows(np.array(rows, dtype), numbers, bounds, 240, 0 if segment else 120)


def values_of(library: Library, days: list[Level2Day], dtype: type) -> np.ndarray:
    """Factors [stock-days, F] of a frame of ticks or of minutes made from them."""
    program = program_of(library)
    if library.frame == "minute":
        return run(program, rows_of_minutes(program, days, dtype))
    return run(program, rows_of_ticks(program, library.frame, days, dtype))


# --- rows of the lake -------------------------------------------------------------------------


def _table(day: Level2Day, table: str, symbol: str, on: date) -> pl.DataFrame:
    rows = {n: x.astype(TYPES.get(n, x.dtype)) for n, x in getattr(day, table).items()}
    count = len(rows["time"])
    frame = pl.DataFrame(rows).with_columns(
        date=pl.lit(on), symbol=pl.lit(symbol), seq=pl.int_range(count, dtype=pl.Int64)
    )
    if table == "orders":
        kind = pl.when(pl.col("price") > 0).then(pl.lit("limit")).otherwise(pl.lit("market"))
        frame = frame.with_columns(kind=kind, id=pl.col("seq") + 1)
    if table == "snapshots":
        zero = pl.lit(0, pl.Int64)
        frame = frame.drop("seq").with_columns(last=pl.lit(day.preclose), volume=zero)
        frame = frame.with_columns(amount=pl.lit(0.0))
    return frame


def rows_of_lake(days: dict[str, Level2Day], on: date) -> dict[str, pl.DataFrame]:
    """Table -> rows of a session; the key of a day is its symbol."""
    out = {}
    for table in ("trades", "orders", "snapshots"):
        parts = [_table(d, table, s, on) for s, d in days.items()]
        kinds = {n: t for n, t in TABLES[table].columns.items() if n in parts[0].columns}
        parts = [p.select(pl.col(n).cast(t) for n, t in kinds.items()) for p in parts]
        out[table] = pl.concat(parts)
    return out | {"daily": pl.DataFrame([_daily(s, d, on) for s, d in days.items()])}


def _daily(symbol: str, day: Level2Day, on: date) -> dict[str, object]:
    price = day.trades["price"] if len(day.trades["price"]) else np.array([day.preclose])
    ends = {"open": price[0], "high": price.max(), "low": price.min(), "close": price[-1]}
    limits = {n: getattr(day, n) for n in ("up_limit", "down_limit")}
    known = {n: None if np.isnan(x) else x for n, x in limits.items()}
    return {
        "date": on, "symbol": symbol, **{n: float(x) for n, x in ends.items()},
        "preclose": day.preclose, "volume": int(day.trades["volume"].sum()),
        "amount": day.day_amount, "adj_factor": 1.0, **known, "suspended": day.suspended,
        "st": False, "float_shares": 1e8, "total_shares": 1e8,
    }  # fmt: skip


def instruments(symbols: list[str]) -> pl.DataFrame:
    """Rows of that table."""
    exchange = ["SSE" if s.endswith("SH") else "SZSE" for s in symbols]
    return pl.DataFrame({"symbol": symbols, "exchange": exchange, "board": ["main"] * len(symbols)})
