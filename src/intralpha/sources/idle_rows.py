"""Idle rows: rows that say that nothing traded by leaving prices or their volume empty."""

from functools import reduce
from operator import and_

import polars as pl

from intralpha.sources.absent import absent

RANGE = ("open", "high", "low")
PRICES = (*RANGE, "close")
# Numbers above 0 of which say that something traded.
TRADED = ("volume", "amount", "trades", "turnover_percent", "traded")
# Numbers that are 0 of a day on which the price stood still.
MOVES = ("change", "pct_change")
STILL = "empty volumes of days at one price, without an amount, are 0"


def idle_rows(fields: pl.DataFrame, typed: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Rows whose prices are empty because nothing traded, with zeros in their place.

    So they say the same as a vendor's rows of zeros. A row is one if none of its numbers says that
    something traded and its open, high and low are empty; if it has a volume of 0 and a close, one
    of the three is enough.

    Parameters
    ----------
    fields : the vendor's values
    typed : the same columns as numbers, null where they are none

    Returns
    -------
    typed, idle : the second says which rows were changed
    """
    none = pl.repeat(False, typed.height, dtype=pl.Boolean, eager=True)
    known = [c for c in (*PRICES, *TRADED) if c in typed.columns]
    if not {*PRICES, "volume"} <= set(known):
        return typed, none
    lacks = pl.DataFrame([absent(fields[c]).alias(c) for c in known])
    if not lacks.select(pl.any_horizontal(*PRICES).any()).item():
        return typed, none
    quiet = pl.all_horizontal(_says_nothing(fields, typed, c) for c in TRADED if c in known)
    closed = ~pl.col("volume") & ~pl.col("close") & pl.any_horizontal(*RANGE)
    idle = lacks.select(quiet & (pl.all_horizontal(*RANGE) | closed)).to_series()
    fill = [c for c in (*PRICES, "volume", "amount", "trades") if c in known]
    return _with_zeros(typed, {c: idle & lacks[c] for c in fill}), idle.alias("idle")


def still_rows(fields: pl.DataFrame, typed: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Daily rows whose volume is empty and all else says that nothing traded, with a 0 there.

    Open, high and low are all the close, or all 0 or empty; amount and whatever else counts trades
    are 0 or empty, and the row has a column of such a number or a preclose; the preclose, if there
    is one, is the close, and changes are 0. Rows of zeros need no more than their zeros.

    Parameters
    ----------
    fields : the vendor's values
    typed : the same columns as numbers, null where they are none

    Returns
    -------
    typed, still : the second says which rows were changed
    """
    none = pl.repeat(False, typed.height, dtype=pl.Boolean, eager=True)
    known = [c for c in (*PRICES, *TRADED, *MOVES, "preclose") if c in typed.columns]
    if not {*PRICES, "volume"} <= set(known) or "traded" in known:
        return typed, none
    lost = absent(fields["volume"]) & typed["volume"].is_null()
    if not lost.any():
        return typed, none
    idle = {c: _says_nothing(fields, typed, c) for c in known}
    quiet = [idle[c] for c in known if c in (*TRADED, *MOVES)]
    same = {
        c: (typed[c] == typed["close"]).fill_null(value=False)
        for c in (*RANGE, "preclose")
        if c in known
    }
    flat = reduce(and_, (same[c] for c in RANGE)) | reduce(and_, (idle[c] for c in RANGE))
    carried = [idle["preclose"] | same["preclose"]] if "preclose" in known else []
    told = bool({*known} & {*TRADED[1:], *MOVES, "preclose"})
    closed = idle["close"] | ((typed["close"] > 0).fill_null(value=False) & told)
    still = reduce(and_, [*quiet, *carried, flat, closed], lost)
    return _with_zeros(typed, {c: still & idle[c] for c in ("volume", *RANGE)}), still


def _says_nothing(fields: pl.DataFrame, typed: pl.DataFrame, column: str) -> pl.Series:
    """Where a number is 0 or empty."""
    return absent(fields[column]) | (typed[column] == 0).fill_null(value=False)


def _with_zeros(typed: pl.DataFrame, where: dict[str, pl.Series]) -> pl.DataFrame:
    """Numbers with a 0 where a mask of their column says so."""
    return typed.with_columns(
        pl.when(mask).then(0.0).otherwise(pl.col(c)).alias(c) for c, mask in where.items()
    )
