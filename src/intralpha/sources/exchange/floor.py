"""Floor: trades a day of the whole market, each stock in a book of its own, on several threads."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import local

import numpy as np

from intralpha.base import thread_count
from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.bars import Bars, fill_minutes, quiet_bars
from intralpha.sources.exchange.course import day_plans
from intralpha.sources.exchange.flow import DayPlan, new_parents, trade_day
from intralpha.sources.exchange.habits import HabitSpec
from intralpha.sources.exchange.rng import new_stream
from intralpha.sources.exchange.skeleton import Day
from intralpha.sources.exchange.tape import Tape

ROOM = 3


@dataclass(eq=False)
class Desk:
    """What a thread trades with: a book and scratch arrays, used again for stock after stock."""

    book: lob.Book
    live: np.ndarray
    parents: np.ndarray = field(default_factory=new_parents)


class Floor:
    """Trades sessions; a stock-day depends on nothing but its plan and its stream.

    Parameters
    ----------
    seed : of the market
    habits : who trades, and how
    threads : default: :func:`~intralpha.base.thread_count`
    """

    def __init__(self, seed: int, habits: HabitSpec, threads: int | None = None) -> None:
        self._seed, self._habits = seed, habits
        self._kernel_habits = habits.for_kernel()
        self._threads = threads or thread_count()
        self._own = local()

    def minutes(self, day: Day) -> Bars:
        """Minute bars of every stock, the opening auction inside the first one.

        A halted stock has bars without volume at its previous close.
        """
        return self.trade(day, with_tapes=False)[0]

    def trade(self, day: Day, with_tapes: bool = True) -> tuple[Bars, dict[int, Tape]]:
        """The same bars, and everything that happened to each stock that traded, by its number."""
        plans = self._plans(day)
        bars = quiet_bars(day.preclose)
        tapes: dict[int, Tape] = {}

        def work(i: int) -> None:
            book = self._trade(day, i, plans[i])
            fill_minutes(bars, i, book.trades[: book.state[lob.TRADES]], plans[i].preclose)
            if with_tapes:
                tapes[i] = lob.tape_of(book)

        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(work, plans))
        return bars, dict(sorted(tapes.items()))

    def _plans(self, day: Day) -> dict[int, DayPlan]:
        spread = self._habits.half_spread_bps
        return day_plans(day.session, self._seed, day.number, spread)

    def _trade(self, day: Day, i: int, plan: DayPlan) -> lob.Book:
        desk = self._desk(plan)
        lob.reset(desk.book, plan.low, plan.high)
        rng = new_stream(self._seed, i, day.number)
        trade_day(desk.book, plan, self._kernel_habits, desk.parents, desk.live, rng)
        lob.check(desk.book)
        return desk.book

    def _desk(self, plan: DayPlan) -> Desk:
        """Desk of the calling thread, made larger when a plan asks for it."""
        orders = int(ROOM * plan.n_orders) + 1000
        desk: Desk | None = getattr(self._own, "desk", None)
        if desk is None or not lob.fits(desk.book, plan.low, plan.high, orders, orders):
            levels = plan.high - plan.low + 1
            if desk is not None:
                levels = max(levels, desk.book.levels.shape[1])
                orders = max(orders, len(desk.live))
            book = lob.new_book(2 * levels, orders, orders)
            desk = Desk(book, np.zeros(orders, np.int64))
            self._own.desk = desk
        return desk
