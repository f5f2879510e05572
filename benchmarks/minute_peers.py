"""The 15 minute factors of seed 002 as Polars, DuckDB and pandas would have them made.

They are what an engine of ours is measured against, so each is written as a practised user of the
tool writes it once the obvious way has turned out slow. All compute in float64 from the same
float32 prices and int32 counts, and take for granted what the grid promises: 240 rows a stock-day,
sorted by date, symbol and minute. That makes a lag a plain shift, half an hour a slice, and spares
Polars the hashing of its groups. The peers must agree with each other to 1e-6, or the benchmark
fails; ``--check`` holds each against the plain reference of the tests.

    python benchmarks/minute_peers.py            5,000 stocks, 4 days
    python benchmarks/minute_peers.py --quick    500 stocks, 2 days
    python benchmarks/minute_peers.py --check    few stocks beside tests/reference, no timing
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from polars import col, when

MINUTES, CONTINUOUS, TICK = 240, 237, 0.01
PRICES = ("open", "high", "low", "close")
MINUTE_COLUMNS = (*PRICES, "volume", "amount", "trades")
COUNTS = ("volume", "trades")
LIMITS = ("preclose", "up_limit", "down_limit")
DAY_COLUMNS = (*LIMITS, "auction_volume", "auction_amount", "auction_trades")
HALF_HOURS = range(2, 8)
STAYS = (*(f"volume_perc{k}" for k in HALF_HOURS), "corr_volume_item")  # also on a locked day
FACTORS = (
    "late_skew_ret", "down_vol_perc", "corr_ret_lastret", "corr_close_nextopen",
    *STAYS, "early_corr_volume_ret", "bigorder_ret", "down_single_amt_perc",
    "corr_volume_amplitude",
)  # fmt: skip

Day = dict[str, np.ndarray]


def _closes(
    rng: np.random.Generator, preclose: np.ndarray, empty: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First price, closes on the grid, and which minutes traded; one stock in 40 meets a limit."""
    shape, minute = (len(preclose), MINUTES), np.arange(MINUTES)
    busy = 0.7 + 0.9 * np.abs(np.linspace(-1, 1, MINUTES, dtype=np.float32)) ** 3
    step = (4e-4 + 8e-4 * rng.random((len(preclose), 1), dtype=np.float32)) * busy
    path = np.cumsum(step * rng.standard_normal(shape, dtype=np.float32), axis=1)
    start = preclose * np.exp(rng.normal(0, 0.006, len(preclose)))
    fate = rng.random(len(preclose))  # below 0.01: locked all day; below 0.025: from some minute
    since = np.where(fate < 0.01, 0, rng.integers(30, 230, len(preclose)))
    at_limit = (fate < 0.025)[:, None] & (minute >= since[:, None])
    path = np.where(at_limit, np.where(fate < 0.02, 1.0, -1.0)[:, None], path)
    up, down = np.round(1.1 * preclose, 2)[:, None], np.round(0.9 * preclose, 2)[:, None]
    close = np.clip(np.round(start[:, None] * np.exp(path), 2), down, up)
    first = np.where(since == 0, close[:, 0], np.round(start, 2))
    traded = rng.random(shape, dtype=np.float32) >= empty[:, None]
    traded[:, CONTINUOUS:-1], traded[:, -1] = False, True
    last = np.maximum.accumulate(np.where(traded, minute, -1), axis=1)
    close = np.where(last >= 0, np.take_along_axis(close, last, axis=1), first[:, None])
    return first, close, traded


