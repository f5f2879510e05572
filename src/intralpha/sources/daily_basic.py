"""Reader of a Parquet or csv of capitalisation snapshots."""

from collections.abc import Iterator
from typing import Literal

import polars as pl
from pydantic import Field

from intralpha.base.place import PlacePath
from intralpha.sources.absent import absent
from intralpha.sources.files import fingerprint
from intralpha.sources.reference_rows import read_each, set_aside, why_unused
from intralpha.sources.source import Batch, Source, SourceSpec
from intralpha.sources.symbols import normal_symbol
from intralpha.sources.when import days


class DailyBasicSpec(SourceSpec):
    """A Parquet or csv of ts_code, trade_date, total_mv, circ_mv in 10,000 CNY."""

    kind: Literal["daily_basic"] = "daily_basic"
    path: PlacePath = Field(description="Parquet or csv file, or a folder of them")

    def make(self) -> "DailyBasicSource":
        """The reader."""
        return DailyBasicSource(self)


class DailyBasicSource(Source):
    """Snapshots of total and float capitalisation, CNY, as ``fundamentals``."""

    name = "daily_basic"

    def __init__(self, spec: DailyBasicSpec) -> None:
        self.spec = spec

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """One batch a file."""
        needed = ("ts_code", "trade_date", "total_mv", "circ_mv")
        for name, raw in read_each(self.spec.path, needed):
            yield _caps(name, raw)


def _caps(name: str, raw: pl.DataFrame) -> Batch:
    announced = days(raw["trade_date"])
    why = why_unused(raw["ts_code"].cast(pl.String), raw["trade_date"], announced, "trade_date")
    why = (
        why.fill_null("").set(raw["trade_date"].is_null(), "trade_date is empty").replace("", None)
    )
    for column in ("circ_mv", "total_mv"):
        why = why.zip_with(why.is_not_null(), _why_no_value(raw, column))
    read, aside = set_aside(name, raw.with_columns(announced.alias("(day)")), why)
    rows = read.select(
        normal_symbol(pl.col("ts_code")).alias("symbol"),
        pl.col("(day)").alias("announce_date"),
        (_number("circ_mv") * 1e4).alias("float_cap"),
        (_number("total_mv") * 1e4).alias("total_cap"),
    ).unpivot(
        ["float_cap", "total_cap"],
        index=["symbol", "announce_date"],
        variable_name="item",
        value_name="value",
    )
    known = rows.filter(pl.col("value").is_finite()).unique()
    left_out = {"values that are absent or twice": rows.height - known.height}
    return Batch("fundamentals", known, name, aside, left_out, raw.height)


def _why_no_value(raw: pl.DataFrame, column: str) -> pl.Series:
    """Why a capitalisation cannot be used: it is there, and is no number above 0."""
    number = _number(column)
    junk = number.is_null() & ~absent(raw[column])
    why = (
        pl.when(junk)
        .then(pl.lit(f"{column} is not a number"))
        .when(number <= 0)
        .then(pl.lit(f"{column} is not positive"))
    )
    return raw.select(why.alias("why")).to_series()


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64, strict=False)
