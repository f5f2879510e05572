"""Lists: levels of the book that stand in one column, the best one first, as a column a level."""

from collections.abc import Sequence

import polars as pl

from intralpha.sources.absent import ABSENT
from intralpha.sources.level2.streams import StreamSpec
from intralpha.sources.source import SourceError

DEPTH = 10
DEEPER = "levels of the book beyond the tenth left out, snapshots"
BRACKETS = "[](){} \t\"'"


def check_lists(name: str, frame: pl.DataFrame, stream: StreamSpec) -> pl.DataFrame:
    """The columns of a Parquet file that are no lists of levels.

    Parameters
    ----------
    name : of the file
    frame : its columns
    stream : says which fields are lists

    Raises
    ------
    SourceError
        The column of a field with lists holds lists of something else than numbers.
    """
    columns = [stream.columns[key][0] for key in stream.lists]
    for column in columns:
        kind = frame.schema[column]
        inner = getattr(kind, "inner", kind)
        if not (inner.is_numeric() or inner in (pl.String, pl.Null)):
            raise SourceError(name, f"column {column!r} of type {kind}", "lists of numbers")
    return frame.drop(columns)


def spread(
    raw: pl.DataFrame, stream: StreamSpec
) -> tuple[pl.DataFrame, StreamSpec, pl.Series, dict[str, int]]:
    """Rows with a text column a level, and the stream that names these columns.

    Parameters
    ----------
    raw : text like ``[12.3, 12.4]``, ``12.3;12.4`` or lists of Parquet in the columns of
        ``stream.lists``; a short list lacks its last levels, an empty one all
    stream : of snapshots

    Returns
    -------
    rows, stream, why a row's lists cannot be used (null of a good one), what was left out
    """
    lists = {key: _list(raw[stream.columns[key][0]]) for key in stream.lists}
    columns, names = [], dict(stream.columns)
    for key, values in lists.items():
        spelt = f"{stream.columns[key][0]}[{{}}]"
        names[key] = (spelt,)
        columns += [
            values.list.get(k, null_on_oob=True).alias(spelt.format(k + stream.first_level))
            for k in range(DEPTH)
        ]
    deep = pl.DataFrame({key: values.list.len() > DEPTH for key, values in lists.items()})
    n_deep = int(deep.select(pl.any_horizontal(pl.all().fill_null(value=False)).sum()).item())
    wide = raw.drop({stream.columns[key][0] for key in lists}).with_columns(columns)
    why = _why(raw, lists, stream)
    counts = {DEEPER: n_deep} if n_deep else {}
    return wide, stream.model_copy(update={"columns": names}), why, counts


def _list(values: pl.Series) -> pl.Series:
    """Lists of text; what says nothing is null in them."""
    if isinstance(values.dtype, pl.Array):
        values = values.arr.to_list()
    if not isinstance(values.dtype, pl.List):
        text = values.cast(pl.String).str.strip_chars(BRACKETS)
        parts = text.str.replace_all(r"\s*[,;|]\s*|\s+", ",").str.split(",")
        values = parts.set(text.is_null() | (text == ""), None)
    element = pl.element().cast(pl.String).str.strip_chars()
    cleaned = values.to_frame("v").select(
        pl.col("v").list.eval(pl.when(~element.str.to_lowercase().is_in(ABSENT)).then(element))
    )
    return cleaned.to_series()


def _why(raw: pl.DataFrame, lists: dict[str, pl.Series], stream: StreamSpec) -> pl.Series:
    """Why a row cannot be used: values that are no numbers, or sides of different lengths."""
    why = pl.Series("why", [None], dtype=pl.String).new_from_index(0, raw.height)
    for key, values in lists.items():
        read = values.list.eval(pl.element().cast(pl.Float64, strict=False).is_finite())
        unread = (
            read.list.len() - read.list.sum() - values.list.eval(pl.element().is_null()).list.sum()
        )
        bad = (unread > 0).fill_null(value=False)
        why = _given(why, bad, f"a level in {stream.columns[key][0]} is not a number")
    for side in ("bid", "ask"):
        mine = [key for key in lists if key.startswith(side)]
        ragged = _ragged([lists[key].list.len().fill_null(0) for key in mine])
        if ragged is not None:
            shown = " and ".join(stream.columns[key][0] for key in mine)
            why = _given(why, ragged, f"{shown} have lists of different lengths")
    return why


def _ragged(lengths: Sequence[pl.Series]) -> pl.Series | None:
    """Where the lists of one side differ in length."""
    if len(lengths) < 2:
        return None
    table = pl.DataFrame({str(i): length for i, length in enumerate(lengths)})
    differ = pl.max_horizontal(pl.all()) > pl.min_horizontal(pl.all())
    return table.select(differ).to_series()


def _given(why: pl.Series, where: pl.Series, reason: str) -> pl.Series:
    """Reasons, with one more where there was none."""
    text = pl.Series([reason]).new_from_index(0, len(why))
    return why.zip_with(why.is_not_null() | ~where, text)
