"""Bar columns: which columns of a day's bars hold any value, from the file's own statistics."""

from datetime import date

import pyarrow.parquet as pq

from intralpha.market.lake import Lake


def filled_columns(lake: Lake, on: date, freq: int) -> frozenset[str]:
    """Columns of ``bars`` that are not null in every row of the session.

    Parameters
    ----------
    lake : with ``bars`` of that frequency
    on : session; without bars the answer is empty
    freq : minutes of one bar

    Notes
    -----
    Reads the end of the file only, a tenth of a millisecond. A column that the file has no
    statistics of counts as filled.
    """
    path = lake.day_file("bars", on, freq)
    if path is None:
        return frozenset()
    facts = pq.read_metadata(path)
    filled: set[str] = set()
    for g in range(facts.num_row_groups):
        group = facts.row_group(g)
        columns = [group.column(i) for i in range(group.num_columns)]
        filled |= {c.path_in_schema for c in columns if _nulls(c) < group.num_rows}
    return frozenset(filled)


def _nulls(column: pq.ColumnChunkMetaData) -> int:
    known = column.statistics
    return known.null_count if known is not None and known.has_null_count else 0
