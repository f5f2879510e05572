"""Reader of a Parquet of stocks: what they are called, where they are listed, their industry."""

from collections.abc import Iterator
from typing import Literal

import polars as pl
from pydantic import Field

from intralpha.base.place import PlacePath
from intralpha.market import board_of
from intralpha.sources.files import fingerprint
from intralpha.sources.parquet import read_columns
from intralpha.sources.source import Batch, Source, SourceSpec
from intralpha.sources.symbols import normal_symbol


class StockBasicSpec(SourceSpec):
    """A Parquet of stocks: ts_code, name, industry, list_date (YYYYMMDD)."""

    kind: Literal["stock_basic"] = "stock_basic"
    path: PlacePath = Field(description="Parquet file")

    def make(self) -> "StockBasicSource":
        """The reader."""
        return StockBasicSource(self)


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
        name, raw = read_columns(self.spec.path, ("ts_code", "name", "industry", "list_date"))
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
