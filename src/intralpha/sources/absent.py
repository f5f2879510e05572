"""Absent values: how vendors write that a number is not there."""

import polars as pl

ABSENT = (
    *("", "nan", "na", "n/a", "null", "none", "nat", "-", "--", "\\n"),
    *("#n/a", "#value!", "#div/0!", "nil", "—", "停牌", "无", "暂无"),
)


def absent(values: pl.Series) -> pl.Series:
    """Whether each value is not there: empty, a word for nothing, or NaN.

    Parameters
    ----------
    values : of a file, text or numbers

    Returns
    -------
    Series of bool
        Never null. What is there and is no number is not absent.
    """
    if values.dtype == pl.String:
        words = values.str.strip_chars().str.to_lowercase().is_in(ABSENT)
        return words.fill_null(value=True)
    if values.dtype.is_float():
        return values.is_null() | values.is_nan().fill_null(value=True)
    return values.is_null()
