"""Reader of lists of stocks: what they are called, where they are listed, their industry."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

import polars as pl
from pydantic import BeforeValidator, Field, model_validator

from intralpha.base.place import PlacePath
from intralpha.market import board_of
from intralpha.sources.files import fingerprint
from intralpha.sources.reference_rows import LINE, read_each, set_aside, timed_notes, why_unused
from intralpha.sources.shipped import check_fields, quoted
from intralpha.sources.source import Batch, Source, SourceSpec
from intralpha.sources.symbols import exchange_name, normal_symbol
from intralpha.sources.when import days

FAR = date(2099, 1, 1)  # days from here on say that a stock is listed still
BACKWARDS = "stocks delisted before they were listed"
FIELDS = ("symbol", "name", "industry", "list_date", "delist_date")
TUSHARE = {"symbol": "ts_code", "name": "name", "industry": "industry", "list_date": "list_date"}


class StockBasicSpec(SourceSpec):
    """A Parquet or csv of stocks: what they are called, their industry and listing.

    Days stand as 20240102, 2024-01-02 or dates.
    """

    kind: Literal["stock_basic"] = "stock_basic"
    path: PlacePath = Field(description="Parquet or csv file, or a folder of them")
    columns: Annotated[dict[str, str], BeforeValidator(quoted)] = Field(
        default=TUSHARE,
        description="symbol, name, list_date and perhaps industry, delist_date -> column of the "
        "vendor; default: those of tushare",
    )

    @model_validator(mode="after")
    def _fields_are_known(self) -> "StockBasicSpec":
        check_fields(self.columns, FIELDS)
        lacking = [f for f in ("symbol", "name", "list_date") if f not in self.columns]
        if lacking:
            raise ValueError(f"columns lacks {', '.join(lacking)}")
        return self

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
        columns = self.spec.columns
        for name, raw in read_each(self.spec.path, tuple(dict.fromkeys(columns.values()))):
            given = [pl.col(column).alias(field) for field, column in columns.items()]
            null = [pl.lit(None, pl.String).alias(f) for f in FIELDS if f not in columns]
            yield from _stocks(name, raw.select(LINE, *given, *null), columns)


def _stocks(name: str, raw: pl.DataFrame, columns: dict[str, str]) -> Iterator[Batch]:
    listed, left = days(raw["list_date"]), days(raw["delist_date"])
    code = raw["symbol"].cast(pl.String)
    why = why_unused(code, raw["list_date"], listed, columns["list_date"])
    late = why_unused(code, raw["delist_date"], left, columns.get("delist_date", ""))
    marked = raw.with_columns(listed.alias("(listed)"), left.alias("(left)"))
    rows, aside = set_aside(name, marked, why.zip_with(why.is_not_null(), late))
    stocks = rows.select(
        normal_symbol(pl.col("symbol")).alias("symbol"),
        pl.col("name", "industry").cast(pl.String, strict=False),
        pl.col("(listed)").alias("list_date"),
        pl.when(pl.col("(left)") < FAR).then("(left)").alias("delist_date"),
    )
    symbol = pl.col("symbol")
    instruments = stocks.select(
        "symbol",
        symbol.map_elements(exchange_name, return_dtype=pl.String).alias("exchange"),
        symbol.map_elements(board_of, return_dtype=pl.String).alias("board"),
        "name",
        "list_date",
        "delist_date",
    )
    notes = timed_notes(raw, ("list_date", "delist_date"))
    notes |= {BACKWARDS: stocks.filter(pl.col("delist_date") < pl.col("list_date")).height}
    yield Batch("instruments", instruments, name, aside, rows_read=raw.height, notes=notes)
    named = stocks.unique("symbol", keep="first", maintain_order=True)
    named = named.filter(pl.col("industry").is_not_null())
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
