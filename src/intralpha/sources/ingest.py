"""Ingest: sources into a lake, with every row accounted for."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import polars as pl
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from intralpha.base.ahead import closed
from intralpha.base.progress import progress
from intralpha.market import Lake, split_valid
from intralpha.market.append import Merging
from intralpha.market.manifest import DamagedFileError, replacing
from intralpha.market.merge import OnConflict
from intralpha.market.schemas import TABLES, in_order, shape
from intralpha.market.sound import telling_damage
from intralpha.market.tick_file import TICK_TABLES
from intralpha.sources.cover import Cover, Covering
from intralpha.sources.index_weight import beside_lists
from intralpha.sources.source import Batch, NothingReadError, SetAsideError, SourceSpec

log = logging.getLogger(__name__)
SHOWN_OF_A_ROW = 120
MOST = 0.5  # of a source's rows
LOG_SECONDS = 30.0  # a source may have a file a stock and day


@dataclass
class SourceCount:
    """What happened to the rows of one source and table.

    Attributes
    ----------
    source, table : names
    rows_read : data rows found in the files
    added, already_there, replaced : what became of those that could be used
    quarantined : reason -> rows set aside
    repairs : kind of repair -> rows it touched
    notes : what was seen and left as it is -> how often
    first : reason or note -> the first row that was set aside for it, or the worst ones
    partitions_written, partitions_unchanged : files of the lake, relative to it
    """

    source: str
    table: str
    rows_read: int = 0
    added: int = 0
    already_there: int = 0
    replaced: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    partitions_written: set[str] = field(default_factory=set)
    partitions_unchanged: set[str] = field(default_factory=set)


@dataclass(frozen=True, repr=False)
class IngestReport:
    """What an ingest did.

    Attributes
    ----------
    counts : what happened to the rows, by source and table
    covers : which stocks and sessions the sources brought, by table and frequency, whether their
        rows were there before or not: the part of a shared lake that is these sources' own
    seconds : it took
    """

    counts: tuple[SourceCount, ...]
    covers: tuple[Cover, ...]
    seconds: float

    def __repr__(self) -> str:
        return self.to_text()

    def to_text(self) -> str:
        """A paragraph for each source and table."""
        lines = []
        for c in self.counts:
            untouched = c.partitions_unchanged - c.partitions_written
            lines.append(
                f"{c.source} -> {c.table}: {c.rows_read:,} rows read, {c.added:,} added, "
                f"{c.already_there:,} already there, {c.replaced:,} replaced; "
                f"{len(c.partitions_written):,} files written, {len(untouched):,} unchanged"
            )
            lines += [f"    repaired     {n:>9,}  {what}" for what, n in c.repairs.most_common()]
            for what, n in c.notes.most_common():
                lines.append(f"    noted        {n:>9,}  {what}")
                lines += [f"                            {c.first[what]}"] if what in c.first else []
            for why, n in c.quarantined.most_common():
                lines.append(f"    quarantined  {n:>9,}  {why}")
                lines += [f"                            {c.first[why]}"] if why in c.first else []
        return "\n".join([*lines, f"{self.seconds:.1f} s"])

    def demand(self, fail_above: float | None) -> None:
        """Raise if most rows of a source were set aside.

        Parameters
        ----------
        fail_above : share that a fault of values may reach; 1: nothing is an error

        Raises
        ------
        SetAsideError
        """
        for c in self.counts:
            aside = sum(c.quarantined.values())
            if fail_above != 1 and aside > MOST * max(c.rows_read, 1):
                raise SetAsideError(c.source, c.table, aside, c.rows_read, self.worst(c))

    @staticmethod
    def worst(count: SourceCount) -> str:
        """The reason for which most rows of a source and table were set aside, and the first."""
        why, rows = count.quarantined.most_common(1)[0]
        return f"{rows:,} x {why}: {count.first[why]}"

    @property
    def unchanged(self) -> bool:
        """True if no file of the lake was touched."""
        return not any(c.partitions_written for c in self.counts)


def ingest(
    specs: Sequence[SourceSpec],
    lake: Lake,
    on_conflict: OnConflict = "error",
    show_progress: bool = True,
) -> IngestReport:
    """Read every source into the lake.

    Parameters
    ----------
    specs : sources, in order
    lake : receives the rows; quarantined rows go to its folder ``quarantine``
    on_conflict : for a key that is there with other values. Reference rows of ``instruments`` are
        completed instead: a known value is kept, an unknown one is filled in; a period of
        ``membership`` without an end takes the one that comes later.
    show_progress : a spinner with counts on stderr

    Returns
    -------
    IngestReport
        Ingesting the same files again adds nothing and touches no file.

    Raises
    ------
    DataError
        A file cannot be read at all, no row of a source can be used, or rows conflict and
        ``on_conflict`` is ``error``.
    """
    started = perf_counter()
    counts: dict[tuple[int, str], SourceCount] = {}
    covering = Covering()
    said = -LOG_SECONDS
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with progress(show_progress, *columns) as bar:
        task = bar.add_task("ingest", total=None)
        for number, spec in enumerate(specs):
            source, used = spec.make(), 0
            with lake.merging(on_conflict) as merging, closed(source.batches()) as batches:
                for batch in batches:
                    at = f"{source.name} -> {batch.table}: {batch.origin}"
                    bar.update(task, description=at)
                    if perf_counter() - said > LOG_SECONDS:
                        log.info("ingest %s", at)
                        said = perf_counter()
                    count = SourceCount(source.name, batch.table)
                    count = counts.setdefault((number, batch.table), count)
                    with telling_damage(lake.root):
                        rows = _take(lake, merging, batch, count, on_conflict)
                    covering.add(batch.table, rows)
                    used += rows.height
            if not used:
                _refuse_nothing([c for (n, _), c in counts.items() if n == number])
    return IngestReport(tuple(counts.values()), covering.covers, perf_counter() - started)


def _refuse_nothing(counts: Sequence[SourceCount]) -> None:
    """Raise if a source of which no row could be used had rows that were set aside."""
    reasons = sum((c.quarantined for c in counts), Counter[str]())
    if reasons:
        first = {why: text for c in counts for why, text in c.first.items()}
        raise NothingReadError(counts[0].source, dict(reasons), first)


def _take(
    lake: Lake, merging: Merging, batch: Batch, count: SourceCount, on_conflict: OnConflict
) -> pl.DataFrame:
    """Put a batch into the lake and count what happened; returns the valid rows."""
    rows = batch.frame
    count.rows_read += batch.rows_read or rows.height
    if batch.table == "instruments":
        rows, on_conflict = _completed(lake, shape("instruments", rows)), "replace"
    rows, refused = split_valid(batch.table, rows)
    if batch.table == "membership":
        rows, on_conflict = _with_ends(lake, rows, batch.lists, on_conflict)
    if batch.table in TICK_TABLES:
        done = merging.add(batch.table, in_order(batch.table, rows))
    else:
        done = lake.append(batch.table, rows, on_conflict, valid=True)
    count.added += done.rows_added
    count.already_there += done.rows_kept
    count.replaced += done.rows_replaced
    count.partitions_written |= set(done.partitions_written)
    count.partitions_unchanged |= set(done.partitions_unchanged)
    count.repairs.update({k: n for k, n in batch.repairs.items() if n})
    count.notes.update({k: n for k, n in batch.notes.items() if n})
    count.notes.update(
        {
            what: n
            for what, n in (
                ("rows of the lake derived anew from these", done.rows_rederived),
                ("bars without a price: no trade, no close before known", done.rows_unpriced),
            )
            if n
        }
    )
    aside = [batch.quarantined, _without_line(refused, batch.origin)]
    if done.refused.height:
        aside.append(_without_line(done.refused, batch.origin))
        rows = rows.join(done.refused, on=["date", "symbol"], how="anti")
    aside = pl.concat(aside)
    count.first = {**_first(aside), **batch.first, **count.first}
    if aside.height:
        count.quarantined.update(dict(aside["reason"].value_counts().rows()))
        _set_aside(lake, batch.table, aside)
    return rows


def _first(aside: pl.DataFrame) -> dict[str, str]:
    """Of every reason the first row, cut to a line of print."""
    rows = aside.unique("reason", keep="first", maintain_order=True).rows()
    at = {why: f"{name} line {n}" if n else name for name, n, why, _ in rows}
    return {why: f"{at[why]}: found {row[:SHOWN_OF_A_ROW]!r}" for _, _, why, row in rows}


def _completed(lake: Lake, new: pl.DataFrame) -> pl.DataFrame:
    """Instruments of the lake win; what they do not know is taken from the new rows."""
    old = _there(lake, "instruments")
    joined = new.join(old, on="symbol", how="left", suffix="_old")
    columns = [c for c in old.columns if c != "symbol"]
    return joined.select("symbol", *(pl.coalesce(f"{c}_old", c).alias(c) for c in columns))


def _there(lake: Lake, table: str) -> pl.DataFrame:
    """Rows of a table of one file; none where that was lost: its sources make it anew."""
    try:
        return lake.scan(table).collect()
    except DamagedFileError as error:
        if error.found is not None:
            raise
        log.warning("%s is missing and is made anew of what is ingested now", error.path)
        return pl.DataFrame(schema=TABLES[table].columns)


def _with_ends(
    lake: Lake, new: pl.DataFrame, lists: bool, on_conflict: OnConflict
) -> tuple[pl.DataFrame, OnConflict]:
    """Periods of membership, and what is done where the lake has others.

    Lists end where the next one begins, whether it is new or the lake's. An end is no conflict
    where it follows from lists, or where the period had none; another weight is one.
    """
    old = _there(lake, "membership")
    if lists:
        new = beside_lists(new, old, on_conflict == "keep")
    both = new.join(old, on=["index", "symbol", "in_date"], suffix="_old")
    same = pl.col("weight").eq_missing(pl.col("weight_old"))
    was = pl.col("out_date_old")
    closes = pl.lit(lists) | was.is_null() | pl.col("out_date").eq_missing(was)
    return new, "replace" if both.select((same & closes).all()).item() else on_conflict


def _without_line(refused: pl.DataFrame, origin: str) -> pl.DataFrame:
    """Rows that break the table's rules, in the form of the quarantine."""
    text = pl.concat_str(pl.all().exclude("reason").cast(pl.String).fill_null(""), separator=",")
    return refused.select(
        pl.lit(origin).alias("origin"),
        pl.lit(None, pl.Int64).alias("line"),
        "reason",
        text.alias("row"),
    )


def _set_aside(lake: Lake, table: str, rows: pl.DataFrame) -> None:
    """Write quarantined rows to the lake's quarantine folder, named by their content."""
    digest = hashlib.sha256(json.dumps(rows.rows()).encode()).hexdigest()[:16]
    path = lake.root / "quarantine" / f"{table}-{digest}.parquet"
    if not path.is_file():
        with replacing(path) as partial:
            rows.write_parquet(partial)
