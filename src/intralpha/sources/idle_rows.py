"""Idle rows: rows that say that nothing traded by leaving their prices empty."""

import polars as pl

from intralpha.sources.absent import absent

RANGE = ("open", "high", "low")
PRICES = (*RANGE, "close")
# Numbers above 0 of which say that something traded.
TRADED = ("volume", "amount", "trades", "turnover_percent", "traded")


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
    known = [c for c in (*PRICES, *TRADED) if c in typed.columns]
    if not {*PRICES, "volume"} <= set(known):
        return typed, pl.repeat(False, typed.height, dtype=pl.Boolean, eager=True)
    lacks = pl.DataFrame([absent(fields[c]).alias(c) for c in known])
    if not lacks.select(pl.any_horizontal(*PRICES).any()).item():
        return typed, pl.repeat(False, typed.height, dtype=pl.Boolean, eager=True)
    quiet = pl.all_horizontal(
        lacks[c] | (typed[c] == 0).fill_null(value=False) for c in TRADED if c in known
    )
    closed = ~pl.col("volume") & ~pl.col("close") & pl.any_horizontal(*RANGE)
    idle = lacks.select(quiet & (pl.all_horizontal(*RANGE) | closed)).to_series()
    fill = [c for c in (*PRICES, "volume", "amount", "trades") if c in known]
    filled = [pl.when(idle & lacks[c]).then(0.0).otherwise(pl.col(c)).alias(c) for c in fill]
    return typed.with_columns(filled), idle.alias("idle")
