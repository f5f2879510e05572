"""Checks of daily rows, month by month; what a month needs of the rows before it is carried."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl

from intralpha.market import Lake, boards_of, vwap_outside
from intralpha.market.derived import LISTING, says
from intralpha.sources.quality.causes import of_jumps, of_returns, of_vwap
from intralpha.sources.quality.flips import Flips
from intralpha.sources.quality.jumps import CARRIED, jumped, with_jumps
from intralpha.sources.quality.openings import COPIED_NAME, EXCHANGED_NAME, OPENINGS, opening_faults
from intralpha.sources.quality.report import Fault
from intralpha.sources.tick import tick_column

KEY = ("date", "symbol")
ROWS_AT_ONCE = 250_000
JUMP = 0.5  # of the adjusted close, logarithmic
SLACK = 1e-3  # of a return, for factors with few digits
OFTEN = 0.5  # of a stock's days in a month; now and then a true amount is close x volume
FACTOR_SLACK = 2e-4  # of a price, likewise
VALUES = (
    *("open", "high", "low", "close", "preclose", "volume", "amount", "adj_factor"),
    *("up_limit", "down_limit", "float_shares", "derived"),
)
TICK = "daily: close is not a multiple of the tick"
LIMITS = "daily: prices beyond the day's limits"
MOVED = "daily: adjusted close moved by more than 50 log points"
PRECLOSE = "daily: preclose is not the last close times the factor's step"
RETURN = "daily: adjusted return beyond the day's limits"
VWAP = "daily: amount / volume is outside low .. high"
INVENTED = "daily: amount is exactly close x volume"
ABSENT = "daily: traded without an amount"
FALLS = "daily: adj_factor falls"
FLOAT = "daily: volume above the float shares"
OUTSIDE = "daily: rows before the listing or after the delisting"
NEW = "daily: first rows that are treated as listed long ago"
JUMPS = {
    c: f"daily: {c} is off its own recent median by a power of ten" for c in ("volume", "amount")
}
GRAVE = (LIMITS, PRECLOSE, RETURN, FALLS, VWAP, FLOAT, *JUMPS.values())
GRAVE += (EXCHANGED_NAME, COPIED_NAME)
NAMES = (TICK, LIMITS, MOVED, PRECLOSE, RETURN, FALLS, VWAP, INVENTED, ABSENT, FLOAT, OUTSIDE, NEW)
NAMES += (*JUMPS.values(), *OPENINGS)
CAUSES = OPENINGS | {
    TICK: "adjusted prices, or a tick of 0.001 (funds)?",
    LIMITS: "a wrong preclose, ST flag or board, prices of another adjustment, or first days "
    "after a listing that nobody knows (`data_start` of the mapping, or `stock_basic`)?",
    PRECLOSE: "adj_factor or preclose of another source or adjustment?",
    FALLS: "a factor by which prices are divided in place of multiplied, precloses or percent "
    "changes of another unit or day, or rows that lack before? Only stocks that merge their "
    "shares have such days",
    INVENTED: "no amount at the vendor: the reader made it from close and volume",
    ABSENT: "no amount at the vendor: VWAP is the mean of open, high, low, close there",
    OUTSIDE: "listings of another source, a code that was given out again, or a day that is "
    "off by one (a time zone)?",
    NEW: "no listing known, so limits hold at once: `stock_basic` gives it, or `data_start` of "
    "the mapping where the vendor's history begins before",
    FLOAT: "volume in another unit, or float shares in ten thousand?",
}


def daily_faults(lake: Lake, tick_yuan: float | None) -> dict[str, Fault]:
    """Faults of the table ``daily``.

    Parameters
    ----------
    lake : with daily rows
    tick_yuan : price step; None: of each code's range

    Returns
    -------
    dict of name -> Fault
        Indices are looked at for what holds of them too: no tick, no limits, no VWAP.

    Notes
    -----
    Memory: one month of rows or about ``ROWS_AT_ONCE``, the last forty rows of every stock, and
    the rows with faults.
    """
    found: dict[str, list[pl.DataFrame]] = {name: [] for name in NAMES}
    flips = Flips({column: f"daily: {column}" for column in JUMPS})
    rows = 0
    for month in _months(lake, tick_yuan):
        rows += int(month.select(pl.col("now").sum()).item())
        for name, frame in _faults(month):
            found[name].append(frame.sort("date", maintain_order=True))
        flips.add(month)
    if not rows:
        return {}
    faults = {name: _fault(name, pl.concat(frames), rows) for name, frames in found.items()}
    return faults | flips.faults


def _months(lake: Lake, tick_yuan: float | None) -> Iterator[pl.DataFrame]:
    """Rows of some months and of every stock's rows just before them; ``now`` marks the months'."""
    symbols = lake.scan("daily").select(pl.col("symbol").unique()).collect()["symbol"]
    board = pl.col("symbol").replace_strict(boards_of(lake, symbols), return_dtype=pl.String)
    dated = lake.scan("instruments").filter(pl.col("list_date").is_not_null()).collect()
    stocks = pl.DataFrame({"symbol": symbols.sort()}).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int32).alias("stock"),
        tick_column(symbols, tick_yuan),
        (board == "index").alias("index"),
        pl.col("symbol").is_in(dated["symbol"].implode()).alias("listed"),
    )
    stocks = stocks.join(_listings(lake), on="symbol", how="left")
    oldest = pl.col("date") == lake.dates("daily")[0].item()
    before: list[pl.DataFrame] = []
    for first, last in _spans(lake):
        rows = lake.scan("daily", first, last).select(*KEY, *VALUES).collect()
        rows = rows.join(stocks, on="symbol", how="left", maintain_order="left").select(
            pl.all().exclude("derived", "listed"),
            pl.col("listed") | says(LISTING) | oldest,
            now=pl.lit(value=True),
        )
        rows = pl.concat([*before, rows]).sort("stock", maintain_order=True)
        yield _derived(rows)
        # Forty rows on lies another stock, or none: one of the last forty rows of its stock.
        kept = rows.filter(pl.col("stock").shift(-CARRIED).ne_missing(pl.col("stock")))
        before = [kept.with_columns(now=pl.lit(value=False))]


def _listings(lake: Lake) -> pl.DataFrame:
    """First and last day of the stocks that have one."""
    return lake.scan("instruments").select("symbol", "list_date", "delist_date").collect()


def _spans(lake: Lake) -> Iterator[tuple[date, date]]:
    """First and last session of months that are looked at together."""
    days = lake.dates("daily")
    rows = lake.scan("daily").select(pl.len()).collect().item()
    months = days.astype("datetime64[M]")
    known = np.unique(months)
    together = max(1, ROWS_AT_ONCE * len(known) // max(rows, 1))
    for start in range(0, len(known), together):
        inside = days[np.isin(months, known[start : start + together])]
        yield inside[0].item(), inside[-1].item()


def _derived(rows: pl.DataFrame) -> pl.DataFrame:
    """What the checks compare, from the row before of the same stock."""
    close, factor = pl.col("close"), pl.col("adj_factor")
    first = pl.col("stock").shift(1).ne_missing(pl.col("stock"))
    rows = rows.with_columns(
        first=first,
        last=pl.when(~first).then(close.shift(1)),
        step=factor / pl.when(~first).then(factor.shift(1)),
    )
    rows = rows.with_columns(
        expected=pl.col("last") / pl.col("step"),
        opened=pl.when(~first).then(pl.col("open").shift(1)) / pl.col("step"),
        ret=close * pl.col("step") / pl.col("last") - 1,
    )
    for column in JUMPS:
        rows = with_jumps(rows, column)
    return rows


def _faults(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Name and rows of every check of one month, by symbol and date."""
    close, preclose, volume = pl.col("close"), pl.col("preclose"), pl.col("volume")
    traded, tick, amount, ret = volume > 0, pl.col("tick"), pl.col("amount"), pl.col("ret")
    # Lazily, so that no column is filtered that a check neither reads nor shows.
    now = rows.lazy().filter("now")
    stocks = now.filter(~pl.col("index"))
    ticks = close / tick
    yield TICK, _shown(stocks.filter((ticks - ticks.round()).abs() > 1e-4), "close")
    beyond = stocks.filter(
        (pl.col("high") > pl.col("up_limit") + tick / 2)
        | (pl.col("low") < pl.col("down_limit") - tick / 2)
    )
    yield LIMITS, _shown(beyond, "high", "low", "up_limit", "down_limit")
    off = (ret + 1).log().abs()
    yield MOVED, _shown(now.filter(off > JUMP, traded), "last", "close", off.alias("off"))
    gap = (preclose - pl.col("expected")).abs()
    shifted = stocks.filter(gap > pl.max_horizontal(1.01 * tick, preclose * FACTOR_SLACK))
    off = (preclose / pl.col("expected")).log().abs().alias("off")
    yield PRECLOSE, _shown(shifted, "last", "preclose", "step", off)
    slack = 2 * tick / preclose + SLACK
    too_far = traded & (
        (ret > pl.col("up_limit") / preclose - 1 + slack)
        | (ret < pl.col("down_limit") / preclose - 1 - slack)
    )
    named = ("last", "close", "step", "adj_factor", "ret", ret.abs().alias("off"))
    yield RETURN, _shown(stocks.filter(too_far), *named)
    rise = pl.col("expected") - pl.col("last")
    falls = stocks.filter(rise > pl.max_horizontal(2.01 * tick, pl.col("last") * SLACK))
    yield FALLS, _shown(falls, "last", "preclose", "step", (-pl.col("step").log()).alias("off"))
    outside = vwap_outside(pl.col("low"), pl.col("high"), volume, amount, tick)
    ratio = amount / (close * volume)
    named = ("low", "high", "volume", "amount", ratio.alias("ratio"))
    yield VWAP, _shown(stocks.filter(outside), *named, ratio.log10().abs().alias("off"))
    yield INVENTED, _invented(stocks.filter(traded, pl.col("high") > pl.col("low")))
    yield ABSENT, _shown(stocks.filter(traded, amount.is_null()), "volume")
    above = stocks.filter(volume > pl.col("float_shares") * 1.001 + 100)
    off = (volume / pl.col("float_shares")).alias("off")
    yield FLOAT, _shown(above, "volume", "float_shares", off)
    outside = (pl.col("date") < pl.col("list_date")) | (pl.col("date") > pl.col("delist_date"))
    named = ("list_date", "delist_date", "close")
    yield OUTSIDE, _shown(now.filter(outside.fill_null(value=False)), *named)
    yield NEW, _shown(stocks.filter("first", ~pl.col("listed")), "preclose", "close")
    yield from opening_faults(stocks)
    for column, name in JUMPS.items():
        yield name, jumped(now, column).collect()


