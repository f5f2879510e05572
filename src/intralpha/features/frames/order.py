"""Frame order: orders that were entered in continuous trading, with their original size."""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64
from numba import njit
from numpy import ndarray

from intralpha.features.continuous import continuous_bounds, is_continuous
from intralpha.features.engine.compiling import KERNEL
from intralpha.features.engine.machine import Rows
from intralpha.features.engine.program import Program
from intralpha.features.language.units import PLAIN, PRICE_UNIT, SHARE_UNIT
from intralpha.features.language.vocabulary import Vocabulary
from intralpha.features.level2.minutes import minute_of
from intralpha.features.tick_factors import SIDES, TICK_DAYS, TickFrame
from intralpha.market import Ticks
from intralpha.market.closing import continuous_until
from intralpha.market.hours import NOON
from intralpha.market.stock_parts import over_stocks

SERIES = {
    "price": PRICE_UNIT,
    "volume": SHARE_UNIT,
    "side": PLAIN,
    "minute": PLAIN,
    "limit": PLAIN,
}


class OrderFrame(TickFrame):
    """Orders; cancels are none."""

    def columns(self, program: Program) -> tuple[str, ...]:
        """See :meth:`.TickFrame.columns`."""
        del program
        return ("time", "price", "volume", "side", "kind", "cancel")

    def rows(
        self,
        program: Program,
        ticks: Ticks,
        days: Float64[ndarray, "G A"],
        locked: Bool[ndarray, "A T"],
        dtype: type | None = None,
    ) -> Rows:
        """See :meth:`.TickFrame.rows`; a locked minute takes orders like any other."""
        del program, locked
        time, price, volume, side = (ticks[n] for n in ("time", "price", "volume", "side"))
        kind, cancel = ticks["kind"], ticks["cancel"]
        ends = continuous_until(ticks.symbols, ticks.on)
        bounds = continuous_bounds(ticks, ends, cancel)
        lunch = np.zeros(len(ends), np.int64)
        out = np.empty((len(SERIES), bounds[-1]), dtype or self.dtype)

        def fill(first: int, last: int) -> None:
            _fill(time, price, volume, side, kind, cancel, ticks.bounds, ends, bounds,
                  first, last, out, lunch)  # fmt: skip

        over_stocks(ticks.bounds, fill)
        return Rows(out, days, bounds, 0, lunch)


FRAMES = (
    OrderFrame(
        Vocabulary("order", SERIES, TICK_DAYS, SIDES, minutes=0, least=50),
        table="orders",
        block_rows=8_000_000,
        inputs=tuple(SERIES),
    ),
)


@njit(**KERNEL)
@no_type_check
def _fill(time, price, volume, side, kind, cancel, bounds, ends, to_bounds,
          first, last, out, lunch):  # fmt: skip
    for s in range(first, last):
        to, half = to_bounds[s], 0
        for i in range(bounds[s], bounds[s + 1]):
            if cancel[i] or not is_continuous(time[i], ends[s]):
                continue
            m = minute_of(np.int64(time[i]))
            if half == 0 and m >= NOON:
                half, lunch[s] = 1, to - to_bounds[s]
            out[0, to], out[1, to], out[2, to] = price[i], volume[i], side[i]
            out[3, to], out[4, to] = m + 1, kind[i] == 0
            to += 1
