"""Daily rows made of bars, for who has bars and no daily file."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

import polars as pl
from pydantic import Field

from intralpha.sources.bar_rows import PRICES
from intralpha.sources.daily_rows import finish_daily
from intralpha.sources.source import Batch, Source, SourceSpec

NO_AUCTION = "days without their opening auction, which the bars lack"
KEY = ("date", "symbol")


class DaysOfBarsSpec(SourceSpec):
    """Bars of a source, and the daily rows that they add up to.

    Open, high, low and close are those of the bars that trade, volume and amount their sums. The
    preclose is the close before, so an ex-dividend day counts as a loss, and float shares, ST and
    limits are those that the lake derives: a vendor's daily file knows more.
    """

    kind: Literal["days_of_bars"] = "days_of_bars"
    bars: SourceSpec = Field(description="the source of the bars, such as a mapping")

    def span(self) -> tuple[date, date] | None:
        """First and last day of the bars; see :meth:`SourceSpec.span`."""
        return self.bars.span()

    def make(self) -> "DaysOfBars":
        """The reader."""
        return DaysOfBars(self.bars.make())


class DaysOfBars(Source):
    """Reader of bars and of the days that they add up to.

    Peak memory is that of the bars' source and about 100 bytes a stock-day.

    Parameters
    ----------
    bars : source of bars, and perhaps of opening auctions in rows of their own
    """

    def __init__(self, bars: Source) -> None:
        self.bars = bars
        self.name = "days_of_bars"

    def fingerprint(self) -> str:
        """That of the bars."""
        return self.bars.fingerprint()

    def batches(self) -> Iterator[Batch]:
        """What the source of the bars gives, then the daily rows, for files may cut a day."""
        parts: list[pl.DataFrame] = []
        origin = ""
        for batch in self.bars.batches():
            yield batch
            if batch.table in ("bars", "auctions") and batch.frame.height:
                origin = origin or batch.origin
                parts.append(_parts(batch.table, batch.frame))
        if parts:
            rows = _days(pl.concat(parts))
            frame, repairs = finish_daily(rows.drop("lacks_auction"), None)
            lacking = int(rows["lacks_auction"].sum())
            notes = {NO_AUCTION: lacking} if lacking else {}
            yield Batch("daily", frame, origin, repairs=repairs, notes=notes)


def _parts(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """What rows of one batch say of each stock-day: an auction is a bar of one price."""
    if table == "auctions":
        rows = rows.with_columns(
            *(pl.col("price").alias(c) for c in PRICES), auc_in_first=pl.lit(True)
        )
    trades = pl.col("volume") > 0
    traded = [pl.col(c).filter(trades) for c in PRICES]
    return (
        rows.sort("time")
        .group_by(*KEY)
        .agg(
            pl.col("time").filter(trades).first(),
            traded[0].first(),
            traded[1].max(),
            traded[2].min(),
            traded[3].last(),
            pl.col("volume").sum(),
            pl.col("amount").sum(),
            pl.col("auc_in_first").is_null().any().alias("lacks_auction"),
        )
    )


def _days(parts: pl.DataFrame) -> pl.DataFrame:
    """One row a stock-day; one without any trade is a row of zeros, which is a suspended day."""
    whole = (
        parts.sort("time", nulls_last=True)
        .group_by(*KEY)
        .agg(
            pl.col("open").drop_nulls().first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").drop_nulls().last(),
            pl.col("volume").sum(),
            pl.col("amount").sum(),
            pl.col("lacks_auction").any(),
        )
    )
    return whole.with_columns(pl.col(*PRICES).fill_null(0.0)).sort(*KEY)
