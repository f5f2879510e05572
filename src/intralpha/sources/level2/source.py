"""Level2Source: the files of a Level-2 vendor as batches of trades, orders and snapshots."""

import datetime
import shutil
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BeforeValidator, Field, model_validator

from intralpha.base import thread_count
from intralpha.base.ahead import ahead
from intralpha.base.place import PlacePath
from intralpha.sources.files import fingerprint
from intralpha.sources.level2.blocks import Block, block
from intralpha.sources.level2.chunks import CHUNK_BYTES, CHUNK_ROWS, Chunk, chunks
from intralpha.sources.level2.log import log_blocks
from intralpha.sources.level2.pieces import Piece, pieces, together
from intralpha.sources.level2.rows import EVENT, EXCHANGES, SNAPSHOT
from intralpha.sources.level2.sequence import BY_LINE, Mark, Numbers, marks_of
from intralpha.sources.level2.settle import account, settle_events, settle_snapshots
from intralpha.sources.level2.shared import Shared, groups, joint, split
from intralpha.sources.level2.spelling import typed_as_spelt
from intralpha.sources.level2.streams import StreamSpec
from intralpha.sources.shipped import preset_named, read_level2_preset
from intralpha.sources.source import QUARANTINE, Batch, Source, SourceSpec

HOLD_BYTES = 1 << 29
SPILLED_GROUP = 1 << 16
SPILLED = {"code": pl.Int32(), "bytes": pl.Float64()}
EVENTS, SNAPSHOTS = "events", "snapshots"
SCHEMAS = {EVENTS: EVENT, SNAPSHOTS: SNAPSHOT}
TABLE_OF = {"orders": "orders", "merged": "orders", "trades": "trades", "snapshots": "snapshots"}


def _spelt(word: Any) -> Any:
    """YAML reads the word no as False."""
    return "no" if word is False else word


