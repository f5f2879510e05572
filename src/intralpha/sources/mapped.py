"""MappedSource: rows of a mapping become bars on a full grid, or daily rows with limits."""

from collections.abc import Iterator
from datetime import time

import polars as pl

from intralpha.market import bar_times, split_valid
from intralpha.sources.daily_rows import finish_daily
from intralpha.sources.files import fingerprint
from intralpha.sources.mapping import MappingSpec
from intralpha.sources.raw_rows import read_rows
from intralpha.sources.source import QUARANTINE, Batch, Source

ROWS_A_BATCH = 1_000_000
PRICES = ("open", "high", "low", "close")


class MappedSource(Source):
    """Reader of any vendor that a :class:`MappingSpec` describes.

    Parameters
    ----------
    spec : the mapping
    """

    def __init__(self, spec: MappingSpec) -> None:
        self.spec = spec
        self.name = spec.preset or "mapping"

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """Files gathered to about a million rows a batch."""
        rows: list[pl.DataFrame] = []
        bad: list[pl.DataFrame] = []
        names: list[str] = []
        for name, good, quarantined in read_rows(self.spec):
            rows.append(good.with_columns(pl.lit(name).alias("origin")))
            bad.append(quarantined)
            names.append(name)
            if sum(r.height for r in rows) >= ROWS_A_BATCH:
                yield from self._finish(names, pl.concat(rows), pl.concat(bad))
                rows, bad, names = [], [], []
        if names:
            yield from self._finish(names, pl.concat(rows), pl.concat(bad))

    def _finish(self, names: list[str], rows: pl.DataFrame, bad: pl.DataFrame) -> Iterator[Batch]:
        origin = names[0] if len(names) == 1 else f"{names[0]} .. {names[-1]} ({len(names)} files)"
        read = rows.height + bad.height
        rows, twins = drop_twins(rows, ["symbol", "date", "time"])
        rows = _units(rows, self.spec)
        if self.spec.table == "daily":
            frame, repairs = finish_daily(rows, self.spec.tick_yuan)
            yield _batch("daily", frame, rows, origin, bad, {**repairs, **twins}, read)
            return
        rows, auctions = _split_auctions(rows, self.spec)
        rows, repairs = _repair_prices(rows)
        good, bad_rows = _valid_bars(rows, self.spec)
        frame, filled = fill_grid(good, self.spec.freq or 0)
        counts = {**twins, **repairs, "bars filled to complete the grid": filled}
        bad = pl.concat([bad, bad_rows])
        yield Batch("bars", frame, origin, bad, {k: n for k, n in counts.items() if n}, read)
        if auctions.height:
            yield Batch("auctions", auctions, origin)