def _make_day(
    rng: np.random.Generator, preclose: np.ndarray, lots: np.ndarray, empty: np.ndarray
) -> Day:
    """Prices within the limits, volumes high at both ends, amounts between low and high."""
    shape = (len(preclose), MINUTES)
    first, close, traded = _closes(rng, preclose, empty)
    before = np.concatenate([first[:, None], close[:, :-1]], axis=1)
    up, down = np.round(1.1 * preclose, 2)[:, None], np.round(0.9 * preclose, 2)[:, None]
    one_price = ~traded | ((before == close) & ((close == up) | (close == down)))
    one_price[:, -1] = True
    ticks = TICK * rng.integers(0, 3, (3, *shape), dtype=np.int8)
    opened = np.where(one_price, close, np.clip(before + ticks[0] - TICK, down, up))
    above, below = np.where(one_price, 0, ticks[1:])
    high = np.minimum(np.maximum(opened, close) + above, up)
    low = np.maximum(np.minimum(opened, close) - below, down)
    curve = 1 + 2 * np.abs(np.linspace(-1, 1, MINUTES, dtype=np.float32)) ** 3
    curve[-1] = 8
    noise = np.exp(0.9 * rng.standard_normal(shape, dtype=np.float32))
    size = np.minimum(1 + np.floor(lots[:, None] * curve * noise), 1.5e5)
    volume = np.where(traded, 100 * size, 0)
    price = low + (high - low) * rng.random(shape, dtype=np.float32)
    per_trade = np.exp(2 + 0.5 * rng.standard_normal(shape, dtype=np.float32))
    auction = 100 * np.floor(10 * lots)
    day = {
        "open": opened, "high": high, "low": low, "close": close, "volume": volume,
        "amount": np.round(price * volume, 2),
        "trades": np.where(traded, np.maximum(1, np.floor(size / per_trade)), 0),
        "preclose": preclose, "up_limit": up[:, 0], "down_limit": down[:, 0],
        "auction_volume": auction, "auction_amount": auction * first,
        "auction_trades": np.ceil(2 * lots),
    }  # fmt: skip
    return {name: x.astype(np.float32) for name, x in day.items()}


def make_days(n_stocks: int, n_days: int, seed: int = 0) -> list[Day]:
    """Consecutive days of a made-up market.

    Each day holds ``date`` (datetime64), ``symbol`` (int32, [n_stocks]) and float32 arrays: the
    ``MINUTE_COLUMNS`` [n_stocks, 240] and the ``DAY_COLUMNS`` [n_stocks]. Of minutes 1 to 237 one
    in 20 is empty (V = A = N = 0 at the previous close), more so in thin stocks; 238 and 239 are
    empty always and 240 is the closing print.
    """
    rng = np.random.default_rng(seed)
    preclose = 1 + np.round(np.exp(rng.normal(2.5, 0.7, n_stocks)), 2)
    lots, empty = np.exp(rng.normal(5, 1, n_stocks)), rng.beta(0.5, 9.5, n_stocks)
    symbol = np.arange(600_000, 600_000 + n_stocks, dtype=np.int32)
    days = []
    for date in np.busday_offset("2024-01-02", np.arange(n_days), roll="forward"):
        day = _make_day(rng, preclose, lots, empty)
        days.append({"date": date, "symbol": symbol} | day)
        preclose = np.round(day["close"][:, -1].astype(np.float64), 2)
    return days


def to_frame(day: Day) -> pl.DataFrame:
    """One row a (date, symbol, minute), sorted, the day's facts repeated in each of its rows."""
    n = len(day["symbol"])
    frame = {
        "date": np.full(n * MINUTES, day["date"]),
        "symbol": np.repeat(day["symbol"], MINUTES),
        "minute": np.tile(np.arange(1, MINUTES + 1, dtype=np.int16), n),
    }
    for name in MINUTE_COLUMNS:
        frame[name] = day[name].ravel().astype(np.int32 if name in COUNTS else np.float32)
    return pl.DataFrame(frame | {name: np.repeat(day[name], MINUTES) for name in DAY_COLUMNS})


def write_parquet(days: list[Day], folder: Path) -> list[Path]:
    """One file a day, in row groups of 512 whole stock-days."""
    paths = [folder / f"{day['date']}.parquet" for day in days]
    for path, day in zip(paths, days, strict=True):
        to_frame(day).write_parquet(path, compression="lz4", row_group_size=512 * MINUTES)
    return paths


