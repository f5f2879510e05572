"""LibraryFeatures: the factors of a library as a feature set, streamed from the lake by day."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import time

import numpy as np
from numpy import ndarray

from intralpha.base import ConfigError, Panel
from intralpha.features.bar_day import FIELDS, LEVEL2_COLUMNS, LEVEL2_FIELDS, BarDay
from intralpha.features.engine.machine import Rows, run
from intralpha.features.engine.program import Program, assemble
from intralpha.features.factor_store import FactorStore, factor_keys
from intralpha.features.feature_set import DAY_CLOSE, KnownAt
from intralpha.features.informed import MinuteRegression, pair_sums, surprises
from intralpha.features.language.frames import FRAMES, LATE_ROWS, SURPRISE, WHOLE_DAY
from intralpha.features.language.library import Library
from intralpha.features.language_set import LanguageSet, LibrarySpec, library_of
from intralpha.features.level2_needs import check_minutes, check_rule
from intralpha.features.session_reader import AUCTION_MINUTES, Session, SessionReader
from intralpha.features.session_stream import SessionValues, session_axis, stream_panel
from intralpha.features.slot_history import SlotHistory
from intralpha.market import Lake, bar_times

USUAL_DAYS, MINUTES_A_DAY = 20, 240
HISTORY = ("usual_amount", "usual_vol", SURPRISE)  # made from earlier sessions


class FrameFrequencyError(ConfigError):
    """A library's rows cannot be made from the bars of that frequency."""

    def __init__(self, library: str, minutes: int, freq: int) -> None:
        self.minutes, self.freq = minutes, freq
        super().__init__(
            f"library {library} has rows of {minutes} minutes; bars of {freq} minutes cannot make "
            f"them.\nHint: base_freq must divide {minutes}, and the lake must have such bars."
        )


