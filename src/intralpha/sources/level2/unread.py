"""Unread values: what stands in a record, is no number, and would be missing in silence."""

from dataclasses import dataclass

import polars as pl

from intralpha.sources.absent import absent


@dataclass(frozen=True)
class Reading:
    """How a field that may be empty is read.

    Attributes
    ----------
    field : column of the typed records
    text : the vendor's value
    number : the same as a number, null where it is none
    shown : the vendor's name of it
    """

    field: str
    text: pl.Expr
    number: pl.Expr
    shown: str


def why_unread(raw: pl.DataFrame, frame: pl.DataFrame, readings: list[Reading]) -> pl.Series:
    """Why a record cannot be used: a value that may be empty is there, and is no number.

    Parameters
    ----------
    raw : the vendor's columns
    frame : what was made of them, row for row; null or 0 where nothing was read
    readings : of the fields to look at

    Returns
    -------
    Series, one a row
        Null of a good record; of others the first field with such a value.
    """
    why = pl.Series("why", [None], dtype=pl.String).new_from_index(0, raw.height)
    for reading in readings:
        lacks = frame.select(pl.col(reading.field).fill_null(0) == 0).to_series()
        if not lacks.any():
            continue
        places = lacks.arg_true()
        texts = raw[places].select(text=reading.text.cast(pl.String), number=reading.number)
        lost = texts["number"].is_null() & ~absent(texts["text"])
        if lost.any():
            said = f"{reading.shown} is not a number"
            at = places.filter(lost)
            free = at.filter(why.gather(at).is_null())
            why = why.scatter(free, [said] * len(free))
    return why
