"""Checks of bars: grid, spacing, VWAP, and their sums against the daily rows; a day at a time."""

from collections.abc import Iterator
from datetime import date, time

import polars as pl

from intralpha.market import Lake, bar_times, boards_of, vwap_outside
from intralpha.sources.quality.causes import of_jumps, of_sums, of_vwap
from intralpha.sources.quality.flips import COLUMNS, Flips
from intralpha.sources.quality.jumps import jumped, with_jumps
from intralpha.sources.quality.report import Fault
from intralpha.sources.tick import tick_column

KEY = ("date", "symbol")
PRICES = ("open", "high", "low", "close")
ROWS_AT_ONCE = 400_000
RESIDUES = (2, 3, 5)
# Opens are a trade away from the close before, ranges many: a gap is a small part of a range, but
# the larger the fewer trades a bar has. Bars of one price or of none tell how few they are.
GAP_SHARE, GAP_TICKS = 0.4, 4.0
LOST = 1.5  # a sum that is off by more is no matter of auctions


def bar_faults(
    lake: Lake, freq: int, tick_yuan: float | None
) -> tuple[dict[str, Fault], pl.DataFrame]:
    """Faults of the bars of one frequency, and one row a stock-day.

    Parameters
    ----------
    lake : with bars
    freq : minutes of one bar
    tick_yuan : price step; None: of each code's range

    Returns
    -------
    faults, days : the second for :func:`sum_faults`

    Notes
    -----
    Memory: the bars of a day, and about 20 numbers for every stock-day.
    """
    days = _bar_days(lake, freq, tick_yuan)
    full, n = len(bar_times(freq)), days.height
    traded = (pl.col("volume") > 0) & (pl.col("empty") > 0)
    idle = days.filter(pl.col("volume") == 0).select(KEY)
    unpriced = days.filter(pl.col("unpriced") > 0).select(*KEY, "unpriced")
    gaps = days.filter(traded).select(*KEY, "empty")
    faults = {
        "bars: incomplete days": Fault(days.filter(pl.col("bars") != full).select(*KEY, "bars"), n),
        "bars: days without any trade": Fault(idle, n),
        "bars: traded days with empty bars": Fault(gaps, n),
        "bars: days with bars before any price": Fault(unpriced, n),
    }
    return faults | _vwap_faults(days) | _spacing_faults(days, freq) | _jump_faults(days), days


def sum_faults(lake: Lake, days: pl.DataFrame, checked: dict[str, int]) -> dict[str, Fault]:
    """Differences between the bars of a stock-day and its daily row.

    Parameters
    ----------
    lake : with daily rows
    days : of :func:`bar_faults`
    checked : receives the number of stock-days that were compared

    Notes
    -----
    An opening auction that the bars say they do not hold counts with them.
    """
    span: tuple[date, date] = (days["date"].min(), days["date"].max())  # type: ignore[assignment]
    symbols = days["symbol"].unique().to_list()
    daily = lake.scan("daily", *span).filter(pl.col("symbol").is_in(symbols))
    rows = daily.select(*KEY, *PRICES, "volume", "amount").collect()
    whole = _with_auctions(lake, days, span)
    both = whole.join(rows, on=KEY, suffix="_daily").filter(pl.col("volume_daily") > 0)
    checked["stock-days with bars and a daily row that traded"] = n = both.height
    faults = {}
    for price in PRICES:
        off = both.filter((pl.col(price) - pl.col(f"{price}_daily")).abs() > 1e-6)
        shown = off.select(*KEY, price, f"{price}_daily")
        faults[f"bars: {price} is not the daily {price}"] = Fault(shown, n)
    for what in ("volume", "amount"):
        faults |= _sum_fault(both, what)
    absent = days.join(rows, on=KEY, how="anti").select(KEY)
    faults["bars: stock-days without a daily row"] = Fault(absent, days.height)
    lonely = rows.filter(pl.col("volume") > 0).join(days, on=KEY, how="anti").select(KEY)
    faults["daily: traded stock-days without bars"] = Fault(lonely, rows.height)
    return faults


