"""Codes: what a six-digit number names, by dated ranges: exchange, kind, board and tick."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files

import polars as pl

from intralpha.base import DataError


class UnknownCodeError(DataError):
    """A code lies in no range that an exchange has given out."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        super().__init__(
            f"found the code {symbol!r}; expected one of a range that an exchange has given out, "
            "like 600519.SH.\nHint: the ranges stand in market/rules/codes.csv, each with its "
            "notice; a number without an exchange needs one (.SH, .SZ or .BJ) where two use it."
        )


@dataclass(frozen=True)
class CodeRange:
    """Codes that one exchange uses for one kind of instrument.

    Attributes
    ----------
    effective : first session of the range
    exchange : ``SH``, ``SZ`` or ``BJ``
    first, last : first and last number, both included
    kind : ``stock``, ``b_share``, ``index``, ``etf``, ``fund``, ``reit``, ``bond``,
        ``convertible``, ``repo``, ``warrant`` or ``subscription``
    board : under which the tables of limits and lots have it
    tick_yuan : step of prices, in the currency they are quoted in
    plain : whether the number without its exchange means this
    """

    effective: date
    exchange: str
    first: int
    last: int
    kind: str
    board: str
    tick_yuan: float
    plain: bool


@lru_cache(maxsize=2**15)
def code_range(symbol: str, on: date | None = None) -> CodeRange:
    """The range of a symbol.

    Parameters
    ----------
    symbol : ``600519.SH``
    on : session; ranges that came into force later do not count. None: all count

    Raises
    ------
    UnknownCodeError
        The exchange has no such range.

    Examples
    --------
    >>> found = code_range("920819.BJ")
    >>> found.kind, found.board, found.tick_yuan
    ('stock', 'bse', 0.01)
    """
    number, _, exchange = symbol.partition(".")
    if len(number) == 6 and number.isascii() and number.isdigit():
        for found in reversed(_ranges().get(exchange, ())):
            in_force = on is None or found.effective <= on
            if in_force and found.first <= int(number) <= found.last:
                return found
    raise UnknownCodeError(symbol)


def exchange_of(number: str) -> str:
    """Exchange that a plain six-digit number means: ``SH``, ``SZ`` or ``BJ``.

    A number that Shanghai's indices share with Shenzhen's stocks means the stock.

    Raises
    ------
    UnknownCodeError
        No exchange has it, or two have it and neither is meant more than the other.

    Examples
    --------
    >>> [exchange_of(n) for n in ("600519", "000001", "920819", "113050", "123001")]
    ['SH', 'SZ', 'BJ', 'SH', 'SZ']
    """
    starts, plain = _plain()
    at = bisect_right(starts, int(number)) - 1
    for found in reversed(plain[: at + 1]):
        if found.first <= int(number) <= found.last:
            return found.exchange
    raise UnknownCodeError(number)


def board_of(symbol: str, on: date | None = None) -> str:
    """Board of a symbol by its code: main, chinext, star, bse, b_share, index, etf, fund, ...

    Parameters
    ----------
    symbol : ``600519.SH``
    on : session; None: by all ranges there are

    Raises
    ------
    UnknownCodeError
        The exchange has no such code.

    Examples
    --------
    >>> [board_of(s) for s in ("600519.SH", "688981.SH", "300750.SZ", "000300.SH", "510050.SH")]
    ['main', 'star', 'chinext', 'index', 'etf']
    """
    return code_range(symbol, on).board


def known_boards() -> tuple[str, ...]:
    """Boards that any range of codes has, in the order of the table."""
    return tuple(dict.fromkeys(r.board for ranges in _ranges().values() for r in ranges))


@cache
def _ranges() -> dict[str, tuple[CodeRange, ...]]:
    """Ranges of every exchange; what came later stands later."""
    text = files("intralpha.market").joinpath("rules", "codes.csv").read_bytes()
    rows = pl.read_csv(text, comment_prefix="#", try_parse_dates=True).drop("notice")
    ordered = [CodeRange(**row) for row in rows.sort("effective", maintain_order=True).to_dicts()]
    exchanges = dict.fromkeys(r.exchange for r in ordered)
    return {e: tuple(r for r in ordered if r.exchange == e) for e in exchanges}


@cache
def _plain() -> tuple[tuple[int, ...], tuple[CodeRange, ...]]:
    """First numbers of the ranges that plain numbers mean, ascending, and the ranges."""
    plain = sorted((r for rs in _ranges().values() for r in rs if r.plain), key=lambda r: r.first)
    return tuple(r.first for r in plain), tuple(plain)
