"""Printed: what the reports print, table by table, and where ours stands beside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from intralpha.base.yaml_text import parse_yaml

STUDY = "study"  # how a table of studies is read
HERE = Path(__file__).parent
NONE = "-"  # a cell that a report leaves empty


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes
    ----------
    name : as printed, in our words
    ours : what stands beside it in a run; None: nothing does
    run : recipe of that run, where it is another than the table's; empty: the table's
    printed : a figure a column as printed, such as ``13.42%``; ``-``: none
    """

    name: str
    ours: str | None
    run: str
    printed: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table or figure of a report.

    Attributes
    ----------
    report, id, about : which one
    run : recipe whose run has ours; empty: none files them, see ``why``
    read : how a run is read, a name in :mod:`.ours`, or ``study``: of its studies
    columns : title -> what stands beside it in a run, with a minus where the sign is the other one
    rows : its lines
    of : table or set of the run, where ``read`` needs one; of a study the key that it varied
    form : of correlations: ``mixed`` (Pearson above, Spearman below), ``signed`` or ``raw``
    why : reason that nothing of ours stands beside it
    not_targets : (row, column) of cells that are misprints by all appearance
    """

    report: str
    id: str
    about: str
    columns: Mapping[str, str | None]
    rows: tuple[Row, ...]
    run: str = ""
    read: str = ""
    of: str = ""
    form: str = ""
    why: str = ""
    not_targets: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    @property
    def recipes(self) -> tuple[str, ...]:
        """Recipes whose runs have a line of it."""
        asked = [row.run or self.run for row in self.rows if row.ours]
        return tuple(dict.fromkeys(name for name in asked if name))


class PrintedError(ValueError):
    """A file of printed figures does not hold together."""


def number(cell: str) -> float:
    """A printed cell as a number, percent as a fraction; NaN where nothing is printed."""
    if cell == NONE:
        return float("nan")
    return float(cell[:-1]) / 100 if cell.endswith("%") else float(cell)


def printed_tables(folder: Path = HERE) -> list[Table]:
    """Every table, in the order of the reports.

    Parameters
    ----------
    folder : of a YAML file a report

    Raises
    ------
    PrintedError
        A row has more or fewer figures than there are columns.
    """
    return [table for path in sorted(folder.glob("*.yaml")) for table in _tables(path)]


def _tables(path: Path) -> Iterator[Table]:
    given = parse_yaml(path.read_text(encoding="utf-8"))
    for one in given["tables"]:
        known = {k: v for k, v in one.items() if k not in ("rows", "columns", "not_targets")}
        columns = {str(title): ours for title, ours in one["columns"].items()}
        rows = tuple(_row(str(name), row, len(columns)) for name, row in one["rows"].items())
        odd = frozenset((row, column) for row, column in one.get("not_targets", ()))
        yield Table(given["report"], columns=columns, rows=rows, not_targets=odd, **known)


def _row(name: str, given: dict[str, Any], columns: int) -> Row:
    cells = tuple(str(given["printed"]).split())
    if len(cells) != columns:
        raise PrintedError(f"{name}: found {len(cells)} figures; expected {columns}")
    return Row(name, given["ours"], given.get("run", ""), cells)
