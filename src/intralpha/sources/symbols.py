"""One form of symbol out of the many that vendors use."""

import re
import unicodedata
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
FORM = re.compile(
    rf"(?:({_NAMES})[.:_#\s-]?)?([0-9]{{1,6}})(?:\.0+)?(?:[.:_#\s-]?({_NAMES}))?", re.ASCII
)
# EastMoney's form: the market, 1 for Shanghai and 0 for the others, before the six digits.
MARKETS = re.compile(r"([01])\.([0-9]{6})")
# Six digits anywhere in a file's name, or fewer up to its first dot, each with its exchange.
WHOLE = 6
PLAIN = re.compile(r"[0-9]{1,6}")
# Names of files that are years, months or days, and those of them that no code would be.
DATED = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])?|0[1-9]|[12][0-9]|3[01]")
YEAR = re.compile(r"(?:19|20)[0-9]{2}|0[1-9]")
_END = "(?![0-9A-Za-z])"
IN_NAME = re.compile(
    rf"^[01]\.\d{{6}}(?=\.)"
    rf"|^(?:(?:{_NAMES})[._#-]?)?\d{{1,6}}(?:[._-](?:{_NAMES}){_END}|(?=\.|$))"
    rf"|(?<![0-9A-Za-z])(?:(?:{_NAMES})[._#-]?)?\d{{6}}(?:[._-]?(?:{_NAMES}))?{_END}",
    re.IGNORECASE,
)


def normal_symbol(raw: pl.Expr) -> pl.Expr:
    """Vendor's symbol as ``600519.SH``; null where it is none, or no exchange has that code.

    Understood: ``600519.SH``, ``600519.SS``, ``600519.XSHG``, ``600519.sh``, ``sh.600519``,
    ``SH600519``, ``sh600519``, ``SH#600519``, ``SSE:600519``, plain ``600519``, also as
    ``="600519"``, and numbers that lost their leading zeros (``1`` is ``000001``). An exchange that
    is given always wins; a plain number gets it from the ranges of codes (so an index of Shanghai
    needs its exchange spelt out).
    """
    return raw.cast(pl.String).map_batches(to_symbols, return_dtype=pl.String())


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


def index_of(text: str) -> str | None:
    """One vendor's text as the symbol of an index; None if it is none.

    A plain number means the index, not the stock that shares it, and so does the suffix ``CSI``.

    Examples
    --------
    >>> [index_of(t) for t in ("000300", "905", "000985.CSI", "399006", "600519")]
    ['000300.SH', '000905.SH', '000985.SH', '399006.SZ', None]
    """
    match = _match(re.sub(r"\.CSI$", "", text.strip(), flags=re.IGNORECASE))
    if match is None:
        return None
    if match[1] or match[3]:
        return symbol_of(text)
    for exchange in ("SH", "SZ"):
        symbol = f"{match[2].zfill(6)}.{exchange}"
        if _is_index(symbol):
            return symbol
    return None


def _is_index(symbol: str) -> bool:
    try:
        return code_range(symbol).kind == "index"
    except UnknownCodeError:
        return False


def to_indices(raw: pl.Series) -> pl.Series:
    """:func:`index_of` each text, null where it is none; each different text is read once."""
    known = raw.unique().drop_nulls()
    symbols = pl.Series([index_of(text) for text in known], dtype=pl.String())
    return raw.replace_strict(known, symbols, default=None, return_dtype=pl.String())


def to_symbols(raw: pl.Series) -> pl.Series:
    """:func:`symbol_of` each text, null where it is none; each different text is read once."""
    known = raw.unique().drop_nulls()
    symbols = pl.Series([symbol_of(text) for text in known], dtype=pl.String())
    return raw.replace_strict(known, symbols, default=None, return_dtype=pl.String())


def symbol_in_name(path: str, folder: str = "") -> str:
    """The part of a file's path that is its symbol, exchange included; else up to the first dot.

    A folder named ``sh``, ``sz`` or ``bj`` gives the exchange that the name lacks. Where the name
    is a year, a month or a day, a folder that is a code is the symbol; without one, a year is no
    symbol, though it may be a code that lost its zeros.

    Parameters
    ----------
    path : of the file, as far as it is known
    folder : the folder that the path starts from, which may be such a folder itself

    Examples
    --------
    >>> [symbol_in_name(n) for n in ("a/000300.SH.csv", "sz000001_1min_201801.csv", "AAPL.csv")]
    ['000300.SH', 'sz000001', 'AAPL']
    >>> [symbol_in_name(n) for n in ("sh/000001.csv", "000001.SZ/2023.csv", "2023.csv")]
    ['000001.SH', '000001.SZ', '2023.csv']
    """
    *folders, name = [*filter(None, folder.split("/")), *path.split("/")]
    found = IN_NAME.search(name)
    plain = found[0] if found else name.split(".", maxsplit=1)[0]
    coded = [f for f in folders if len(f) >= WHOLE and symbol_of(f) and not DATED.fullmatch(f)]
    if coded and (DATED.fullmatch(plain) or symbol_of(plain) is None):
        return coded[-1]
    if YEAR.fullmatch(plain):
        return name
    near = next((f.upper() for f in reversed(folders) if f.upper() in NAMED), None)
    return f"{plain}.{near}" if near and PLAIN.fullmatch(plain) else plain


def _match(text: str) -> re.Match[str] | None:
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    plain = plain.strip().removeprefix("=").strip("'\"")  # as spreadsheets keep leading zeros
    market = MARKETS.fullmatch(plain.strip())
    if market:
        plain = market[2] + (".SH" if market[1] == "1" else _of_others(market[2]))
    return FORM.fullmatch(plain.strip().upper())


def _of_others(number: str) -> str:
    """Suffix of a number that is not Shanghai's: Beijing's if that is what it means plainly."""
    try:
        return ".BJ" if exchange_of(number) == "BJ" else ".SZ"
    except UnknownCodeError:
        return ".SZ"
