"""VolumeBarFeatures: factors of equal-volume bars of the last twenty sessions."""

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.features.bar_day import bar_files
from intralpha.features.engine.program import Program, assemble
from intralpha.features.engine.volume_bars import (
    A_STOCK,
    BAR_NUM,
    FIELDS,
    MINUTES,
    SESSIONS,
    MinuteRowsError,
    SessionRows,
    VolumeBarWindow,
    run_bars,
)
from intralpha.features.factor_store import FactorStore, factor_keys
from intralpha.features.language.library import Library, LibraryError
from intralpha.features.language_set import LanguageSet, LibrarySpec
from intralpha.features.session_blocks import session_rows
from intralpha.features.session_reader import Session, SessionReader
from intralpha.features.window_keys import index_symbols, window_keys
from intralpha.market import Lake

FREQ, READ_AHEAD = 1, 2
STORE = f"vbar_{FREQ}_{SESSIONS}_{BAR_NUM}"
LOG = logging.getLogger(__name__)


class VolumeBarFeatures(LanguageSet):
    """Factors of a library of the frame ``vbar`` [Spec 6.2, 6.3].

    Bars come from minutes: the lake must have bars of one minute. A date with fewer than twenty
    sessions from the lake's first minutes up to it is NaN, and so is a stock without bars or
    without a daily row on it. Prices are adjusted by ``adj_factor`` inside the window.

    With ``cache`` the values of all stocks are kept beside the lake, under what the twenty sessions
    hold: a new day walks its own window, a new factor is computed alone, and a changed session
    (minutes, auctions, adjustment factors) is computed again on the dates that look at it. Indices
    are computed only when they are asked for, and not kept.

    Parameters
    ----------
    spec : LibrarySpec
        ``base_freq`` (if given) must be 1; ``smooth_days`` 1; ``segments`` does not apply.
    library : what it names

    Notes
    -----
    Known at 15:00. Peak memory: 115 kB a stock for the window (of all stocks with ``cache``), and
    what is read ahead: two sessions of bars, where they are not mapped.
    """

    def __init__(self, spec: LibrarySpec, library: Library) -> None:
        if spec.base_freq not in (None, FREQ) or spec.smooth_days != 1 or spec.segments:
            raise LibraryError(
                f"library {library.name} is made from minutes and daily: leave out base_freq, "
                "smooth_days and segments"
            )
        super().__init__(spec, library)

    @property
    def lookback_days(self) -> int:
        """Nineteen sessions."""
        return SESSIONS - 1

    def compute(self, lake: Lake, dates: ndarray, assets: ndarray) -> Panel:
        """Values ``[D, A, F]``, float32.

        Raises
        ------
        MissingBarsError
            The lake has no minutes.
        """
        out = Panel.full(as_days(dates), assets, self.names)
        sessions = lake.dates("daily")
        place = session_rows(sessions, out.dates, "daily")
        rows = {int(place[i]): i for i in np.flatnonzero(_has_window(lake, sessions, place))}
        for number, symbols, values in self._values(lake, sessions, list(rows), assets):
            at = _places(symbols, assets)
            out.values[rows[number], at >= 0] = values[at[at >= 0]]
        return out

    def _values(
        self, lake: Lake, sessions: ndarray, wanted: list[int], assets: ndarray
    ) -> Iterator[tuple[int, ndarray, ndarray]]:
        """Number of a session, symbols, values [A, F]; indices come apart from stocks."""
        direct = np.unique(assets)
        if self._spec.cache:
            yield from self._kept(lake, sessions, wanted)
            direct = np.intersect1d(direct, index_symbols(lake))
        if len(direct):
            walk = _Walk(lake, sessions, direct, direct, self._spec.cache)
            program = self._program(range(len(self._outputs)))
            for n, stop in walk.stops(wanted):
                yield n, *walk.values(stop, program)

    def _kept(
        self, lake: Lake, sessions: ndarray, wanted: list[int]
    ) -> Iterator[tuple[int, ndarray, ndarray]]:
        """Values of all stocks but indices, from the store; what it lacks is filed first."""
        store, names = FactorStore(lake, STORE, FREQ), factor_keys(self._library)
        about = window_keys(lake, sessions, np.array(wanted, dtype=np.int64), SESSIONS, STORE)
        entries = {n: (sessions[n].item(), about.keys[n]) for n in wanted}
        missing = {}
        for n, entry in entries.items():
            have = store.names(*entry)
            missing[n] = tuple(i for i, name in enumerate(names) if name not in have)
        both = np.union1d(about.symbols, index_symbols(lake))  # nothing has to be cut out
        walk = _Walk(lake, sessions, about.symbols, both, self._spec.cache)
        todo = {n: columns for n, columns in missing.items() if columns}
        for n, symbols, _ in self._filed(store, walk, entries, todo):
            LOG.debug("%s: filed %d factors, %d stocks", entries[n][0], len(todo[n]), len(symbols))
        for n, entry in entries.items():
            symbols, have = store.symbols(*entry), store.load(*entry, names)
            if have.keys() >= set(names) and {len(v) for v in have.values()} == {len(symbols)}:
                yield n, symbols, np.stack([have[k] for k in names], axis=1)
            else:  # somebody deleted files, or has seen the lake change and dropped what is stale
                yield from self._filed(store, walk, entries, {n: tuple(range(len(names)))})

    def _filed(
        self,
        store: FactorStore,
        walk: "_Walk",
        entries: dict[int, tuple[date, str]],
        columns: dict[int, tuple[int, ...]],
    ) -> Iterator[tuple[int, ndarray, ndarray]]:
        """Values of some factors on some sessions, computed and filed one session at a time."""
        names = factor_keys(self._library)
        for n, stop in walk.stops(list(columns)):
            symbols, made = walk.values(stop, self._program(columns[n]))
            store.keep(*entries[n], tuple(names[i] for i in columns[n]), made, symbols)
            yield n, symbols, made

    def _program(self, columns: Sequence[int]) -> Program:
        return assemble(self._graph, [self._outputs[i] for i in columns])


