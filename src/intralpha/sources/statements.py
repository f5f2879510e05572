"""Reader of companies' statements, forecasts and holdings: columns of a vendor as named items."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

import polars as pl
from pydantic import BeforeValidator, Field, model_validator

from intralpha.base.place import PlacePath
from intralpha.sources.files import fingerprint
from intralpha.sources.reference_rows import number, read_each, set_aside, timed_notes, why_unused
from intralpha.sources.shipped import quoted
from intralpha.sources.source import Batch, Source, SourceSpec
from intralpha.sources.symbols import normal_symbol
from intralpha.sources.when import days

YEAR_END = 12
EARLY = "rows announced before the end of their period: forecasts, or the columns changed places?"


class StatementsSpec(SourceSpec):
    """A Parquet or csv with a row a stock and announcement, and a column an item."""

    kind: Literal["statements"] = "statements"
    path: PlacePath = Field(description="Parquet or csv file, or a folder of them")
    symbol: str = Field(default="ts_code", description="column of the stock")
    announced: str = Field(
        default="ann_date",
        description="column of the day on which a row became known; rows without one are set aside",
    )
    period: str | None = Field(
        default="end_date",
        description="column of the last day that a row is about; null: there are none, and every "
        "row is the newest",
    )
    items: Annotated[dict[str, str], BeforeValidator(quoted)] = Field(
        description="item -> column, such as {book_equity: total_hldr_eqy_exc_min_int}. The styles "
        "know book_equity, net_profit_ttm, revenue_ttm, cash_earnings_ttm, net_profit_forecast, "
        "total_assets, total_debt, long_term_debt, preferred_equity (CNY), growth_forecast_long, "
        "growth_forecast_short, state_share, fund_share (fractions), analyst_coverage"
    )
    since_january: tuple[str, ...] = Field(
        default=(),
        description="items that stand as sums since January and become those of four quarters",
    )
    scale: dict[str, float] = Field(
        default={}, description="item -> what it is multiplied by: {fund_share: 0.01} of percent"
    )

    @model_validator(mode="after")
    def _items_are_there(self) -> "StatementsSpec":
        unknown = [n for n in (*self.since_january, *self.scale) if n not in self.items]
        if unknown:
            raise ValueError(f"items has no {', '.join(unknown)}")
        if self.since_january and self.period is None:
            raise ValueError("since_january needs period: sums of which quarter?")
        return self

    def make(self) -> "StatementsSource":
        """The reader."""
        return StatementsSource(self)


class StatementsSource(Source):
    """Rows of ``fundamentals``, dated by their announcement.

    On each announcement an item has the value of the newest period that is known by then, in its
    newest version: a restated older period changes nothing, and the first quarter beats the year
    that is announced on the same day. A sum since January becomes that of four quarters: less the
    same quarters of last year, plus all of last year, as they were known by then; without these it
    is left out, and counted.
    """

    name = "statements"

    def __init__(self, spec: StatementsSpec) -> None:
        self.spec = spec

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """One batch a file."""
        spec = self.spec
        named = (spec.symbol, spec.announced, *spec.items.values())
        needed = named if spec.period is None else (*named, spec.period)
        for name, raw in read_each(spec.path, tuple(dict.fromkeys(needed))):
            yield self._batch(name, raw)

    def _batch(self, name: str, raw: pl.DataFrame) -> Batch:
        spec = self.spec
        announced = days(raw[spec.announced])
        ends = announced if spec.period is None else days(raw[spec.period])
        code = raw[spec.symbol].cast(pl.String)
        why = why_unused(code, raw[spec.announced], announced, spec.announced)
        for lost, words in ((announced, spec.announced), (ends, spec.period or "")):
            none = pl.Series([f"{words} is no day"]).new_from_index(0, raw.height)
            why = why.zip_with(why.is_not_null() | lost.is_not_null(), none)
        marked, left = (
            raw.with_columns(announced.alias("(day)"), ends.alias("(end)")),
            Counter[str](),
        )
        for item, column in spec.items.items():
            value, junk, counts = number(raw, column, sized=item not in spec.scale)
            left.update(counts)
            words = pl.Series([f"{column} is not a number"]).new_from_index(0, raw.height)
            why = why.zip_with(why.is_not_null() | ~junk, words)
            marked = marked.with_columns((value * spec.scale.get(item, 1.0)).alias(f"({item})"))
        read, aside = set_aside(name, marked, why)
        rows = []
        for item in spec.items:
            made, counts = self._item(item, read)
            rows.append(made.with_columns(item=pl.lit(item)))
            left.update(counts)
        frame = pl.concat(rows).select("symbol", "announce_date", "item", "value")
        notes = timed_notes(raw, (spec.announced, *([spec.period] if spec.period else [])))
        early = read.filter(pl.col("(day)") < pl.col("(end)")).height
        notes |= {EARLY: early} if early else {}
        return Batch("fundamentals", frame, name, aside, dict(left), raw.height, notes)

    def _item(self, item: str, read: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
        """Values of an item by announcement, and how many rows gave none of their own."""
        known = read.select(
            normal_symbol(pl.col(self.spec.symbol)).alias("symbol"),
            pl.col("(day)", "(end)"),
            pl.col(f"({item})").alias("value"),
        ).filter(pl.col("value").is_not_null())
        once = known.unique(maintain_order=True)
        twice = once.height - once.unique(["symbol", "(day)", "(end)"]).height
        made, unfinished = _newest(once, since_january=item in self.spec.since_january)
        return made, {
            "values that are absent": read.height - known.height,
            "sums since January without the year before": unfinished,
            "values of a day and period that stand twice, the last one taken": twice,
        }


def _newest(rows: pl.DataFrame, since_january: bool) -> tuple[pl.DataFrame, int]:
    """Of each announcement the value of the newest period known by then, and how many have none."""
    out: dict[tuple[str, date], float] = {}
    known: dict[date, float] = {}
    before, lost = None, 0
    for symbol, day, end, value in rows.sort("symbol", "(day)", "(end)").iter_rows():
        if symbol != before:
            known, before = {}, symbol
        known[end] = value
        newest = max(known)
        told = _four_quarters(known, newest) if since_january else known[newest]
        if told is None:
            lost += 1
        else:
            out[symbol, day] = told
    frame = pl.DataFrame(
        [(*key, value) for key, value in out.items()],
        schema={"symbol": pl.String, "announce_date": pl.Date, "value": pl.Float64},
        orient="row",
    )
    return frame, lost


def _four_quarters(known: dict[date, float], end: date) -> float | None:
    """Sum of the four quarters up to a period's end; None where last year is unknown."""
    if end.month == YEAR_END:
        return known[end]
    year, same = (
        next((v for e, v in known.items() if (e.year, e.month) == (end.year - 1, month)), None)
        for month in (YEAR_END, end.month)
    )
    return None if year is None or same is None else known[end] + year - same
