"""TickFactors: factors of trades, parent orders, orders or snapshots, a session at a time."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, Shaped
from numpy import ndarray

from intralpha.base.ahead import ahead
from intralpha.base.node import Read
from intralpha.features.engine.machine import Rows, run
from intralpha.features.engine.program import Program
from intralpha.features.factor_store import FactorStore, KeptValues
from intralpha.features.factors import Made, Maker, RowFactors, Settings, merged
from intralpha.features.frames.frame import RowFrame
from intralpha.features.gaps import Gaps
from intralpha.features.language.library import Library, LibraryError
from intralpha.features.language.minutes_read import minutes_read
from intralpha.features.language.units import CNY_UNIT, PLAIN, SHARE_UNIT
from intralpha.features.level2.cover import covered, spoken, witnessed
from intralpha.features.level2.order_statistics import StatisticsStore
from intralpha.features.level2.thresholds import thresholds
from intralpha.features.level2_needs import check_ticks
from intralpha.features.session_reader import Session, SessionReader, session_axis
from intralpha.market import Lake, Ticks, read_ticks

THRESHOLDS = ("theta", "middle")
TICK_DAYS = {
    **dict.fromkeys((*THRESHOLDS, "day_amount"), CNY_UNIT),
    "day_volume": SHARE_UNIT,
    "suspended": PLAIN,
}
DAY_SUMS = ("day_amount", "day_volume")
SIDES = {"buy": "side > 0", "sell": "side < 0"}


@dataclass(frozen=True)
class TickFrame(RowFrame):
    """Rows made from a table of ticks; what came in an auction is in none of them.

    Attributes
    ----------
    table : of the lake
    block_rows : rows of the table that are read at a time, whole stocks
    inputs : row inputs that come first, in the order in which :meth:`rows` makes them
    dtype : of the rows; moves of a tick are lost in float32 where prices are high
    whole_day : row inputs that are made from the rows of the whole day
    """

    table: str = ""
    block_rows: int = 4_000_000
    inputs: tuple[str, ...] = ()
    dtype: type = np.float32
    whole_day: tuple[str, ...] = ()

    @property
    def daily(self) -> bool:
        """Always."""
        return True

    def factors(self, library: Library, settings: Settings) -> "TickFactors":
        """See :meth:`.Frame.factors`."""
        return TickFactors(library, settings, self)

    @abstractmethod
    def columns(self, program: Program) -> tuple[str, ...]:
        """Columns of the table that the rows of a program are made of."""

    @abstractmethod
    def rows(
        self,
        program: Program,
        ticks: Ticks,
        days: Float64[ndarray, "G A"],
        locked: Bool[ndarray, "A T"],
        dtype: type | None = None,
    ) -> Rows:
        """Rows of some stocks for a program.

        Parameters
        ----------
        program : assembled with the frame's ``inputs``
        ticks : rows of the frame's table with :meth:`columns` of it, whole stocks
        days : the numbers of the day that the program reads, of these stocks
        locked : minutes that had one price, a limit of the day
        dtype : of the rows, if not the frame's own

        Notes
        -----
        Memory: 4 bytes a row and input, 8 in float64.
        """


class TickFactors(RowFactors):
    """Factors of a library over rows of ticks [Spec 3.2, 3.3, 6.4].

    The lake must have the table of the frame, and bars of one minute with daily rows: which
    minutes were locked and what the day traded come from there (``intralpha level2 enrich`` makes
    them of trades). A stock without rows in the table is NaN, as is a session without it, and a
    factor of a stock-day on which the table does not hold the minutes that the factor reads:
    :func:`~intralpha.features.level2.cover.covered` says when, and the log how often.

    Parameters
    ----------
    library : parameters chosen
    settings : ``base_freq`` (if given) must be 1; ``segments`` does not apply. ``big_order`` says
        from which amount on an order is big
    frame : its rows

    Raises
    ------
    LibraryError
        A setting does not fit.
    """

    def __init__(self, library: Library, settings: Settings, frame: TickFrame) -> None:
        daily = library.segments == "day" and not settings.segments
        if settings.base_freq not in (None, 1) or not daily:
            raise LibraryError(
                f"library {library.name} is made from {frame.table} and daily: leave out "
                "base_freq and segments"
            )
        self.frame = frame
        super().__init__(library, settings, frame.vocabulary)

    @property
    def block_rows(self) -> int:
        """Rows of the table that are read at a time."""
        return self.frame.block_rows

    @property
    def row_inputs(self) -> tuple[str, ...]:
        """Those of the frame."""
        return self.frame.inputs

    @property
    def lookback_days(self) -> int:
        """Sessions that the threshold of big orders looks at."""
        return self.threshold_days

    @property
    def reads_thresholds(self) -> set[str]:
        """Which of ``theta`` and ``middle`` the factors need."""
        return self.inputs_read() & set(THRESHOLDS)

    @property
    def threshold_days(self) -> int:
        """Sessions before that say when an order is big; 0 where none do."""
        rule = self.settings.big_order
        moving = {"fixed_200k": {"middle"}, "day_mean": set[str]()}.get(rule.rule, {*THRESHOLDS})
        return rule.days if self.reads_thresholds & moving else 0

    @property
    def folder(self) -> str:
        """Where values are kept: those of another rule for big orders lie apart."""
        rule, name = self.settings.big_order, f"{self.frame.name}_day"
        if self.reads_thresholds:
            name += f"_{rule.rule}"
        return f"{name}_{rule.days}_{rule.min_days}" if self.threshold_days else name

    def reads(self) -> tuple[Read, ...]:
        """The table, and what the day and the thresholds are known from.

        Where a stock has no threshold of its own, stocks of like size stand in: sizes are those of
        the session before.
        """
        sizes = int(bool(self.reads_thresholds))
        by_trades = self.threshold_reads_trades()
        orders = [Read("trades", back=self.threshold_days)] if by_trades else []
        known = [Read("instruments")] if self.settings.cache else []
        back = max(self.threshold_days, sizes)
        of_day = [Read("bars", 1, 0), Read("daily", back=back), Read("auctions", back=0)]
        return merged([Read(self.frame.table, back=0), *of_day, *orders, *known])

    def minutes(self, columns: tuple[int, ...] = ()) -> Bool[ndarray, "F T"]:
        """Minutes of the table that some of the factors read; of all if none is named."""
        whole = {*DAY_SUMS, *self.frame.whole_day}
        return minutes_read(self._graph, self._outputs_of(columns), whole)

    def threshold_reads_trades(self) -> bool:
        """Whether factors need to know when an order is big, and trades say it."""
        known = self.reads_thresholds
        return bool(known) and (self.settings.big_order.rule != "fixed_200k" or "middle" in known)

    def check(self, lake: Lake, dates: Shaped[ndarray, "D"], back: int) -> None:
        """See :meth:`.Factors.check`."""
        check_ticks(lake, self.library.name, self.frame.table, dates, back)

    def maker(
        self,
        lake: Lake,
        sessions: Shaped[ndarray, "N"],
        wanted: Int[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
    ) -> "_Maker":
        """See :meth:`.Factors.maker`.

        Memory: a block of stocks with at most 4 million trades (or one stock), 60 bytes each; bars
        of three sessions.
        """
        return _Maker(self, lake, sessions, wanted, assets)


class _Maker(Maker):
    """Values of one session after another, from the store where it has them."""

    def __init__(
        self, of: TickFactors, lake: Lake, sessions: ndarray, wanted: ndarray, assets: ndarray
    ) -> None:
        self._of, self._lake, self._sessions, self.steps = of, lake, sessions, wanted
        settings = of.settings
        axis = session_axis(lake, assets) if settings.cache else assets
        self._reader = SessionReader(lake, 1, settings.cache, axis, volume=True)
        # Of a table that the factors may not read there are none.
        days = settings.big_order.days + 1
        self._statistics = StatisticsStore(lake, days) if of.threshold_reads_trades() else None
        self._checksums = lake.checksums(of.frame.table)
        store = FactorStore(lake, of.folder, 1) if settings.cache else None
        self._kept = KeptValues(store, of.library)
        self._gaps = Gaps(of.library.name, of.frame.table)

    def tell(self) -> None:
        """What the table does not cover, of the sessions that were not in the store."""
        self._gaps.tell()

    def read(self, number: int) -> Session | None:
        """The session; None without a table of ticks."""
        on = self._sessions[number].item()
        return self._reader.read(on) if on in self._checksums else None

    def values(self, number: int, found: Session | None) -> Made | None:
        """Symbols and values of a session; None where the lake lacks bars or ticks."""
        del number
        if found is None:
            return None
        numbers = self._numbers(found)
        found.numbers.update({n: numbers[n] for n in THRESHOLDS if n in numbers})
        made = self._kept.values(
            found, self._checksums[found.on], lambda missing: self._run(found, numbers, missing)
        )
        return found.day.symbols, made[:, None]

    def _numbers(self, session: Session) -> dict[str, ndarray]:
        """The numbers of the day that the frame knows, of the stocks of the session."""
        out = {"suspended": session.numbers["suspended"]}
        out |= {f"day_{part}": session.total(part) for part in ("volume", "amount")}
        reads, rule = self._of.reads_thresholds, self._of.settings.big_order
        if reads:  # both, or the key would depend on which of the factors are asked for
            found = thresholds(
                self._lake, session.on, rule, self._statistics, with_middle="middle" in reads
            )
            out["theta"], out["middle"] = found.of(session.day.symbols)[:2]
            unknown = np.any([np.isnan(out[name]) for name in reads], axis=0)
            self._gaps.without_threshold(session.on, int(unknown.sum()))
        return out

    def _run(
        self, session: Session, numbers: dict[str, ndarray], columns: tuple[int, ...]
    ) -> ndarray:
        """Values [A, F] of these factors; NaN for stocks without ticks, or without enough."""
        frame, program = self._of.frame, self._of.program(columns)
        locked, symbols = session.locked(), session.day.symbols
        numbers = numbers | {"price_ok": session.price_ok(locked)}
        out = np.full((len(symbols), program.outputs), np.nan, np.float32)
        wanted = frame.columns(program)
        cover = _Cover(session, numbers["day_volume"], self._of.minutes(columns))
        blocks = read_ticks(
            self._lake, frame.table, session.on, wanted, symbols, self._of.block_rows
        )
        for ticks in ahead(blocks):
            place = np.searchsorted(symbols, ticks.symbols)
            days = np.array([numbers[n][place] for n in program.days])
            days = days.reshape(len(program.days), len(place))
            made = run(program, frame.rows(program, ticks, days, locked[place]))
            out[place] = cover.cut(made, ticks, place)
        cover.tell(self._gaps)
        return out


class _Cover:
    """What the table of one session covers, and how many values that costs.

    Attributes
    ----------
    there : stocks that have ticks
    gaps : stocks and factors that lack minutes they read

    Parameters
    ----------
    session : with ``daily_volume``
    day_volume : shares that its bars and opening auctions hold
    minutes : those that each factor reads
    """

    def __init__(
        self,
        session: Session,
        day_volume: Float64[ndarray, "A"],
        minutes: Bool[ndarray, "F T"],
    ) -> None:
        self._on, self._minutes = session.on, minutes
        self._traded = np.nan_to_num(session.day.field("volume").astype(np.float64))
        self._inside = session.day.auction_inside
        self._closing = session.numbers["closing_auction"] > 0
        self._daily = session.numbers["daily_volume"]
        self._witness = witnessed(np.nan_to_num(day_volume), self._daily)
        self.there = np.zeros(len(self._traded), bool)
        self.gaps = np.zeros((len(self._traded), len(minutes)), bool)

    def tell(self, gaps: Gaps) -> None:
        """Count the session; stocks that traded and have no ticks, too."""
        absent = int((~self.there & (self._traded.sum(axis=1) > 0)).sum())
        partly = int(self.gaps.any(axis=1).sum())
        gaps.add(self._on, partly, absent, int(self.there.sum()) + absent)

    def cut(
        self, made: Float[ndarray, "S F"], ticks: Ticks, place: Int[ndarray, "S"]
    ) -> Float[ndarray, "S F"]:
        """Values of some stocks, NaN where their ticks lack minutes that a factor reads."""
        closing = self._closing[place]
        whole = covered(
            spoken(ticks, closing), self._traded[place], self._inside[place],
            closing, self._witness[place], self._daily[place], self._minutes,
        )  # fmt: skip
        self.there[place], self.gaps[place] = True, ~whole
        return np.where(whole, made, np.float32(np.nan))
