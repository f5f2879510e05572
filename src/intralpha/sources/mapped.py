"""MappedSource: reader of vendor files whose columns a mapping names."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from intralpha.sources.bar_rows import (
    PRICES,
    ROWS_A_BATCH,
    drop_twins,
    fill_grid,
    parted,
    to_quarantine,
)
from intralpha.sources.bar_stamps import refuse_other_stamps
from intralpha.sources.daily_rows import finish_daily
from intralpha.sources.daily_words import tell
from intralpha.sources.file_rows import FileRows
from intralpha.sources.files import fingerprint
from intralpha.sources.joined import Joined
from intralpha.sources.mapping import MappingSpec
from intralpha.sources.raw_rows import read_rows
from intralpha.sources.remarks import of_files, of_prices, of_rows
from intralpha.sources.source import Batch, Source
from intralpha.sources.tick import OFF_TICK, off_tick

FILLED = "bars filled to complete the grid"


class MappedSource(Source):
    """Reader of any vendor that a :class:`MappingSpec` describes.

    Parameters
    ----------
    spec : the mapping
    """

    def __init__(self, spec: MappingSpec) -> None:
        self.spec = spec
        self.name = spec.preset or "mapping"
        self._joined: list[Joined] = []

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        parts = [fingerprint(self.spec.path), *(join.fingerprint() for join in self.spec.joined)]
        return "-".join(parts)

    def batches(self) -> Iterator[Batch]:
        """Files gathered, and large ones cut, to about two million rows a batch.

        A day at which a file is cut stays whole: the next part begins with it.
        """
        self._joined = [join.read() for join in self.spec.joined]
        yield from (joined.unused() for joined in self._joined if joined.has_unused)
        held: list[FileRows] = []
        for file in read_rows(self.spec.path, self.spec.matching, self.spec.form, ROWS_A_BATCH):
            held.append(file)
            if sum(f.rows.height for f in held) >= ROWS_A_BATCH:
                whole, held = _whole_days(held)
                yield from self._finish(whole) if whole else ()
        if held:
            yield from self._finish(held)

    def _finish(self, files: list[FileRows]) -> Iterator[Batch]:
        names = [*dict.fromkeys(f.name for f in files)]
        origin = names[0] if len(names) == 1 else f"{names[0]} .. {names[-1]} ({len(names)} files)"
        rows = pl.concat(f.rows.with_columns(pl.lit(f.name).alias("origin")) for f in files)
        bad = pl.concat(f.aside for f in files)
        first = {why: text for f in reversed(files) for why, text in f.first.items()}
        read = rows.height + bad.height
        rows, twins = drop_twins(rows)
        if self.spec.table == "bars":
            refuse_other_stamps(origin, rows["time"], self.spec.freq or 0, self.spec.stamp)
        begun = [f for f in files if f.begins]
        notes, said = of_files(
            [f.name for f in begun], [f.rows.height + f.aside.height for f in begun]
        )
        units = self.spec.units
        notes |= units.odd(rows) | _noted(files) | of_rows(rows, self.spec.told)
        rows = units.of_lake(rows)
        dear, meant = of_prices(rows)
        prices = [c for c in (*PRICES, "preclose") if c in rows.columns]
        notes |= dear | {OFF_TICK: off_tick(rows, prices, self.spec.tick_yuan)}
        repairs = {**twins, **_mended(files)}
        gathered = Batch("", rows, origin, bad, repairs, read, notes, first | said | meant)
        yield from self._days(gathered) if self.spec.table == "daily" else self._bars(gathered)

    def _days(self, given: Batch) -> Iterator[Batch]:
        """Daily rows of what was read, in units of the lake."""
        rows, notes, first = given.frame, dict(given.notes), dict(given.first)
        for joined in self._joined:
            rows, lacking, events = joined.complete(rows)
            notes |= lacking
            first |= events
        told = tell(rows, self.spec.tick_yuan)
        frame, repairs = finish_daily(told.rows, self.spec.tick_yuan, self.spec.data_start)
        repairs = {**repairs, **given.repairs, **told.repairs}
        bad, read = given.quarantined, given.rows_read
        batch = _batch("daily", frame, rows, given.origin, bad, repairs, read)
        first |= told.first | _repeated(batch)
        yield replace(batch, notes=notes | told.notes, first=first)

    def _bars(self, given: Batch) -> Iterator[Batch]:
        """Bars of what was read, and the opening auctions that stand in rows of their own."""
        found = self.spec.marks.bars(given.frame)
        frame, filled = fill_grid(found.good, self.spec.freq or 0)
        counts = {**found.repairs, **given.repairs, FILLED: filled}
        repaired = {k: n for k, n in counts.items() if n}
        first = given.first | found.first
        bad = pl.concat([given.quarantined, found.bad])
        yield Batch("bars", frame, given.origin, bad, repaired, given.rows_read, given.notes, first)
        if found.auctions.height:
            yield Batch("auctions", found.auctions, given.origin)


def _batch(
    table: str,
    frame: pl.DataFrame,
    rows: pl.DataFrame,
    origin: str,
    bad: pl.DataFrame,
    repairs: dict[str, int],
    read: int,
) -> Batch:
    """Check the rows against the table's rules and set bad ones aside with file and line."""
    good, refused = parted(table, frame, rows)
    return Batch(table, good, origin, pl.concat([bad, to_quarantine(refused)]), repairs, read)


def _repeated(batch: Batch) -> dict[str, str]:
    """What it means if a stock's day stands in most rows more than once."""
    twice = batch.quarantined.filter(pl.col("reason") == "duplicate key")
    if twice.height <= batch.frame.height:
        return {}
    origin, line, _, text = twice.row(0)
    said = f"{origin} line {line}: found {text}, expected one row a stock and day"
    return {"duplicate key": f"{said}; bars? `table: bars` with the `freq` in minutes"}


def _whole_days(files: list[FileRows]) -> tuple[list[FileRows], list[FileRows]]:
    """Files whose days are whole, and what is left: the last day of a file that goes on."""
    if files[-1].ends:
        return files, []
    before, last = files[-1].without_last_day()
    return ([*files[:-1], before], [last]) if before.rows.height else ([], files)


def _mended(files: list[FileRows]) -> dict[str, int]:
    """What was repaired while lines were read."""
    counts = sum((Counter(file.repairs) for file in files), Counter[str]())
    return {what: count for what, count in counts.items() if count}


def _noted(files: list[FileRows]) -> dict[str, int]:
    """What was seen while lines were read, and files without a column that must hold something."""
    seen = sum((Counter(file.notes) for file in files), Counter[str]())
    lacking = Counter(column for file in files for column in file.unchecked)
    said = {f"files without the column {c}, which was not checked": n for c, n in lacking.items()}
    return {what: count for what, count in seen.items() if count} | said
