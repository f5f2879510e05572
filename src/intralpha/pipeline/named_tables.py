"""Tables by name in a folder, a Parquet file each."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl


def keep_tables(tables: Mapping[str, pl.DataFrame], folder: Path) -> None:
    """Write those that have rows; the folder is made if it is absent."""
    folder.mkdir(exist_ok=True)
    for name, frame in tables.items():
        if frame.height:
            frame.write_parquet(folder / f"{name}.parquet")


def read_tables(folder: Path) -> dict[str, pl.DataFrame]:
    """All of a folder, in the order of their names."""
    return {path.stem: pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
