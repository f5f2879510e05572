"""Sequence: records in the order of their numbers; repeats, gaps and clocks that run backwards."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from intralpha.sources.level2.clock import DAY_MS
from intralpha.sources.level2.rows import EVENT, EXCHANGES, TRADE, symbol_of

TWINS = "exact duplicate records left out"
BACKWARDS = "records stamped before an earlier record"
SHARED = "trades with the number of an order: orders and trades are not counted together"
REPEATED = "sequence number repeated with other values"
KEY = ("date", "stock", "seq", "traded")
WHERE = ("file", "line")


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


def in_sequence(events: pl.DataFrame) -> Sequenced:
    """Events sorted by date, stock and number, each number of orders and of trades once.

    Parameters
    ----------
    events : columns of ``EVENT``
    """
    rows = events.with_columns(traded=pl.col("what") == TRADE).sort(KEY, maintain_order=True)
    values = [c for c in EVENT if c not in WHERE]
    repeats = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in KEY).fill_null(value=False)
    same = pl.all_horizontal(pl.col(c).eq_missing(pl.col(c).shift(1)) for c in values)
    before = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in KEY[:-1])
    mixed = before & pl.col("traded") & ~pl.col("traded").shift(1)
    new_day = pl.any_horizontal(pl.col(c) != pl.col(c).shift(1) for c in ("date", "stock"))
    rows = rows.with_columns(
        repeats=repeats,
        twin=repeats & same,
        rank=new_day.fill_null(value=False).cum_sum().cast(pl.Int32),
    )
    kept = rows.filter(~pl.col("repeats")) if rows["repeats"].any() else rows
    again = rows.filter(pl.col("repeats"))
    return Sequenced(
        kept.select(*EVENT, "rank"),
        again.filter(~pl.col("twin")).select(*EVENT),
        again.filter("twin").select(*EVENT),
        int(rows.select(mixed.sum()).item()),
    )


def set_aside(rows: pl.DataFrame, names: list[str], reason: str) -> pl.DataFrame:
    """Typed records as quarantine, with the line they come from."""
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


@dataclass
class Numbers:
    """Which numbers of a gap-free sequence were seen; one bit each.

    Numbers run from 1 without a gap over a stock or over a channel, as the source says. Memory:
    an eighth of a byte for each number up to the largest one.
    """

    of_channels: bool
    seen: dict[tuple[date, str, int], np.ndarray] = field(default_factory=dict)

    def add(self, events: pl.DataFrame) -> None:
        """Take note of some records, in any order."""
        if self.of_channels:
            events = events.with_columns(group=pl.col("channel"), place=pl.col("stock") % 4)
        else:
            events = events.with_columns(group=pl.col("stock"), place=pl.col("stock") % 4)
        for key, part in events.group_by("date", "place", "group"):
            on, place, group = key
            name = (on, EXCHANGES[place], int(group))  # type: ignore[index]
            self._mark(name, part["seq"].to_numpy())  # type: ignore[arg-type]

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

    def _mark(self, name: tuple[date, str, int], seq: np.ndarray) -> None:
        seq = seq[seq >= 0]
        if not len(seq):
            return
        first, last = int(seq.min()) // 8, int(seq.max()) // 8
        flags = np.zeros((last - first + 1) * 8, np.uint8)
        flags[seq - first * 8] = 1
        bits = self.seen.get(name, np.zeros(0, np.uint8))
        if len(bits) <= last:
            bits = np.concatenate([bits, np.zeros(last + 1 - len(bits), np.uint8)])
        bits[first : last + 1] |= np.packbits(flags)
        self.seen[name] = bits
