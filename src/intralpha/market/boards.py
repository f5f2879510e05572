"""Boards of the symbols of a lake."""

from collections.abc import Iterable

from intralpha.market.codes import board_of
from intralpha.market.lake import Lake


def boards_of(lake: Lake, symbols: Iterable[str]) -> dict[str, str]:
    """Board of each symbol: what ``instruments`` says, else by its number.

    Parameters
    ----------
    lake : with or without ``instruments``
    symbols : such as ``600519.SH``

    Raises
    ------
    UnknownCodeError
        A symbol that ``instruments`` does not have is no code of its exchange.
    """
    known = dict(lake.scan("instruments").select("symbol", "board").collect().iter_rows())
    return {symbol: known.get(symbol) or board_of(symbol) for symbol in symbols}
