"""TimeFactors: factors over the minutes of a day, or bars of so many minutes."""

from dataclasses import dataclass
from datetime import time

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from intralpha.base import ConfigError
from intralpha.base.node import Read
from intralpha.features.earlier_sessions import EarlierSessions
from intralpha.features.engine.machine import Rows, run
from intralpha.features.engine.program import Program
from intralpha.features.factor_store import FactorStore, KeptValues
from intralpha.features.factors import Made, Maker, RowFactors, Settings, windows
from intralpha.features.frames import frames
from intralpha.features.frames.frame import RowFrame
from intralpha.features.gaps import Gaps
from intralpha.features.language.library import Library
from intralpha.features.language.minutes_read import minutes_read
from intralpha.features.language.units import (
    CNY_UNIT,
    PLAIN,
    PRICE_UNIT,
    SHARE_UNIT,
    TRADE_UNIT,
)
from intralpha.features.language.vocabulary import PRICES, Vocabulary
from intralpha.features.level2.cover import bars_cover, witnessed
from intralpha.features.level2_needs import check_minutes, check_rule
from intralpha.features.return_surprise import MinuteRegression, pair_sums, surprises
from intralpha.features.session_reader import (
    Session,
    SessionReader,
    session_axis,
)
from intralpha.market import Lake, bar_times
from intralpha.market.bar_day import FIELDS, LEVEL2_COLUMNS, LEVEL2_FIELDS, BarDay, MissingBarsError
from intralpha.market.hours import AUCTION_MINUTES

USUAL_DAYS, MINUTES_A_DAY = 20, 240
SIZES = {"volume": SHARE_UNIT, "amount": CNY_UNIT, "trades": TRADE_UNIT}
DAY_NUMBERS = {
    "preclose": PRICE_UNIT,
    "up_limit": PRICE_UNIT,
    "down_limit": PRICE_UNIT,
    "closing_auction": PLAIN,
    "suspended": PLAIN,
    "auction_price": PRICE_UNIT,
    "auction_volume": SHARE_UNIT,
    "auction_amount": CNY_UNIT,
    "auction_trades": TRADE_UNIT,
    "usual_amount": CNY_UNIT,
    "usual_vol": PLAIN,
}
WHOLE_DAY = {f"day_{name}": unit for name, unit in SIZES.items()}
DERIVED = {
    "before": "prev(close, open)",
    "ret": "close / before - 1",
    "logret": "ln(close / before)",
    "vwap": "amount / volume",
    "traded": "volume > 0",
    "ok": "cont & ~locked",
    "okT": "ok & traded",
    "net_active": "buy_amount - sell_amount",
    **{f"day_{name}": f"sum({name}) + auction_{name}" for name in SIZES},
}
# Of minutes that were made from trades and snapshots; NaN where they were not.
LEVEL2 = {
    **dict.fromkeys(("buy_volume", "sell_volume"), SHARE_UNIT),
    **dict.fromkeys(("buy_amount", "sell_amount"), CNY_UNIT),
    **dict.fromkeys(("buy_trades", "sell_trades"), TRADE_UNIT),
    **dict.fromkeys(("big_buy_amount", "big_sell_amount", "net_bid"), CNY_UNIT),
    **dict.fromkeys(("spread", "depth_imbalance", "quotes"), PLAIN),
}
BIG_ORDERS = ("big_buy_amount", "big_sell_amount")
# Residuals of the regression of returns over 20 sessions, this one included.
SURPRISE = "surprise"
HISTORY = ("usual_amount", "usual_vol", SURPRISE)  # made from earlier sessions


class FrameFrequencyError(ConfigError):
    """A library's rows cannot be made from the bars of that frequency, or its bars from rows."""

    def __init__(self, library: str, minutes: int, freq: int, key: str = "base_freq") -> None:
        self.minutes, self.freq, self.key = minutes, freq, key
        super().__init__(
            f"library {library} has rows of {minutes} minutes; bars of {freq} minutes cannot make "
            f"them.\nHint: {key} must divide {minutes}, and the lake must have such bars."
        )


