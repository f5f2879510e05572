"""Coverage: which part of the session each Level-2 stream of a stock-day holds."""

from datetime import date

import polars as pl

from intralpha.market import Lake
from intralpha.market.hours import (
    AFTERNOON_MS,
    CLOSING_MS,
    LUNCH_MS,
    MINUTE_MS,
    MINUTES,
    MORNING_MS,
    NOON,
)
from intralpha.sources.quality.report import Fault

STREAMS = ("orders", "trades", "snapshots")
# A stream is silent too long where this many minutes pass, and this many of its usual pauses: were
# its records independent, one pause in e^20 would be so long.
SILENT_MINUTES, SILENT_PAUSES = 30, 20
LAST = float(CLOSING_MS - AFTERNOON_MS) / MINUTE_MS + NOON
KEY = ("date", "symbol")
GAPS = {
    "late": ("begin late", "the file begins late, or rows of the morning were lost"),
    "early": ("stop early", "the file is cut off, or was read while it grew"),
    "hole": ("have a hole", "a piece of the file is missing, or the stock was halted"),
}


def coverage(lake: Lake, on: date) -> pl.DataFrame:
    """What each Level-2 stream of a session holds of its 237 minutes of continuous trading.

    Parameters
    ----------
    lake : with any of ``orders``, ``trades`` and ``snapshots``
    on : session

    Returns
    -------
    DataFrame, one row a stock and stream
        date, symbol, stream, ``rows``; ``first`` and ``last``, minutes of trading before them (0 is
        09:30, 120 both 11:30 and 13:00, null if nothing is in those hours); ``late``, ``early`` and
        ``hole``, the minutes without a record before the first, behind the last and the longest
        between two; ``pause``, the mean time between two. Known after the close.

    Notes
    -----
    Memory: two columns of one table of a session.
    """
    parts = [_of_stream(lake, stream, on) for stream in STREAMS if lake.has(stream)]
    return pl.concat(parts).sort("symbol", "stream")


def coverage_faults(lake: Lake, checked: dict[str, int]) -> dict[str, Fault]:
    """Streams of stock-days that begin late, stop early, have a hole, or are not there.

    A stream is not there where a stock has orders and no trades, or the reverse on a date with
    orders; silence counts from half an hour on, and only of streams that speak often enough.

    Parameters
    ----------
    lake : with any Level-2 table
    checked : gets the number of stock-days

    Returns
    -------
    Fault by its name; none is grave, since a stock may be halted
    """
    there = [stream for stream in STREAMS if lake.has(stream)]
    days = sorted({day for stream in there for day in lake.dates(stream).tolist()})
    if not days:
        return {}
    found = pl.concat(coverage(lake, day) for day in days)
    checked["stock-days of Level-2"] = found.select(KEY).n_unique()
    faults: dict[str, Fault] = {}
    for stream in there:
        rows = found.filter(pl.col("stream") == stream)
        for column, (said, cause) in GAPS.items():
            silent = (pl.col(column) >= SILENT_MINUTES) & (
                pl.col(column) > SILENT_PAUSES * pl.col("pause")
            )
            shown = rows.filter(silent).select(
                *KEY, _clock("first"), _clock("last"), "rows", off=column
            )
            faults[f"{stream} that {said}"] = _fault(shown, rows.height, cause)
    for one, other in (("orders", "trades"), ("trades", "orders"), ("trades", "snapshots")):
        if {one, other} <= set(there):
            faults[f"{one} without {other}"] = _alone(found, one, other)
    return faults


def _of_stream(lake: Lake, stream: str, on: date) -> pl.DataFrame:
    time = pl.col("time").cast(pl.Float64)
    morning = (time.clip(MORNING_MS, LUNCH_MS) - MORNING_MS) / MINUTE_MS
    afternoon = (time.clip(AFTERNOON_MS, CLOSING_MS) - AFTERNOON_MS) / MINUTE_MS
    inside = time.is_between(MORNING_MS, LUNCH_MS) | time.is_between(AFTERNOON_MS, CLOSING_MS)
    minute = (morning + afternoon).filter(inside)
    rows = (
        lake.scan(stream, on, on)
        .group_by("symbol")
        .agg(
            rows=pl.len().cast(pl.Int64),
            inside=minute.len(),
            first=minute.min(),
            last=minute.max(),
            hole=minute.sort().diff().max(),
        )
        .collect()
    )
    return rows.select(
        pl.lit(on).alias("date"),
        "symbol",
        pl.lit(stream).alias("stream"),
        "rows",
        "first",
        "last",
        late="first",
        early=LAST - pl.col("last"),
        hole="hole",
        pause=pl.when(pl.col("inside") > 1).then(
            (pl.col("last") - pl.col("first")) / (pl.col("inside") - 1)
        ),
    )


def _alone(found: pl.DataFrame, one: str, other: str) -> Fault:
    """Stock-days with one stream and not the other, of dates on which the other is there."""
    of_other = found.filter(pl.col("stream") == other)
    rows = found.filter(pl.col("stream") == one)
    if other != "trades":
        rows = rows.join(of_other.select("date").unique(), on="date", how="semi")
    lone = rows.join(of_other, on=KEY, how="anti")
    shown = lone.select(
        *KEY, _clock("first"), _clock("last"), "rows", off=pl.col("rows").cast(float)
    )
    return _fault(shown, rows.height, f"the files of {other} are missing, or of another day")


def _fault(rows: pl.DataFrame, looked_at: int, cause: str) -> Fault:
    ordered = rows.sort("off", *KEY, descending=[True, False, False])
    return Fault(ordered, looked_at, cause if rows.height else "")


def _clock(column: str) -> pl.Expr:
    """Minutes of trading as HH:MM; what lies at noon ends at 11:30 or begins at 13:00."""
    minute = pl.col(column).floor().cast(pl.Int64).clip(0, MINUTES)
    day = minute + MORNING_MS // MINUTE_MS
    noon = pl.col(column) >= NOON if column == "first" else pl.col(column) > NOON
    shifted = pl.when(noon).then(day + (AFTERNOON_MS - LUNCH_MS) // MINUTE_MS)
    whole = shifted.otherwise(day)
    hour, rest = (whole // 60).cast(pl.String).str.zfill(2), (whole % 60).cast(pl.String)
    return (hour + ":" + rest.str.zfill(2)).alias(column)
