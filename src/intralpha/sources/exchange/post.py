"""Post: writes what the exchanges publish of the simulated market as files of the usual layout."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from intralpha.sources.exchange.layouts.layout import layout_of
from intralpha.sources.exchange.market import SimulatedMarket

USUAL = "exchanges"


def write_published(
    market: SimulatedMarket, folder: Path, symbols: list[str] | None = None
) -> Iterator[tuple[date, int]]:
    """Write order and trade files, session by session; a session that is there is not made again.

    Parameters
    ----------
    market : its sessions are traded, whatever the stocks asked for
    folder : gets ``20230103/600001.SH/entrust.csv`` and ``trade.csv`` for Shanghai,
        ``20230103/000001.SZ/order.csv`` and ``trade.csv`` for Shenzhen
    symbols : stocks to write; default: all

    Yields
    ------
    The session and how many stock-days were written; 0 if it was there. A session appears under
    its name only when it is whole.

    Raises
    ------
    UnknownStockError
    """
    yield from layout_of(USUAL).write(market, folder, symbols)
