"""Frame parent: orders that executed, made from the trades that share an id [Spec 2.5]."""

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from intralpha.features.engine.machine import Rows
from intralpha.features.engine.program import Program
from intralpha.features.language.units import CNY_UNIT, PLAIN, SHARE_UNIT, TRADE_UNIT
from intralpha.features.language.vocabulary import Vocabulary
from intralpha.features.level2.parents import parent_orders
from intralpha.features.tick_factors import SIDES, TICK_DAYS, TickFrame
from intralpha.market import Ticks
from intralpha.market.stock_parts import over_stocks

SERIES = {"side": PLAIN, "amount": CNY_UNIT, "volume": SHARE_UNIT, "fills": TRADE_UNIT}
COLUMNS = ("side", "amount", "shares", "fills")  # of a parent order, in the order of SERIES


class ParentFrame(TickFrame):
    """Orders of the whole day, auctions included; a row is all fills of one id."""

    def columns(self, program: Program) -> tuple[str, ...]:
        """See :meth:`.TickFrame.columns`."""
        del program
        return ("time", "price", "volume", "buy_id", "sell_id")

    def rows(
        self,
        program: Program,
        ticks: Ticks,
        days: Float64[ndarray, "G A"],
        locked: Bool[ndarray, "A T"],
        dtype: type | None = None,
    ) -> Rows:
        """See :meth:`.TickFrame.rows`; an order has no minute, so none is locked."""
        del program, locked
        orders = parent_orders(ticks)
        columns = [orders[n] for n in COLUMNS]
        bounds, out = orders.bounds, np.empty((len(SERIES), len(orders)), dtype or self.dtype)

        def fill(first: int, last: int) -> None:
            here = slice(bounds[first], bounds[last])
            for i, values in enumerate(columns):
                out[i, here] = values[here]

        over_stocks(bounds, fill)
        return Rows(out, days, bounds, 0, 0)


FRAMES = (
    ParentFrame(
        Vocabulary("parent", SERIES, TICK_DAYS, SIDES, minutes=0, least=50),
        table="trades",
        inputs=tuple(SERIES),
    ),
)
