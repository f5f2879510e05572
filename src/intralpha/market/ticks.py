"""Ticks: trades, orders or snapshots of some stocks of a session, as flat columns."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from intralpha.base import DataError
from intralpha.base.arrays import REAL_KINDS, check_edges, check_shape

ORDER_KINDS = ("limit", "market", "own_best")
WHOLE = frozenset(("seq", "time", "id", "buy_id", "sell_id", "side", "kind"))


class UnsortedTicksError(DataError):
    """Rows of a stock are not together in a day's file."""

    def __init__(self, table: str, on: date, symbol: str) -> None:
        self.table, self.on, self.symbol = table, on, symbol
        super().__init__(
            f"{table} of {on}: rows of {symbol} are in several places; expected them sorted by "
            "symbol.\nHint: write the file with Lake.append, which sorts."
        )


class TickColumnError(DataError):
    """A column was asked for that these ticks do not have."""

    def __init__(self, table: str, name: str, there: list[str]) -> None:
        self.table, self.name = table, name
        super().__init__(
            f"{table} has no column {name}; there are {', '.join(there)}.\n"
            "Hint: name it where the ticks are read."
        )


@dataclass(frozen=True, eq=False)
class Ticks:
    """Rows of one table of some stocks of a session, stock after stock.

    Attributes
    ----------
    on : session
    table : ``trades``, ``orders`` or ``snapshots``
    symbols : text [S], sorted
    bounds : int64 [S + 1], where the rows of a stock begin; the last is the number of rows
    columns : name -> array [N]; null is NaN in columns of numbers with a point, 0 in others;
        ``kind`` holds places in ``ORDER_KINDS``

    Raises
    ------
    ArrayFormError
        A column that is no array of N numbers, or bounds that do not rise from 0 to N.
    """

    on: date
    table: str
    symbols: np.ndarray
    bounds: np.ndarray
    columns: dict[str, np.ndarray]

    def __post_init__(self) -> None:
        rows = next((len(c) for c in self.columns.values() if isinstance(c, np.ndarray)), None)
        check_edges(
            "bounds", self.bounds, len(self.symbols), self.bounds[-1] if rows is None else rows
        )
        for name, column in self.columns.items():
            check_shape(name, column, (rows,), "iu" if rows and name in WHOLE else REAL_KINDS)

    def __len__(self) -> int:
        return int(self.bounds[-1])

    def __getitem__(self, name: str) -> np.ndarray:
        """A column.

        Raises
        ------
        TickColumnError
        """
        if name not in self.columns:
            raise TickColumnError(self.table, name, list(self.columns))
        return self.columns[name]

    def slice(self, first: int, last: int) -> "Ticks":
        """Stocks ``first`` to ``last`` (not included), by their place; a view."""
        lo, hi = int(self.bounds[first]), int(self.bounds[last])
        columns = {name: values[lo:hi] for name, values in self.columns.items()}
        bounds = self.bounds[first : last + 1] - lo
        return Ticks(self.on, self.table, self.symbols[first:last], bounds, columns)

    def select(self, symbols: np.ndarray) -> "Ticks":
        """Rows of the stocks asked for, in sorted order; one without rows has none."""
        wanted = np.unique(np.asarray(symbols, dtype=str))
        place = np.searchsorted(self.symbols, wanted)
        known = np.isin(wanted, self.symbols)
        place = np.where(known, np.minimum(place, max(len(self.symbols) - 1, 0)), 0)
        counts = np.zeros(len(wanted), np.int64)
        counts[known] = np.diff(self.bounds)[place[known]]
        bounds = np.concatenate([[0], np.cumsum(counts)])
        start = np.zeros(len(wanted), np.int64)
        start[known] = self.bounds[place[known]]
        rows = np.repeat(start - bounds[:-1], counts) + np.arange(bounds[-1])
        columns = {name: values[rows] for name, values in self.columns.items()}
        return Ticks(self.on, self.table, wanted, bounds, columns)
