"""Level2Source: the files of a Level-2 vendor as batches of trades, orders and snapshots."""

import math
import shutil
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from intralpha.base import thread_count
from intralpha.sources.files import fingerprint
from intralpha.sources.level2.blocks import block
from intralpha.sources.level2.chunks import Chunk, chunks
from intralpha.sources.level2.pieces import Piece, pieces, together
from intralpha.sources.level2.rows import EVENT, SNAPSHOT, typed
from intralpha.sources.level2.sequence import Numbers
from intralpha.sources.level2.settle import account, settle_events, settle_snapshots
from intralpha.sources.level2.spec import Level2Spec
from intralpha.sources.source import QUARANTINE, Batch, Source

HOLD_BYTES = 1 << 29
# A text file in a .gz is about so many times larger.
PACKED = 6
EVENTS, SNAPSHOTS = "events", "snapshots"
SCHEMAS = {EVENTS: EVENT, SNAPSHOTS: SNAPSHOT}
TABLE_OF = {"orders": "orders", "merged": "orders", "trades": "trades", "snapshots": "snapshots"}


class Level2Source(Source):
    """Reader of any vendor that a :class:`~intralpha.sources.level2.spec.Level2Spec` describes.

    Shanghai's orders are rebuilt as they were entered, active sides come from the ids of the
    orders, records after 15:05 are left out; every record that is not a row of the lake is
    counted, or set aside with its line.

    Parameters
    ----------
    spec : the source
    hold_bytes : typed records kept in memory before rows are handed over. Files that share a date
        (and a symbol, where paths tell it) are read together; a larger group goes to disk by
        stock first, so that no more than this is looked at at once

    Notes
    -----
    Memory: 16 MB of text and its columns a thread, and up to five times ``hold_bytes`` while rows
    are made (2.6 GB as it is, however long the files are). Temporary files hold the members of tar
    archives, and the records of a group that is larger than ``hold_bytes``.

    Ingesting again when files have grown, with ``on_conflict`` ``replace``, gives the same tables
    as ingesting all at once: a row keeps its number, and what became more complete is replaced.
    Use ``live`` while trades may arrive later than orders.
    """

    def __init__(self, spec: Level2Spec, hold_bytes: int = HOLD_BYTES) -> None:
        self.spec = spec
        self.hold_bytes = hold_bytes
        self.name = spec.preset or "level2"

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """Trades, orders and snapshots of whole stock-days, many at a time."""
        threads = thread_count()
        waiting: deque[Future[_Parsed]] = deque()
        with (
            tempfile.TemporaryDirectory(prefix="intralpha-level2-") as folder,
            ThreadPoolExecutor(threads) as pool,
        ):
            archives = Path(folder) / "archives"
            archives.mkdir()
            held = _Held(self.spec, Path(folder) / "records", self.hold_bytes)
            for group in together(self.spec, pieces(self.spec, archives)):
                for file, piece in held.begin(group):
                    for chunk in chunks(piece, self.spec.streams[piece.stream]):
                        waiting.append(pool.submit(self._parse, chunk, piece, file))
                        held.take(waiting, threads)
                if held.full:
                    held.take(waiting, 0)
                    yield from held.release()
            held.take(waiting, 0)
            yield from held.release()
            yield from held.missing()

    def _parse(self, chunk: Chunk, piece: Piece, file: int) -> "_Parsed":
        stream = self.spec.streams[piece.stream]
        lines = block(chunk, stream)
        bad, repairs = [lines.torn], Counter[str]()
        kind = SNAPSHOTS if stream.holds == "snapshots" else EVENTS
        frame = _none(kind)
        if lines.frame.height:
            rows = typed(lines.frame, piece, stream, file)
            frame, repairs = rows.frame, Counter(rows.counts)
            bad.append(rows.bad)
        table = TABLE_OF[stream.holds]
        return _Parsed(kind, table, frame, pl.concat(bad), repairs, Counter(lines.notes))


@dataclass(frozen=True)
class _Parsed:
    """What came out of a chunk."""

    kind: str
    table: str
    frame: pl.DataFrame
    bad: pl.DataFrame
    repairs: Counter[str]
    notes: Counter[str]


