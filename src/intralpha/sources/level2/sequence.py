"""Sequence: records in the order of their numbers; repeats, gaps and clocks that run backwards."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from intralpha.sources.level2.clock import DAY_MS
from intralpha.sources.level2.rows import CANCEL, EVENT, EXCHANGES, ORDER, TRADE, symbol_of

TWINS = "exact duplicate records left out"
BACKWARDS = "records stamped before an earlier record"
SHARED = "trades with the number of an order: orders and trades are not counted together"
REPEATED = "sequence number repeated with other values"
KEY = ("date", "stock", "seq", "traded")
WHERE = ("file", "line")
REPEATS = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in KEY).fill_null(value=False)

# Numbers of records whose vendor gives them none: so far below zero that no vendor's is there.
BY_LINE = -(2**62)
A_FILE = 2**32


@dataclass(frozen=True)
class Sequenced:
    """Events in the order of their numbers.

    Attributes
    ----------
    rows : the first record of every number, with ``rank``, 0, 1, ... for the stock-days
    clashes : records that repeat a number with other values
    twins : records that repeat another one exactly
    shared : trades with the number of an order or cancel of the same stock-day
    """

    rows: pl.DataFrame
    clashes: pl.DataFrame
    twins: pl.DataFrame
    shared: int


def in_sequence(events: pl.DataFrame, by_time: tuple[str, ...] = ()) -> Sequenced:
    """Events sorted by date, stock and number, each number of orders and of trades once.

    Parameters
    ----------
    events : columns of ``EVENT``
    by_time : exchanges whose orders and trades have numbers of their own; they get new ones
    """
    apart = pl.col("stock") % 4
    apart = apart.is_in([EXCHANGES.index(name) for name in by_time])
    rows = (
        over_files(events)
        .with_columns(traded=pl.col("what") == TRADE)
        .sort(KEY, maintain_order=True)
    )
    if rows.select(REPEATS.any()).item():  # which one is the first must not depend on threads
        rows = rows.sort(*KEY, *WHERE)
    values = [c for c in EVENT if c not in WHERE]
    same = pl.all_horizontal(pl.col(c).eq_missing(pl.col(c).shift(1)) for c in values)
    before = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in KEY[:-1])
    mixed = before & pl.col("traded") & ~pl.col("traded").shift(1)
    new_day = pl.any_horizontal(pl.col(c) != pl.col(c).shift(1) for c in ("date", "stock"))
    rows = rows.with_columns(
        repeats=REPEATS,
        twin=REPEATS & same,
        rank=new_day.fill_null(value=False).cum_sum().cast(pl.Int32),
    )
    kept = rows.filter(~pl.col("repeats")) if rows["repeats"].any() else rows
    again = rows.filter(pl.col("repeats"))
    kept = kept.select(*EVENT, "rank")
    if by_time:
        mixed &= ~apart
        both = [kept.filter(~apart), renumbered(kept.filter(apart))]
        kept = pl.concat(both).sort("rank", "seq", maintain_order=True)
    return Sequenced(
        kept,
        again.filter(~pl.col("twin")).select(*EVENT),
        again.filter("twin").select(*EVENT),
        int(rows.select(mixed.sum()).item()),
    )


def over_files(events: pl.DataFrame) -> pl.DataFrame:
    """Numbers of the records that have none: their line, from file to file in steps of 2^32.

    The files of a stock-day count in the order of their names, so a file that grows, or one that
    comes behind the others, changes no number; one whose name comes before those of files that were
    read earlier moves the numbers of their records. A record that stands on the same line of two
    files with the same values is one record.

    Parameters
    ----------
    events : columns of ``EVENT``; ``seq`` is below ``BY_LINE / 2`` where the vendor gives none
    """
    numberless = pl.col("seq") < BY_LINE // 2
    files = events.filter(numberless).group_by("date", "stock").agg(pl.col("file").n_unique())
    if files.is_empty():
        return events
    place = pl.lit(0, pl.Int64)
    if files.select((pl.col("file") > 1).any()).item():
        nth = pl.col("file").rank("dense").over("date", "stock", numberless).cast(pl.Int64) - 1
        events = events.with_columns(nth.alias("(nth)"))
        values = [c for c in EVENT if c not in ("file", "seq")]
        place = pl.col("(nth)").min().over(*values, numberless)
    number = place * A_FILE + pl.col("line").cast(pl.Int64)
    numbered = events.with_columns(pl.when(numberless).then(number).otherwise("seq").alias("seq"))
    return numbered.select(*EVENT)


def renumbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Records numbered from 1 in each stock-day by their time.

    At one time an order comes before its trades; what is listed of an order that took others at
    that time, as Shanghai's are, behind them; cancels come last. What that leaves open is decided
    by the numbers that the records have.

    Parameters
    ----------
    rows : columns of ``EVENT``, and ``rank``
    """
    traded, at = pl.col("what") == TRADE, ["rank", "time"]
    active = rows.filter(traded).select(*at, id=pl.max_horizontal("buy_id", "sell_id"))
    active = active.unique().with_columns(took=pl.lit(value=True))
    marked = rows.join(active, on=[*at, "id"], how="left", maintain_order="left")
    rest = (pl.col("what") == ORDER) & pl.col("took").fill_null(value=False)
    step = (
        pl.when(traded).then(1).when(pl.col("what") == CANCEL).then(3).when(rest).then(2)
    ).otherwise(0)
    return (
        marked.sort(*at, step, "seq", *WHERE)
        .drop("took")
        .with_columns(seq=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("rank"))
    )