def _with_auctions(lake: Lake, days: pl.DataFrame, span: tuple[date, date]) -> pl.DataFrame:
    """The stock-days with the opening auctions that stand apart from their bars."""
    if not lake.has("auctions"):
        return days
    opening = lake.scan("auctions", *span).filter(
        pl.col("time") <= time(9, 30), pl.col("volume") > 0
    )
    parts = opening.select(*KEY, "price", shares="volume", yuan="amount").collect()
    rows = days.join(parts, on=KEY, how="left")
    apart = ~pl.col("inside") & pl.col("price").is_not_null()
    price, shares, yuan = (pl.when(apart).then(pl.col(n)) for n in ("price", "shares", "yuan"))
    return rows.with_columns(
        pl.coalesce(price, "open").alias("open"),
        pl.max_horizontal("high", price),
        pl.min_horizontal("low", price),
        pl.col("volume") + shares.fill_null(0),
        pl.col("amount") + yuan.fill_null(0.0),
    ).drop("price", "shares", "yuan")


def _sum_fault(both: pl.DataFrame, what: str) -> dict[str, Fault]:
    ratio = pl.col(what) / pl.col(f"{what}_daily")
    rows = both.filter(pl.col(f"{what}_daily") > 0).with_columns((ratio - 1).alias(f"{what}_off"))
    rows = rows.select(*KEY, what, f"{what}_daily", f"{what}_off", ratio.log().abs().alias("off"))
    wrong = rows.filter(pl.col("off") > 0.005).sort("off", *KEY, descending=[True, False, False])
    far = wrong.filter(pl.col("off").exp() > LOST)
    cause = of_sums(far[f"{what}_off"] + 1, what)
    return {
        f"bars: {what} over 0.5 % off the daily {what}": Fault(wrong, rows.height),
        f"bars: {what} is not that of the day by half or more": Fault(
            far, rows.height, cause, True
        ),
    }


def _vwap_faults(days: pl.DataFrame) -> dict[str, Fault]:
    stocks = days.filter(~pl.col("index"))
    off = pl.col("ratio").log10().abs().alias("off")
    shown = stocks.filter(pl.col("outside") > 0).select(*KEY, "outside", "bars", "ratio", off)
    shown = shown.sort("outside", "off", *KEY, descending=[True, True, False, False])
    made = days.filter(pl.col("ranged") > 0, pl.col("made") == pl.col("ranged"))
    n = stocks.height
    return {
        "bars: amount / volume is outside low .. high": Fault(
            shown, n, of_vwap(shown["ratio"]), grave=True
        ),
        "bars: amount is exactly close x volume": Fault(
            made.select(*KEY, pl.col("made").alias("bars")),
            days.height,
            "no amount at the vendor: the reader made it from close and volume",
        ),
    }


def _spacing_faults(days: pl.DataFrame, freq: int) -> dict[str, Fault]:
    """Bars of another frequency than the one that they are said to have."""
    coarse = [
        pl.when((pl.col(f"residues_{k}") == 1) & (pl.col("trading") * k >= 0.8 * pl.col("bars")))
        .then(pl.lit(k))
        .alias(f"every_{k}")
        for k in RESIDUES
    ]
    step = pl.max_horizontal(*(f"every_{k}" for k in RESIDUES)).alias("every")
    few = days.filter(pl.col("trading") >= 4).with_columns(coarse).with_columns(step)
    few = few.filter(pl.col("every").is_not_null()).select(*KEY, "trading", "bars", "every")
    ratio = (pl.col("gap") / pl.col("range")).alias("off")
    moving = days.filter(pl.col("range_ticks") >= GAP_TICKS)
    torn = moving.filter(ratio > GAP_SHARE + pl.col("quiet"))
    torn = torn.select(*KEY, "gap", "range", "quiet", ratio)
    torn = torn.sort("off", *KEY, descending=[True, False, False])
    return {
        "bars: only every k-th bar trades": Fault(
            few, days.height, f"bars of more than {freq} minutes declared as {freq}?", grave=True
        ),
        "bars: opens do not join the closes before": Fault(
            torn,
            moving.height,
            "prices of another instant than the bar's, or lines left out?"
            if freq == 1
            else f"bars of fewer than {freq} minutes declared as {freq}?",
            grave=True,
        ),
    }