def _polars_columns(rows: pl.LazyFrame, plain: bool = False) -> pl.LazyFrame:
    """What the factors are made of, null where a minute does not count, one sorted key a day."""

    def past(values: pl.Expr, rows_back: int = 1) -> pl.Expr:
        shifted = values.shift(rows_back)
        return shifted.over("date", "symbol") if plain else shifted

    minute, wide = col("minute"), pl.Float64
    opened, high, low, close = (col(name).cast(wide) for name in PRICES)
    volume, amount, trades = (col(name).cast(wide) for name in ("volume", "amount", "trades"))
    at_limit = [(col("high") - col(limit)).abs() <= TICK / 2 for limit in LIMITS[1:]]
    before = when(minute == 1).then(opened).otherwise(past(close))
    # The earlier of two neighbours: not across a night or lunch, and ok itself.
    follows = (minute != 1) & (minute != 121) & past(col("ok"))
    ok, traded = col("ok"), col("traded")
    return (
        rows.with_columns(locked=(col("high") == col("low")) & (at_limit[0] | at_limit[1]))
        .with_columns(ok=(minute <= CONTINUOUS) & ~col("locked"), ret=close / before - 1)
        .with_columns(traded=ok & (col("volume") > 0))
        .select(
            "date", "symbol", volume, "auction_volume",
            day=(col("date").to_physical().cast(pl.Int64) * 10**7 + col("symbol")).set_sorted(),
            locked=col("locked") & (minute <= CONTINUOUS),
            r=when(ok).then("ret"),
            r_past=when(ok & follows).then(past(col("ret"))),
            r_traded=when(traded).then("ret"),
            squares=when(ok).then(col("ret") ** 2),
            falling=when(ok & (col("ret") < 0)).then(col("ret") ** 2),
            late=when(ok & (minute > 210)).then("ret")
            .when((minute == MINUTES) & ~col("locked") & (col("volume") > 0))
            .then(close / past(close, MINUTES - CONTINUOUS) - 1),
            c_past=when(traded & follows).then(past(close)),
            o=when(traded).then(opened),
            v=when(traded).then(volume),
            n=when(traded).then(trades),
            a=when(traded).then(amount),
            n_down=when(traded & (col("ret") < 0)).then(trades),
            a_down=when(traded & (col("ret") < 0)).then(amount),
            per_trade=when(traded & (col("trades") > 0)).then(amount / trades),
            amplitude=when(traded).then((high - low) / low),
        )
    )  # fmt: skip


def _polars15(rows: pl.LazyFrame, plain: bool = False) -> pl.LazyFrame:
    """One group-by; what has too few observations is dropped from its outcome."""
    volume, early = col("volume"), [col(name).slice(0, 30) for name in ("v", "r_traded")]
    top = (3 * col("per_trade").count() + 9) // 10
    by_size = col("r_traded").sort_by(
        "per_trade", descending=True, nulls_last=True, maintain_order=True
    )
    factors = {
        "late_skew_ret": col("late").slice(210, 30).skew(),
        "down_vol_perc": col("falling").sum() / col("squares").sum(),
        "corr_ret_lastret": pl.corr("r_past", "r"),
        "corr_close_nextopen": pl.corr("c_past", "o"),
        **{
            f"volume_perc{k}": volume.slice(30 * (k - 1), 30).sum()
            / (volume.sum() + col("auction_volume").first().cast(pl.Float64))
            for k in HALF_HOURS
        },
        "corr_volume_item": pl.corr("v", "n"),
        "early_corr_volume_ret": pl.corr(*early),
        "bigorder_ret": (1 + by_size.head(top)).product() - 1,
        "down_single_amt_perc": col("a_down").sum() / col("n_down").sum()
        / (col("a").sum() / col("n").sum()),
        "corr_volume_amplitude": pl.corr("v", "amplitude"),
    }  # fmt: skip
    enough = {
        "late_skew_ret": col("late").slice(210, 30).count() >= 10,
        "early_corr_volume_ret": early[0].count() >= 10,
        "down_vol_perc": col("r").count() >= 60,
        "corr_ret_lastret": col("r_past").count() >= 60,
        "corr_close_nextopen": col("c_past").count() >= 60,
        "bigorder_ret": col("per_trade").count() >= 60,
    }
    for name in ("corr_volume_item", "down_single_amt_perc", "corr_volume_amplitude"):
        enough[name] = col("v").count() >= 60
    names = [] if plain else [col("date").first(), col("symbol").first()]
    keys = ("date", "symbol") if plain else ("day",)
    grouped = _polars_columns(rows, plain).group_by(*keys).agg(
        *names, free=2 * col("locked").sum() <= CONTINUOUS,
        **factors, **{f"enough_{name}": rule for name, rule in enough.items()},
    )  # fmt: skip
    kept = {}
    for name in FACTORS:
        rule = col(f"enough_{name}") if name in enough else pl.lit(True)
        kept[name] = when(rule if name in STAYS else rule & col("free")).then(name)
    return grouped.select("date", "symbol", **kept)


