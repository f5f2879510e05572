"""Numerals: numbers as people and spreadsheets write them, such as 1,000, 0.1万 and 1.00%."""

import polars as pl

from intralpha.sources.absent import absent

SIZES = {"千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "千亿": 1e11, "万亿": 1e12}
GROUPED = "numbers with thousands separators, read without them"
SIZED = "numbers in 万 or 亿, as exact as their digits"
PERCENT = "numbers with a percent sign, read as percent"
WIDE = "numbers in letters of double width"
# Thousands are groups of three: 9,95 is a decimal comma, which nobody can tell from a typing error.
_NUMBER = r"^([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
_WORDS = "|".join(sorted(SIZES, key=len, reverse=True))
_FORM = rf"{_NUMBER}\s*({_WORDS})?(%)?$"
DIGITS = 15  # that binary fractions keep


def spelt(
    text: pl.Series, read: pl.Series, percent: bool = False, sized: bool = True
) -> tuple[pl.Series, dict[str, int]]:
    """Numbers with those that only people read filled in, and how many of each kind there were.

    Parameters
    ----------
    text : as the vendor wrote them
    read : the same as numbers, null where they are none
    percent : whether a percent sign says what the field is in anyway; elsewhere it is no number
    sized : whether 万 and 亿 may stand there; not where the field is scaled already

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
    if text.dtype != pl.String or text.null_count() == read.null_count():
        return read, {}
    open_ = read.is_null() & ~absent(text)
    if not open_.any():
        return read, {}
    lost = open_.arg_true()
    parts = _parts(text.gather(lost))
    fits = pl.col("number").is_not_null()
    fits &= (pl.lit(percent) | pl.col("sign").is_null()) & (
        pl.lit(sized) | pl.col("size").is_null()
    )
    parts = parts.with_columns(pl.when(fits).then(pl.all()))
    counts = parts.select(
        pl.col("grouped").sum().alias(GROUPED),
        pl.col("size").count().alias(SIZED),
        pl.col("sign").count().alias(PERCENT),
        pl.col("wide").sum().alias(WIDE),
    ).row(0, named=True)
    found = read.scatter(lost, parts["number"])
    return found, {what: int(n) for what, n in counts.items() if n}


def _parts(text: pl.Series) -> pl.DataFrame:
    """``number``, ``grouped``, ``size``, ``sign``, ``wide`` of each; null where there is none."""
    narrow = text.str.normalize("NFKC")
    plain = narrow.str.strip_chars().str.replace_many(["萬", "億"], ["万", "亿"])
    same = pl.col("text").str.extract_groups(_FORM)
    groups = pl.DataFrame({"text": plain}).select(same.alias("g")).unnest("g")
    digits, size = pl.col("1").str.replace_all(",", "", literal=True), pl.col("2")
    times = size.replace_strict(SIZES, default=1.0, return_dtype=pl.Float64())
    return groups.select(
        (digits.cast(pl.Float64, strict=False) * times).round_sig_figs(DIGITS).alias("number"),
        pl.col("1").str.contains(",", literal=True).alias("grouped"),
        size.alias("size"),
        pl.col("3").alias("sign"),
        (narrow != text).alias("wide"),
    )