def drop_twins(rows: pl.DataFrame, key: list[str]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Leave out rows that repeat another one in every value; count them."""
    values = [c for c in rows.columns if c not in ("line", "origin")]
    unique = rows.unique(subset=values, keep="first", maintain_order=True)
    del key
    count = rows.height - unique.height
    return unique, {"exact duplicate rows left out": count} if count else {}


def to_quarantine(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with ``origin``, ``line`` and ``reason`` in the form of the quarantine."""
    shown = [c for c in rows.columns if c not in ("origin", "line", "reason")]
    text = pl.concat_str([pl.col(c).cast(pl.String).fill_null("") for c in shown], separator=",")
    return rows.select("origin", pl.col("line").cast(pl.Int64), "reason", text.alias("row")).cast(
        QUARANTINE  # type: ignore[arg-type]
    )


def _batch(
    table: str,
    frame: pl.DataFrame,
    rows: pl.DataFrame,
    origin: str,
    bad: pl.DataFrame,
    repairs: dict[str, int],
    read: int,
) -> Batch:
    """Check the rows against the table's rules and set bad ones aside with file and line."""
    good, refused = split_valid(table, frame)
    where = rows.select("symbol", "date", "origin", "line").unique(["symbol", "date"])
    listed = refused.join(where, on=["symbol", "date"], how="left")
    return Batch(table, good, origin, pl.concat([bad, to_quarantine(listed)]), repairs, read)


def _units(rows: pl.DataFrame, spec: MappingSpec) -> pl.DataFrame:
    """Shares, CNY and bar ends."""
    lot = 100 if spec.volume_unit == "lots" else 1
    prices = [c for c in (*PRICES, "preclose") if c in rows.columns]
    if "amount" not in rows.columns:
        rows = rows.with_columns(
            (pl.col("volume") * lot * pl.col("close") / spec.price_scale).alias("amount")
            if spec.table == "bars"
            else pl.lit(None, pl.Float64).alias("amount")
        )
        scale = 1.0
    else:
        scale = spec.amount_unit_yuan
    shift = pl.duration(minutes=spec.freq or 0) if spec.stamp == "start" else pl.duration()
    moved = pl.col("date").dt.combine(pl.col("time")) + shift
    return rows.with_columns(
        *(pl.col(c) / spec.price_scale for c in prices if spec.price_scale != 1),
        (pl.col("volume") * lot).round().cast(pl.Int64).alias("volume"),
        pl.col("amount") * scale,
        moved.dt.time().alias("time"),
    )


def _split_auctions(rows: pl.DataFrame, spec: MappingSpec) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take the opening auction's own row (09:25 to 09:30) out of the bars."""
    if spec.opening_auction != "own_row":
        return rows, pl.DataFrame()
    first = pl.col("time").is_between(time(9, 25), time(9, 30))
    auctions = rows.filter(first).select(
        "date",
        "symbol",
        pl.lit(time(9, 25)).alias("time"),
        pl.col("close").alias("price"),
        "volume",
        "amount",
    )
    return rows.filter(~first), auctions.filter(pl.col("price") > 0)


def _repair_prices(rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Zero prices: a bar without trades takes the last close, an unknown open likewise.

    A bar of zeros with volume 0 says that nothing traded: open, high, low and close become the
    stock's last close. An open of 0 beside valid prices says that the vendor does not know it: it
    becomes the last close of the day held inside the bar's range (its own close if there is none).
    """
    rows = rows.sort("symbol", "date", "time")
    idle = (pl.col("volume") == 0) & (pl.col("close") <= 0)
    blind = ~idle & (pl.col("open") == 0) & (pl.col("close") > 0)
    counts = rows.select(idle.sum().alias("idle"), blind.sum().alias("blind")).row(0)
    known = pl.when(pl.col("close") > 0).then(pl.col("close"))
    last = known.forward_fill().over("symbol")
    first = known.backward_fill().over("symbol")
    before = known.shift(1).forward_fill().over("symbol", "date")
    held = before.fill_null(pl.col("close")).clip(pl.col("low"), pl.col("high"))
    repaired = rows.with_columns(
        *(
            pl.when(idle).then(pl.coalesce(last, first)).otherwise(pl.col(c)).alias(c)
            for c in ("high", "low", "close")
        ),
        pl.when(idle)
        .then(pl.coalesce(last, first))
        .when(blind)
        .then(held)
        .otherwise(pl.col("open"))
        .alias("open"),
    )
    names = ("bars of zeros took the last close", "opens of 0 took the close before")
    return repaired, dict(zip(names, counts, strict=True))


def _valid_bars(rows: pl.DataFrame, spec: MappingSpec) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that keep the table's rules, and the others as quarantine with file and line."""
    in_first = None if spec.opening_auction == "missing" else spec.opening_auction == "in_first_bar"
    columns = ["date", "symbol", "time", *PRICES, "volume", "amount"]
    columns += ["trades"] if "trades" in rows.columns else []
    frame = rows.select(
        *columns,
        pl.lit(spec.freq, pl.Int16).alias("freq"),
        pl.lit(in_first, pl.Boolean).alias("auc_in_first"),
    )
    good, refused = split_valid("bars", frame)
    where = rows.select("symbol", "date", "time", "origin", "line")
    where = where.unique(["symbol", "date", "time"])
    listed = refused.select("date", "symbol", "time", *PRICES, "volume", "amount", "reason")
    listed = listed.join(where, on=["symbol", "date", "time"], how="left", nulls_equal=True)
    return good, to_quarantine(listed)


def fill_grid(bars: pl.DataFrame, freq: int) -> tuple[pl.DataFrame, int]:
    """Complete every stock-day to the full grid [Spec 2.2].

    A missing bar gets volume and amount 0 and the last close (of the same stock, earlier bars or
    days; for the very first bars the next open).

    Returns
    -------
    frame, number of rows filled
    """
    times = bar_times(freq)
    days = bars.select("symbol", "date", "freq", "auc_in_first").unique(["symbol", "date"])
    if bars.height == days.height * len(times):
        return bars.sort("symbol", "date", "time"), 0
    grid = days.join(pl.DataFrame({"time": times}, schema={"time": pl.Time()}), how="cross")
    full = grid.join(
        bars.drop("freq", "auc_in_first"), on=["symbol", "date", "time"], how="left"
    ).sort("symbol", "date", "time")
    last = pl.col("close").forward_fill().over("symbol")
    ahead = pl.col("open").backward_fill().over("symbol")
    price = pl.coalesce(last, ahead)
    filled = full.with_columns(
        *(pl.coalesce(c, price).alias(c) for c in PRICES),
        pl.col("volume").fill_null(0),
        pl.col("amount").fill_null(0.0),
    )
    return filled.select(bars.columns), grid.height - bars.height
