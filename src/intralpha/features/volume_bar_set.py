"""VolumeBarFeatures: factors of equal-volume bars of the last twenty sessions."""

import logging

import numpy as np
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.features.bar_day import FIELDS
from intralpha.features.engine.machine import run
from intralpha.features.engine.program import assemble
from intralpha.features.engine.volume_bars import MinuteRowsError, SessionRows, VolumeBarWindow
from intralpha.features.feature_set import FeatureSet
from intralpha.features.language.compile import Compiler
from intralpha.features.language.frames import FRAMES
from intralpha.features.language.graph import Graph
from intralpha.features.language.library import Library, LibraryError
from intralpha.features.library_set import LibrarySpec
from intralpha.features.session_blocks import session_rows
from intralpha.features.session_reader import Session, SessionReader
from intralpha.market import Lake

WINDOW = 20
LOG = logging.getLogger(__name__)


class VolumeBarFeatures(FeatureSet):
    """Factors of a library of the frame ``vbar`` [Spec 6.2, 6.3].

    Bars come from minutes: the lake must have bars of one minute. A date with fewer than twenty
    sessions of bars up to it is NaN, and so is a stock without bars on it. Prices are adjusted by
    ``adj_factor`` inside the window.

    Parameters
    ----------
    spec : LibrarySpec
        ``base_freq`` (if given) must be 1; ``smooth_days`` 1; ``segments`` does not apply.
    library : what it names

    Notes
    -----
    Known at 15:00. Peak memory: 115 kB a stock for the window, about as much again for the bars.
    """

    def __init__(self, spec: LibrarySpec, library: Library) -> None:
        if spec.base_freq not in (None, 1) or spec.smooth_days != 1 or spec.segments:
            raise LibraryError(
                f"library {library.name} is made from minutes and daily: leave out base_freq, "
                "smooth_days and segments"
            )
        self._spec, self._library = spec, library
        graph = Graph()
        compiler = Compiler(FRAMES["vbar"], graph)
        outputs = [compiler.factor(f.expr, f.on_locked) for f in library.factors]
        self._program = assemble(graph, outputs)

    @property
    def name(self) -> str:
        """The library's."""
        return self._library.name

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the library."""
        return tuple(f.name for f in self._library.factors)

    @property
    def times(self) -> None:
        """None: daily factors."""
        return

    @property
    def lookback_days(self) -> int:
        """Nineteen sessions."""
        return WINDOW - 1

    def compute(self, lake: Lake, dates: ndarray, assets: ndarray) -> Panel:
        """Values ``[D, A, F]``, float32."""
        out = Panel.full(as_days(dates), assets, self.names)
        sessions = lake.dates("daily")
        place = session_rows(sessions, out.dates, "daily")
        reader = SessionReader(lake, 1, self._spec.cache, np.unique(assets))
        window, last = VolumeBarWindow(len(assets), WINDOW), -1
        pushed = 0
        for row, p in enumerate(place.tolist()):
            first = max(p - WINDOW + 1, 0)
            if first > last + 1:
                window, pushed = VolumeBarWindow(len(assets), WINDOW), 0
            session = None
            for number in range(max(first, last + 1), p + 1):
                session = reader.read(sessions[number].item())
                self._push(window, session, assets)
                pushed += 1
            last = p
            if session is not None and pushed >= WINDOW:
                self._fill(out.values[row], window, session, assets)
        return out

    def _push(self, window: VolumeBarWindow, session: Session | None, assets: ndarray) -> None:
        """Take a session in; stocks without usable rows add nothing on it, which is logged."""
        rows = _session_rows(session, assets)
        try:
            window.push(rows)
        except MinuteRowsError as error:
            bad = assets[error.stocks]
            on = session.on if session else "?"
            LOG.warning("%s: %d stocks with unusable minutes left out: %s", on, len(bad), bad[:5])
            rows.suspended[error.stocks] = True
            window.push(rows)

    def _fill(
        self, out: ndarray, window: VolumeBarWindow, session: Session, assets: ndarray
    ) -> None:
        columns = np.searchsorted(assets, session.day.symbols)
        numbers = {"suspended": np.ones(len(assets)), "price_ok": np.zeros(len(assets))}
        numbers["suspended"][columns] = session.numbers["suspended"]
        numbers["price_ok"][columns] = session.price_ok(session.locked())
        days = np.array([numbers[n] for n in self._program.days])
        out[:] = run(self._program, window.bars(self._program.rows).inputs(days))


def _session_rows(session: Session | None, assets: ndarray) -> SessionRows:
    """A session on the axis of the assets; without bars a stock is suspended."""
    count = len(assets)
    fields = {name: np.full((count, 240), np.nan, np.float32) for name in FIELDS[:6]}
    auction = {f"auction_{n}": np.zeros(count) for n in ("price", "volume", "amount")}
    suspended, factor = np.ones(count, bool), np.ones(count)
    if session is not None:
        columns = np.searchsorted(assets, session.day.symbols)
        for name, rows in fields.items():
            rows[columns] = session.day.field(name)
        for name, values in auction.items():
            values[columns] = session.numbers[name]
        suspended[columns] = session.numbers["suspended"] > 0
        factor[columns] = session.numbers["adj_factor"]
    return SessionRows(**fields, **auction, suspended=suspended, factor=factor)
