"""Bars of one minute made of snapshots, for who has books and neither trades nor minutes."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

import polars as pl
from pydantic import Field

from intralpha.market import bar_times, split_valid, vwap_outside
from intralpha.market.hours import (
    AFTERNOON_MS,
    MINUTE_MS,
    MINUTES,
    MORNING_MS,
    NOON,
    OPENED_MS,
    OPENING_AUCTION,
)
from intralpha.market.schemas import shape
from intralpha.sources.bar_rows import fill_grid
from intralpha.sources.source import Batch, Source, SourceError, SourceSpec
from intralpha.sources.tick import tick_column

DAY = ("date", "symbol")
FILLED = "minutes without a trade filled in"
HOLE = 30  # minutes of trading between two snapshots
AFTER_A_HOLE = "days with more than half an hour between snapshots: its trades are in one minute"
WITH_AUCTION = "days whose first minute holds the opening auction: no snapshot shows it apart"


class MinutesOfSnapshotsSpec(SourceSpec):
    """Snapshots of a source, and bars of one minute made of them.

    Volume, amount and trades of a minute are what the sums of the day grew by in its snapshots,
    prices are the last prices of those in which they grew: a trade that another one hides between
    two snapshots is in the volume and in no high or low, but that these hold the mean price. A
    snapshot belongs to the minute of its
    stamp, so a minute holds nothing that was not known at its end, and the last three seconds of
    it may stand in the next one. What trades say of active sides is null.
    """

    kind: Literal["minutes_of_snapshots"] = "minutes_of_snapshots"
    snapshots: SourceSpec = Field(description="the source of the snapshots, such as a level2")

    def span(self) -> tuple[date, date] | None:
        """First and last day of the snapshots; see :meth:`SourceSpec.span`."""
        return self.snapshots.span()

    def make(self) -> "MinutesOfSnapshots":
        """The reader."""
        return MinutesOfSnapshots(self.snapshots.make())


class MinutesOfSnapshots(Source):
    """Reader of snapshots and of the minutes they tell of, with opening auctions apart.

    Peak memory is that of the snapshots' source and about 100 bytes a snapshot of one batch.

    Parameters
    ----------
    snapshots : source of snapshots in batches of whole stock-days
    """

    def __init__(self, snapshots: Source) -> None:
        self.snapshots = snapshots
        self.name = "minutes_of_snapshots"

    def fingerprint(self) -> str:
        """That of the snapshots."""
        return self.snapshots.fingerprint()

    def batches(self) -> Iterator[Batch]:
        """What the source of the snapshots gives, and behind each batch its auctions and minutes.

        Snapshots that the lake will set aside count in neither.

        Raises
        ------
        SourceError
            There are no snapshots.
        """
        found = False
        for batch in self.snapshots.batches():
            yield batch
            if batch.table == "snapshots" and batch.frame.height:
                found = True
                good, _ = split_valid("snapshots", batch.frame)
                if good.height:
                    grown = _grown(good)
                    yield Batch("auctions", _auctions(grown), batch.origin)
                    yield _minutes(grown, batch.origin)
        if not found:
            raise SourceError(self.snapshots.name, "no snapshots", "some to make minutes of")


def _grown(snapshots: pl.DataFrame) -> pl.DataFrame:
    """Snapshots in which the day's volume grew: their minute (-1 before 09:30), by how much, and
    minutes behind the snapshot before, or the open.

    A sum that falls back has grown by nothing until it is above what it was.
    """
    clock, minute = pl.col("time"), _minute_of(pl.col("time"))
    seen = snapshots.sort(*DAY, "time").with_columns(
        minute.alias("minute"),
        # Whether the auction was seen before trading went on, be it without a trade.
        (clock.is_between(OPENED_MS, MORNING_MS - 1) | ((minute < 0) & (pl.col("volume") > 0)))
        .any()
        .over(*DAY)
        .alias("apart"),
        (minute - minute.shift(1).over(*DAY).fill_null(0).clip(lower_bound=0)).alias("behind"),
    )
    rows = seen.filter(pl.col("last") > 0)
    sums = ("volume", "amount", "trades")
    upto = [pl.col(c).cum_max().over(*DAY) for c in sums]
    gained = rows.select(
        *DAY,
        "last",
        *(up - up.shift(1).over(*DAY).fill_null(0) for up in upto),
        "minute",
        "apart",
        "behind",
    )
    return gained.filter(pl.col("volume") > 0)


def _minute_of(clock: pl.Expr) -> pl.Expr:
    """Number of the minute of a stamp: lunch is in the 120th, all from 15:00 on in the last."""
    morning = ((clock - MORNING_MS) // MINUTE_MS).clip(upper_bound=NOON - 1)
    later = (NOON + (clock - AFTERNOON_MS) // MINUTE_MS).clip(upper_bound=MINUTES - 1)
    place = pl.when(clock < AFTERNOON_MS).then(morning).otherwise(later)
    return pl.when(clock < MORNING_MS).then(-1).otherwise(place)


def _auctions(grown: pl.DataFrame) -> pl.DataFrame:
    """What was traded before 09:30, at the price of the last snapshot there."""
    sums = [pl.col(c).sum() for c in ("volume", "amount")]
    rows = (
        grown.filter(pl.col("minute") < 0)
        .group_by(*DAY, maintain_order=True)
        .agg(pl.col("last").last().alias("price"), *sums, _counted())
    )
    return shape("auctions", rows.with_columns(pl.lit(OPENING_AUCTION).alias("time")))


def _minutes(grown: pl.DataFrame, origin: str) -> Batch:
    """The 240 minutes of each stock-day in which anything was traded from 09:30 on."""
    price = pl.col("last")
    of_minute = (
        grown.filter(pl.col("minute") >= 0)
        .group_by(*DAY, "minute", maintain_order=True)
        .agg(
            price.first().alias("open"),
            price.max().alias("high"),
            price.min().alias("low"),
            price.last().alias("close"),
            pl.col("volume").sum(),
            pl.col("amount").sum(),
            _counted(),
            (~pl.col("apart")).any().alias("auc_in_first"),
        )
        .with_columns(tick_column(grown["symbol"].unique(), None))
        .with_columns(*_at_least_the_mean())
    )
    times = pl.Series(bar_times(1), dtype=pl.Time)
    rows = of_minute.with_columns(
        pl.lit(1, pl.Int16).alias("freq"), times.gather(of_minute["minute"]).alias("time")
    )
    frame, filled = fill_grid(shape("bars", rows.drop("minute", "tick")), 1)
    counts = pl.col("trades").is_not_null().any().over(*DAY)
    idle = pl.when(counts & (pl.col("volume") == 0)).then(0).otherwise("trades")
    frame = frame.with_columns(idle.cast(pl.Int32).alias("trades"))
    notes = {
        WITH_AUCTION: of_minute.filter("auc_in_first").select(DAY).n_unique(),
        AFTER_A_HOLE: grown.filter(pl.col("behind") > HOLE).select(DAY).n_unique(),
    }
    told = {note: count for note, count in notes.items() if count}
    return Batch("bars", frame, origin, repairs={FILLED: filled}, notes=told)


def _at_least_the_mean() -> tuple[pl.Expr, pl.Expr]:
    """High and low that hold the mean price: a trade that no snapshot shows was at least there."""
    tick, mean = pl.col("tick"), pl.col("amount") / pl.col("volume")
    hidden = vwap_outside(pl.col("low"), pl.col("high"), pl.col("volume"), pl.col("amount"), tick)
    above = pl.when(hidden).then(((mean / tick - 1e-6).ceil() * tick).round(3))
    below = pl.when(hidden).then(((mean / tick + 1e-6).floor() * tick).round(3))
    return pl.max_horizontal("high", above), pl.min_horizontal("low", below)


def _counted() -> pl.Expr:
    """Trades, null where the vendor does not count them."""
    count = pl.col("trades")
    return pl.when(count.null_count() == 0).then(count.sum()).alias("trades")
