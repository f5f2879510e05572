"""Marks of a vendor's bars: which rows are bars of the grid, and which the opening auction."""

from dataclasses import dataclass, field
from datetime import time

import polars as pl

from intralpha.sources.bar_rows import PRICES, SHOWN, parted, repair_prices, to_quarantine
from intralpha.sources.bar_stamps import at_close, at_lunch
from intralpha.sources.off_grid import what_fits

OFF_GRID = "time is not the end of a bar"


@dataclass(frozen=True, eq=False)
class MarkedBars:
    """Bars of a batch.

    Attributes
    ----------
    good : rows that keep the table's rules
    bad : the others, as quarantine
    auctions : opening auctions that stood in rows of their own
    repairs : kind of repair -> number of rows or values
    first : reason -> the first value it was given for, what was expected, what would fit
    """

    good: pl.DataFrame
    bad: pl.DataFrame
    auctions: pl.DataFrame
    repairs: dict[str, int]
    first: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BarMarks:
    """What the times of bars say.

    Attributes
    ----------
    freq : minutes of one bar
    stamp : ``end`` or ``start``, what a bar's time marks
    opening_auction : ``in_first_bar``, ``own_row`` (at 09:25 to 09:30) or ``missing``
    zoned : stamps say their time zone
    """

    freq: int
    stamp: str
    opening_auction: str
    zoned: bool

    def bars(self, rows: pl.DataFrame) -> MarkedBars:
        """Rows as bars of the grid.

        Parameters
        ----------
        rows : in shares and CNY, ``date`` and ``time`` as the vendor stamps them
        """
        moved = pl.col("date").dt.combine(pl.col("time")) + pl.duration(minutes=self._shift)
        rows, stamped = self._stamped(rows.with_columns(time=moved.dt.time()))
        rows, auctions = self._split(rows)
        rows, repairs = repair_prices(rows)
        good, bad = self._valid(rows)
        return MarkedBars(good, bad, auctions, {**repairs, **stamped}, self._off_grid(bad, rows))

    @property
    def _shift(self) -> int:
        return self.freq if self.stamp == "start" else 0

    def _stamped(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
        """Rows beside the grid that are meant as a bar of it."""
        if self.stamp == "start":
            return at_close(rows, self.freq)
        return at_lunch(rows, self.opening_auction == "own_row")

    def _split(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Take the opening auction's own row (09:25 to 09:30) out of the bars."""
        if self.opening_auction != "own_row":
            return rows, pl.DataFrame()
        first = pl.col("time").is_between(time(9, 25), time(9, 30))
        auctions = rows.filter(first).select(
            "date",
            "symbol",
            pl.lit(time(9, 25)).alias("time"),
            pl.col("close").alias("price"),
            "volume",
            "amount",
        )
        return rows.filter(~first), auctions.filter(pl.col("price") > 0)

    def _valid(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows that keep the table's rules, and the others as quarantine with file and line."""
        missing, inside = (self.opening_auction == word for word in ("missing", "in_first_bar"))
        columns = ["date", "symbol", "time", *PRICES, "volume", "amount"]
        columns += [c for c in ("trades", "derived") if c in rows.columns]
        frame = rows.select(
            *columns,
            pl.lit(self.freq, pl.Int16).alias("freq"),
            pl.lit(None if missing else inside, pl.Boolean).alias("auc_in_first"),
        )
        good, refused = parted("bars", frame, rows)
        return good, to_quarantine(refused.select(SHOWN))

    def _off_grid(self, bad: pl.DataFrame, rows: pl.DataFrame) -> dict[str, str]:
        """What the first row off the grid of bars says, and what would put all rows on it."""
        lost = bad.filter(pl.col("reason") == OFF_GRID)
        if lost.is_empty():
            return {}
        origin, line, _, text = lost.row(0)
        said = f"{origin} line {line}: found {text}, expected the end of a {self.freq}-minute bar"
        times = rows["time"].drop_nulls().unique().to_list()
        fits = what_fits(times, self.freq, self.stamp == "start", self.zoned)
        return {OFF_GRID: said + (f"; {fits}" if fits else "")}