def polars15(frame: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """The factors of a sorted table; rows in no particular order, null or NaN where undefined."""
    return _polars15(frame.lazy()).collect(engine="streaming")


def polars15_plain(frame: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """The same as most would write it: windows and groups over date and symbol."""
    return _polars15(frame.lazy(), plain=True).collect()


def polars15_parquet(folder: Path) -> pl.DataFrame:
    """The same from files, scanned lazily."""
    return polars15(pl.scan_parquet(sorted(folder.glob("*.parquet"))))


_SHARES = ", ".join(
    f"sum(volume) filter (minute between {30 * k - 29} and {30 * k})"
    f" / (sum(volume) + any_value(auction_volume)::double) as volume_perc{k}"
    for k in HALF_HOURS
)

DUCKDB_SQL = f"""
with bars as (
  select date, symbol, minute, open, high, low, close::double as close, volume, amount, trades,
    auction_volume,
    lag(close::double) over () as past, lag(close::double, 3) over () as past3,
    high = low and (abs(high - up_limit) <= 0.005 or abs(high - down_limit) <= 0.005) as locked
  from {{source}}
), returns as (
  select *, minute <= 237 and not locked as ok,
    close / case when minute = 1 then open::double else past end - 1 as ret
  from bars
), pairs as (
  select *, ok and volume > 0 as traded, lag(ret) over () as ret_past,
    minute not in (1, 121) and lag(ok) over () as follows
  from returns
), columns as (
  select date, symbol, minute, volume, auction_volume, locked and minute <= 237 as locked,
    case when ok then ret end as r,
    case when ok and follows then ret_past end as r_past,
    case when traded then ret end as r_traded,
    case when minute > 210 and ok then ret
         when minute = 240 and not locked and volume > 0 then close / past3 - 1 end as late,
    case when traded and follows then past end as c_past,
    case when traded then open::double end as o,
    case when traded then volume::double end as v,
    case when traded then trades::double end as n,
    case when traded then amount::double end as a,
    case when traded and trades > 0 then amount::double / trades end as per_trade,
    case when traded then (high::double - low) / low end as amplitude
  from pairs
), grouped as (
  select date, symbol, 2 * count(*) filter (locked) <= 237 as free,
    count(late) as n_late, skewness(late) as skew,
    count(r) as n_r, sum(r * r) filter (r < 0) / sum(r * r) as falling,
    count(r_past) as n_pairs, corr(r_past, r) as corr_r,
    count(c_past) as n_opens, corr(c_past, o) as corr_o,
    {_SHARES},
    count(v) as n_traded, corr(v, n) as corr_n, corr(v, amplitude) as corr_amplitude,
    count(v) filter (minute <= 30) as n_early,
    corr(v, r_traded) filter (minute <= 30) as corr_early,
    count(per_trade) as n_sizes,
    list_product((list(1 + r_traded order by per_trade desc, minute)
      filter (per_trade is not null))[1 : (3 * count(per_trade) + 9) // 10]) - 1 as top,
    (sum(a) filter (r_traded < 0) / sum(n) filter (r_traded < 0)) / (sum(a) / sum(n)) as per_down
  from columns group by date, symbol
)
select date, symbol,
  -- DuckDB's skewness is that of a sample; ours is the population's
  case when free and n_late >= 10 then skew * (n_late - 2) / sqrt(n_late * (n_late - 1)) end
    as late_skew_ret,
  case when free and n_r >= 60 then falling end as down_vol_perc,
  case when free and n_pairs >= 60 then corr_r end as corr_ret_lastret,
  case when free and n_opens >= 60 then corr_o end as corr_close_nextopen,
  {", ".join(STAYS[:-1])},
  case when n_traded >= 60 then corr_n end as corr_volume_item,
  case when free and n_early >= 10 then corr_early end as early_corr_volume_ret,
  case when free and n_sizes >= 60 then top end as bigorder_ret,
  case when free and n_traded >= 60 then per_down end as down_single_amt_perc,
  case when free and n_traded >= 60 then corr_amplitude end as corr_volume_amplitude
from grouped
"""


def _parts(rows: int, parts: int) -> list[tuple[int, int]]:
    """Row ranges of about equal length that cut no stock-day; of few rows, fewer ranges."""
    parts = max(1, min(parts, rows // (500 * MINUTES)))
    edges = [rows // MINUTES * i // parts * MINUTES for i in range(parts + 1)]
    return list(pairwise(edges))


def _threads(connection: Any) -> int:
    return connection.sql("select current_setting('threads')::int").fetchall()[0][0]


def _union(connection: Any, sources: list[str]) -> pl.DataFrame:
    """A lag without a window streams, but on one thread: so each source is a branch of its own.

    On four threads this takes two thirds of the time of windows by (date, symbol).
    """
    branches = [f"({DUCKDB_SQL.format(source=source)})" for source in sources]
    return connection.sql(" union all ".join(branches)).pl()


def duckdb15(frame: pl.DataFrame) -> pl.DataFrame | None:
    """The factors of a sorted table in SQL; None without DuckDB."""
    if not find_spec("duckdb"):
        return None
    import duckdb

    with duckdb.connect() as connection:
        parts = _parts(frame.height, _threads(connection))
        for i, (start, stop) in enumerate(parts):
            connection.register(f"part{i}", frame[start:stop])
        return _union(connection, [f"part{i}" for i in range(len(parts))])


def duckdb15_parquet(folder: Path) -> pl.DataFrame | None:
    """The same from files; None without DuckDB."""
    if not find_spec("duckdb"):
        return None
    import duckdb

    with duckdb.connect() as connection:
        metadata = f"select file_name, num_rows from parquet_file_metadata('{folder}/*.parquet')"
        files = connection.sql(metadata).fetchall()
        parts_a_file = -(-_threads(connection) // len(files))
        sources = [
            f"(select * from read_parquet('{path}', file_row_number = true)"
            f" where file_row_number >= {start} and file_row_number < {stop})"
            for path, rows in sorted(files)
            for start, stop in _parts(rows, parts_a_file)
        ]
        return _union(connection, sources)


PAIRS = {  # what is correlated with what, over which minutes
    "corr_ret_lastret": ("r_past", "r", "pairs"),
    "corr_close_nextopen": ("c_past", "o", "opens"),
    "corr_volume_item": ("v", "n", "traded"),
    "early_corr_volume_ret": ("v_early", "r_early", "early"),
    "corr_volume_amplitude": ("v", "amplitude", "traded"),
}


def _pandas_masks(frame: Any) -> dict[str, np.ndarray]:
    """Which minutes count for what."""
    minute, high = frame["minute"].to_numpy(), frame["high"].to_numpy()
    at_limit = [np.abs(high - frame[limit].to_numpy()) <= TICK / 2 for limit in LIMITS[1:]]
    locked = (high == frame["low"].to_numpy()) & (at_limit[0] | at_limit[1])
    some = frame["volume"].to_numpy() > 0
    ok = (minute <= CONTINUOUS) & ~locked
    follows = np.roll(ok, 1) & (minute != 1) & (minute != 121)
    return {
        "ok": ok, "traded": ok & some, "locked": locked & (minute <= CONTINUOUS),
        "pairs": ok & follows, "opens": ok & some & follows, "early": ok & some & (minute <= 30),
        "n_late": (minute > 210) & (ok | ((minute == MINUTES) & some & ~locked)),
        "sizes": ok & some & (frame["trades"].to_numpy() > 0),
    }  # fmt: skip


def _top_minutes(key: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The 30 % of the kept minutes of each day with the largest key; of equals the earlier.

    Sorting the grid's rows takes an eighth of the time of ``groupby().rank(method="first")``.
    """
    order = np.argsort(np.where(kept, -key, np.inf).reshape(-1, MINUTES), axis=1, kind="stable")
    n_top = (3 * kept.reshape(-1, MINUTES).sum(axis=1, keepdims=True) + 9) // 10
    top = np.empty(order.shape, dtype=bool)
    np.put_along_axis(top, order, np.arange(MINUTES) < n_top, axis=1)
    return top.ravel()


def _pandas_columns(frame: Any, masks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is summed a day, 0 where a minute does not count; prices less the previous close."""
    minute, ok, traded = frame["minute"].to_numpy(), masks["ok"], masks["traded"]
    opened, high, low, close, volume, amount, trades, preclose = (
        frame[name].to_numpy(np.float64) for name in (*MINUTE_COLUMNS, "preclose")
    )
    past = np.roll(close, 1)
    ret = close / np.where(minute == 1, opened, past) - 1
    down = traded & (ret < 0)
    printed = close / np.roll(close, MINUTES - CONTINUOUS) - 1
    late = np.where(masks["n_late"], np.where(minute == MINUTES, printed, ret), 0.0)
    per_trade = np.divide(amount, trades, where=masks["sizes"], out=np.zeros(len(ret)))
    top = _top_minutes(per_trade, masks["sizes"])
    out = {
        "r_past": np.where(masks["pairs"], np.roll(ret, 1), 0.0),
        "r": np.where(masks["pairs"], ret, 0.0),
        "c_past": np.where(masks["opens"], past - preclose, 0.0),
        "o": np.where(masks["opens"], opened - preclose, 0.0),
        "v": np.where(traded, volume, 0.0), "n": np.where(traded, trades, 0.0),
        "v_early": np.where(masks["early"], volume, 0.0),
        "r_early": np.where(masks["early"], ret, 0.0),
        "amplitude": np.where(traded, (high - low) / low, 0.0),
    }  # fmt: skip
    for x, y, _ in PAIRS.values():
        out |= {f"{x} {x}": out[x] ** 2, f"{y} {y}": out[y] ** 2, f"{x} {y}": out[x] * out[y]}
    out |= {"late": late, "late2": late**2, "late3": late * late * late}
    out["top"] = np.where(top, np.log1p(ret), 0.0)
    squares = np.where(ok, ret * ret, 0.0)
    out |= {"squares": squares, "falling": np.where(ret < 0, squares, 0.0)}
    out |= {"a": np.where(traded, amount, 0.0), "a_down": np.where(down, amount, 0.0)}
    out |= {"n_down": np.where(down, trades, 0.0), "volume": volume}
    for k in HALF_HOURS:
        out[f"volume{k}"] = np.where((minute > 30 * k - 30) & (minute <= 30 * k), volume, 0.0)
    return out


def _corr(sums: Any, n: Any, x: str, y: str) -> Any:
    """Pearson from sums of ``x``, ``y`` and their products; NaN where one does not vary."""
    n_xx, n_yy = n * sums[f"{x} {x}"], n * sums[f"{y} {y}"]
    var_x, var_y = n_xx - sums[x] ** 2, n_yy - sums[y] ** 2
    varies = (var_x > 1e-12 * n_xx) & (var_y > 1e-12 * n_yy)
    return (n * sums[f"{x} {y}"] - sums[x] * sums[y]) / np.sqrt((var_x * var_y).where(varies))


def pandas15(frame: Any) -> Any:
    """The factors of a sorted pandas frame, NaN where undefined; None without pandas.

    Sums are what pandas groups fast, so the correlations are made of sums.
    """
    if not find_spec("pandas"):
        return None
    import pandas as pd

    day = np.arange(len(frame)) // MINUTES
    masks = _pandas_masks(frame)
    table = pd.DataFrame(_pandas_columns(frame, masks) | masks, copy=False)
    sums = table.groupby(day, sort=False).sum()
    late, n = sums["late"] / sums["n_late"], sums["n_late"]
    variance = sums["late2"] / n - late**2
    third = sums["late3"] / n - 3 * late * sums["late2"] / n + 2 * late**3
    volume = sums["volume"] + frame["auction_volume"].to_numpy(np.float64)[::MINUTES]
    enough = {"late_skew_ret": n >= 10, "down_vol_perc": sums["ok"] >= 60}
    enough |= {"bigorder_ret": sums["sizes"] >= 60, "down_single_amt_perc": sums["traded"] >= 60}
    out = {
        "late_skew_ret": third / variance.where(variance > 0) ** 1.5,
        "down_vol_perc": sums["falling"] / sums["squares"],
        "bigorder_ret": np.expm1(sums["top"]),
        "down_single_amt_perc": sums["a_down"] / sums["n_down"] / (sums["a"] / sums["n"]),
    } | {f"volume_perc{k}": sums[f"volume{k}"] / volume for k in HALF_HOURS}
    for name, (x, y, mask) in PAIRS.items():
        enough[name] = sums[mask] >= (10 if mask == "early" else 60)
        out[name] = _corr(sums, sums[mask], x, y)
    free = 2 * sums["locked"] <= CONTINUOUS
    for name in FACTORS:
        rule = enough.get(name, volume > 0)
        out[name] = out[name].where(rule if name in STAYS else rule & free)
    keys = {name: frame[name].to_numpy()[::MINUTES] for name in ("date", "symbol")}
    return pd.DataFrame(keys | {name: out[name].to_numpy() for name in FACTORS})


def same(got: pl.DataFrame, want: pl.DataFrame, tolerance: float) -> float:
    """Largest relative difference; fails where it is too large or only one has a value."""
    keys = ["date", "symbol"]
    got = want.select(keys).join(got, on=keys, how="left", maintain_order="left")
    worst, compared = 0.0, 0
    for name in FACTORS:
        ours, theirs = (x[name].fill_null(np.nan).to_numpy() for x in (got, want))
        both = np.isfinite(theirs)
        assert (np.isfinite(ours) == both).all(), f"{name}: one side has no value"
        gap = np.abs(ours[both] - theirs[both])
        relative = gap / np.maximum(np.abs(theirs[both]), 1e-6)  # a return may be exactly 0
        worst, compared = max(worst, float(relative.max(initial=0))), compared + int(both.sum())
        assert worst < tolerance, f"{name}: off by {worst:.2g}"
    assert compared > want.height, "hardly anything was compared"
    return worst


def from_pandas(frame: Any) -> pl.DataFrame:
    """Their outcome as a Polars table with the keys of the others."""
    names = ["date", "symbol", *FACTORS]
    out = pl.DataFrame({name: frame[name].to_numpy() for name in names})
    return out.with_columns(col("date").cast(pl.Date))


def days_to_check() -> list[Day]:
    """Ordinary stocks, limits, and stocks that hardly trade, stand still or have equal trades."""
    days = make_days(30, 2, seed=1)
    for day in days:
        minute = np.arange(MINUTES)
        for stock, empty in ((0, minute >= 0), (1, minute >= 61), (2, minute >= 9)):
            for name in ("volume", "amount", "trades"):
                day[name][stock, empty] = 0
        for name in PRICES:
            day[name][3] = day["preclose"][3] + np.float32(0.07)  # the same all day
            day[name][4, :170] = day["up_limit"][4]
            day[name][5, 100:160] = day["down_limit"][5]
        day["auction_volume"][0] = 0
        day["trades"][6] = np.minimum(day["trades"][6], 1)
        day["amount"][6] = 1000 * day["trades"][6]  # ties: the earlier minute first
        day["volume"][8] = np.minimum(day["volume"][8] * 1000, 1.6e7)  # a day's sum beyond int32
        day["amount"][7] = day["trades"][7] * np.where(minute % 3 == 0, 2000, 1000)
    return days


def reference15(days: list[Day]) -> pl.DataFrame:
    """The plain reference of the tests, stock by stock."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from reference.day import MinuteDay
    from reference.minute15 import minute15

    rows = []
    for day in days:
        for i, symbol in enumerate(day["symbol"]):
            minutes = {name: day[name][i].astype(np.float64) for name in MINUTE_COLUMNS}
            facts = {name: float(day[name][i]) for name in DAY_COLUMNS}
            values = minute15(MinuteDay(**minutes, **facts))
            rows.append({"date": day["date"].item(), "symbol": int(symbol)} | values)
    return pl.DataFrame(rows, schema_overrides={"symbol": pl.Int32})


def check() -> None:
    """Every peer beside the reference, from memory and from files."""
    days = days_to_check()
    want, frame = reference15(days), pl.concat(map(to_frame, days))
    with TemporaryDirectory() as folder:
        write_parquet(days, Path(folder))
        for name, work in contenders(frame, Path(folder)).items():
            out = work()
            worst = "absent" if out is None else f"{same(out, want, 1e-6):.1e}"
            print(f"{name:28s} largest relative difference {worst}")


def contenders(frame: pl.DataFrame, folder: Path) -> dict[str, Callable[[], pl.DataFrame | None]]:
    """The peers on the same rows."""
    table = frame.to_pandas() if find_spec("pandas") else None
    return {
        "Polars": lambda: polars15(frame),
        "Polars, plain": lambda: polars15_plain(frame),
        "DuckDB": lambda: duckdb15(frame),
        "pandas": lambda: None if table is None else from_pandas(pandas15(table)),
        "Polars, plain, Parquet": lambda: polars15_plain(
            pl.scan_parquet(sorted(folder.glob("*.parquet")))
        ),
        "Polars, Parquet": lambda: polars15_parquet(folder),
        "DuckDB, Parquet": lambda: duckdb15_parquet(folder),
    }


def main() -> None:
    """Measure, compare the peers with each other, print a table and one line of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less data, a few seconds")
    parser.add_argument("--check", action="store_true", help="only compare with the reference")
    arguments = parser.parse_args()
    if arguments.check:
        return check()
    n_stocks, n_days = (500, 2) if arguments.quick else (5_000, 4)
    days = make_days(n_stocks, n_days)
    frame, rates = pl.concat(map(to_frame, days)), {}
    with TemporaryDirectory() as folder:
        write_parquet(days, Path(folder))
        works = contenders(frame, Path(folder))
        want = works["Polars"]()
        for name, work in works.items():
            out = work()
            rates[name] = float("nan")
            if out is not None:
                same(out, want, 1e-6)
                rates[name] = n_stocks * n_days / best_of(work, 3)
    print(f"{platform.machine()}, {os.cpu_count()} cores; {n_stocks:,} stocks x {n_days} days")
    for name, rate in rates.items():
        print(f"{name:18s}{rate:12,.0f} stock-days/s")
    keys = (
        "polars",
        "polars_plain",
        "duckdb",
        "pandas",
        "polars_plain_parquet",
        "polars_parquet",
        "duckdb_parquet",
    )
    print("RESULT " + " ".join(f"{k}={x:.0f}" for k, x in zip(keys, rates.values(), strict=True)))
    return None


def best_of(work: Callable[[], object], rounds: int) -> float:
    """Shortest wall time in seconds."""
    seconds = []
    for _ in range(rounds):
        started = perf_counter()
        work()
        seconds.append(perf_counter() - started)
    return min(seconds)


if __name__ == "__main__":
    main()