def set_aside(rows: pl.DataFrame, names: list[str], reason: str) -> pl.DataFrame:
    """Typed records as quarantine, with the line they come from.

    Parameters
    ----------
    rows : ``file``, ``line``, ``date``, ``stock``, and what else of ``EVENT`` is to be shown
    names : of the files, by their number
    reason : why none of them is used

    Returns
    -------
    DataFrame, columns ``QUARANTINE``, one row a record
        ``row`` is not the vendor's line but what was read of it: date, symbol, and values such as
        ``seq=12 price=9.87``, with nothing behind the sign where one is null.
    """
    shown = ("seq", "time", "what", "id", "buy_id", "sell_id", "side", "price", "volume")
    columns = [c for c in shown if c in rows.columns]
    texts = [pl.format(c + "={}", pl.col(c).cast(pl.String).fill_null("")) for c in columns]
    files = dict(enumerate(names))
    return rows.select(
        pl.col("file").replace_strict(files, return_dtype=pl.String).alias("origin"),
        pl.col("line").cast(pl.Int64),
        pl.lit(reason).alias("reason"),
        pl.concat_str(
            pl.col("date").cast(pl.String), symbol_of(pl.col("stock")), *texts, separator=" "
        ).alias("row"),
    )


def backwards(events: pl.DataFrame) -> int:
    """Records of :func:`in_sequence` stamped before one with a smaller number of the same stock."""
    clock = events["time"].to_numpy() + events["rank"].to_numpy().astype(np.int64) * DAY_MS
    return int((clock < np.maximum.accumulate(clock)).sum()) if len(clock) else 0


# No channel has so many records a day. A number above it is no place in a sequence; that the one it
# should have been is missing is found like any other gap.
MOST_NUMBER = 2**28

# Date, exchange and channel or stock; the first byte; numbers from 8 x that byte on, a bit each.
Mark = tuple[tuple[date, str, int], int, np.ndarray]


def marks_of(events: pl.DataFrame, of_channels: bool) -> list[Mark]:
    """Which numbers some records have, by channel or by stock; those with no place have none."""
    group = pl.col("channel") if of_channels else pl.col("stock").cast(pl.Int64)
    keys = events.select("date", (pl.col("stock") % 4).alias("place"), group.alias("group"), "seq")
    found = (
        keys.drop_nulls()
        .filter(pl.col("seq").is_between(0, MOST_NUMBER))
        .group_by("date", "place", "group", maintain_order=True)
    )
    lists = found.agg("seq")
    cuts = np.cumsum(lists["seq"].list.len().to_numpy())[:-1]
    numbers = np.split(lists["seq"].explode().to_numpy(), cuts) if lists.height else []
    names = lists.select("date", "place", "group").rows()
    return [
        ((on, EXCHANGES[place], group), int(seq.min()) // 8, _bits(seq))
        for (on, place, group), seq in zip(names, numbers, strict=True)
    ]


def _bits(seq: np.ndarray) -> np.ndarray:
    first, last = int(seq.min()) // 8, int(seq.max()) // 8
    flags = np.zeros((last - first + 1) * 8, np.uint8)
    flags[seq - first * 8] = 1
    return np.packbits(flags)


@dataclass
class Numbers:
    """Which numbers of a gap-free sequence were seen; one bit each.

    Numbers run from 1 without a gap over a stock or over a channel, as the source says. Memory:
    an eighth of a byte for each number up to the largest one.
    """

    of_channels: bool
    seen: dict[tuple[date, str, int], np.ndarray] = field(default_factory=dict)

    def add(self, marks: list[Mark]) -> None:
        """Take note of some numbers, in any order."""
        for name, first, new in marks:
            bits = self.seen.get(name, np.zeros(0, np.uint8))
            last = first + len(new)
            if len(bits) < last:
                bits = np.concatenate([bits, np.zeros(last - len(bits), np.uint8)])
            bits[first:last] |= new
            self.seen[name] = bits

    def missing(self) -> Counter[str]:
        """What is missing -> how many numbers, for every channel or stock that lacks any."""
        counts: Counter[str] = Counter()
        for (on, exchange, group), bits in sorted(self.seen.items()):
            flags = np.unpackbits(bits)
            last = int(np.flatnonzero(flags)[-1])
            lost = last - int(flags[1 : last + 1].sum())
            if lost:
                channel = f"channel {group} of {exchange}"
                stock = f"{group // 4:06d}.{exchange}"
                where = channel if self.of_channels else stock
                counts[f"numbers missing in {where} on {on}"] = lost
        return counts
