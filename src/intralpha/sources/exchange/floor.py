"""Floor: trades a day of the whole market, each stock in a book of its own, on several threads."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from threading import local
from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.base import thread_count
from intralpha.base.compiling import BARE
from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.bars import Bars, fill_bars, fill_minutes, quiet_bars
from intralpha.sources.exchange.course import day_plans
from intralpha.sources.exchange.flow import (
    DayPlan,
    new_parents,
    plan_of,
    plan_rows,
    trade_day,
)
from intralpha.sources.exchange.habits import HabitSpec
from intralpha.sources.exchange.rng import new_stream, new_streams
from intralpha.sources.exchange.skeleton import Day
from intralpha.sources.exchange.tape import Tape

ROOM = 5
HANDS_PER_THREAD = 4  # a stock is done sooner than a thread wakes up, so each gets many


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
        # Threads outlive the session, so that their desks do.
        self._pool = ThreadPoolExecutor(self._threads)

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

        def work(stocks: list[int]) -> None:
            if not with_tapes:
                self._trade_many(day, stocks, [plans[i] for i in stocks], bars)
                return
            for i in stocks:
                book = self._trade(day, i, plans[i])
                fill_minutes(bars, i, book.trades[: book.state[lob.TRADES]], plans[i].preclose)
                tapes[i] = lob.tape_of(book)

        hands = self._threads * HANDS_PER_THREAD
        list(self._pool.map(work, [list(plans)[k::hands] for k in range(hands)]))
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

    def _trade_many(self, day: Day, stocks: list[int], plans: list[DayPlan], bars: Bars) -> None:
        """The same for stocks whose tapes nobody wants, without coming back between them."""
        if not stocks:
            return
        desk = self._desk(*plans)
        places = np.array(stocks)
        rngs = new_streams(self._seed, places, day.number)
        rows = tuple(getattr(bars, one.name) for one in fields(bars))
        _trade_stocks(
            desk.book, plan_rows(plans), self._kernel_habits, desk.parents, desk.live, rngs,
            places, *rows,
        )  # fmt: skip
        lob.check(desk.book)

    def _desk(self, *plans: DayPlan) -> Desk:
        """Desk of the calling thread, made larger when a plan asks for it."""
        orders = int(ROOM * max(plan.n_orders for plan in plans)) + 1000
        levels = max(plan.high - plan.low for plan in plans) + 1
        desk: Desk | None = getattr(self._own, "desk", None)
        if desk is None or not lob.fits(desk.book, 1, levels, orders, orders):
            had = (0, 0) if desk is None else (desk.book.levels.shape[1], len(desk.live))
            # Twice what is asked for, of that alone which is too small.
            levels, orders = (
                h if n <= h else 2 * n for n, h in zip((levels, orders), had, strict=True)
            )
            book = lob.new_book(levels, orders, orders)
            desk = Desk(book, np.zeros(orders, np.int64))
            self._own.desk = desk
        return desk


@njit(**BARE)
@no_type_check
def _trade_stocks(book, plans, habits, parents, live, rngs, places,
                  opens, high, low, close, volume, amount, count):  # fmt: skip
    """Trade stocks one after another on one book; ends at the first that the book cannot hold."""
    for k in range(len(places)):
        plan, i = plan_of(plans, k), places[k]
        lob.reset(book, plan.low, plan.high)
        trade_day(book, plan, habits, parents, live, rngs[k])
        if book.state[lob.FULL] != 0:
            return
        trades = book.trades[: book.state[lob.TRADES]]
        fill_bars(opens[i], high[i], low[i], close[i], volume[i], amount[i], count[i], trades,
                  plan.preclose)  # fmt: skip