class SegmentError(ConfigError):
    """Bars that are described cannot be cut into whole rows."""

    def __init__(self, library: str, minutes: int, bar: int) -> None:
        self.minutes, self.bar = minutes, bar
        super().__init__(
            f"library {library} describes bars of {bar} minutes by rows of {minutes}; expected "
            "rows that divide a bar.\nHint: choose shorter rows, or longer segments."
        )


class NoBarsError(ConfigError):
    """A number that each bar of a day has is asked for where the day is one piece."""

    def __init__(self, library: str, name: str) -> None:
        self.library, self.name = library, name
        super().__init__(
            f"library {library} uses {name}, which each bar has, but its segments are whole days.\n"
            "Hint: give the library `segments` of so many minutes, or compare with usual_vol."
        )


@dataclass(frozen=True)
class TimeFrame(RowFrame):
    """Bars of so many minutes, made from the lake's minutes or longer bars."""

    @property
    def daily(self) -> bool:
        """Always."""
        return True

    def factors(self, library: Library, settings: Settings) -> "TimeFactors":
        """See :meth:`.Frame.factors`."""
        return TimeFactors(library, settings, self.vocabulary)


def time_frame(name: str, minutes: int, least: int) -> TimeFrame:
    """The frame of bars of so many minutes.

    Parameters
    ----------
    name : of the frame
    minutes : of one row
    least : fewest observations of a statistic over a day that does not say [Spec 2.7]
    """
    rows = {**PRICES, **SIZES, **LEVEL2, SURPRISE if minutes == 1 else "locked": PLAIN}
    # Whether an order is big is known when the day is over, and so is what the day explains.
    late = (*BIG_ORDERS, SURPRISE)
    noon = MINUTES_A_DAY // 2 // minutes
    return TimeFrame(
        Vocabulary(name, rows, DAY_NUMBERS, DERIVED, minutes, least, noon, WHOLE_DAY, late)
    )


