"""Sheets: layouts that are made of tables: daily rows, bars and what is known of stocks."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar

import polars as pl

from intralpha.sources.exchange.index import INDEX
from intralpha.sources.exchange.layouts.layout import Layout, asked
from intralpha.sources.exchange.market import SimulatedMarket
from intralpha.sources.source import Batch

FILE = "(file)"


@dataclass(frozen=True)
class Sheet:
    """One sort of files of a vendor.

    Attributes
    ----------
    table : whose rows they hold, in the lake's columns and units
    file : name of the file that a row goes to, with folders, of the lake's columns
    columns : header of the vendor -> its value, of the lake's columns
    keep : rows that the vendor gives at all; None: all
    shape : what is done to the rows first
    title : line above the header, of the lake's columns of the file's first row
    footer : line below the last row
    header : whether there is a line of headers
    separator, encoding : of the csv
    record : the bytes of some rows in the vendor's columns; None: lines of csv
    """

    table: str
    file: pl.Expr
    columns: dict[str, pl.Expr]
    keep: pl.Expr | None = None
    shape: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    title: pl.Expr | None = None
    footer: str = ""
    header: bool = True
    separator: str = ","
    encoding: str = "utf-8"
    record: Callable[[pl.DataFrame], bytes] | None = None

    def pieces(self, rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
        """Name of every file that gets some of the rows, and those rows in the lake's columns."""
        rows = self.shape(rows) if self.shape else rows
        rows = rows if self.keep is None else rows.filter(self.keep)
        named = rows.with_columns(self.file.alias(FILE))
        for (name,), part in named.partition_by(FILE, as_dict=True, maintain_order=True).items():
            yield str(name), part.drop(FILE)

    def begin(self, rows: pl.DataFrame) -> bytes:
        """What stands above the first rows of a file."""
        title = "" if self.title is None else rows.select(self.title).item(0, 0) + "\n"
        names = self.separator.join(self.columns) + "\n" if self.header else ""
        return b"" if self.record else (title + names).encode(self.encoding)

    def body(self, rows: pl.DataFrame) -> bytes:
        """Some rows as the vendor writes them."""
        shown = rows.select(value.alias(name) for name, value in self.columns.items())
        if self.record:
            return self.record(shown)
        text = shown.write_csv(
            include_header=False, separator=self.separator, float_scientific=False
        )
        return text.encode(self.encoding.removesuffix("-sig"))  # the mark stands once, above

    def end(self) -> bytes:
        """What stands below the last row of a file."""
        return f"{self.footer}\n".encode(self.encoding) if self.footer else b""


class SheetLayout(Layout):
    """A layout made of tables. The rows of the index are left out.

    Attributes
    ----------
    sheets : sorts of files
    """

    sheets: ClassVar[tuple[Sheet, ...]]

    def write(
        self, market: SimulatedMarket, folder: Path, symbols: list[str] | None = None
    ) -> Iterator[tuple[date, int]]:
        """Write all files anew; each replaces one of its name only when all are whole.

        Parameters
        ----------
        market, folder, symbols : see :meth:`Layout.write`
        """
        wanted = asked(market, symbols)
        for batch in self.put(market.batches(), folder, wanted):
            if batch.table == "bars":
                stocks = pl.col("symbol").filter(pl.col("symbol").is_in(wanted)).n_unique()
                yield from batch.frame.group_by("date", maintain_order=True).agg(stocks).rows()

    def put(
        self, batches: Iterable[Batch], folder: Path, symbols: list[str] | None = None
    ) -> Iterator[Batch]:
        """Write tables that are there already.

        Parameters
        ----------
        batches : of a market, in its order
        folder : gets the files
        symbols : stocks to write; default: all

        Yields
        ------
        Every batch, once its rows are written.
        """
        partial = folder / f".{self.kind}.partial"  # type: ignore[attr-defined]
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        ends: dict[Path, bytes] = {}
        for batch in batches:
            rows = batch.frame
            if "symbol" in rows.columns:
                mine = pl.col("symbol") != INDEX
                rows = rows.filter(mine & pl.col("symbol").is_in(symbols) if symbols else mine)
            for sheet in self.sheets:
                if sheet.table == batch.table:
                    ends |= _append(sheet, rows, partial)
            yield batch
        for path, end in ends.items():
            with path.open("ab") as file:
                file.write(end)
            place = folder / path.relative_to(partial)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
        shutil.rmtree(partial)


def _append(sheet: Sheet, rows: pl.DataFrame, folder: Path) -> dict[Path, bytes]:
    """Put rows behind those that the files have; what is to stand at the end of each."""
    ends = {}
    for name, part in sheet.pieces(rows):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        above = b"" if path.is_file() else sheet.begin(part)
        with path.open("ab") as file:
            file.write(above + sheet.body(part))
        ends[path] = sheet.end()
    return ends
