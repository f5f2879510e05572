"""TickFeatures: factors of trades, parent orders, orders or snapshots, a session at a time."""

from collections.abc import Iterator
from datetime import date

import numpy as np
from numpy import ndarray

from intralpha.base import Panel, spec_hash
from intralpha.base.ahead import ahead
from intralpha.features.engine.machine import run
from intralpha.features.engine.program import Program, assemble
from intralpha.features.factor_store import FactorStore, factor_keys
from intralpha.features.language.library import Library, LibraryError
from intralpha.features.language_set import LanguageSet, LibrarySpec
from intralpha.features.level2_needs import check_ticks
from intralpha.features.session_reader import Session, SessionReader
from intralpha.features.session_stream import SessionValues, session_axis, stream_panel
from intralpha.features.tick_rows import INPUTS, TABLE, columns_of, tick_rows
from intralpha.market import Lake, read_ticks
from intralpha.market.level2.order_statistics import StatisticsStore
from intralpha.market.level2.thresholds import thresholds

THRESHOLDS = ("theta", "middle")
BLOCK_ROWS = {"trade": 4_000_000, "parent": 4_000_000, "order": 8_000_000, "snapshot": 500_000}


class TickFeatures(LanguageSet):
    """Factors of a library over rows of ticks [Spec 3.2, 3.3, 6.4].

    The lake must have the table of the frame, and bars of one minute with daily rows: which
    minutes were locked and what the day traded come from there (``intralpha level2 enrich`` makes
    them of trades). A stock without rows in the table is NaN, as is a session without it.

    Parameters
    ----------
    spec : LibrarySpec
        ``base_freq`` (if given) must be 1; ``segments`` does not apply. ``big_order`` says from
        which amount on an order is big.
    library : what it names, parameters chosen

    Raises
    ------
    LibraryError
        A setting does not fit.
    ExpressionError
        An expression does not fit.

    Notes
    -----
    Known at 15:00. float32. Peak memory: a block of stocks with at most 4 million trades (or one
    stock), 60 bytes each; bars of a session.
    """

    def __init__(self, spec: LibrarySpec, library: Library) -> None:
        if spec.base_freq not in (None, 1) or spec.segments or library.segments != "day":
            raise LibraryError(
                f"library {library.name} is made from {TABLE[library.frame]} and daily: leave out "
                "base_freq and segments"
            )
        super().__init__(spec, library)

    @property
    def lookback_days(self) -> int:
        """Sessions that the threshold of big orders looks at, and those of the mean."""
        return self.threshold_days + self._spec.smooth_days - 1

    @property
    def reads_thresholds(self) -> set[str]:
        """Which of ``theta`` and ``middle`` the factors need."""
        return {op.name for op in self._graph.ops} & set(THRESHOLDS)

    @property
    def threshold_days(self) -> int:
        """Sessions before that say when an order is big; 0 where none do."""
        rule = self._spec.big_order
        moving = {"fixed_200k": {"middle"}, "day_mean": set[str]()}.get(rule.rule, {*THRESHOLDS})
        return rule.days if self.reads_thresholds & moving else 0

    @property
    def folder(self) -> str:
        """Where values are kept: those of another rule for big orders lie apart."""
        rule, name = self._spec.big_order, f"{self._library.frame}_day"
        if self.reads_thresholds:
            name += f"_{rule.rule}"
        return f"{name}_{rule.days}_{rule.min_days}" if self.threshold_days else name

    def check(self, lake: Lake, dates: ndarray, more_days: int = 0) -> None:
        """Raise where the lake lacks the table, or minutes, on all sessions; log what it lacks.

        Parameters
        ----------
        lake : values will be made from
        dates : sessions asked for
        more_days : sessions before them that are needed, too

        Raises
        ------
        MissingLevel2Error
            No session has both.
        """
        back = self._spec.smooth_days - 1 + more_days
        check_ticks(lake, self._library.name, TABLE[self._library.frame], dates, back)

    def compute(self, lake: Lake, dates: ndarray, assets: ndarray) -> Panel:
        """Values ``[D, A, F]``.

        Raises
        ------
        UnknownSessionError
            A date is no session of the lake.
        MissingLevel2Error
            As :meth:`check` says.
        """
        self.check(lake, dates)
        return self.checked(lake, dates, assets)

    def checked(self, lake: Lake, dates: ndarray, assets: ndarray) -> Panel:
        """What :meth:`compute` gives, for a lake that :meth:`check` was called for."""

        def stream(sessions: ndarray, rows: ndarray) -> Iterator[SessionValues]:
            worker = self.worker(lake, assets)
            for at, number in enumerate(rows.tolist()):
                found = worker.values(sessions[number].item())
                if found is not None:
                    yield at, *found

        empty = Panel.full(dates, assets, self.names)
        return stream_panel(lake, empty, self._spec.smooth_days, stream)

    def program(self, columns: tuple[int, ...] = ()) -> Program:
        """Program of these factors, all if none is named."""
        outputs = [self._outputs[i] for i in columns] or self._outputs
        return assemble(self._graph, outputs, INPUTS[self._library.frame])

    def worker(self, lake: Lake, assets: ndarray) -> "_Worker":
        """What makes the values of one session after another."""
        return _Worker(self, lake, assets)