class TimeFactors(RowFactors):
    """Factors of a library over minutes or bars of them.

    Parameters
    ----------
    library : parameters chosen
    settings : ``base_freq`` minutes of the bars that rows are made from; ``segments`` in place of
        the library's own
    vocabulary : of the frame

    Raises
    ------
    FrameFrequencyError, SegmentError
        Minutes do not divide.
    NoBarsError
        A factor of whole days uses what is usual of a bar.
    """

    def __init__(self, library: Library, settings: Settings, vocabulary: Vocabulary) -> None:
        minutes, segments = vocabulary.minutes, settings.segments or library.segments
        self.freq = settings.base_freq or minutes
        self.bar = 0 if segments == "day" else int(segments)
        if minutes % self.freq:
            raise FrameFrequencyError(library.name, minutes, self.freq, settings.keys.freq)
        if self.bar % minutes:
            raise SegmentError(library.name, minutes, self.bar)
        super().__init__(library, settings, vocabulary, self.bar // minutes)
        self._inputs = self.inputs_read()
        if "usual_amount" in self._inputs and not self.bar:
            raise NoBarsError(library.name, "usual_amount")

    @property
    def times(self) -> tuple[time, ...] | None:
        """Ends of the bars, or None for daily factors."""
        return bar_times(self.bar) if self.bar else None

    @property
    def row_inputs(self) -> tuple[str, ...]:
        """The fields of a day of bars, so that it can be read in place."""
        return FIELDS

    @property
    def lookback_days(self) -> int:
        """Sessions that say what is usual."""
        return USUAL_DAYS if set(HISTORY) & self._inputs else 0

    def uses(self, name: str) -> bool:
        """Whether the factors need that series or number of the day."""
        return name in self._inputs

    @property
    def uses_level2(self) -> bool:
        """Whether the factors need series that are made from trades and snapshots."""
        return bool(set(LEVEL2_FIELDS) & self._inputs)

    def minutes(self, columns: tuple[int, ...] = ()) -> Bool[ndarray, "F T"]:
        """Minutes of the day that some of the factors read; of all if none is named."""
        whole = {*self.vocabulary.late, *WHOLE_DAY}
        return minutes_read(self._graph, self._outputs_of(columns), whole, self.vocabulary.minutes)

    def reads(self) -> tuple[Read, ...]:
        """Bars, daily rows and opening auctions; which of the symbols are stocks."""
        back = self.lookback_days
        tables = [Read(table, back=back) for table in ("daily", "auctions")]
        known = [Read("instruments")] if self.settings.cache else []
        return (Read("bars", self.freq, back), *tables, *known)

    def check(self, lake: Lake, dates: Shaped[ndarray, "D"], back: int) -> None:
        """See :meth:`.Factors.check`.

        Raises
        ------
        MissingBarsError
            The lake has no bars of ``freq`` minutes on any session.
        """
        read = [c for name, c in LEVEL2_COLUMNS.items() if self.uses(name)]
        back += self.lookback_days
        if read:
            check_minutes(lake, self.library.name, self.freq, read, dates, back)
        if {*BIG_ORDERS} & {*read}:
            check_rule(lake, self.library.name, self.settings.big_order, dates, back)
        if len(dates) and not lake.checksums("bars", self.freq):
            known = Lake(lake.root).freqs()  # a view hides what is not declared
            raise MissingBarsError(lake, self.freq, self._other_choice(known))

    def _other_choice(self, known: tuple[int, ...]) -> str:
        """What a recipe may say on a lake with other bars; empty if nothing helps."""
        keys, fits = self.settings.keys, [f for f in known if not self.vocabulary.minutes % f]
        if fits:
            return f"say {keys.freq}: {' or '.join(map(str, fits))}"
        rows = [f for f in known if f"bar{f}" in frames()] if keys.rows else []
        return f"describe the lake's: {keys.rows}{min(rows)}" if rows else ""

    def maker(
        self,
        lake: Lake,
        sessions: Shaped[ndarray, "N"],
        wanted: Int[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
    ) -> "_Maker":
        """See :meth:`.Factors.maker`; memory: three sessions of bars, 7 float32 a bar."""
        return _Maker(self, lake, sessions, wanted, assets)

    def rows(self, program: Program, session: Session) -> Rows:
        """A session as a program of these factors reads it."""
        day, numbers = session.day, dict(session.numbers)
        locked: ndarray | None = None
        if "locked" in program.rows or "price_ok" in program.days:
            locked = session.locked()
            numbers["price_ok"] = session.price_ok(locked)
        step = self.vocabulary.minutes // self.freq
        if step > 1:
            day = day.longer(step)
            if locked is not None:
                locked = np.asarray(locked.reshape(len(locked), -1, step).all(axis=2))
        for name in set(program.days) & set(WHOLE_DAY):
            part = name.removeprefix("day_")
            total = day.field(part).sum(axis=1, dtype=np.float64)
            numbers[name] = total + numbers[f"auction_{part}"]
        more = {} if locked is None else {"locked": locked}
        if SURPRISE in program.rows:
            more[SURPRISE] = surprises(*_returns(session), numbers[SURPRISE])
        return self._laid_out(program, _stack(program, day, more), numbers)

    def _laid_out(self, program: Program, rows: ndarray, numbers: dict[str, ndarray]) -> Rows:
        """Rows with the numbers of each segment."""
        per_day = MINUTES_A_DAY // self.vocabulary.minutes
        length = self.bar // self.vocabulary.minutes if self.bar else per_day
        of_days = [
            numbers[n] if n == "usual_amount" else np.repeat(numbers[n], per_day // length)
            for n in program.days
        ]
        bounds = np.arange(0, rows.shape[1] + 1, length)
        shape = (len(program.days), len(bounds) - 1)
        lunch = 0 if self.bar else self.vocabulary.lunch
        return Rows(rows, np.array(of_days).reshape(shape), bounds, per_day, lunch)


class _Maker(Maker):
    """Values of one session after another, from the store where it has them."""

    def __init__(
        self, of: TimeFactors, lake: Lake, sessions: ndarray, wanted: ndarray, assets: ndarray
    ) -> None:
        self._of, self._sessions, self._wanted = of, sessions, set(wanted.tolist())
        cache = of.settings.cache
        self._axis = session_axis(lake, assets) if cache else assets
        self._reader = SessionReader(
            lake, of.freq, cache, self._axis, of.uses_level2, volume=not of.bar
        )
        self._gaps = Gaps(of.library.name, "bars")
        self.steps = windows(wanted, of.lookback_days)
        # What is usual is part of the key: values with and without it must lie apart.
        usual = [n for n in HISTORY if of.uses(n)]
        folder = "_".join([of.library.frame, str(of.freq), str(of.bar or "day"), *usual])
        self._kept = KeptValues(FactorStore(lake, folder, of.freq) if cache else None, of.library)
        self._memory = [make(of, self._axis) for name, make in _MEMORY.items() if of.uses(name)]

    def read(self, number: int) -> Session | None:
        """The session."""
        return self._reader.read(self._sessions[number].item())

    def values(self, number: int, found: Session | None) -> Made | None:
        """Symbols and values of the session; what the store lacks is computed and filed."""
        if found is None:
            return None
        columns = np.searchsorted(self._axis, found.day.symbols)
        for memory in self._memory:
            memory.tell(number, found, columns)
        made = None
        if number in self._wanted:
            values = self._kept.values(found, "", lambda missing: self._run(found, missing))
            shape = (len(found.day.symbols), -1, len(self._of.names))
            made = found.day.symbols, values.reshape(shape)
        for memory in self._memory:
            memory.remember(number, found, columns)
        return made

    def tell(self) -> None:
        """What bars do not hold, of the sessions that were not in the store."""
        self._gaps.tell()

    def _run(self, session: Session, columns: tuple[int, ...]) -> ndarray:
        """Values [segments, F] of these factors; of days NaN where bars lack what they read."""
        program = self._of.program(columns)
        made = run(program, self._of.rows(program, session))
        if self._of.bar:  # known at its end, when nobody knows what the day will have traded
            return made
        lacks, partly = np.flatnonzero(~_whole(session)), 0
        if len(lacks):
            held = _held(session, lacks, self._of.minutes(columns))
            made[lacks] = np.where(held, made[lacks], np.float32(np.nan))
            partly = int((~held.all(axis=1)).sum())
        self._gaps.add(session.on, partly, 0, len(made))
        return made


class _UsualAmount:
    """Mean amount of each bar on the sessions before."""

    def __init__(self, of: TimeFactors, axis: ndarray) -> None:
        self._rows = of.bar // of.freq
        self._before = EarlierSessions(USUAL_DAYS, MINUTES_A_DAY // of.bar, len(axis))

    def tell(self, number: int, session: Session, columns: ndarray) -> None:
        """Set the number of the day."""
        usual = self._before.mean_before(number)[:, columns]
        session.numbers["usual_amount"] = usual.T.ravel()

    def remember(self, number: int, session: Session, columns: ndarray) -> None:
        """Keep the session for later ones."""
        self._before.add(number, _bar_amounts(session, self._rows), columns)


class _UsualVolatility:
    """Standard deviation of the log returns of the sessions before."""

    def __init__(self, of: TimeFactors, axis: ndarray) -> None:
        del of
        self._before = EarlierSessions(USUAL_DAYS, 3, len(axis))

    def tell(self, number: int, session: Session, columns: ndarray) -> None:
        """Set the number of the day."""
        count, total, squares = self._before.mean_before(number)[:, columns]
        with np.errstate(invalid="ignore"):
            variance = squares / count - (total / count) ** 2
            session.numbers["usual_vol"] = np.sqrt(np.where(variance > 0, variance, np.nan))

    def remember(self, number: int, session: Session, columns: ndarray) -> None:
        """Keep the session for later ones."""
        self._before.add(number, _minute_moves(session), columns)


class _Surprise:
    """What returns are expected to be, by the regression over the last sessions."""

    def __init__(self, of: TimeFactors, axis: ndarray) -> None:
        del of
        self._regression = MinuteRegression(len(axis))

    def tell(self, number: int, session: Session, columns: ndarray) -> None:
        """Add the session to the regression, and set its coefficients."""
        sums = pair_sums(*_returns(session))
        self._regression.add(number, session.on.weekday(), columns, sums)
        session.numbers[SURPRISE] = self._regression.coefficients(number, columns)

    def remember(self, number: int, session: Session, columns: ndarray) -> None:
        """Nothing: the session is in the regression already."""


_MEMORY = {"usual_amount": _UsualAmount, "usual_vol": _UsualVolatility, SURPRISE: _Surprise}


def _stack(program: Program, day: BarDay, more: dict[str, ndarray]) -> ndarray:
    """Row inputs [F, N]; a view where the program reads nothing but the fields of the day."""
    if program.rows == FIELDS:
        return day.values.reshape(len(FIELDS), -1)
    parts = [more[n] if n in more else day.field(n) for n in program.rows]
    return np.array([np.asarray(part, np.float32).reshape(-1) for part in parts])


def _whole(session: Session) -> Bool[ndarray, "A"]:
    """Whether the bars of a session hold what was traded on the day."""
    volume = np.nan_to_num(session.total("volume"))
    return witnessed(volume, session.numbers["daily_volume"])


def _held(
    session: Session, stocks: Int[ndarray, "S"], minutes: Bool[ndarray, "F T"]
) -> Bool[ndarray, "S F"]:
    """Whether the bars of some stocks, which are not whole, hold the minutes of each factor."""
    day, closing = session.day, session.numbers["closing_auction"][stocks] > 0
    volume = np.nan_to_num(day.field("volume")[stocks].astype(np.float64))
    of_trades = np.zeros(len(stocks), bool)
    if day.level2 is not None:
        of_trades[:] = np.isfinite(day.level2[:, stocks]).any(axis=(0, 2))
    traded = np.repeat(volume, MINUTES_A_DAY // volume.shape[1], axis=1)
    return bars_cover(traded, closing, of_trades, minutes)


def _returns(session: Session) -> tuple[ndarray, ndarray, ndarray]:
    """Closes [A, T], first opens [A] and the minutes [A, T] whose returns count [Spec 2.2]."""
    close, first = session.day.field("close"), session.day.field("open")[:, 0]
    counts = ~session.locked()
    counts[session.numbers["closing_auction"] > 0, -AUCTION_MINUTES:] = False
    counts[~(session.day.field("volume").sum(axis=1) > 0)] = False
    return close, first, counts


def _bar_amounts(session: Session, rows: int) -> Float[ndarray, "T A"]:
    """Amount of each bar, CNY, the opening auction in the first; NaN without trades."""
    amount = session.day.field("amount")
    total = amount.reshape(len(amount), -1, rows).sum(axis=2, dtype=np.float64)
    total[:, 0] += session.numbers["auction_amount"]
    total[~(total.sum(axis=1) > 0)] = np.nan
    return total.T


def _minute_moves(session: Session) -> Float[ndarray, "3 A"]:
    """Number, sum and sum of squares of the log returns inside the day."""
    close, first = session.day.field("close"), session.day.field("open")[:, :1]
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.diff(np.log(np.concatenate([first, close], axis=1).astype(np.float64)), axis=1)
    moves[~(session.day.field("volume").sum(axis=1) > 0)] = np.nan
    seen = np.isfinite(moves)
    moves = np.where(seen, moves, 0.0)
    count = seen.sum(axis=1).astype(np.float64)
    out = np.stack([count, moves.sum(axis=1), (moves**2).sum(axis=1)])
    return np.where(count > 0, out, np.nan)
