"""Row numbers: the numbers of a vendor's rows, whatever words and commas stand in them."""

from collections import Counter

import polars as pl

from intralpha.sources.numerals import Commas, spelt
from intralpha.sources.row_form import PERCENTS, RowForm

FLOAT32_DIGITS = 7
YES, NO = ("true", "t", "y", "yes", "是"), ("false", "f", "n", "no", "否")
# What else than yes and no vendors write in columns of truth values.
FLAGS = {
    "st": ((*YES, "st", "*st", "sst", "s*st"), (*NO, "正常")),
    "traded": ((*YES, "交易", "正常", "正常交易", "trading"), (*NO, "停牌", "suspended")),
}


def row_numbers(
    fields: pl.DataFrame, numbers: list[str], form: RowForm, commas: Commas
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The numbers of every row, and how many were spelt as people do.

    Parameters
    ----------
    fields : the vendor's values
    numbers : fields of the lake
    form : how a line is read
    commas : what those of the whole file say

    Returns
    -------
    typed, counts : null where a value is no number, and where one that may be absent is not there
    """
    fields = fields.select(numbers)
    if form.decimal == ",":  # what is written with points inside is no number then
        texts = fields.select(pl.col(pl.String).str.replace_many([",", "."], [".", ","]))
        fields = fields.with_columns(texts)
    typed = fields.select(_number(c, fields, form) for c in numbers)
    spelled = [c for c in numbers if typed[c].null_count() > fields[c].null_count()]
    if not spelled:
        return typed, {}
    grouped = frozenset(numbers) if form.decimal else commas.group
    counts: Counter[str] = Counter()
    for c in spelled:
        sized = c not in form.scaled
        percent = sized and c in PERCENTS
        read, found = spelt(fields[c], typed[c], percent, sized, form.units(c), c in grouped)
        typed = typed.with_columns(read.alias(c))
        counts.update(found)
    return typed, dict(counts)


def _number(name: str, fields: pl.DataFrame, form: RowForm) -> pl.Expr:
    """A field as a number; null where it is none, and where one that may be absent is not there."""
    text = pl.col(name)
    if name in FLAGS and fields.schema[name] == pl.String:
        yes, no = FLAGS[name]
        words = dict.fromkeys(yes, "1") | dict.fromkeys(no, "0")
        text = text.str.to_lowercase().replace(words)
    number = text.cast(pl.Float64, strict=False)
    if fields.schema[name] == pl.Float32:  # 10.05 is 10.050000190734863 there
        written = number.round_sig_figs(FLOAT32_DIGITS)
        same = written.cast(pl.Float32) == text
        number = pl.when(same).then(written).otherwise(number)
    return number.fill_nan(None) if name in form.optional else number
