"""Frame vbar: bars of equal volume over the last twenty sessions [Spec 6.2, 6.3]."""

import logging
from datetime import date

import numpy as np
from jaxtyping import Bool, Int, Shaped
from numpy import ndarray

from intralpha.base.node import Read
from intralpha.base.panel import as_days
from intralpha.features.engine.program import Program
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
from intralpha.features.factors import Made, Maker, RowFactors, Settings, windows
from intralpha.features.frames.frame import RowFrame
from intralpha.features.language.library import Library, LibraryError
from intralpha.features.language.units import PLAIN, PRICE_UNIT
from intralpha.features.language.vocabulary import PRICES, Vocabulary
from intralpha.features.session_reader import Session, SessionReader
from intralpha.features.window_digests import index_symbols, window_digests
from intralpha.market import Lake
from intralpha.market.bar_day import bar_files

FREQ = 1
STORE = f"vbar_{FREQ}_{SESSIONS}_{BAR_NUM}"
LOG = logging.getLogger(__name__)
VOCABULARY = Vocabulary(
    "vbar",
    {**PRICES, "vwap": PRICE_UNIT, "before": PRICE_UNIT, "minutes": PLAIN, "age": PLAIN},
    {"suspended": PLAIN},
    {"ret": "close / before - 1", "logret": "ln(close / before)", "ok": "close > 0"},
    minutes=0,
    least=10,
)


class VolumeBarFrame(RowFrame):
    """Bars that each hold the same share of the volume of twenty sessions."""

    def factors(self, library: Library, settings: Settings) -> "VolumeBarFactors":
        """See :meth:`.Frame.factors`."""
        return VolumeBarFactors(library, settings)


FRAMES = (VolumeBarFrame(VOCABULARY),)