@dataclass(frozen=True, eq=False)
class _Stop:
    """A session at the end of the window, and its rows without those that cannot be used."""

    session: Session
    rows: SessionRows


class _Walk:
    """The window of equal-volume bars, moved from one session to the next.

    Parameters
    ----------
    lake, sessions : and the sessions of its table ``daily``
    stocks : str, sorted, of the window
    readable : str, sorted; what is read of a session: others are cut out, which is a copy
    cache : of the bars
    """

    def __init__(
        self, lake: Lake, sessions: ndarray, stocks: ndarray, readable: ndarray, cache: bool
    ) -> None:
        self._lake, self._sessions, self._cache = lake, sessions, cache
        self._stocks, self._readable = stocks, readable
        self._window = VolumeBarWindow(0, SESSIONS)

    def stops(self, wanted: list[int]) -> Iterator[tuple[int, _Stop]]:
        """The wanted sessions in order, the window moved to each; the next ones are being read.

        Twenty sessions in a row fill the whole window, so that gaps need no new one.
        """
        if not wanted:
            return
        self._window, ends = VolumeBarWindow(len(self._stocks), SESSIONS), set(wanted)
        steps = sorted({n for end in wanted for n in range(end - SESSIONS + 1, end + 1)})
        for number, session in self._ahead(steps):
            rows = self._push(session)
            if session is not None and number in ends:
                yield number, _Stop(session, rows)

    def values(self, stop: _Stop, program: Program) -> tuple[ndarray, ndarray]:
        """Symbols, and values [A, F], of the stocks that have bars and a daily row."""
        session, place = stop.session, stop.rows.place
        assert place is not None
        numbers = {"suspended": stop.rows.suspended.astype(np.float64)}
        if "price_ok" in program.days:
            numbers["price_ok"] = session.price_ok(session.locked())
        known = np.isfinite(session.numbers["adj_factor"])
        there = np.append(known, False)[place]
        days = np.array([np.append(numbers[n], 1.0)[place] for n in program.days])
        made = run_bars(program, self._window, days.reshape(len(program.days), len(place)))
        return self._stocks[there], made[there]

    def _ahead(self, steps: list[int]) -> Iterator[tuple[int, Session | None]]:
        """Sessions in order, while the next two are read."""
        reader = SessionReader(self._lake, FREQ, self._cache, self._readable)
        waiting: deque[tuple[int, Future[Session | None]]] = deque()
        with ThreadPoolExecutor(READ_AHEAD) as pool:
            for number in steps:
                on = self._sessions[number].item()
                waiting.append((number, pool.submit(reader.read, on)))
                if len(waiting) > READ_AHEAD:
                    at, task = waiting.popleft()
                    yield at, task.result()
            for at, task in waiting:
                yield at, task.result()

    def _push(self, session: Session | None) -> SessionRows:
        """Take a session in; stocks without usable rows add nothing on it, which is logged."""
        rows = _session_rows(session, self._stocks)
        try:
            self._window.push(rows)
        except MinuteRowsError as error:
            bad = self._stocks[error.stocks]
            on = session.on if session else "?"
            LOG.warning("%s: %d stocks with unusable minutes left out: %s", on, len(bad), bad[:5])
            assert rows.place is not None
            rows.suspended[rows.place[error.stocks]] = True
            self._window.push(rows)
        return rows


def _session_rows(session: Session | None, stocks: ndarray) -> SessionRows:
    """A session as it was read, and where the stocks stand in it; no session is one of nobody."""
    if session is None:
        nobody = {name: np.empty((0, MINUTES), np.float32) for name in FIELDS}
        numbers = {name: np.empty(0) for name in A_STOCK}
        absent = np.full(len(stocks), -1)
        return SessionRows(**nobody, **numbers, suspended=np.empty(0, bool), place=absent)
    fields = {name: session.day.field(name) for name in FIELDS}
    numbers = {
        name: session.numbers["adj_factor" if name == "factor" else name] for name in A_STOCK
    }
    place = _places(session.day.symbols, stocks)
    suspended = session.numbers["suspended"] > 0
    return SessionRows(**fields, **numbers, suspended=suspended, place=place)


def _places(symbols: ndarray, wanted: ndarray) -> Int[ndarray, " wanted"]:
    """Where each wanted symbol stands among sorted ones; -1 where it does not."""
    if not len(symbols):
        return np.full(len(wanted), -1)
    at = np.minimum(np.searchsorted(symbols, wanted), len(symbols) - 1)
    return np.where(symbols[at] == wanted, at, -1)


def _has_window(lake: Lake, sessions: ndarray, place: ndarray) -> Bool[ndarray, " D"]:
    """Whether a session has minutes, and they begin at least nineteen sessions before it."""
    known = as_days(sorted(bar_files(lake, FREQ)))
    if not len(known):
        return np.zeros(len(place), dtype=bool)
    first = int(np.searchsorted(sessions, known[0]))
    return (place - SESSIONS + 1 >= first) & np.isin(sessions[place], known)
