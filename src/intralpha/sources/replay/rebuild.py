"""Rebuild: days of orders and trades in a lake become snapshots, one day at a time."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from time import perf_counter

import numpy as np
import polars as pl
from numpy import ndarray

from intralpha.base import DataError, spec_hash
from intralpha.base.panel import as_days
from intralpha.base.progress import progress
from intralpha.market.lake import Lake
from intralpha.market.manifest import read_manifest, replacing
from intralpha.sources.replay.rows import (
    STEP_MS,
    SnapshotsMade,
    make_snapshots,
    snapshot_times,
)

log = logging.getLogger(__name__)
VERSION = 1
CACHE = ".cache/level2/rebuilt"
SHOWN = 3


class PublishedSnapshotsError(DataError):
    """Sessions have snapshots that were not rebuilt here."""

    def __init__(self, sessions: tuple[date, ...], rows: int, asked: int) -> None:
        self.sessions, self.rows, self.asked = sessions, rows, asked
        super().__init__(
            f"{len(sessions):,} of {asked:,} sessions have snapshots that were not rebuilt from "
            f"orders and trades ({_listed(sessions)}; {rows:,} rows); expected none.\n"
            "Hint: they are never overwritten. --fill rebuilds those of the stocks that have none, "
            "--from, --to choose other sessions."
        )


class OtherStepError(DataError):
    """Sessions have rebuilt snapshots of another step."""

    def __init__(self, sessions: tuple[date, ...], step_ms: int) -> None:
        self.sessions, self.step_ms = sessions, step_ms
        super().__init__(
            f"{len(sessions):,} sessions have rebuilt snapshots of another step than "
            f"{step_ms / 1000:g} s ({_listed(sessions)}).\n"
            "Hint: a session has one step: ask for the same --every again, or use another lake."
        )


@dataclass(frozen=True)
class RebuildPlan:
    """What rebuilding would do with a session.

    Attributes
    ----------
    on : session
    state : ``no orders``, ``done`` (its snapshots are what these orders and trades give), ``to
        do``, ``published`` (it has snapshots that were not rebuilt here), ``other step``
    orders, trades, snapshots : rows in the lake
    """

    on: date
    state: str
    orders: int = 0
    trades: int = 0
    snapshots: int = 0


@dataclass(frozen=True)
class RebuildReport:
    """What a rebuilding did.

    Attributes
    ----------
    made : sessions that were written, each with what was made
    left : sessions that were done before or have no orders
    seconds : it took
    """

    made: tuple[tuple[date, SnapshotsMade], ...]
    left: tuple[date, ...]
    seconds: float

    def to_text(self) -> str:
        """A line for each session that was written, and how many were left alone."""
        rows = sum(m.rows for _, m in self.made)
        last = f"{len(self.made):,} sessions written, {rows:,} rows; {len(self.left):,} left alone"
        lines = [_said(on, made) for on, made in self.made]
        return "\n".join([*lines, f"{last}; {self.seconds:.1f} s"])


@dataclass(frozen=True)
class _Record:
    """What was rebuilt of a session; a small file in ``.cache``, written before and after.

    Attributes
    ----------
    inputs : hash of orders and trades
    step_ms : of the times
    symbols : stocks that were asked for; None: all
    published : stocks whose snapshots in the lake are not ours
    before, after : checksum of the day's snapshots when the work began, and ended
    ended : False: the work was stopped, and the file may be that of before or ours
    """

    inputs: str
    step_ms: int
    symbols: tuple[str, ...] | None
    published: tuple[str, ...]
    before: str | None
    after: str | None = None
    ended: bool = False

    def is_of(self, now: str | None) -> bool:
        """Whether the file that has this checksum now was left by the work."""
        return not self.ended or self.after == now

    def covers(self, inputs: str, symbols: tuple[str, ...] | None) -> bool:
        """Whether these stocks are done, from these inputs."""
        if not self.ended or self.inputs != inputs:
            return False
        return self.symbols is None or (symbols is not None and {*symbols} <= {*self.symbols})


def plan_rebuild(
    lake: Lake, dates: ndarray, step_ms: int = STEP_MS, symbols: tuple[str, ...] | None = None
) -> list[RebuildPlan]:
    """State of every session, from checksums alone; nothing is written.

    Parameters
    ----------
    lake : with ``orders`` and ``trades``
    dates : sessions
    step_ms : milliseconds between snapshots
    symbols : stocks wanted; default: all with orders
    """
    facts, shelf = read_manifest(lake.root), _Shelf(lake)
    out = []
    for on in (day.item() for day in as_days(dates)):
        found = [facts.get(f"{t}/date={on}.parquet") for t in ("orders", "trades", "snapshots")]
        rows = [f.rows if f else 0 for f in found]
        state = shelf.state(on, step_ms, symbols) if rows[0] else "no orders"
        out.append(RebuildPlan(on, state, *rows))
    return out


def rebuild(
    lake: Lake,
    dates: ndarray,
    step_ms: int = STEP_MS,
    symbols: tuple[str, ...] | None = None,
    fill: bool = False,
    show_progress: bool = True,
) -> RebuildReport:
    """Write the snapshots of sessions that orders and trades give.

    Parameters
    ----------
    lake : with ``orders`` and ``trades``
    dates : sessions, in the order of time
    step_ms : milliseconds between snapshots
    symbols : stocks wanted; default: all with orders
    fill : where a session has snapshots that were not rebuilt here, rebuild those of the other
        stocks; published ones stay
    show_progress : a bar on stderr

    Returns
    -------
    RebuildReport
        A session whose snapshots are what its orders and trades give is left alone, so a stopped
        run goes on where it was. If these have changed since, its rebuilt rows are replaced.

    Raises
    ------
    PublishedSnapshotsError, OtherStepError
        Nothing was written.
    OffTickError
        A price is not a whole tick; sessions finished before are complete.
    LakeWriteError
        The disk is full or refuses; sessions finished before are complete.

    Notes
    -----
    Each row is known at its time. Memory: that of :func:`.book_rows.make_snapshots`.
    """
    started = perf_counter()
    plans = plan_rebuild(lake, dates, step_ms, symbols)
    _refuse(plans, step_ms, fill)
    todo = [p for p in plans if p.state in ("to do", "published")]
    made, shelf = [], _Shelf(lake)
    with progress(show_progress) as bar:
        task = bar.add_task("snapshots", total=sum(p.orders + p.trades for p in todo))
        upto = 0
        for plan in todo:
            bar.update(task, description=f"snapshots {plan.on}")
            done = shelf.make(plan.on, step_ms, symbols, lambda n: bar.advance(task, n))
            made.append((plan.on, done))
            upto += plan.orders + plan.trades
            bar.update(task, completed=upto)
            log.info("rebuilt %s: %d of %d sessions", plan.on, len(made), len(todo))
    left = tuple(p.on for p in plans if p.state in ("done", "no orders"))
    return RebuildReport(tuple(made), left, perf_counter() - started)


class _Shelf:
    """The records of a lake, and the work that they are about."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._inputs = [lake.checksums(table) for table in ("orders", "trades")]
        self._snapshots = lake.checksums("snapshots")

    def state(self, on: date, step_ms: int, symbols: tuple[str, ...] | None) -> str:
        """Of a session with orders, as :class:`RebuildPlan` has it."""
        now, record = self._snapshots.get(on), self._read(on)
        if now is None and (record is None or not record.is_of(now)):
            return "to do"
        if record is None or not record.is_of(now):
            return "published"
        if record.step_ms != step_ms and now is not None:
            return "other step"
        return "done" if record.covers(self._key(on), symbols) else "to do"

    def make(
        self,
        on: date,
        step_ms: int,
        symbols: tuple[str, ...] | None,
        progress: Callable[[int], object],
    ) -> SnapshotsMade:
        """Rebuild a session; what the lake has of it and is not ours stays."""
        now, record = self._snapshots.get(on), self._read(on)
        if record is None or not record.is_of(now):
            record = _Record("", step_ms, (), tuple(self._there(on)), now)
        inputs, kept, asked = self._key(on), record.published, symbols
        if record.ended and record.inputs == inputs:  # more stocks of the same
            kept += record.symbols or ()
            asked = None if symbols is None else tuple(sorted({*symbols, *(record.symbols or ())}))
        begun = _Record(inputs, step_ms, asked, record.published, now)
        self._keep(on, begun)
        made = make_snapshots(
            self._lake,
            on,
            snapshot_times(step_ms),
            None if symbols is None else np.array(symbols),
            kept=np.array(kept, dtype=str),
            progress=progress,
        )
        after = self._lake.checksums("snapshots").get(on)
        self._keep(on, replace(begun, after=after, ended=True))
        return made

    def _there(self, on: date) -> list[str]:
        """Stocks with snapshots."""
        rows = self._lake.scan("snapshots", on, on).select(pl.col("symbol").unique().sort())
        return rows.collect()["symbol"].to_list()

    def _key(self, on: date) -> str:
        return spec_hash(VERSION, *(checksums.get(on) for checksums in self._inputs))

    def _read(self, on: date) -> _Record | None:
        path = self._lake.root / CACHE / f"{on}.json"
        if not path.is_file():
            return None
        given = json.loads(path.read_text())
        symbols = None if given["symbols"] is None else tuple(given["symbols"])
        return _Record(**given | {"symbols": symbols, "published": tuple(given["published"])})

    def _keep(self, on: date, record: _Record) -> None:
        with replacing(self._lake.root / CACHE / f"{on}.json") as partial:
            partial.write_text(json.dumps(asdict(record)))


