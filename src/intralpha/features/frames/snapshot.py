"""Frame snapshot: the order book of ten levels, where both best quotes are there."""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import read_only
from intralpha.features.continuous import begins, is_continuous
from intralpha.features.engine.compiling import KERNEL
from intralpha.features.engine.machine import Rows
from intralpha.features.engine.program import Program
from intralpha.features.language.levels import LEVELS, QUOTE
from intralpha.features.language.units import PLAIN
from intralpha.features.language.vocabulary import Vocabulary
from intralpha.features.level2.minutes import minute_of
from intralpha.features.tick_factors import TICK_DAYS, TickFrame
from intralpha.market import Ticks
from intralpha.market.closing import continuous_until
from intralpha.market.hours import NOON
from intralpha.market.stock_parts import over_stocks

QUOTES = {"p": "price", "q": "volume", "n": "orders"}
BOOK = {
    f"{side[0]}{letter}{n}": f"{side}_{what}{n}"
    for side in ("bid", "ask")
    for letter, what in QUOTES.items()
    for n in range(1, LEVELS + 1)
}
BEST = ("bp1", "ap1", "bq1", "aq1")
SERIES = {name: QUOTE[name[1]] for name in BOOK} | {"minute": PLAIN}


class SnapshotFrame(TickFrame):
    """Snapshots of continuous trading with both best quotes; an empty level has price 0."""

    def columns(self, program: Program) -> tuple[str, ...]:
        """See :meth:`.TickFrame.columns`."""
        used = dict.fromkeys((*BEST, *(n for n in program.rows if n in BOOK)))
        return ("time", *(BOOK[n] for n in used))

    def rows(
        self,
        program: Program,
        ticks: Ticks,
        days: Float64[ndarray, "G A"],
        locked: Bool[ndarray, "A T"],
        dtype: type | None = None,
    ) -> Rows:
        """See :meth:`.TickFrame.rows`; the book of a locked minute has one side only."""
        del locked
        ends = continuous_until(ticks.symbols, ticks.on)
        time, kind = read_only(ticks["time"]), dtype or self.dtype
        bid, ask, bids, asks = (read_only(ticks[BOOK[n]]) for n in BEST)
        kept, lunch = np.zeros((2, len(ends)), np.int64)
        place, minute = np.empty(len(ticks), np.int64), np.empty(len(ticks), kind)

        def find(first: int, last: int) -> None:
            _find(time, bid, ask, bids, asks, ticks.bounds, ends, first, last,
                  place, minute, kept, lunch)  # fmt: skip

        over_stocks(ticks.bounds, find)
        bounds = begins(kept)
        out = np.empty((len(program.rows), bounds[-1]), kind)
        columns = [read_only(minute if n == "minute" else ticks[BOOK[n]]) for n in program.rows]

        def fill(first: int, last: int) -> None:
            for i, values in enumerate(columns):
                _gather(values, place, ticks.bounds, bounds, first, last, out[i])

        over_stocks(ticks.bounds, fill)
        return Rows(out, days, bounds, 0, lunch)


FRAMES = (
    SnapshotFrame(
        Vocabulary("snapshot", SERIES, TICK_DAYS, {"mid": "(bp1 + ap1) / 2"}, minutes=0, least=60),
        table="snapshots",
        block_rows=500_000,
        dtype=np.float64,
    ),
)


@njit(**KERNEL)
@no_type_check
def _find(time, bid, ask, bids, asks, bounds, ends, first, last, place, minute, kept, lunch):
    """Places of the rows that count, at the start of those of their stock, and their minutes."""
    for s in range(first, last):
        to, half = bounds[s], 0
        for i in range(bounds[s], bounds[s + 1]):
            quoted = bid[i] > 0.0 and ask[i] > 0.0 and bids[i] > 0 and asks[i] > 0
            if not quoted or not is_continuous(time[i], ends[s]):
                continue
            m = minute_of(np.int64(time[i]))
            if half == 0 and m >= NOON:
                half, lunch[s] = 1, to - bounds[s]
            place[to], minute[i] = i, m + 1
            to += 1
        kept[s] = to - bounds[s]


@njit(**KERNEL)
@no_type_check
def _gather(values, place, bounds, to_bounds, first, last, out):
    """A column at those places; no number is 0."""
    for s in range(first, last):
        for k in range(to_bounds[s + 1] - to_bounds[s]):
            x = values[place[bounds[s] + k]]
            out[to_bounds[s] + k] = 0 if np.isnan(x) else x