class _Worker:
    """Values of one session after another, from the store where it has them."""

    def __init__(self, features: TickFeatures, lake: Lake, assets: ndarray) -> None:
        spec, frame = features.spec, features.library.frame
        self._of, self._lake, self._frame = features, lake, frame
        axis = session_axis(lake, assets) if spec.cache else np.unique(assets)
        self._reader = SessionReader(lake, 1, spec.cache, axis)
        self._statistics = StatisticsStore(lake, spec.big_order.days + 1)
        self._checksums = lake.checksums(TABLE[frame])
        self._store, self._keys = None, factor_keys(features.library)
        if spec.cache:
            self._store = FactorStore(lake, features.folder, 1)
        # Moves of a tick are lost in float32 where prices are high.
        self._dtype = np.float64 if frame == "snapshot" else np.float32
        self._programs: dict[tuple[int, ...], Program] = {}

    def values(self, on: date) -> tuple[ndarray, ndarray] | None:
        """Symbols and values [A, 1, F] of a session; None where the lake lacks bars or ticks."""
        session = self._reader.read(on)
        if session is None or on not in self._checksums:
            return None
        numbers = self._numbers(session)
        if self._store is None:
            return session.day.symbols, self._run(session, numbers, ())[:, None]
        session.numbers.update({n: numbers[n] for n in THRESHOLDS if n in numbers})
        key = spec_hash(self._store.key(session), self._checksums[on])[:24]
        have = self._store.load(on, key, self._keys)
        missing = tuple(i for i, k in enumerate(self._keys) if k not in have)
        if missing:
            made = self._run(session, numbers, missing)
            names = tuple(self._keys[i] for i in missing)
            self._store.keep(on, key, names, made)
            have |= dict(zip(names, made.T, strict=True))
        return session.day.symbols, np.stack([have[k] for k in self._keys], axis=1)[:, None]

    def _numbers(self, session: Session) -> dict[str, ndarray]:
        """The numbers of the day that the frame knows, of the stocks of the session."""
        out = {"suspended": session.numbers["suspended"]}
        for part in ("volume", "amount"):
            total = session.day.field(part).sum(axis=1, dtype=np.float64)
            out[f"day_{part}"] = total + np.nan_to_num(session.numbers[f"auction_{part}"])
        reads, rule = self._of.reads_thresholds, self._of.spec.big_order
        if reads:  # both, or the key would depend on which of the factors are asked for
            found = thresholds(
                self._lake, session.on, rule, self._statistics, with_middle="middle" in reads
            )
            out["theta"], out["middle"] = found.of(session.day.symbols)[:2]
        return out

    def _run(
        self, session: Session, numbers: dict[str, ndarray], columns: tuple[int, ...]
    ) -> ndarray:
        """Values [A, F] of these factors; NaN for stocks without ticks."""
        program, locked = self._program(columns), session.locked()
        numbers = numbers | {"price_ok": session.price_ok(locked)}
        symbols = session.day.symbols
        out = np.full((len(symbols), program.outputs), np.nan, np.float32)
        wanted = columns_of(self._frame, program)
        table, rows = TABLE[self._frame], BLOCK_ROWS[self._frame]
        for ticks in ahead(read_ticks(self._lake, table, session.on, wanted, symbols, rows)):
            place = np.searchsorted(symbols, ticks.symbols)
            days = np.array([numbers[n][place] for n in program.days])
            shape = (len(program.days), len(place))
            days = days.reshape(shape)
            data = tick_rows(self._frame, program, ticks, days, locked[place], self._dtype)
            out[place] = run(program, data)
        return out

    def _program(self, columns: tuple[int, ...]) -> Program:
        if columns not in self._programs:
            self._programs[columns] = self._of.program(columns)
        return self._programs[columns]