class LibraryFeatures(LanguageSet):
    """Factors of one library, one number a stock and day, or one a stock and bar.

    Masks, minimum counts and the treatment of locked and suspended days are those of the factor
    language (docs/factor-language.md). With ``smooth_days`` a daily factor is the mean of its
    values on the last sessions, at least half of them, rounded up [Spec 2.7].

    Parameters
    ----------
    spec : LibrarySpec
    library : what :func:`library_of` gives, if it was called already

    Raises
    ------
    LibraryError, ParameterError, ExpressionError
        No such library, factor or choice, or an expression that does not fit.
    FrameFrequencyError
        The rows cannot be made from bars of ``base_freq``.

    Notes
    -----
    Peak memory: the output and three sessions of bars (7 float32 a bar).
    """

    def __init__(self, spec: LibrarySpec, library: Library | None = None) -> None:
        library = library or library_of(spec)
        if spec.segments:
            library = library.model_copy(update={"segments": spec.segments})
        self._frame = frame = FRAMES[library.frame]
        self._freq = spec.base_freq or frame.minutes
        if frame.minutes % self._freq:
            raise FrameFrequencyError(library.name, frame.minutes, self._freq)
        self._bar = 0 if library.segments == "day" else int(library.segments)
        super().__init__(spec, library, self._bar // frame.minutes)
        self._program = self.program()
        self._reads_level2 = bool(set(self._program.rows) & set(LEVEL2_FIELDS))

    @property
    def name(self) -> str:
        """The library's, with the bar where there is one."""
        return f"{self._library.name}_{self._bar}" if self._bar else self._library.name

    @property
    def times(self) -> tuple[time, ...] | None:
        """Ends of the bars, or None for daily factors."""
        return bar_times(self._bar) if self._bar else None

    @property
    def lookback_days(self) -> int:
        """Sessions before a date that its values are made from."""
        usual = USUAL_DAYS if self.reads_history else 0
        return usual + self._spec.smooth_days - 1

    def known_at_slot(self, name: str) -> KnownAt:
        """``"bar end"`` for factors of bars that read nothing of the rest of the day."""
        at_close = super().known_at_slot(name)
        used = self._graph.used([self._outputs[self.names.index(name)]])
        inputs = {self._graph.ops[i].name for i in used}
        late = inputs & {*WHOLE_DAY, *LATE_ROWS}
        return "bar end" if self._bar and not late else at_close

    @property
    def bar(self) -> int:
        """Minutes of a segment; 0: a day."""
        return self._bar

    @property
    def freq(self) -> int:
        """Minutes of the bars that are read."""
        return self._freq

    @property
    def reads_history(self) -> bool:
        """Whether earlier sessions are needed for what is usual."""
        return any(map(self.reads, HISTORY))

    def reads(self, name: str) -> bool:
        """Whether the factors need that series or number of the day."""
        return name in (*self._program.rows, *self._program.days)

    def program(self, columns: tuple[int, ...] = ()) -> Program:
        """Program of these factors, all if none is named."""
        outputs = [self._outputs[i] for i in columns] or self._outputs
        return assemble(self._graph, outputs, FIELDS)

    def rows(self, program: Program, session: Session) -> Rows:
        """A session as the program reads it."""
        day, numbers = session.day, dict(session.numbers)
        locked: np.ndarray | None = None
        if {"locked"} & set(program.rows) or {"price_ok"} & set(program.days):
            locked = session.locked()
            numbers["price_ok"] = session.price_ok(locked)
        step = self._frame.minutes // self._freq
        if step > 1:
            day = day.longer(step)
            if locked is not None:
                locked = np.asarray(locked.reshape(len(locked), -1, step).all(axis=2))
        for name in set(program.days) & set(WHOLE_DAY):
            part = name.removeprefix("day_")
            total = day.field(part).sum(axis=1, dtype=np.float64)
            numbers[name] = total + numbers[f"auction_{part}"]
        per_day = MINUTES_A_DAY // self._frame.minutes
        length = self._bar // self._frame.minutes if self._bar else per_day
        more = {} if locked is None else {"locked": locked}
        if SURPRISE in program.rows:
            more[SURPRISE] = surprises(*_returns(session), numbers[SURPRISE])
        rows = _stack(program, day, more)
        of_days = [
            numbers[n] if n == "usual_amount" else np.repeat(numbers[n], per_day // length)
            for n in program.days
        ]
        bounds = np.arange(0, rows.shape[1] + 1, length)
        shape = (len(program.days), len(bounds) - 1)
        lunch = 0 if self._bar else self._frame.lunch
        return Rows(rows, np.array(of_days).reshape(shape), bounds, per_day, lunch)

    @property
    def known_at(self) -> time:
        """15:00."""
        return DAY_CLOSE

    def check(self, lake: Lake, dates: ndarray, more_days: int = 0) -> None:
        """Raise where the lake has nothing of the Level-2 series that are read; log what it lacks.

        Parameters
        ----------
        lake : values will be made from
        dates : sessions asked for
        more_days : sessions before them that are needed, besides :attr:`lookback_days`

        Raises
        ------
        MissingLevel2Error
            No session has any of them.
        OtherRuleError
            Orders counted as big by another rule than ``big_order`` when the minutes were made.
        """
        read = [c for name, c in LEVEL2_COLUMNS.items() if self.reads(name)]
        back = self.lookback_days + more_days
        if read:
            check_minutes(lake, self._library.name, self._freq, read, dates, back)
        if {"big_buy_amount", "big_sell_amount"} & {*read}:
            check_rule(lake, self._library.name, self._spec.big_order, dates, back)

    def compute(self, lake: Lake, dates: ndarray, assets: ndarray) -> Panel:
        """Values ``[D, A, F]`` or ``[D, T, A, F]``, float32; a session without bars is NaN.

        Raises
        ------
        UnknownSessionError
            A date is no session of the lake.
        MissingLevel2Error, OtherRuleError
            As :meth:`check` says.
        """
        self.check(lake, dates)
        return self.checked(lake, dates, assets)

    def checked(self, lake: Lake, dates: ndarray, assets: ndarray) -> Panel:
        """What :meth:`compute` gives, for a lake that :meth:`check` was called for."""

        def stream(sessions: ndarray, rows: ndarray) -> Iterator[SessionValues]:
            return self._stream(lake, sessions, rows, assets)

        empty = Panel.full(dates, assets, self.names, self.times)
        return stream_panel(lake, empty, self._spec.smooth_days, stream)

    def _stream(
        self, lake: Lake, sessions: ndarray, rows: ndarray, assets: ndarray
    ) -> Iterator[SessionValues]:
        """Row, symbols and values [A, T, F] of one session after another; the next are read."""
        usual = self.reads_history
        axis = session_axis(lake, assets) if self._spec.cache else np.unique(assets)
        first = max(int(rows[0]) - USUAL_DAYS, 0)
        visited = np.arange(first, rows[-1] + 1) if usual else rows
        worker = _Worker(self, lake, axis)
        reader = SessionReader(lake, self._freq, self._spec.cache, axis, self._reads_level2)
        where = {int(r): at for at, r in enumerate(rows)}
        waiting: deque[tuple[int, Future[Session | None]]] = deque()
        with ThreadPoolExecutor(2) as pool:
            for number in [*visited.tolist(), None, None]:
                if number is not None:
                    waiting.append((number, pool.submit(reader.read, sessions[number].item())))
                if waiting and (number is None or len(waiting) > 2):
                    at, task = waiting.popleft()
                    session = task.result()
                    if session is not None:
                        values = worker.values(at, session, at in where)
                        if values is not None:
                            yield where[at], session.day.symbols, values


class _Worker:
    """Values of one session after another, from the store where it has them.

    Parameters
    ----------
    features : what to compute
    lake : sessions come from
    axis : symbols of the memory of earlier amounts
    """

    def __init__(self, features: LibraryFeatures, lake: Lake, axis: ndarray) -> None:
        self._of, self._axis = features, axis
        self._bar = features.bar
        frame = features.library.frame
        self._store, self._keys = None, factor_keys(features.library)
        if features.spec.cache:
            # What is usual is part of the key: values with and without it must lie apart.
            read = [n for n in HISTORY if features.reads(n)]
            name = "_".join([frame, str(features.freq), str(self._bar or "day"), *read])
            self._store = FactorStore(lake, name, features.freq)
        self._programs: dict[tuple[int, ...], Program] = {}
        self._amounts = self._moves = self._expected = None
        if features.reads("usual_amount"):
            self._amounts = SlotHistory(USUAL_DAYS, MINUTES_A_DAY // self._bar, len(axis))
        if features.reads("usual_vol"):
            self._moves = SlotHistory(USUAL_DAYS, 3, len(axis))
        if features.reads(SURPRISE):
            self._expected = MinuteRegression(len(axis))

    def values(self, number: int, session: Session, wanted: bool) -> ndarray | None:
        """Values [A, T, F] of the session, T = 1 for daily factors; None if only remembered."""
        out = None
        columns = np.searchsorted(self._axis, session.day.symbols)
        if self._amounts:
            usual = self._amounts.mean_before(number)[:, columns]
            session.numbers["usual_amount"] = usual.T.ravel()
        if self._moves:
            count, total, squares = self._moves.mean_before(number)[:, columns]
            with np.errstate(invalid="ignore"):
                variance = squares / count - (total / count) ** 2
                session.numbers["usual_vol"] = np.sqrt(np.where(variance > 0, variance, np.nan))
        if self._expected:
            sums = pair_sums(*_returns(session))
            self._expected.add(number, session.on.weekday(), columns, sums)
            session.numbers[SURPRISE] = self._expected.coefficients(number, columns)
        if wanted:
            out = self._made(session).reshape(len(session.day.symbols), -1, len(self._keys))
        if self._amounts:
            self._remember(
                self._amounts, number, columns, _bar_amounts(session, self._bar // self._of.freq)
            )
        if self._moves:
            self._remember(self._moves, number, columns, _minute_moves(session))
        return out

    def _remember(
        self, history: SlotHistory, number: int, columns: ndarray, values: ndarray
    ) -> None:
        """Put values [K, stocks of the session] on the axis."""
        wide = np.full((len(values), len(self._axis)), np.nan)
        wide[:, columns] = values
        history.add(number, wide)

    def _made(self, session: Session) -> ndarray:
        """Values [segments, F]; what the store lacks is computed and filed."""
        if self._store is None:
            return run(self._program(()), self._of.rows(self._program(()), session))
        key = self._store.key(session)
        have = self._store.load(session.on, key, self._keys)
        missing = tuple(i for i, k in enumerate(self._keys) if k not in have)
        if missing:
            program = self._program(missing)
            made = run(program, self._of.rows(program, session))
            names = tuple(self._keys[i] for i in missing)
            self._store.keep(session.on, key, names, made)
            have |= dict(zip(names, made.T, strict=True))
        return np.stack([have[k] for k in self._keys], axis=1)

    def _program(self, columns: tuple[int, ...]) -> Program:
        if columns not in self._programs:
            self._programs[columns] = self._of.program(columns)
        return self._programs[columns]


def _stack(program: Program, day: BarDay, more: dict[str, ndarray]) -> ndarray:
    """Row inputs [F, N]; a view where the program reads nothing but the fields of the day."""
    if program.rows == FIELDS:
        return day.values.reshape(len(FIELDS), -1)
    parts = [more[n] if n in more else day.field(n) for n in program.rows]
    return np.array([np.asarray(part, np.float32).reshape(-1) for part in parts])


def _returns(session: Session) -> tuple[ndarray, ndarray, ndarray]:
    """Closes [A, T], first opens [A] and the minutes [A, T] whose returns count [Spec 2.2]."""
    close, first = session.day.field("close"), session.day.field("open")[:, 0]
    counts = ~session.locked()
    counts[session.numbers["closing_auction"] > 0, -AUCTION_MINUTES:] = False
    counts[~(session.day.field("volume").sum(axis=1) > 0)] = False
    return close, first, counts


def _bar_amounts(session: Session, rows: int) -> ndarray:
    """Amount of each bar [T, A], CNY, the opening auction in the first; NaN without trades."""
    amount = session.day.field("amount")
    total = amount.reshape(len(amount), -1, rows).sum(axis=2, dtype=np.float64)
    total[:, 0] += session.numbers["auction_amount"]
    total[~(total.sum(axis=1) > 0)] = np.nan
    return total.T


def _minute_moves(session: Session) -> ndarray:
    """Number, sum and sum of squares of the log returns inside the day [3, A]."""
    close, first = session.day.field("close"), session.day.field("open")[:, :1]
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.diff(np.log(np.concatenate([first, close], axis=1).astype(np.float64)), axis=1)
    moves[~(session.day.field("volume").sum(axis=1) > 0)] = np.nan
    seen = np.isfinite(moves)
    moves = np.where(seen, moves, 0.0)
    count = seen.sum(axis=1).astype(np.float64)
    out = np.stack([count, moves.sum(axis=1), (moves**2).sum(axis=1)])
    return np.where(count > 0, out, np.nan)
