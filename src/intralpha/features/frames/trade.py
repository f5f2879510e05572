"""Frame trade: the trades of continuous trading, with what the orders behind them executed."""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import check_shape
from intralpha.features.continuous import (
    NO_MARKS,
    continuous_bounds,
    is_continuous,
)
from intralpha.features.engine.compiling import KERNEL
from intralpha.features.engine.machine import Rows
from intralpha.features.engine.program import Program
from intralpha.features.language.units import CNY_UNIT, PLAIN, PRICE_UNIT, SHARE_UNIT
from intralpha.features.language.vocabulary import Vocabulary
from intralpha.features.level2.minutes import minute_of
from intralpha.features.level2.parents import parent_totals
from intralpha.features.tick_factors import SIDES, TICK_DAYS, TickFrame
from intralpha.market import Ticks
from intralpha.market.closing import continuous_until
from intralpha.market.hours import MINUTES, NOON
from intralpha.market.stock_parts import over_stocks

SERIES = {
    "price": PRICE_UNIT,
    "volume": SHARE_UNIT,
    "amount": CNY_UNIT,
    "side": PLAIN,
    "buy_total": CNY_UNIT,
    "sell_total": CNY_UNIT,
    "step": PLAIN,
    "minute": PLAIN,
    "locked": PLAIN,
}
DERIVED = SIDES | {
    "buy_big": "buy_total >= theta",
    "sell_big": "sell_total >= theta",
    "active_big": "buy & buy_big | sell & sell_big",
    "active_big_buy": "buy & buy_big",
    "big_sides": "where(buy_big, 1, 0) + where(sell_big, 1, 0)",
}


class TradeFrame(TickFrame):
    """Trades; a row is one of continuous trading."""

    def columns(self, program: Program) -> tuple[str, ...]:
        """See :meth:`.TickFrame.columns`."""
        del program
        return ("time", "price", "volume", "buy_id", "sell_id", "side")

    def rows(
        self,
        program: Program,
        ticks: Ticks,
        days: Float64[ndarray, "G A"],
        locked: Bool[ndarray, "A T"],
        dtype: type | None = None,
    ) -> Rows:
        """See :meth:`.TickFrame.rows`."""
        del program
        check_shape("locked", locked, (len(ticks.symbols), MINUTES), "b")
        time, price, volume, side = (ticks[n] for n in ("time", "price", "volume", "side"))
        ends = continuous_until(ticks.symbols, ticks.on)
        bounds = continuous_bounds(ticks, ends, NO_MARKS)
        lunch = np.zeros(len(ends), np.int64)
        out = np.empty((len(SERIES), bounds[-1]), dtype or self.dtype)
        totals = parent_totals(ticks)

        def fill(first: int, last: int) -> None:
            _fill(time, price, volume, side, *totals, ticks.bounds, ends, locked, bounds,
                  first, last, out, lunch)  # fmt: skip

        over_stocks(ticks.bounds, fill)
        return Rows(out, days, bounds, 0, lunch)


FRAMES = (
    TradeFrame(
        Vocabulary("trade", SERIES, TICK_DAYS, DERIVED, minutes=0, least=60),
        table="trades",
        inputs=tuple(SERIES),
        whole_day=("buy_total", "sell_total"),
    ),
)


@njit(**KERNEL)
@no_type_check
def _fill(time, price, volume, side, buy_total, sell_total, bounds, ends, locked,
          to_bounds, first, last, out, lunch):  # fmt: skip
    for s in range(first, last):
        to, before, half = to_bounds[s], 0.0, -1
        for i in range(bounds[s], bounds[s + 1]):
            if not is_continuous(time[i], ends[s]):
                continue
            m = minute_of(np.int64(time[i]))
            if m // NOON != half:
                before, half = price[i], m // NOON
                if half == 1:
                    lunch[s] = to - to_bounds[s]
            out[0, to], out[1, to], out[2, to] = price[i], volume[i], price[i] * volume[i]
            out[3, to], out[4, to], out[5, to] = side[i], buy_total[i], sell_total[i]
            out[6, to] = np.log(price[i] / before) if price[i] != before else 0.0
            out[7, to], out[8, to] = m + 1, locked[s, m]
            before = price[i]
            to += 1