class _Held:
    """Typed records that wait until their stock-days are whole; on disk if they are many."""

    def __init__(self, spec: Level2Spec, folder: Path, limit: int) -> None:
        self.spec, self.folder, self.limit = spec, folder, limit
        self.names: list[str] = []
        self.frames: dict[str, list[pl.DataFrame]] = {EVENTS: [], SNAPSHOTS: []}
        self.bytes, self.parts, self.buckets = 0, 0, 1
        self.lost: dict[str, list[pl.DataFrame]] = {}
        self.repairs: dict[str, Counter[str]] = {}
        self.notes: dict[str, Counter[str]] = {}
        whole = spec.gap_free != "no"
        self.numbers = Numbers(spec.gap_free == "channel") if whole else None

    def begin(self, group: list[Piece]) -> list[tuple[int, Piece]]:
        """Number the next files, and see how finely they would have to be cut on disk."""
        first = len(self.names)
        self.names += [p.name for p in group]
        size = sum(p.size * (PACKED if p.name.endswith(".gz") else 1) for p in group)
        self.buckets = max(self.buckets, math.ceil(2 * size / self.limit))
        return list(enumerate(group, start=first))

    def take(self, waiting: "deque[Future[_Parsed]]", left: int) -> None:
        """Take in chunks in their own order until so many are left to be waited for."""
        while len(waiting) > left:
            self._keep(waiting.popleft().result())

    def _keep(self, parsed: _Parsed) -> None:
        """Keep records; write all that are held to disk if they are more than the limit."""
        table = parsed.table
        self.lost.setdefault(table, []).append(parsed.bad)
        self.repairs.setdefault(table, Counter()).update(parsed.repairs)
        self.notes.setdefault(table, Counter()).update(parsed.notes)
        if self.numbers is not None and parsed.kind == EVENTS:
            self.numbers.add(parsed.frame)
        self.frames[parsed.kind].append(parsed.frame)
        self.bytes += int(parsed.frame.estimated_size())
        if self.bytes > self.limit:
            self._spill()

    @property
    def full(self) -> bool:
        """Whether the groups read so far are enough for a batch."""
        return self.parts > 0 or 2 * self.bytes > self.limit

    def release(self) -> Iterator[Batch]:
        """Batches of everything held; nothing is held afterwards."""
        if self.parts:
            self._spill()
        origin = self.names[0] if len(self.names) == 1 else f"{len(self.names)} files"
        for frames in self._buckets():
            events, snapshots = frames[EVENTS], frames[SNAPSHOTS]
            if events.height:
                yield from settle_events(events, self.names, self.spec, origin)
            if snapshots.height:
                yield settle_snapshots(snapshots, origin)
        yield from self._accounts(origin)
        self.frames = {EVENTS: [], SNAPSHOTS: []}
        self.bytes, self.parts, self.buckets, self.names = 0, 0, 1, []
        shutil.rmtree(self.folder, ignore_errors=True)

    def missing(self) -> Iterator[Batch]:
        """A batch without rows that says which numbers are missing."""
        lost = self.numbers.missing() if self.numbers is not None else Counter[str]()
        if lost:
            table = (
                "trades"
                if any(s.holds == "trades" for s in self.spec.streams.values())
                else "orders"
            )
            bad = pl.DataFrame(schema=QUARANTINE)
            yield account(table, self.spec.path, bad, Counter(), lost)

    def _accounts(self, origin: str) -> Iterator[Batch]:
        """Batches without rows for lines that were set aside."""
        for table, lost in self.lost.items():
            bad, repairs, notes = pl.concat(lost), self.repairs[table], self.notes[table]
            if bad.height or repairs or notes:
                yield account(table, origin, bad, repairs, notes)
        self.lost, self.repairs, self.notes = {}, {}, {}

    def _spill(self) -> None:
        """Write what is held to one file a bucket of stocks."""
        for kind, frames in self.frames.items():
            if not frames:
                continue
            rows = pl.concat(frames).with_columns(bucket=pl.col("stock") // 4 % self.buckets)
            for key, part in rows.partition_by("bucket", as_dict=True).items():
                path = self.folder / kind / f"{key[0]}" / f"{self.parts}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                part.drop("bucket").write_parquet(path, compression="lz4")
            self.parts += 1
        self.frames, self.bytes = {EVENTS: [], SNAPSHOTS: []}, 0

    def _buckets(self) -> Iterator[dict[str, pl.DataFrame]]:
        """Records of some stocks, whole."""
        if not self.parts:
            yield {k: pl.concat(f) if f else _none(k) for k, f in self.frames.items()}
            return
        for bucket in range(self.buckets):
            files = {k: sorted((self.folder / k / f"{bucket}").glob("*.parquet")) for k in SCHEMAS}
            yield {k: pl.read_parquet(f) if f else _none(k) for k, f in files.items()}


def _none(kind: str) -> pl.DataFrame:
    return pl.DataFrame(schema=SCHEMAS[kind])