def _jump_faults(days: pl.DataFrame) -> dict[str, Fault]:
    faults = {}
    rows = days.sort("symbol", "date").with_columns(now=pl.lit(value=True))
    for column in COLUMNS:
        rows = with_jumps(rows, column)
        hit = jumped(rows, column).sort("off", *KEY, descending=[True, False, False])
        name = f"bars: the day's {column} is off its own recent median by a power of ten"
        faults[name] = Fault(hit, days.height, of_jumps(hit["ratio"]), grave=True)
    flips = Flips({column: f"bars: the day's {column}" for column in COLUMNS})
    flips.add(rows)
    return faults | flips.faults


def _bar_days(lake: Lake, freq: int, tick_yuan: float | None) -> pl.DataFrame:
    """One row a stock-day of bars."""
    days = pl.concat(_each_day(lake, freq, tick_yuan)).sort("date", "symbol")
    boards = boards_of(lake, days["symbol"].unique())
    board = pl.col("symbol").replace_strict(boards, return_dtype=pl.String)
    return days.with_columns(index=board == "index")


def _each_day(lake: Lake, freq: int, tick_yuan: float | None) -> Iterator[pl.DataFrame]:
    symbols = lake.scan("bars", freq=freq).select(pl.col("symbol").unique()).collect()["symbol"]
    tick = tick_column(symbols, tick_yuan)
    days = lake.dates("bars", freq)
    together = max(1, ROWS_AT_ONCE // (len(symbols) * len(bar_times(freq))))
    for start in range(0, len(days), together):
        span = days[start : start + together]
        rows = lake.scan("bars", span[0].item(), span[-1].item(), freq)
        yield _stock_days(rows.with_columns(tick), freq)


def _stock_days(rows: pl.LazyFrame, freq: int) -> pl.DataFrame:
    """Figures of each stock-day; rows are in the order of date, symbol and time."""
    place = pl.int_range(pl.len()).over("date", "symbol").alias("place")
    last = pl.col("close").shift(1).over("date", "symbol").alias("last")
    return rows.with_columns(place, last).group_by("date", "symbol").agg(_figures(freq)).collect()


def _figures(freq: int) -> list[pl.Expr]:
    """Of one stock-day; rows are in the order of time."""
    volume, amount, close = pl.col("volume"), pl.col("amount"), pl.col("close")
    high, low = pl.col("high"), pl.col("low")
    traded, ranged = volume > 0, (volume > 0) & (high > low)
    outside = vwap_outside(low, high, volume, amount, pl.col("tick"))
    made = ranged & ((amount - close * volume).abs() <= 1e-9 * amount)
    # Neither overnight nor over lunch.
    joined = traded & (pl.col("place") % (len(bar_times(freq)) // 2) != 0)
    gap = (pl.col("open") - pl.col("last")).abs()
    return [
        pl.len().alias("bars"),
        pl.col("auc_in_first").first().fill_null(value=True).alias("inside"),
        pl.col("open").first(),
        high.max(),
        low.min(),
        close.last(),
        volume.sum(),
        amount.sum(),
        (volume == 0).sum().alias("empty"),
        close.null_count().alias("unpriced"),
        traded.sum().alias("trading"),
        outside.sum().alias("outside"),
        (amount / (close * volume)).filter(outside).median().alias("ratio"),
        ranged.sum().alias("ranged"),
        made.sum().alias("made"),
        gap.filter(joined).sum().alias("gap"),
        (high - low).filter(joined).sum().alias("range"),
        (~ranged).mean().alias("quiet"),
        ((high - low).filter(joined).mean() / pl.col("tick").first()).alias("range_ticks"),
        *((pl.col("place") % k).filter(traded).n_unique().alias(f"residues_{k}") for k in RESIDUES),
    ]
