"""Reader of a Parquet of stocks: what they are called, where they are listed, their industry."""

from collections.abc import Iterator
from typing import Literal

import polars as pl
from pydantic import Field

from intralpha.base.place import PlacePath
from intralpha.market import board_of
from intralpha.sources.files import fingerprint
from intralpha.sources.parquet import read_each, set_aside, why_unused
from intralpha.sources.source import Batch, Source, SourceSpec
from intralpha.sources.symbols import exchange_name, normal_symbol
from intralpha.sources.when import days


class StockBasicSpec(SourceSpec):
    """A Parquet of stocks: ts_code, name, industry, list_date (20240102 or a date)."""

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
        """Instruments, then industries, of every file."""
        for name, raw in read_each(self.spec.path, ("ts_code", "name", "industry", "list_date")):
            yield from _stocks(name, raw)


def _stocks(name: str, raw: pl.DataFrame) -> Iterator[Batch]:
    listed = days(raw["list_date"])
    why = why_unused(raw["ts_code"].cast(pl.String), raw["list_date"], listed, "list_date")
    rows, aside = set_aside(name, raw.with_columns(listed.alias("(listed)")), why)
    stocks = rows.select(
        normal_symbol(pl.col("ts_code")).alias("symbol"),
        pl.col("name", "industry").cast(pl.String, strict=False),
        pl.col("(listed)").alias("list_date"),
    )
    symbol = pl.col("symbol")
    instruments = stocks.select(
        "symbol",
        symbol.map_elements(exchange_name, return_dtype=pl.String).alias("exchange"),
        symbol.map_elements(board_of, return_dtype=pl.String).alias("board"),
        "name",
        "list_date",
        pl.lit(None, pl.Date).alias("delist_date"),
    )
    yield Batch("instruments", instruments, name, aside, rows_read=raw.height)
    named = stocks.filter(pl.col("industry").is_not_null())
    known = named.filter(pl.col("list_date").is_not_null())
    left_out = {"industries of stocks without a list_date left out": named.height - known.height}
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
        repairs=left_out,
        rows_read=rows.height,
    )
