"""FileRows: what one vendor's file holds, rows and what is no row."""

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl


@dataclass(frozen=True)
class FileRows:
    """What one file holds, or a part of it.

    Attributes
    ----------
    name : of the file
    rows : ``symbol``, ``date``, ``time``, numbers, ``line``
    aside : lines that are no rows, as quarantine
    first : reason -> the first value it was given for, what was expected, what would fit
    unchecked : columns that must hold something and that the file has not
    repairs : kind of repair -> number of rows or values
    notes : what was seen and left as it is -> how often
    begins, ends : false of every part of a file but its first, and its last
    """

    name: str
    rows: pl.DataFrame
    aside: pl.DataFrame
    first: dict[str, str] = field(default_factory=dict)
    unchecked: tuple[str, ...] = ()
    repairs: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    begins: bool = True
    ends: bool = True

    def without_last_day(self) -> tuple["FileRows", "FileRows"]:
        """All but the rows of its last day, of which more may follow, and these.

        The last day is what stands at the end under one date: of one stock or of all.
        """
        dates = self.rows["date"]
        others = np.flatnonzero((dates != dates.tail(1)).to_numpy())
        end = int(others[-1]) + 1 if len(others) else 0
        last = FileRows(self.name, self.rows[end:], self.aside.clear(), begins=False)
        return replace(self, rows=self.rows[:end]), last
