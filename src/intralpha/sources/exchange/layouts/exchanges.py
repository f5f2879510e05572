"""The default layout: what each exchange publishes of a stock-day, in two csv files."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import polars as pl

from intralpha.sources.exchange.layouts.layout import SessionLayout
from intralpha.sources.exchange.publish import shanghai_files, shenzhen_files
from intralpha.sources.exchange.skeleton import Day
from intralpha.sources.exchange.tape import Tape


class ExchangesLayout(SessionLayout):
    """``20230103/600001.SH/entrust.csv`` and ``trade.csv``; ``.../000001.SZ/order.csv`` and trade.

    Shanghai: the entrust file lists only what rests in the book, the trade file has the active
    side. Shenzhen: the order file lists every order, the trade file has the cancels.
    """

    kind: Literal["exchanges"] = "exchanges"
    about: ClassVar[str] = "Level-2 orders and trades, as the exchanges publish them"

    def files(self, day: Day, symbol: str, tape: Tape) -> Iterator[tuple[str, bytes]]:
        """Two files a stock.

        Parameters
        ----------
        day, symbol, tape : see :meth:`SessionLayout.files`
        """
        names, tables = _tables(symbol, tape, day)
        for name, rows in zip(names, tables, strict=True):
            yield f"{symbol}/{name}.csv", rows.write_csv().encode()


def _tables(
    symbol: str, tape: Tape, day: Day
) -> tuple[tuple[str, str], tuple[pl.DataFrame, pl.DataFrame]]:
    """Names and rows of the two files."""
    code = symbol[:6]
    if symbol.endswith("SH"):
        return ("entrust", "trade"), shanghai_files(tape, code)
    return ("order", "trade"), shenzhen_files(tape, code, day.on)
