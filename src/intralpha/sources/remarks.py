"""Remarks: what a vendor's rows and files say that is odd, counted and left as it is."""

import math
import re

import polars as pl

from intralpha.market import UnknownCodeError, code_range

DEAREST_YUAN = 1e4  # no share has cost a third of it
# Nor has one of Shenzhen's main board, whose numbers Shanghai's indices share, cost this.
DEAREST_SHARED_YUAN = 1e3
DEAR = "rows of shares at prices that no share has had"
DERIVED = ("preclose", "adj_factor", "up_limit", "down_limit")
LACKS = "rows that traded and have no {}, which is derived"
CONTRADICTS = "rows with a volume that are said not to have traded"
UNSOLD = "rows with an amount and no volume, which count as suspended or idle"
EMPTY = "files without a row"
ADJUSTED = "files whose names speak of adjusted prices"
_ADJUSTED = re.compile(r"(?<![a-z])(?:qfq|hfq|adj|adjusted)(?![a-z])|前复权|后复权", re.IGNORECASE)


def of_rows(rows: pl.DataFrame, columns: frozenset[str]) -> dict[str, int]:
    """Rows that leave a number out that the vendor gives elsewhere, or contradict themselves.

    Parameters
    ----------
    rows : of the vendor, numbers null where they are absent
    columns : fields that the mapping names and nothing else supplies
    """
    traded = pl.col("volume") > 0
    counts = {
        LACKS.format(c): traded & ~(pl.col(c) > 0).fill_null(value=False)
        for c in DERIVED
        if c in columns
    }
    if "amount" in rows.columns:
        counts[UNSOLD] = (pl.col("volume") == 0) & (pl.col("amount") > 0)
    if "traded" in columns:
        counts[CONTRADICTS] = traded & (pl.col("traded") == 0)
    if not counts:
        return {}
    found = rows.select(rule.sum().alias(what) for what, rule in counts.items())
    return {what: int(n) for what, n in found.row(0, named=True).items() if n}


def of_prices(rows: pl.DataFrame) -> tuple[dict[str, int], dict[str, str]]:
    """Rows of shares at prices that no share has, and what they may mean.

    Parameters
    ----------
    rows : ``symbol`` and ``close`` (CNY)
    """
    high = rows.filter(pl.col("close") > DEAREST_SHARED_YUAN).select("symbol", "close")
    if high.is_empty():
        return {}, {}
    limits = {symbol: _dearest(symbol) for symbol in high["symbol"].unique()}
    dear = high.filter(pl.col("close") > pl.col("symbol").replace_strict(limits))["symbol"]
    if dear.is_empty():
        return {}, {}
    shown = ", ".join(dear.unique().sort()[:3])
    said = f"{shown}: `price_scale`, or an index whose code needs its exchange (000300.SH)?"
    return {DEAR: len(dear)}, {DEAR: said}


def _dearest(symbol: str) -> float:
    """What no share of that code has cost, CNY."""
    if _is_index(symbol):
        return math.inf
    shared = symbol.endswith(".SZ") and _is_index(f"{symbol[:6]}.SH")
    return DEAREST_SHARED_YUAN if shared else DEAREST_YUAN


def _is_index(symbol: str) -> bool:
    try:
        return code_range(symbol).kind == "index"
    except UnknownCodeError:
        return False


def of_files(names: list[str], heights: list[int]) -> tuple[dict[str, int], dict[str, str]]:
    """Files without rows and files that are named as adjusted ones, and the first of each.

    Parameters
    ----------
    names : of the files
    heights : how many lines each has, those that are set aside included
    """
    told = {
        EMPTY: [name for name, height in zip(names, heights, strict=True) if not height],
        ADJUSTED: [name for name in names if _ADJUSTED.search(name.rsplit("/", 1)[-1])],
    }
    notes = {what: len(which) for what, which in told.items() if which}
    return notes, {what: f"{told[what][0]}{_WHAT_TO_DO[what]}" for what in notes}


_WHAT_TO_DO = {
    EMPTY: "",
    ADJUSTED: ": a lake wants prices as they were traded, and `adj_factor` beside them",
}
