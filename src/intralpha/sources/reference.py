"""Readers of reference files: index membership, stock basics, capitalisation snapshots."""

import io
from collections.abc import Iterator
from typing import Literal

import polars as pl
from pydantic import Field

from intralpha.base import Spec
from intralpha.market import board_of
from intralpha.sources.files import fingerprint, members
from intralpha.sources.source import Batch, Source, SourceError
from intralpha.sources.symbols import normal_symbol

INDEX_SYMBOLS = {
    "csi300": "000300.SH",
    "csi500": "000905.SH",
    "csi800": "000906.SH",
    "csi1000": "000852.SH",
    "csiall": "000985.SH",
}


class MembersSpec(Spec):
    """Index membership as lines of code, first day, last day (included)."""

    kind: Literal["index_members"] = "index_members"
    path: str = Field(description="folder or archive with csi300.txt and the like")
    indices: dict[str, str] = Field(
        default=INDEX_SYMBOLS, description="file name without .txt -> index symbol"
    )


class StockBasicSpec(Spec):
    """A Parquet of stocks: ts_code, name, industry, list_date (YYYYMMDD)."""

    kind: Literal["stock_basic"] = "stock_basic"
    path: str = Field(description="Parquet file")


class DailyBasicSpec(Spec):
    """A Parquet of ts_code, trade_date, total_mv, circ_mv in 10,000 CNY."""

    kind: Literal["daily_basic"] = "daily_basic"
    path: str = Field(description="Parquet file")


class MembersSource(Source):
    """Membership history; periods that follow each other without a gap in days become one."""

    name = "index_members"

    def __init__(self, spec: MembersSpec) -> None:
        self.spec = spec

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """One batch an index."""
        for name, content in members(self.spec.path, "*.txt"):
            stem = name.rsplit("/", 1)[-1].removesuffix(".txt")
            if stem not in self.spec.indices:
                continue
            lines = [line.split() for line in content.decode().splitlines() if line.strip()]
            if any(len(fields) != 3 for fields in lines):
                at = next(i for i, fields in enumerate(lines, 1) if len(fields) != 3)
                raise SourceError(
                    f"{name} line {at}", str(lines[at - 1]), "code, first and last day"
                )
            raw = pl.DataFrame(lines, schema=["code", "in", "out"], orient="row")
            rows = raw.select(
                pl.lit(self.spec.indices[stem]).alias("index"),
                normal_symbol(pl.col("code")).alias("symbol"),
                pl.col("in").str.to_date().alias("in_date"),
                pl.col("out").str.to_date().alias("out_date"),
            )
            joined = join_periods(rows)
            repairs = {"periods joined to the one before": rows.height - joined.height}
            yield Batch("membership", joined, name, repairs=repairs, rows_read=rows.height)


def join_periods(rows: pl.DataFrame) -> pl.DataFrame:
    """Join periods of the same index and symbol that touch or overlap (gap of at most one day)."""
    key = ["index", "symbol"]
    ordered = rows.sort(*key, "in_date", "out_date")
    reach = pl.col("out_date").cum_max().shift(1).over(key)
    fresh = (reach.is_null() | (pl.col("in_date") > reach + pl.duration(days=1))).alias("fresh")
    runs = ordered.with_columns(fresh).with_columns(
        pl.col("fresh").cum_sum().over(key).alias("run")
    )
    joined = runs.group_by(*key, "run", maintain_order=True).agg(
        pl.col("in_date").min(), pl.col("out_date").max()
    )
    return joined.drop("run").with_columns(weight=pl.lit(None, pl.Float64))


class StockBasicSource(Source):
    """Instruments and industries as of the file's day: **not point in time**.

    The industry is dated from the listing, so it serves as a stand-in for a history.
    """

    name = "stock_basic"

    def __init__(self, spec: StockBasicSpec) -> None:
        self.spec = spec

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """Instruments, then industries."""
        name, raw = _parquet(self.spec.path, ("ts_code", "name", "industry", "list_date"))
        stocks = raw.with_columns(
            normal_symbol(pl.col("ts_code")).alias("symbol"),
            pl.col("list_date").cast(pl.String).str.to_date("%Y%m%d", strict=False),
        ).filter(pl.col("symbol").str.contains("(SH|SZ)$"))
        board = pl.col("symbol").map_elements(board_of, return_dtype=pl.String)
        exchange = pl.when(pl.col("symbol").str.ends_with("SH")).then(pl.lit("SSE"))
        instruments = stocks.select(
            "symbol",
            exchange.otherwise(pl.lit("SZSE")).alias("exchange"),
            board.alias("board"),
            "name",
            "list_date",
            pl.lit(None, pl.Date).alias("delist_date"),
        )
        left_out = {"stocks of other exchanges left out": raw.height - stocks.height}
        yield Batch("instruments", instruments, name, repairs=left_out, rows_read=raw.height)
        known = stocks.filter(pl.col("industry").is_not_null(), pl.col("list_date").is_not_null())
        yield Batch(
            "industry",
            known.select(
                "symbol",
                pl.col("list_date").alias("in_date"),
                pl.lit(None, pl.Date).alias("out_date"),
                pl.lit("current").alias("scheme"),
                pl.col("industry").alias("code"),
            ),
            name,
            rows_read=raw.height,
        )


class DailyBasicSource(Source):
    """Snapshots of total and float capitalisation, CNY, as ``fundamentals``."""

    name = "daily_basic"

    def __init__(self, spec: DailyBasicSpec) -> None:
        self.spec = spec

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """One batch."""
        name, raw = _parquet(self.spec.path, ("ts_code", "trade_date", "total_mv", "circ_mv"))
        rows = raw.select(
            normal_symbol(pl.col("ts_code")).alias("symbol"),
            pl.col("trade_date").cast(pl.String).str.to_date("%Y%m%d").alias("announce_date"),
            (pl.col("circ_mv") * 1e4).alias("float_cap"),
            (pl.col("total_mv") * 1e4).alias("total_cap"),
        ).unpivot(
            ["float_cap", "total_cap"],
            index=["symbol", "announce_date"],
            variable_name="item",
            value_name="value",
        )
        known = rows.filter(pl.col("value").is_finite(), pl.col("symbol").is_not_null()).unique()
        left_out = {"values that are absent or twice": rows.height - known.height}
        yield Batch("fundamentals", known, name, repairs=left_out, rows_read=raw.height)


def _parquet(path: str, needed: tuple[str, ...]) -> tuple[str, pl.DataFrame]:
    name, content = next(iter(members(path, "*.parquet")))
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except pl.exceptions.PolarsError as error:
        raise SourceError(name, f"no readable Parquet ({error})", "a whole Parquet file") from error
    missing = [c for c in needed if c not in frame.columns]
    if missing:
        raise SourceError(name, f"columns {frame.columns}", f"also {', '.join(missing)}")
    return name, frame
