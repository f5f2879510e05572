"""Numerals: numbers as people and spreadsheets write them, such as 1,000, 0.1万, 100手 and 1%."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Literal

import polars as pl

from intralpha.sources.absent import absent

SIZES = {"千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "千亿": 1e11, "万亿": 1e12}
Decimal = Literal["", ".", ","]
DECIMAL = (
    "what stands before decimals; default: a point, and commas are read where they plainly group "
    "thousands"
)
YUAN = ("¥", "元", "人民币", "CNY", "RMB")
LOTS, SHARES, TRADES = ("手",), ("股", "份"), ("笔",)
GROUPED = "numbers with thousands separators, read without them"
SIZED = "numbers in 万 or 亿, as exact as their digits"
PERCENT = "numbers with a percent sign, read as percent"
WIDE = "numbers in letters of double width"
UNITS = "numbers with their unit behind or before them (手, 股, 元, ¥), read without it"
# Thousands are groups of three: 9,95 is a decimal comma, which nobody can tell from a typing error.
_GROUPS = r"[1-9]\d{0,2}(?:[, ]\d{3})+"
_WORDS = "|".join(sorted(SIZES, key=len, reverse=True))
_BEHIND = "|".join((*LOTS, *SHARES, *TRADES, *YUAN[1:]))
_FORM = (
    rf"^([+-]?)({'|'.join((YUAN[0], *YUAN[2:]))})?\s*((?:{_GROUPS}|\d+)(?:\.\d+)?)"
    rf"\s*({_WORDS})?\s*(%|{_BEHIND})?$"
)
# One comma before three digits: thousands, or three decimals.
_EITHER = r"^[+-]?[1-9]\d{0,2},\d{3}$"
_DECIMALS = r"^[+-]?(?:\d+,(?:\d{1,2}|\d{4,})|0,\d+|\d{4,},\d+|\d{1,3}(?:\.\d{3})+,\d+)$"
_POINT = r"^[+-]?\d+\.\d+$|^[+-]?\d{1,3}(?:,\d{3})+\.\d+$"
DIGITS = 15  # that binary fractions keep


def spelt(
    text: pl.Series,
    read: pl.Series,
    percent: bool = False,
    sized: bool = True,
    units: Collection[str] = (),
    grouped: bool = True,
) -> tuple[pl.Series, dict[str, int]]:
    """Numbers with those that only people read filled in, and how many of each kind there were.

    Parameters
    ----------
    text : as the vendor wrote them
    read : the same as numbers, null where they are none
    percent : whether a percent sign says what the field is in anyway; elsewhere it is no number
    sized : whether 万 and 亿 may stand there; not where the field is scaled already
    units : words of ``LOTS``, ``SHARES``, ``TRADES`` and ``YUAN`` that say what the field is in
        anyway
    grouped : whether one comma before three digits groups thousands; see :class:`Commas`

    Returns
    -------
    numbers : null where they still are none
    counts : what was read -> how many

    Examples
    --------
    >>> given = pl.Series(["1,000", "0.1万", "9,95", "１０"])
    >>> spelt(given, given.cast(pl.Float64, strict=False))[0].to_list()
    [1000.0, 1000.0, None, 10.0]
    """
    lost = _lost(text, read)
    if not len(lost):
        return read, {}
    parts = _that_fit(_parts(text.gather(lost)), percent, sized, units, grouped)
    return read.scatter(lost, parts["number"]), _counts(parts)


def digits_of(
    text: pl.Series, sized: bool, units: Collection[str], grouped: bool
) -> tuple[pl.Series, dict[str, int]]:
    """The same numbers as text that machines read, every digit kept.

    Parameters
    ----------
    text, sized, units, grouped : see :func:`spelt`
    """
    lost = _lost(text, text.cast(pl.Float64, strict=False))
    if not len(lost):
        return text, {}
    parts = _that_fit(_parts(text.gather(lost)), False, sized, units, grouped)
    number = pl.col("number")
    whole = number.cast(pl.Int64, strict=False)
    spelled = pl.when(whole == number).then(whole.cast(pl.String)).otherwise(number.cast(pl.String))
    plain = parts.select(pl.when(pl.col("size").is_null()).then("digits").otherwise(spelled))
    found = plain.to_series()
    known = found.is_not_null()
    return text.scatter(lost.filter(known), found.filter(known)), _counts(parts)


class Commas:
    """In which columns of a file one comma before three digits groups thousands.

    Counts and amounts do, unless a cell of the column has a decimal comma. Prices have decimals, so
    ``3,950`` may be 3.95: they do where some price of the file has a point and none such a comma.
    The whole file is looked at, whatever part of it is read, once and only if anybody asks.

    Parameters
    ----------
    columns : name -> what the vendor wrote
    prices : those of the columns that are prices
    """

    def __init__(self, columns: Mapping[str, pl.Series], prices: Collection[str]) -> None:
        self.columns, self.prices = columns, prices

    @cached_property
    def group(self) -> frozenset[str]:
        """Names of these columns."""
        texts = {name: values for name, values in self.columns.items() if values.dtype == pl.String}
        priced = [name for name in texts if name in self.prices]
        doubtful = {name for name, values in texts.items() if _any(values, _EITHER)}
        commas = {name for name in doubtful | set(priced) if _any(texts[name], _DECIMALS)}
        trusted = set(self.columns) - commas
        if doubtful & set(priced):
            pointed = any(_any(texts[name], _POINT) for name in priced)
            trusted -= set() if pointed and not commas & set(priced) else set(priced)
        return frozenset(trusted)


def is_decimal_comma(text: str) -> bool:
    """Whether a number has a comma that groups no thousands, as 9,95 has."""
    return _any(pl.Series([text]), _DECIMALS)


def may_be_decimals(text: str) -> bool:
    """Whether a number has one comma before three digits, as 3,950 has."""
    return _any(pl.Series([text]), _EITHER)


def _any(values: pl.Series, form: str) -> bool:
    return bool(values.str.strip_chars().str.contains(form).any())


def _lost(text: pl.Series, read: pl.Series) -> pl.Series:
    """Places of texts that are there and are no numbers of machines."""
    if text.dtype != pl.String or text.null_count() == read.null_count():
        return pl.Series([], dtype=pl.UInt32)
    return (read.is_null() & ~absent(text)).arg_true()


def _parts(text: pl.Series) -> pl.DataFrame:
    """Of each ``number``, ``digits``, ``size``, ``unit`` and how it looks; null if it is none."""
    narrow = text.str.normalize("NFKC")
    plain = narrow.str.strip_chars().str.replace_many(["萬", "億", "−"], ["万", "亿", "-"])
    same = pl.col("text").str.to_uppercase().str.extract_groups(_FORM)
    groups = pl.DataFrame({"text": plain}).select("text", same.alias("g")).unnest("g")
    digits, size = pl.col("1") + pl.col("3").str.replace_all("[, ]", ""), pl.col("4")
    times = size.replace_strict(SIZES, default=1.0, return_dtype=pl.Float64())
    return groups.select(
        (digits.cast(pl.Float64, strict=False) * times).round_sig_figs(DIGITS).alias("number"),
        digits.alias("digits"),
        pl.col("3").str.contains("[, ]").alias("grouped"),
        (pl.col("1") + pl.col("3")).str.contains(_EITHER).alias("either"),
        size.alias("size"),
        pl.col("2").alias("before"),
        pl.col("5").alias("behind"),
        (narrow.str.strip_chars() != text.str.strip_chars()).alias("wide"),
    )


def _that_fit(
    parts: pl.DataFrame, percent: bool, sized: bool, units: Collection[str], grouped: bool
) -> pl.DataFrame:
    """Numbers whose words fit the field; all is null of the others."""
    words = [*units, *(["%"] if percent else [])]
    fits = pl.col("number").is_not_null()
    for place in ("before", "behind"):
        fits &= pl.col(place).is_null() | pl.col(place).is_in(words)
    fits &= pl.lit(sized) | pl.col("size").is_null()
    fits &= pl.lit(grouped) | ~pl.col("either")
    return parts.with_columns(pl.when(fits).then(pl.all()))


def _counts(parts: pl.DataFrame) -> dict[str, int]:
    """How many of each kind there are."""
    signed = pl.col("behind") == "%"
    named = pl.col("before").is_not_null() | (pl.col("behind").is_not_null() & ~signed)
    counts = parts.select(
        pl.col("grouped").sum().alias(GROUPED),
        pl.col("size").count().alias(SIZED),
        signed.sum().alias(PERCENT),
        pl.col("wide").sum().alias(WIDE),
        named.sum().alias(UNITS),
    ).row(0, named=True)
    return {what: int(n) for what, n in counts.items() if n}