def _refuse(plans: list[RebuildPlan], step_ms: int, fill: bool) -> None:
    """Raise where snapshots of a session are not such as may stand beside new ones."""
    other = tuple(p.on for p in plans if p.state == "other step")
    if other:
        raise OtherStepError(other, step_ms)
    published = [p for p in plans if p.state == "published"]
    if published and not fill:
        rows = sum(p.snapshots for p in published)
        raise PublishedSnapshotsError(tuple(p.on for p in published), rows, len(plans))


def _said(on: date, made: SnapshotsMade) -> str:
    """One line; what is as it should be is not in it."""
    odd = {name: int(made.faults[name].sum()) for name in made.faults.columns[1:]}
    words = {
        "unseen": "records name an order that was never entered",
        "overfilled": "take more than was left",
        "repeated": "ids were entered twice",
    }
    said = [f"{on}: {made.stocks:,} stocks, {made.rows:,} rows"]
    if made.had_some:
        said.append(f"{made.had_some:,} stocks left alone")
    return "; ".join([*said, *(f"{n:,} {words[name]}" for name, n in odd.items() if n)])


def _listed(sessions: tuple[date, ...]) -> str:
    shown = ", ".join(map(str, sessions[:SHOWN]))
    return shown + (" ..." if len(sessions) > SHOWN else "")
