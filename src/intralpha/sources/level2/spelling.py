"""Spelling: records whose numbers are written as people do, such as 1,234,567 and 100手."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from intralpha.sources.advice import of_number
from intralpha.sources.level2.chunks import field_columns
from intralpha.sources.level2.pieces import Piece
from intralpha.sources.level2.rows import Rows, typed
from intralpha.sources.level2.streams import CLOCK_FIELDS, StreamSpec
from intralpha.sources.numerals import LOTS, SHARES, TRADES, YUAN, digits_of

CODES = frozenset({"what", "side", "kind"})
NO_NUMBER = " is not a number"


@dataclass(frozen=True)
class Spelling:
    """What the numbers of a field may have with them; see ``intralpha.sources.numerals.spelt``."""

    sized: bool = False
    units: tuple[str, ...] = ()
    grouped: bool = True


def typed_as_spelt(
    raw: pl.DataFrame, parts: Sequence[Piece], files: Sequence[int], stream: StreamSpec
) -> Rows:
    """Records of a block; those that only people can read are looked at a second time.

    Parameters
    ----------
    raw, parts, files, stream : see :func:`intralpha.sources.level2.rows.typed`
    """
    if stream.decimal == ",":
        raw = _with_points(raw, stream)
    rows = typed(raw, parts, files, stream)
    if not rows.bad.height:
        return rows
    lost = rows.reason.is_not_null().arg_true()
    plain, counts = _plain(raw[lost], stream)
    if counts:
        whole = raw.with_columns(raw[c].scatter(lost, plain[c]) for c in plain.columns)
        rows = typed(whole, parts, files, stream)
        rows = replace(rows, counts=Counter(rows.counts) + counts)
    return replace(rows, first=rows.first | _said(raw, rows, stream))


def _numbers(raw: pl.DataFrame, stream: StreamSpec) -> dict[str, tuple[str, ...]]:
    """Field -> its columns of text, of all fields that are numbers and no lists."""
    named = {
        field: tuple(c for c in columns if c in raw.columns and raw.schema[c] == pl.String)
        for field, columns in field_columns(stream).items()
        if field not in CLOCK_FIELDS | CODES and field not in stream.lists
    }
    return {field: columns for field, columns in named.items() if columns}


def _with_points(raw: pl.DataFrame, stream: StreamSpec) -> pl.DataFrame:
    """Numbers with points before their decimals; those that had points inside are none then."""
    names = {c for columns in _numbers(raw, stream).values() for c in columns}
    return raw.with_columns(pl.col(*names).str.replace_many([",", "."], [".", ","]))


def _plain(raw: pl.DataFrame, stream: StreamSpec) -> tuple[pl.DataFrame, Counter[str]]:
    """The columns of numbers as machines write them, and how many were spelt otherwise."""
    counts: Counter[str] = Counter()
    out = {}
    for field, columns in _numbers(raw, stream).items():
        how = _spelling(field, stream)
        for column in columns:
            out[column], found = digits_of(raw[column], how.sized, how.units, how.grouped)
            counts.update(found)
    return pl.DataFrame(out), counts


def _spelling(field: str, stream: StreamSpec) -> Spelling:
    """How the numbers of a field may be written beside what the stream says of them."""
    what = field.rstrip("0123456789").rsplit("_", 1)[-1]
    if field in ("buy_id", "sell_id", "id"):
        return Spelling()
    if what in ("price", "last"):
        plain = stream.price_scale == 1
        return Spelling(units=YUAN if plain else (), grouped=not plain or bool(stream.decimal))
    if what == "volume":
        words = LOTS if stream.volume_unit == "lots" else SHARES
        plain = stream.volume_scale == 1
        return Spelling(plain, words if plain else ())
    if what == "amount":
        plain = stream.amount_unit_yuan == 1
        return Spelling(plain, YUAN if plain else ())
    return Spelling(units=TRADES if what in ("trades", "orders") else ())


def _said(raw: pl.DataFrame, rows: Rows, stream: StreamSpec) -> dict[str, str]:
    """What stands in the first record whose price or volume is no number, and a cure."""
    out = {}
    for field, columns in _numbers(raw, stream).items():
        why = f"{field}{NO_NUMBER}"
        if why not in rows.first:
            continue
        at = (rows.reason == why).arg_true()[0]
        value = next((raw[c][at] for c in columns if raw[c][at]), None)
        found = "nothing" if value is None else repr(value)
        told = of_number(field, value or "", not _spelling(field, stream).units, stream.decimal)
        out[why] = f"{rows.first[why]}, found {found} in {columns[0]!r}, expected a number{told}"
    return out