def _shown(rows: pl.LazyFrame, *columns: str | pl.Expr) -> pl.DataFrame:
    return rows.select(*KEY, *columns).collect()


def _invented(ranged: pl.LazyFrame) -> pl.DataFrame:
    """Rows with amount = close x volume of stocks and months that have it often.

    Of a day with one price an honest amount is close x volume too: rows here have a range.
    """
    same = (pl.col("amount") - pl.col("close") * pl.col("volume")).abs() <= 1e-9 * pl.col("amount")
    rows = ranged.select(*KEY, "close", "volume", "amount", same=same.fill_null(value=False))
    month = pl.col("date").dt.truncate("1mo").alias("month")
    found = rows.collect()
    if found["same"].any():
        often = pl.col("same").mean().over("symbol", month) >= OFTEN
        found = found.filter(often)
    return found.filter("same").drop("same")


def _fault(name: str, rows: pl.DataFrame, looked_at: int) -> Fault:
    """The worst first, with a guess at the cause; rows come by date and symbol."""
    if "off" in rows.columns:
        rows = rows.sort("off", descending=True, nulls_last=True, maintain_order=True)
    return Fault(rows, looked_at, _cause(name, rows), name in GRAVE)


def _cause(name: str, rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return ""
    if name == VWAP:
        return of_vwap(rows["ratio"])
    if name in JUMPS.values():
        return of_jumps(rows["ratio"])
    if name == RETURN:
        raw = rows["close"].to_numpy() / rows["last"].to_numpy() - 1
        return of_returns(rows["step"].to_numpy(), raw, rows["adj_factor"].to_numpy())
    return CAUSES.get(name, "")
