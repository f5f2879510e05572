"""LibraryFeatures: the factors of a library as a feature set, streamed from the lake by day."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, time
from typing import Literal

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.base import ConfigError, Panel, Spec
from intralpha.base.panel import as_days
from intralpha.features.bar_day import FIELDS, BarDay, BarReader
from intralpha.features.engine.machine import Rows, run
from intralpha.features.engine.program import Program, assemble
from intralpha.features.feature_set import DAY_CLOSE, FeatureSet, KnownAt
from intralpha.features.language.compile import Compiler
from intralpha.features.language.frames import FRAMES, WHOLE_DAY
from intralpha.features.language.graph import Graph
from intralpha.features.language.library import Library, load_library
from intralpha.features.session_blocks import session_rows
from intralpha.features.slot_history import SlotHistory
from intralpha.features.trailing import trailing_mean
from intralpha.market import Lake, bar_times, has_closing_auction, read_daily

AUCTION_MINUTES, USUAL_DAYS, HALF_TICK = 3, 20, 0.005
EXCHANGES = {"SH": "SSE", "SZ": "SZSE"}
DAILY = ("preclose", "up_limit", "down_limit", "suspended")


class FrameFrequencyError(ConfigError):
    """A library's rows cannot be made from the bars of that frequency."""

    def __init__(self, library: str, minutes: int, freq: int) -> None:
        self.minutes, self.freq = minutes, freq
        super().__init__(
            f"library {library} has rows of {minutes} minutes; bars of {freq} minutes cannot make "
            f"them.\nHint: base_freq must divide {minutes}, and the lake must have such bars."
        )


class LibrarySpec(Spec):
    """Factors of a library of expressions."""

    kind: Literal["library"] = "library"
    library: str = Field(description="shipped: `intralpha features list`; or the path of a YAML")
    names: tuple[str, ...] = Field((), description="factors; empty: all of the library")
    base_freq: int | None = Field(
        None, gt=0, description="minutes of the bars in the lake; default: the library's rows"
    )
    segments: Literal[5, 10, 15, 30] | None = Field(
        None, description="minutes of the bars described, if not the library's own"
    )
    smooth_days: int = Field(1, ge=1, le=250, description="mean over so many sessions")
    cache: bool = Field(True, description="keep dense bars beside the lake's files")


@dataclass(frozen=True, eq=False)
class _Session:
    """One session ready for the machine."""

    day: BarDay
    numbers: dict[str, Float[ndarray, "A"]]