class Level2Spec(SourceSpec):
    """Level-2 files of a vendor: orders, trades and snapshots of one exchange or several.

    ``preset`` fills in everything a shipped description knows; keys given beside it win, in
    ``streams`` key by key.
    """

    kind: Literal["level2"] = "level2"
    path: PlacePath = Field(
        description="file, folder, glob or archive; ${VARIABLES} expand. Archives inside a folder "
        "are opened too"
    )
    preset: str | None = Field(default=None, description="name of a shipped description")
    streams: dict[str, StreamSpec] = Field(min_length=1, description="name -> files of one kind")
    date: datetime.date | None = Field(
        default=None, description="session, where no column and no path says it"
    )
    gap_free: Annotated[Literal["no", "stock", "channel"], BeforeValidator(_spelt)] = Field(
        default="no",
        description="what the numbers run over without a gap, if the files hold all of it; missing "
        "numbers are then counted",
    )
    number_by_time: tuple[Literal["SH", "SZ", "BJ"], ...] = Field(
        default=(),
        description="exchanges whose orders and trades have no common numbers: their records are "
        "numbered by time; at one time an order comes before its trades, what Shanghai lists of "
        "one that traded at once comes behind, cancels last",
    )
    live: bool = Field(
        default=False,
        description="files still grow: Shanghai's orders after a stock's last trade wait for more",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        preset = preset_named(given)
        if preset is None:
            return given
        if not isinstance(given.get("streams") or {}, dict):
            return given
        known = read_level2_preset(preset)
        streams = dict(known["streams"])
        for name, keys in (given.get("streams") or {}).items():
            streams[name] = {**streams.get(name, {}), **keys} if isinstance(keys, dict) else keys
        return {**known, **given, "streams": streams}

    @model_validator(mode="after")
    def _numbers_are_there(self) -> "Level2Spec":
        lacking = [name for name, s in self.streams.items() if "seq" not in s.columns]
        lacking = [name for name in lacking if self.streams[name].holds != "snapshots"]
        apart = self.number_by_time
        lacking = [name for name in lacking if self.streams[name].exchange not in apart]
        if lacking and (self.has_orders or self.gap_free != "no"):
            why = "orders share the numbers" if self.has_orders else "`gap_free` counts numbers"
            raise ValueError(f"columns of {', '.join(lacking)} lacks seq, and {why}")
        return self

    @model_validator(mode="after")
    def _files_are_shared_well(self) -> "Level2Spec":
        groups(self.streams)
        return self

    @property
    def has_orders(self) -> bool:
        """Whether any stream may hold orders."""
        return any(s.holds in ("orders", "merged") for s in self.streams.values())

    def make(self) -> "Level2Source":
        """The reader, with its usual memory."""
        return Level2Source(self)


class Level2Source(Source):
    """Reader of any vendor that a :class:`Level2Spec` describes.

    Shanghai's orders are rebuilt as they were entered, active sides come from the ids of the
    orders, records after 15:05 are left out; every record that is not a row of the lake is
    counted, or set aside with its line.

    Parameters
    ----------
    spec : the source
    hold_bytes : typed records kept in memory before rows are handed over. Files that share a date
        (and a symbol, where paths tell it) are read together; a larger group goes to disk sorted
        by stock first, and half as much is looked at at once

    Notes
    -----
    Memory: 16 MB of text and its columns a thread, and up to five times ``hold_bytes`` while rows
    are made (3.1 GiB as it is, however long the files are). Temporary files hold the members of tar
    archives, and the records of a group that is larger than ``hold_bytes``.

    Ingesting again when files have grown, with ``on_conflict`` ``replace``, gives the same tables
    as ingesting all at once: a row keeps its number, and what became more complete is replaced.
    Use ``live`` while trades may arrive later than orders.
    """

    def __init__(self, spec: Level2Spec, hold_bytes: int = HOLD_BYTES) -> None:
        self.spec = spec
        self.hold_bytes = hold_bytes
        self.name = spec.preset or "level2"
        self._groups = groups(spec.streams)
        self._read_as = dict(spec.streams)
        for first, names in self._groups.items():
            self._read_as[first] = joint([spec.streams[name] for name in names])

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """Trades, orders and snapshots of whole stock-days, many at a time."""
        return ahead(self._batches())

    def _batches(self) -> Iterator[Batch]:
        with (
            tempfile.TemporaryDirectory(prefix="intralpha-level2-") as folder,
            ThreadPoolExecutor(thread_count()) as pool,
        ):
            archives = Path(folder) / "archives"
            archives.mkdir()
            held = _Held(self.spec, Path(folder) / "records", self.hold_bytes)
            packs = _Packs(lambda pack: held.wait_for(pool.submit(self._parse, pack)))
            streams = self.spec.streams
            found = pieces(self.spec.path, streams, archives, self.spec.date)
            for group in together(streams, found):
                for file, piece in held.begin(group):
                    for chunk in chunks(piece, self._read_as[piece.stream]):
                        packs.add(_Part(chunk, piece, file))
                if held.full:
                    packs.flush()
                    yield from held.release()
            packs.flush()
            yield from held.release()
            yield from held.missing()

    def _parse(self, pack: list["_Part"]) -> list["_Parsed"]:
        name = pack[0].piece.stream
        stream = self._read_as[name]
        contents = [part.chunk for part in pack]
        if name not in self._groups:
            return [self._typed(name, block(contents, stream), pack)]
        streams = {each: self.spec.streams[each] for each in self._groups[name]}
        if stream.format == "kv_log":
            shared = log_blocks(contents, streams)
        else:
            shared = split(block(contents, stream), streams)
        found = [self._typed(each, lines, pack) for each, lines in shared.blocks.items()]
        return [*found, _of_none(streams[name], shared)]

    def _typed(self, name: str, lines: Block, pack: list["_Part"]) -> "_Parsed":
        stream = self.spec.streams[name]
        bad, repairs = [lines.torn], Counter[str]()
        first: dict[str, str] = {}
        kind = SNAPSHOTS if stream.holds == "snapshots" else EVENTS
        frame, passed = _none(kind), _none(EVENTS)
        if lines.frame.height:
            files = [part.file for part in pack]
            rows = typed_as_spelt(lines.frame, [part.piece for part in pack], files, stream)
            frame, passed, repairs = rows.frame, rows.passed, Counter(rows.counts)
            bad.append(rows.bad)
            first = rows.first
        if kind == EVENTS and "seq" not in stream.columns:
            frame = frame.with_columns(seq=pl.lit(BY_LINE, pl.Int64))
        marks: list[Mark] = []
        if self.spec.gap_free != "no" and kind == EVENTS:
            of_channels = self.spec.gap_free == "channel"
            known = passed if of_channels else passed.filter(pl.col("stock") > len(EXCHANGES))
            marks = marks_of(frame, of_channels) + marks_of(known, of_channels)
        table = TABLE_OF[stream.holds]
        return _Parsed(kind, table, frame, pl.concat(bad), repairs, lines.notes, marks, first)


@dataclass(frozen=True)
class _Part:
    """A chunk, the file it is from, and the number of that file."""

    chunk: Chunk
    piece: Piece
    file: int


class _Packs:
    """Chunks of small files, put together until they are worth a thread's while."""

    def __init__(self, submit: Callable[[list[_Part]], None]) -> None:
        self._submit = submit
        self._open: dict[tuple[str, ...], list[_Part]] = {}
        self._sizes: Counter[tuple[str, ...]] = Counter()

    def add(self, part: _Part) -> None:
        """Put a chunk with those of the same stream and columns."""
        content = part.chunk.content
        key = (part.piece.stream, *part.chunk.names)
        size = len(content)
        if isinstance(content, pl.DataFrame):
            key = (*key, *map(str, content.dtypes))
            size = size * CHUNK_BYTES // CHUNK_ROWS
        self._open.setdefault(key, []).append(part)
        self._sizes[key] += size
        if self._sizes[key] >= CHUNK_BYTES:
            self._send(key)

    def flush(self) -> None:
        """Send off what waits."""
        for key in list(self._open):
            self._send(key)

    def _send(self, key: tuple[str, ...]) -> None:
        self._submit(self._open.pop(key))
        del self._sizes[key]


@dataclass(frozen=True)
class _Parsed:
    """What came out of some chunks."""

    kind: str
    table: str
    frame: pl.DataFrame
    bad: pl.DataFrame
    repairs: Counter[str]
    notes: Counter[str]
    marks: list[Mark]
    first: dict[str, str]


def _of_none(stream: StreamSpec, shared: Shared) -> _Parsed:
    """What some chunks hold of no stream; it is told with the first one's table."""
    rest, kind = shared.rest, SNAPSHOTS if stream.holds == "snapshots" else EVENTS
    first = {
        row["reason"]: f"{row['origin']} line {row['line']}: found {row['row']!r}"
        for row in rest.torn.unique("reason", keep="first", maintain_order=True).iter_rows(
            named=True
        )
    }
    table = TABLE_OF[stream.holds]
    return _Parsed(kind, table, _none(kind), rest.torn, shared.counts, rest.notes, [], first)


class _Held:
    """Typed records that wait until their stock-days are whole; on disk if they are many."""

    def __init__(self, spec: Level2Spec, folder: Path, limit: int) -> None:
        self.spec, self.folder, self.limit = spec, folder, limit
        self.names: list[str] = []
        self.frames: dict[str, list[pl.DataFrame]] = {EVENTS: [], SNAPSHOTS: []}
        self.bytes, self.parts = 0, 0
        self.spilled = pl.DataFrame(schema=SPILLED)
        self.waiting: deque[Future[list[_Parsed]]] = deque()
        self.lost: dict[str, list[pl.DataFrame]] = {}
        self.repairs: dict[str, Counter[str]] = {}
        self.notes: dict[str, Counter[str]] = {}
        self.first: dict[str, dict[str, str]] = {}
        self.numbers = Numbers(spec.gap_free == "channel") if spec.gap_free != "no" else None

    def begin(self, group: list[Piece]) -> list[tuple[int, Piece]]:
        """Number the next files."""
        first = len(self.names)
        self.names += [p.name for p in group]
        return list(enumerate(group, start=first))

    def wait_for(self, parsed: Future[list[_Parsed]]) -> None:
        """Expect records; those of a few packs before are taken in, in their order."""
        self.waiting.append(parsed)
        self._take(thread_count())

    def _take(self, left: int) -> None:
        while len(self.waiting) > left:
            for parsed in self.waiting.popleft().result():
                self._keep(parsed)

    def _keep(self, parsed: _Parsed) -> None:
        """Keep records; write all that are held to disk if they are more than the limit."""
        table = parsed.table
        self.lost.setdefault(table, []).append(parsed.bad)
        self.repairs.setdefault(table, Counter()).update(parsed.repairs)
        self.notes.setdefault(table, Counter()).update(parsed.notes)
        self.first[table] = {**parsed.first, **self.first.get(table, {})}
        if self.numbers is not None:
            self.numbers.add(parsed.marks)
        self.frames[parsed.kind].append(parsed.frame)
        self.bytes += int(parsed.frame.estimated_size())
        if self.bytes > self.limit:
            self._spill()

    @property
    def full(self) -> bool:
        """Whether the groups read so far are enough for a batch."""
        return self.parts > 0 or 2 * self.bytes > self.limit

    def release(self) -> Iterator[Batch]:
        """Batches of everything held, in the order of codes; nothing is held afterwards."""
        self._take(0)
        if self.parts:
            self._spill()
        origin = self.names[0] if len(self.names) == 1 else f"{len(self.names)} files"
        threads = thread_count()
        ranges = deque(_ranges(self._sizes(), self.limit / 2 / threads))
        # Not the pool that reads: this waits for its own threads only.
        with ThreadPoolExecutor(threads) as pool:
            settled: deque[Future[list[Batch]]] = deque()
            while ranges or settled:
                while ranges and len(settled) < threads:
                    settled.append(pool.submit(self._settle, *ranges.popleft(), origin))
                yield from settled.popleft().result()
        yield from self._accounts(origin)
        self.frames = {EVENTS: [], SNAPSHOTS: []}
        self.bytes, self.parts, self.names = 0, 0, []
        self.spilled = pl.DataFrame(schema=SPILLED)
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
                done = account(table, origin, bad, repairs, notes)
                yield replace(done, first=self.first.get(table, {}))
        self.lost, self.repairs, self.notes, self.first = {}, {}, {}, {}

    def _spill(self) -> None:
        """Write what is held to disk, sorted by stock."""
        self.spilled = self._sizes()
        for kind, frames in self.frames.items():
            if not frames:
                continue
            rows = pl.concat(frames)
            if not rows["stock"].is_sorted():
                rows = rows.sort("stock", maintain_order=True)
            path = self.folder / kind / f"{self.parts:06d}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows.write_parquet(path, compression="lz4", row_group_size=SPILLED_GROUP)
            self.parts += 1
        self.frames, self.bytes = {EVENTS: [], SNAPSHOTS: []}, 0

    def _sizes(self) -> pl.DataFrame:
        """Bytes of the records of every code, on disk and in memory."""
        sizes = [self.spilled]
        for frame in (frame for frames in self.frames.values() for frame in frames):
            a_row = frame.estimated_size() / max(frame.height, 1)
            counts = frame.group_by((pl.col("stock") // 4).alias("code")).len("rows")
            sizes.append(counts.select("code", bytes=pl.col("rows") * a_row))
        return pl.concat(sizes).group_by("code").agg(pl.col("bytes").sum())

    def _settle(self, first: int, last: int, origin: str) -> list[Batch]:
        """Batches of the stocks with these codes."""
        mine = pl.col("stock").is_between(4 * first, 4 * last + 3)

        def records(kind: str) -> pl.DataFrame:
            files = sorted((self.folder / kind).glob("*.parquet"))
            if files:
                return pl.scan_parquet(files).filter(mine).collect()
            return pl.concat([_none(kind), *(f.filter(mine) for f in self.frames[kind])])

        out: list[Batch] = []
        events, snapshots = records(EVENTS), records(SNAPSHOTS)
        if events.height:
            spec = self.spec
            out += settle_events(
                events, self.names, origin, spec.has_orders, spec.live, spec.number_by_time
            )
        if snapshots.height:
            out.append(settle_snapshots(snapshots, origin))
        return out


def _ranges(sizes: pl.DataFrame, limit: float) -> list[tuple[int, int]]:
    """First and last code of groups of stocks that hold about so many bytes, or are one stock."""
    sizes = sizes.sort("code")
    held = sizes["bytes"].cum_sum()
    groups = sizes.group_by((held / limit).floor().alias("group"), maintain_order=True)
    return groups.agg(first=pl.col("code").first(), last=pl.col("code").last()).drop("group").rows()


def _none(kind: str) -> pl.DataFrame:
    return pl.DataFrame(schema=SCHEMAS[kind])
