"""Worlds: copies of a small lake in which something is other than in the true one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, time
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from intralpha.audit import noise, scramble
from intralpha.audit.futures import known_rows
from intralpha.audit.moment import dated_by
from intralpha.audit.pieces import copied
from intralpha.audit.scramble import KNOWN_BEFORE_OPEN
from intralpha.base.node import Read
from intralpha.market import Lake
from intralpha.market.schemas import TableSchema

__all__ = [
    "KNOWN_BEFORE_OPEN",
    "Edit",
    "cut",
    "edited",
    "only",
    "place",
    "scrambled",
    "scrambled_before",
]
Edit = Callable[[TableSchema, pl.DataFrame], pl.DataFrame]


@contextmanager
def place(folder: Path | None, name: str) -> Iterator[Path]:
    """Where a copy stands: in a folder that stays, or in one that goes with the block."""
    if folder is not None:
        yield folder / name
        return
    with TemporaryDirectory(prefix="intralpha-") as root:
        yield Path(root) / name


def edited(lake: Lake, root: Path, edit: Edit) -> Lake:
    """A copy of a lake with other rows; what stands at ``root`` already is taken as it is.

    Parameters
    ----------
    lake : the true one, small: it is read and written as a whole
    root : folder of the copy
    edit : schema and rows of a piece of a table -> its rows in the copy
    """
    if root.is_dir():
        return Lake(root)
    made = copied(lake, _fresh(root), lambda piece, rows: edit(piece.schema, rows))
    return Lake(made.root.rename(root))


def scrambled(lake: Lake, day: date, at: time, root: Path) -> Lake:
    """A lake whose rows after a moment are noise.

    Parameters
    ----------
    lake : the true one
    day, at : the moment. Before the close, the day's later bars, trades, orders and snapshots are
        noise, and its daily row but for what is known before the open
    root : folder of the copy; what stands there already is taken as it is
    """
    if root.is_dir():
        return Lake(root)
    return Lake(scramble(lake, day, _fresh(root), at=at).root.rename(root))


def _fresh(root: Path) -> Path:
    """Where a copy is made before it is put in place; what was left there is gone."""
    partial = root.with_name(root.name + ".partial")
    rmtree(partial, ignore_errors=True)
    return partial


def cut(lake: Lake, day: date, root: Path) -> Lake:
    """A lake that ends with a day.

    Parameters
    ----------
    lake : the true one
    day : last one
    root : folder of the copy; what stands there already is taken as it is
    """
    return edited(lake, root, lambda schema, rows: known_rows(schema, rows, day))


def scrambled_before(lake: Lake, day: date, root: Path) -> Lake:
    """A lake whose rows of earlier days are noise; reference tables stay.

    Parameters
    ----------
    lake : the true one
    day : first day that stays
    root : folder of the copy; what stands there already is taken as it is
    """

    def edit(schema: TableSchema, rows: pl.DataFrame) -> pl.DataFrame:
        if "date" not in schema.columns:
            return rows
        past = rows.filter(pl.col("date") < day)
        if past.is_empty():
            return rows
        return pl.concat([noise(schema, past, _rng(rows)), rows.filter(pl.col("date") >= day)])

    return edited(lake, root, edit)


def only(lake: Lake, reads: tuple[Read, ...], day: date, root: Path) -> Lake:
    """A lake that has nothing but what a spec declares that it reads for one day.

    Parameters
    ----------
    lake : the true one
    reads : tables, and sessions around the day
    day : a session
    root : folder of the copy; what stands there already is taken as it is
    """
    sessions = lake.dates("daily")
    at = int(np.searchsorted(sessions, np.datetime64(day, "D")))

    def edit(schema: TableSchema, rows: pl.DataFrame) -> pl.DataFrame:
        wanted = [read for read in reads if read.table == schema.name]
        if schema.name == "bars" and rows.height:
            wanted = [read for read in wanted if read.freq in (None, rows["freq"][0])]
        inside = [_within(schema, sessions, at, read) for read in wanted]
        return rows.filter(pl.any_horizontal(inside)) if inside else rows.clear()

    return edited(lake, root, edit)


def _within(schema: TableSchema, sessions: np.ndarray, at: int, read: Read) -> pl.Expr:
    last = sessions[min(at + read.ahead, len(sessions) - 1)].item()
    dated = dated_by(schema)
    if dated is None:
        return pl.lit(value=True)
    if read.back is None or schema.partition == "single":
        return (pl.col(dated) <= last).fill_null(value=True)
    return pl.col(dated).is_between(sessions[max(at - read.back, 0)].item(), last)


def _rng(rows: pl.DataFrame) -> np.random.Generator:
    return np.random.default_rng(rows.height)
