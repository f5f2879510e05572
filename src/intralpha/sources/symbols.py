"""One form of symbol out of the many that vendors use."""

import re
from functools import lru_cache

import polars as pl

from intralpha.market.codes import UnknownCodeError, code_range, exchange_of

EXCHANGES = {
    "SH": ("SH", "SS", "SSE", "XSHG", "SHSE"),
    "SZ": ("SZ", "SZSE", "XSHE"),
    "BJ": ("BJ", "BSE", "BJSE", "XBSE"),
}
NAMED = {name: exchange for exchange, names in EXCHANGES.items() for name in names}
_NAMES = "|".join(sorted(NAMED, key=len, reverse=True))
FORM = re.compile(rf"(?:({_NAMES})[.:_#-]?)?(\d{{1,6}})(?:\.0+)?(?:[.:_#-]?({_NAMES}))?")
# Six digits anywhere in a file's name, or fewer up to its first dot, each with its exchange.
_END = "(?![0-9A-Za-z])"
IN_NAME = re.compile(
    rf"^(?:(?:{_NAMES})[._#-]?)?\d{{1,6}}(?:[._-](?:{_NAMES}){_END}|(?=\.|$))"
    rf"|(?<![0-9A-Za-z])(?:(?:{_NAMES})[._#-]?)?\d{{6}}(?:[._-]?(?:{_NAMES}))?{_END}",
    re.IGNORECASE,
)


def normal_symbol(raw: pl.Expr) -> pl.Expr:
    """Vendor's symbol as ``600519.SH``; null where it is none, or no exchange has that code.

    Understood: ``600519.SH``, ``600519.SS``, ``600519.XSHG``, ``600519.sh``, ``sh.600519``,
    ``SH600519``, ``sh600519``, ``SSE:600519``, plain ``600519`` and numbers that lost their leading
    zeros (``1`` is ``000001``). An exchange that is given always wins; a plain number gets it from
    the ranges of codes (so an index of Shanghai needs its exchange spelt out).
    """
    return raw.cast(pl.String).map_batches(_normal, return_dtype=pl.String())


def exchange_name(symbol: str) -> str:
    """``SSE``, ``SZSE`` or ``BSE``, as the table ``instruments`` names the exchange of a symbol."""
    return {"SH": "SSE", "SZ": "SZSE", "BJ": "BSE"}[symbol[-2:]]


def why_no_symbol(text: str | None) -> str:
    """Reason why a vendor's text is no symbol; empty if it is one."""
    match = _match(text or "")
    if match is None:
        return "symbol of unknown form"
    if symbol_of(text or "") is None:
        given = NAMED.get(match[1] or match[3] or "")
        return f"unknown code {match[2].zfill(6)}{'.' + given if given else ''}"
    return ""


@lru_cache(maxsize=1 << 16)
def symbol_of(text: str) -> str | None:
    """One vendor's text as a symbol; see :func:`normal_symbol`.

    Examples
    --------
    >>> [symbol_of(t) for t in ("sh.600519", "000300.XSHG", "920819", "AAPL")]
    ['600519.SH', '000300.SH', '920819.BJ', None]
    """
    match = _match(text)
    if match is None:
        return None
    before, digits, behind = match.groups()
    number = digits.zfill(6)
    named = {NAMED[name] for name in (before, behind) if name}
    try:
        symbol = f"{number}.{named.pop() if named else exchange_of(number)}"
        code_range(symbol)
    except UnknownCodeError:
        return None
    return None if named else symbol  # two different exchanges


def symbol_in_name(path: str) -> str:
    """The part of a file's name that is its symbol, exchange included; else up to the first dot.

    Examples
    --------
    >>> [symbol_in_name(n) for n in ("a/000300.SH.csv", "sz000001_1min_201801.csv", "AAPL.csv")]
    ['000300.SH', 'sz000001', 'AAPL']
    """
    name = path.rsplit("/", 1)[-1]
    found = IN_NAME.search(name)
    return found[0] if found else name.split(".", maxsplit=1)[0]


def _match(text: str) -> re.Match[str] | None:
    return FORM.fullmatch(text.strip().upper())


def _normal(raw: pl.Series) -> pl.Series:
    """Each different text is read once."""
    known = raw.unique().drop_nulls()
    symbols = pl.Series([symbol_of(text) for text in known], dtype=pl.String())
    return raw.replace_strict(known, symbols, default=None, return_dtype=pl.String())