class LibraryFeatures(FeatureSet):
    """Factors of one library, one number a stock and day, or one a stock and bar.

    Masks, minimum counts and the treatment of locked and suspended days are those of the factor
    language (docs/factor-language.md). With ``smooth_days`` a daily factor is the mean of its
    values on the last sessions, at least half of them, rounded up [Spec 2.7].

    Parameters
    ----------
    spec : LibrarySpec

    Raises
    ------
    LibraryError, ExpressionError
        No such library or factor, or an expression that does not fit.
    FrameFrequencyError
        The rows cannot be made from bars of ``base_freq``.

    Notes
    -----
    Peak memory: the output and three sessions of bars (7 float32 a bar).
    """

    def __init__(self, spec: LibrarySpec) -> None:
        library = load_library(spec.library).only(spec.names)
        if spec.segments:
            library = library.model_copy(update={"segments": spec.segments})
        frame = FRAMES[library.frame]
        self._spec, self._library, self._frame = spec, library, frame
        self._freq = spec.base_freq or frame.minutes
        if frame.minutes % self._freq:
            raise FrameFrequencyError(library.name, frame.minutes, self._freq)
        self._bar = 0 if library.segments == "day" else int(library.segments)
        self._graph = Graph()
        compiler = Compiler(frame, self._graph, self._bar // frame.minutes)
        self._outputs = [compiler.factor(f.expr, f.on_locked) for f in library.factors]
        self._program = assemble(self._graph, self._outputs, FIELDS)

    @property
    def name(self) -> str:
        """The library's, with the bar where there is one."""
        return f"{self._library.name}_{self._bar}" if self._bar else self._library.name

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the library."""
        return tuple(f.name for f in self._library.factors)

    @property
    def library(self) -> Library:
        """What is computed."""
        return self._library

    @property
    def times(self) -> tuple[time, ...] | None:
        """Ends of the bars, or None for daily factors."""
        return bar_times(self._bar) if self._bar else None

    @property
    def lookback_days(self) -> int:
        """Sessions before a date that its values are made from."""
        usual = USUAL_DAYS if "usual_amount" in self._program.days else 0
        return max(usual, self._spec.smooth_days - 1)

    def known_at_slot(self, name: str) -> KnownAt:
        """``"bar end"`` for factors of bars that read nothing of the rest of the day."""
        at_close = super().known_at_slot(name)
        used = self._graph.used([self._outputs[self.names.index(name)]])
        inputs = {self._graph.ops[i].name for i in used}
        return "bar end" if self._bar and not inputs & set(WHOLE_DAY) else at_close

    @property
    def known_at(self) -> time:
        """15:00."""
        return DAY_CLOSE

    def compute(self, lake: Lake, dates: ndarray, assets: ndarray) -> Panel:
        """Values ``[D, A, F]`` or ``[D, T, A, F]``, float32; a session without bars is NaN."""
        days = as_days(dates)
        sessions = lake.dates("daily")
        place = session_rows(sessions, days, "daily")
        wanted = np.zeros(len(sessions), dtype=bool)
        smooth = self._spec.smooth_days
        for p in place:
            wanted[max(p - smooth + 1, 0) : p + 1] = True
        rows = np.flatnonzero(wanted)
        panel = Panel.full(sessions[rows], assets, self.names, self.times)
        for at, values in self._stream(lake, sessions, rows, assets):
            panel.values[at] = values
        if smooth > 1:
            panel = _smoothed(panel, smooth)
        return panel.at(days)

    def _stream(
        self, lake: Lake, sessions: ndarray, rows: ndarray, assets: ndarray
    ) -> Iterator[tuple[int, ndarray]]:
        """Values of one session after another; the next ones are read meanwhile."""
        if not len(rows):
            return
        reader = BarReader(lake, self._freq, self._spec.cache)
        usual = "usual_amount" in self._program.days
        first = max(int(rows[0]) - (USUAL_DAYS if usual else 0), 0)
        visited = np.arange(first, rows[-1] + 1) if usual else rows
        history = SlotHistory(USUAL_DAYS, 240 // self._bar, len(assets)) if usual else None
        daily = read_daily(lake, DAILY, sessions[first].item(), sessions[rows[-1]].item(), assets)
        where = {int(r): at for at, r in enumerate(rows)}
        waiting: deque[tuple[int, Future[_Session | None]]] = deque()
        with ThreadPoolExecutor(2) as pool:
            for session in visited.tolist():
                task = pool.submit(
                    self._read, lake, reader, sessions[session].item(), assets, daily
                )
                waiting.append((session, task))
                if len(waiting) > 2:
                    yield from self._values(*waiting.popleft(), where, history, assets)
            for pair in waiting:
                yield from self._values(*pair, where, history, assets)

    def _read(
        self, lake: Lake, reader: BarReader, on: date, assets: ndarray, daily: Panel
    ) -> _Session | None:
        """Rows and numbers of the stocks asked for that have bars; None without bars."""
        day = reader.read(on)
        if day is None:
            return None
        day = _only(day, assets)
        at = np.searchsorted(daily.dates, as_days([on])[0])
        columns = np.searchsorted(daily.assets, day.symbols)
        numbers = {name: daily[name][at][columns].astype(np.float64) for name in DAILY}
        numbers["suspended"] = np.where(np.nan_to_num(numbers["suspended"], nan=0.0) > 0, 1.0, 0.0)
        numbers |= _auctions(lake, on, day)
        closing = {s: has_closing_auction(e, on) for s, e in EXCHANGES.items()}
        fine = self._freq == 1
        known = [fine and closing.get(str(s)[-2:], False) for s in day.symbols]
        numbers["closing_auction"] = np.array(known, dtype=np.float64)
        return _Session(day, numbers)

    def _values(
        self,
        session: int,
        task: "Future[_Session | None]",
        where: dict[int, int],
        history: SlotHistory | None,
        assets: ndarray,
    ) -> Iterator[tuple[int, ndarray]]:
        """Run the program on a session, if it is asked for, and remember its amounts."""
        found = task.result()
        if found is None:
            return
        columns = np.searchsorted(assets, found.day.symbols)
        amount = None
        if history is not None:
            amount = np.full((240 // self._bar, len(assets)), np.nan)
            amount[:, columns] = _bar_amounts(found, self._bar // self._freq)
            found.numbers["usual_amount"] = history.mean_before(session)[:, columns].T.ravel()
        if session in where:
            made = run(self._program, self._rows(found))
            shape = (len(columns), -1, len(self.names))
            values = made.reshape(shape).transpose(1, 0, 2)
            out = np.full((values.shape[0], len(assets), len(self.names)), np.nan, np.float32)
            out[:, columns] = values
            yield where[session], out if self._bar else out[0]
        if history is not None and amount is not None:
            history.add(session, amount)

    def _rows(self, found: _Session) -> Rows:
        """Inputs in the order of the program."""
        program, frame = self._program, self._frame
        day, numbers = found.day, dict(found.numbers)
        locked: np.ndarray | None = None
        if {"locked"} & set(program.rows) or {"price_ok"} & set(program.days):
            locked = _locked(day, numbers)
            numbers["price_ok"] = _price_ok(locked, numbers["closing_auction"])
        step = frame.minutes // self._freq
        if step > 1:
            day = day.longer(step)
            if locked is not None:
                locked = np.asarray(locked.reshape(len(locked), -1, step).all(axis=2))
        for name in set(program.days) & set(WHOLE_DAY):
            part = name.removeprefix("day_")
            total = day.field(part).sum(axis=1, dtype=np.float64)
            numbers[name] = total + numbers[f"auction_{part}"]
        per_day = 240 // frame.minutes
        length = self._bar // frame.minutes if self._bar else per_day
        rows = _stack(program, day, locked)
        segments = per_day // length
        of_days = [
            numbers[n] if n == "usual_amount" else np.repeat(numbers[n], segments)
            for n in program.days
        ]
        bounds = np.arange(0, rows.shape[1] + 1, length)
        lunch = 0 if self._bar else frame.lunch
        shape = (len(program.days), len(bounds) - 1)
        return Rows(rows, np.array(of_days).reshape(shape), bounds, per_day, lunch)


def _stack(program: Program, day: BarDay, locked: ndarray | None) -> ndarray:
    """Row inputs [F, N]; a view where the program reads nothing but the fields of the day."""
    if program.rows == FIELDS:
        return day.values.reshape(len(FIELDS), -1)
    parts = []
    for name in program.rows:
        part = locked if name == "locked" else day.field(name)
        assert part is not None
        parts.append(np.asarray(part, np.float32).reshape(-1))
    return np.array(parts)


def _only(day: BarDay, assets: ndarray) -> BarDay:
    """The stocks asked for; the same object if that is all of them."""
    kept = np.isin(day.symbols, assets)
    if kept.all():
        return day
    return BarDay(day.symbols[kept], day.values[:, kept], day.auction_inside[kept])


def _auctions(lake: Lake, on: date, day: BarDay) -> dict[str, Float[ndarray, "A"]]:
    """The opening auction where it is not inside the first bar; 0 where there is none."""
    names = ("price", "volume", "amount", "trades")
    out = {f"auction_{n}": np.zeros(len(day.symbols)) for n in names}
    out["auction_price"][:] = np.nan
    if not lake.has("auctions"):
        return out
    rows = lake.scan("auctions", on, on).filter(pl.col("time") <= time(9, 30)).collect()
    symbols = rows["symbol"].to_numpy().astype(str)
    place = np.minimum(np.searchsorted(day.symbols, symbols), len(day.symbols) - 1)
    fits = (day.symbols[place] == symbols) & ~day.auction_inside[place]
    for name in names:
        values = rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        out[f"auction_{name}"][place[fits]] = values[fits]
    return out


def _locked(day: BarDay, numbers: dict[str, ndarray]) -> ndarray:
    """Rows with one price that is a limit [Spec 2.2]."""
    high = day.field("high")
    limits = [numbers[n][:, None] for n in ("up_limit", "down_limit")]
    at = [np.abs(high - limit) <= HALF_TICK for limit in limits]
    return np.asarray((high == day.field("low")) & (at[0] | at[1]))


def _price_ok(locked: ndarray, closing: Float[ndarray, "A"]) -> Float[ndarray, "A"]:
    """1 where at most half of the continuous rows are locked."""
    count = locked.shape[1] - AUCTION_MINUTES * closing
    last = locked[:, -AUCTION_MINUTES:].sum(axis=1)
    found = locked.sum(axis=1) - closing * last
    return (2 * found <= count).astype(np.float64)


def _bar_amounts(found: _Session, rows: int) -> Float[ndarray, "T A"]:
    """Amount of each bar, CNY, the opening auction in the first; NaN on a day without trades."""
    amount = found.day.field("amount")
    total = amount.reshape(len(amount), -1, rows).sum(axis=2, dtype=np.float64)
    total[:, 0] += found.numbers["auction_amount"]
    total[~(total.sum(axis=1) > 0)] = np.nan
    return total.T


def _smoothed(panel: Panel, days: int) -> Panel:
    """Mean of the last sessions of every factor; rows are consecutive where it matters."""
    values = np.empty(panel.values.shape, np.float32)
    for f in range(panel.values.shape[-1]):
        part = panel.values[..., f].astype(np.float64).reshape(len(panel.dates), -1)
        part = np.concatenate([np.full((days - 1, part.shape[1]), np.nan), part])
        mean = trailing_mean(part, np.isfinite(part), days, (days + 1) // 2)
        values[..., f] = mean.reshape(panel.values.shape[:-1])
    return Panel(values, panel.dates, panel.assets, panel.names, panel.times)
