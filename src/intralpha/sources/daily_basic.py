"""Reader of a Parquet or csv of capitalisation snapshots."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal

import polars as pl
from pydantic import Field

from intralpha.base.place import PlacePath
from intralpha.sources.files import fingerprint
from intralpha.sources.reference_rows import (
    LINE,
    no_day,
    number,
    read_each,
    set_aside,
    timed_notes,
    why_unused,
)
from intralpha.sources.source import Batch, Source, SourceSpec
from intralpha.sources.symbols import normal_symbol
from intralpha.sources.when import days

UNIT_YUAN = 1e4
DUST = 1e-6  # of vendors' rounding
ABOVE = "circ_mv above total_mv"


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
    why = why.fill_null("").set(no_day(raw["trade_date"]), "trade_date is empty").replace("", None)
    found, repairs = raw.with_columns(announced.alias("(day)")), Counter[str]()
    for column in ("circ_mv", "total_mv"):
        value, junk, counts = number(raw, column, sized=False)  # 万 is the unit already
        repairs.update(counts)
        why = why.zip_with(why.is_not_null(), _why_no_value(column, value, junk))
        found = found.with_columns((value * UNIT_YUAN).alias(f"({column})"))
    read, aside = set_aside(name, found, why)
    rows = read.select(
        normal_symbol(pl.col("ts_code")).alias("symbol"),
        pl.col("(day)").alias("announce_date"),
        pl.col("(circ_mv)").alias("float_cap"),
        pl.col("(total_mv)").alias("total_cap"),
    ).unpivot(
        ["float_cap", "total_cap"],
        index=["symbol", "announce_date"],
        variable_name="item",
        value_name="value",
    )
    known = rows.filter(pl.col("value").is_not_null()).unique(maintain_order=True)
    repairs["values that are absent or twice"] = rows.height - known.height
    notes, first = _above(name, read)
    notes |= timed_notes(raw, ["trade_date"])
    return Batch("fundamentals", known, name, aside, dict(repairs), raw.height, notes, first)


def _why_no_value(column: str, value: pl.Series, junk: pl.Series) -> pl.Series:
    """Why a capitalisation cannot be used: it is there, and is no number above 0."""
    why = (
        pl.when(junk)
        .then(pl.lit(f"{column} is not a number"))
        .when(value <= 0)
        .then(pl.lit(f"{column} is not positive"))
    )
    return pl.select(why.alias("why")).to_series()


def _above(name: str, read: pl.DataFrame) -> tuple[dict[str, int], dict[str, str]]:
    """How many rows have a float above the total, and the first of them."""
    above = read.filter(pl.col("(circ_mv)") > pl.col("(total_mv)") * (1 + DUST))
    if above.is_empty():
        return {}, {}
    row = above.row(0, named=True)
    said = (
        f"{name} line {row[LINE]}: {row['ts_code']} {row['trade_date']} has circ_mv "
        f"{row['circ_mv']} and total_mv {row['total_mv']}: the two columns changed places, or "
        "units that differ?"
    )
    return {ABOVE: above.height}, {ABOVE: said}
