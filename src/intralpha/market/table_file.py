"""Table files: how the rows of a partition are written; its bytes follow from the rows alone."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

GROUP_ROWS = 1 << 17
# Numbers that hardly ever repeat, so that a dictionary of them would be thrown away.
_DIVERSE = ("amount", "spread", "depth_imbalance")


def write_rows(rows: pl.DataFrame, path: Path) -> None:
    """Write rows as Parquet, zstd 3.

    Parameters
    ----------
    rows : of a partition, in order; in how many pieces does not matter
    path : file that is made or written over

    Notes
    -----
    Prices stand as numbers of a dictionary: there are few of them in a day, so such files are a
    tenth smaller and half as expensive to read.
    """
    table = rows.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
    repeated = [name for name in rows.columns if not name.endswith(_DIVERSE)]
    pq.write_table(
        table,
        path,
        row_group_size=GROUP_ROWS,
        compression="zstd",
        compression_level=3,
        use_dictionary=repeated,  # type: ignore[arg-type]
    )