class VolumeBarFactors(RowFactors):
    """Factors of a library over bars of equal volume.

    Bars come from minutes: the lake must have bars of one minute. A date with fewer than twenty
    sessions from the lake's first minutes up to it is NaN, or with fewer than ten of the twenty
    that have minutes [Spec 2.7], and so is a stock without bars or without a daily row on it.
    Prices are adjusted by ``adj_factor`` inside the window.

    With ``cache`` the values of all stocks are kept beside the lake, under what the twenty sessions
    hold: a new day walks its own window, a new factor is computed alone, and a changed session
    (minutes, auctions, adjustment factors) is computed again on the dates that look at it. Indices
    are computed only when they are asked for, and not kept.

    Parameters
    ----------
    library : parameters chosen
    settings : ``base_freq`` (if given) must be 1; ``smooth_days`` 1; ``segments`` does not apply

    Raises
    ------
    LibraryError
        A setting does not fit.
    """

    def __init__(self, library: Library, settings: Settings) -> None:
        s = settings
        if s.base_freq not in (None, FREQ) or s.smooth_days != 1 or s.segments:
            raise LibraryError(
                f"library {library.name} is made from minutes and daily: leave out base_freq, "
                "smooth_days and segments"
            )
        super().__init__(library, settings, VOCABULARY)

    @property
    def lookback_days(self) -> int:
        """Nineteen sessions."""
        return SESSIONS - 1

    def reads(self) -> tuple[Read, ...]:
        """Minutes, daily rows and auctions of the window; which of the symbols are stocks."""
        back = self.lookback_days
        tables = [Read(table, back=back) for table in ("daily", "auctions")]
        known = [Read("instruments")] if self.settings.cache else []
        return (Read("bars", FREQ, back), *tables, *known)

    def check(self, lake: Lake, dates: Shaped[ndarray, "D"], back: int) -> None:
        """Raise where the lake has no minutes.

        Raises
        ------
        MissingBarsError
            It has none on any session.
        """
        del dates, back
        bar_files(lake, FREQ)

    def maker(
        self,
        lake: Lake,
        sessions: Shaped[ndarray, "N"],
        wanted: Int[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
    ) -> "_Maker":
        """See :meth:`.Factors.maker`.

        Memory: 115 kB a stock for the window (of all stocks with ``cache``), and what is read
        ahead: two sessions of bars, where they are not mapped.
        """
        return _Maker(self, lake, sessions, wanted, assets)


class _Maker(Maker):
    """Values of one session after another: filed ones, and those of the windows that move along."""

    def __init__(
        self,
        of: VolumeBarFactors,
        lake: Lake,
        sessions: ndarray,
        wanted: ndarray,
        assets: ndarray,
    ) -> None:
        self._of, self._sessions = of, sessions
        whole = wanted[_has_window(lake, sessions, wanted)]
        cache = of.settings.cache
        self._filed = _Filed(of, lake, sessions, whole) if cache else None
        direct = np.intersect1d(assets, index_symbols(lake)) if cache else assets
        self._direct = _Walk(direct, whole) if len(direct) else None
        self._walk = _Walk(self._filed.stocks, self._filed.missing()) if self._filed else None
        walks = [w for w in (self._walk, self._direct) if w is not None]
        # With what is filed nothing has to be cut out of a session, which would be a copy.
        axis = np.union1d(self._filed.stocks, index_symbols(lake)) if self._filed else direct
        self._reader = SessionReader(lake, FREQ, cache, axis)
        self._read_for = {n for walk in walks for n in walk.steps.tolist()}
        self.steps = np.unique(np.concatenate([wanted, *(walk.steps for walk in walks)]))

    def read(self, number: int) -> Session | None:
        """The session, if a window moves over it."""
        if number not in self._read_for:
            return None
        return self._reader.read(self._sessions[number].item())

    def values(self, number: int, found: Session | None) -> Made | None:
        """Symbols and values of a session; stocks from the store, which is filled first."""
        out = []
        if self._walk and self._filed:
            if self._walk.move(number, found):
                self._filed.file(number, self._walk)
            if number in self._filed.keys:
                out += [self._filed.load(number) or self._again(number)]
        if self._direct and self._direct.move(number, found):
            out.append(self._direct.values(self._of.program()))
        if not out:
            return None
        symbols, made = (np.concatenate(parts) for parts in zip(*out, strict=True))
        return symbols, made[:, None]

    def _again(self, number: int) -> Made:
        """Somebody deleted files, or has seen the lake change and dropped what is stale."""
        assert self._filed is not None
        walk = _Walk(self._filed.stocks, np.array([number]))
        for n in walk.steps.tolist():  # each has minutes, or there would be no key
            walk.move(n, self._reader.read(self._sessions[n].item()))
        return self._filed.file(number, walk, everything=True)


class _Filed:
    """What the store has of some sessions, and what it lacks.

    Attributes
    ----------
    keys : number of a session -> its date and key
    stocks : str, sorted; with a daily row in any of the windows
    """

    def __init__(
        self, of: VolumeBarFactors, lake: Lake, sessions: ndarray, wanted: ndarray
    ) -> None:
        self._of, self._names = of, factor_keys(of.library)
        self._store = FactorStore(lake, STORE, FREQ)
        about = window_digests(lake, sessions, wanted, SESSIONS, STORE)
        self.stocks = about.symbols
        self.keys: dict[int, tuple[date, str]] = {
            n: (sessions[n].item(), about.keys[n]) for n in wanted.tolist()
        }
        self._lacks: dict[int, tuple[int, ...]] = {}
        for n, entry in self.keys.items():
            have = self._store.names(*entry)
            lacks = tuple(i for i, name in enumerate(self._names) if name not in have)
            self._lacks |= {n: lacks} if lacks else {}

    def missing(self) -> Int[ndarray, " N"]:
        """Sessions of which a factor is missing."""
        return np.array(sorted(self._lacks), dtype=np.int64)

    def file(self, number: int, walk: "_Walk", everything: bool = False) -> Made:
        """Compute and file what is missing of a session that the walk has reached."""
        columns = tuple(range(len(self._names))) if everything else self._lacks[number]
        symbols, made = walk.values(self._of.program(columns))
        names = tuple(self._names[i] for i in columns)
        self._store.keep(*self.keys[number], names, made, symbols)
        LOG.debug("%s: filed %d factors, %d stocks", number, len(columns), len(symbols))
        return symbols, made

    def load(self, number: int) -> Made | None:
        """Symbols and values [S, F]; None if they are not complete."""
        entry = self.keys[number]
        symbols, have = self._store.symbols(*entry), self._store.load(*entry, self._names)
        whole = have.keys() >= set(self._names)
        if not whole or {len(v) for v in have.values()} != {len(symbols)}:
            return None
        return symbols, np.stack([have[k] for k in self._names], axis=1)


class _Walk:
    """The window of equal-volume bars, moved from one session to the next.

    Twenty sessions in a row fill the whole window, so that gaps need no new one.

    Parameters
    ----------
    stocks : str, sorted, of the window
    wanted : int, numbers of the sessions at which values are made
    """

    def __init__(self, stocks: ndarray, wanted: ndarray) -> None:
        self._stocks, self._ends = stocks, set(wanted.tolist())
        self.steps = windows(wanted, SESSIONS - 1)
        self._inside = set(self.steps.tolist())
        self._window = VolumeBarWindow(len(stocks) if len(wanted) else 0, SESSIONS)
        self._here: tuple[Session, SessionRows] | None = None

    def move(self, number: int, session: Session | None) -> bool:
        """Take a session in, if it is a step; whether values are wanted there and can be made."""
        if number not in self._inside:
            return False
        rows = self._push(session)
        self._here = None if session is None else (session, rows)
        return session is not None and number in self._ends

    def values(self, program: Program) -> tuple[ndarray, ndarray]:
        """Symbols, and values [S, F], of the stocks that have bars and a daily row."""
        assert self._here is not None
        session, rows = self._here
        place = rows.place
        assert place is not None
        numbers = {"suspended": rows.suspended.astype(np.float64)}
        if "price_ok" in program.days:
            numbers["price_ok"] = session.price_ok(session.locked())
        known = np.isfinite(session.numbers["adj_factor"])
        there = np.append(known, False)[place]
        days = np.array([np.append(numbers[n], 1.0)[place] for n in program.days])
        made = run_bars(program, self._window, days.reshape(len(program.days), len(place)))
        return self._stocks[there], made[there]

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
    """Whether a session has minutes, and they begin at least nineteen sessions before it, of which
    with it half have some.
    """
    known = as_days(sorted(bar_files(lake, FREQ)))
    first, there = int(np.searchsorted(sessions, known[0])), np.isin(sessions, known)
    upto = np.append(0, np.cumsum(there))
    half = 2 * (upto[place + 1] - upto[np.maximum(place + 1 - SESSIONS, 0)]) >= SESSIONS
    return (place - SESSIONS + 1 >= first) & there[place] & half
