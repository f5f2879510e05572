"""QualityReport: faults with counts, worst cases, causes, and where and when they are."""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from intralpha.base import ConfigError, DataError

SHOWN = 5
TOP = 4
KEY = ("date", "symbol")
EMPTY = {
    "fault": pl.String(),
    "date": pl.Date(),
    "symbol": pl.String(),
    "off": pl.Float64(),
    "values": pl.String(),
    "cause": pl.String(),
}


class QualityError(DataError):
    """More of the data is wrong than may be."""

    def __init__(self, above: dict[str, float], fail_above: float) -> None:
        self.above, self.fail_above = above, fail_above
        shown = "\n  ".join(f"{share:.2%} of rows: {name}" for name, share in above.items())
        super().__init__(
            f"found faults in more rows than the {fail_above:.2%} that quality.fail_above allows:\n"
            f"  {shown}\nHint: mend units or columns of the mapping and ingest into a new lake; "
            "the report's causes say what to look at. --fail-above sets another share."
        )


class ExportFormError(ConfigError):
    """A quality report is asked for in an unknown form."""

    def __init__(self, what: str, found: str, expected: str) -> None:
        self.found = found
        super().__init__(f"{what} is {found!r}; expected {expected}.")


@dataclass(frozen=True)
class Fault:
    """Rows that show one kind of fault.

    Attributes
    ----------
    rows : the worst first; ``date``, for most ``symbol``, the values that show it, and for some
        ``off``, by how much
    looked_at : how many rows could have shown it
    cause : a guess; empty without one
    grave : whether the values are wrong, so that a share above ``fail_above`` is an error. The
        others are gaps in coverage and differences between two vendors
    """

    rows: pl.DataFrame
    looked_at: int
    cause: str = ""
    grave: bool = False

    @property
    def share(self) -> float:
        """Rows with the fault over rows looked at; 0 where there were none."""
        return self.rows.height / self.looked_at if self.looked_at else 0.0


@dataclass(frozen=True, repr=False)
class QualityReport:
    """Faults of a lake.

    Attributes
    ----------
    checked : what was looked at -> how many
    found : name of the fault -> what was found
    """

    checked: dict[str, int]
    found: dict[str, Fault] = field(default_factory=dict)

    @property
    def faults(self) -> dict[str, pl.DataFrame]:
        """Name of the fault -> rows that show it, the worst first."""
        return {name: fault.rows for name, fault in self.found.items()}

    def summary(self) -> dict[str, int]:
        """Fault -> number of rows."""
        return {name: fault.rows.height for name, fault in self.found.items()}

    def causes(self) -> dict[str, str]:
        """Fault -> a guess at its cause, of those that have one."""
        return {name: fault.cause for name, fault in self.found.items() if fault.cause}

    def table(self) -> pl.DataFrame:
        """Every faulty row: ``fault, date, symbol, off, values, cause``.

        ``off`` says by how much where that is one number; ``values`` are the row's as text.
        """
        parts = [_plain(name, fault) for name, fault in self.found.items()]
        return pl.concat([pl.DataFrame(schema=EMPTY), *parts])

    def by_month(self) -> pl.DataFrame:
        """Counts: ``fault, month, rows, stocks``; a source spliced at a date shows here."""
        month = pl.col("date").dt.truncate("1mo").alias("month")
        counts = self.table().group_by("fault", month).agg(_rows(), _stocks())
        return counts.sort("fault", "month")

    def by_stock(self) -> pl.DataFrame:
        """Counts: ``fault, symbol, rows, first, last``; faults of whole days have symbol null."""
        first, last = pl.col("date").min().alias("first"), pl.col("date").max().alias("last")
        counts = self.table().group_by("fault", "symbol").agg(_rows(), first, last)
        return counts.sort("fault", "rows", "symbol", descending=[False, True, False])

    def above(self, fail_above: float) -> dict[str, float]:
        """Grave faults whose share of the rows looked at is above a threshold, and the share."""
        shares = {name: fault.share for name, fault in self.found.items() if fault.grave}
        return {name: share for name, share in shares.items() if share > fail_above}

    def demand(self, fail_above: float | None) -> None:
        """Refuse data of which too much is wrong.

        Raises
        ------
        QualityError
        """
        above = {} if fail_above is None else self.above(fail_above)
        if above and fail_above is not None:
            raise QualityError(above, fail_above)

    def __repr__(self) -> str:
        return self.to_text()

    def to_text(self, shown: int = SHOWN) -> str:
        """Counts; of every fault its cause, the months and stocks with most, and worst cases.

        Parameters
        ----------
        shown : cases of each fault
        """
        lines = [f"checked {n:>12,}  {what}" for what, n in self.checked.items()]
        for name, fault in self.found.items():
            lines.append(f"found   {fault.rows.height:>12,}  {name}{_share(fault)}")
            lines += [" " * 24 + line for line in _details(fault, shown)]
        return "\n".join(lines)

    def save(self, path: Path, by: str = "row") -> Path:
        """Write the report as a table.

        Parameters
        ----------
        path : ends in ``.csv`` or ``.parquet``
        by : ``row`` for :meth:`table`, ``month`` for :meth:`by_month`, ``stock`` for
            :meth:`by_stock`

        Raises
        ------
        ExportFormError
        """
        made = {"row": self.table, "month": self.by_month, "stock": self.by_stock}
        if by not in made:
            raise ExportFormError("the breakdown", by, "row, month or stock")
        if path.suffix not in (".csv", ".parquet"):
            raise ExportFormError("the file to export to", str(path), "a name in .csv or .parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = made[by]()
        if path.suffix == ".csv":
            frame.write_csv(path)
        else:
            frame.write_parquet(path)
        return path


def _rows() -> pl.Expr:
    return pl.len().cast(pl.Int64).alias("rows")


def _stocks() -> pl.Expr:
    return pl.col("symbol").drop_nulls().n_unique().cast(pl.Int64).alias("stocks")


def _share(fault: Fault) -> str:
    return f" ({fault.share:.2%})" if fault.grave and fault.rows.height else ""


def _details(fault: Fault, shown: int) -> list[str]:
    """Cause, breakdown and worst cases as lines."""
    rows = fault.rows
    if rows.is_empty():
        return []
    lines = [f"cause? {fault.cause}"] if fault.cause else []
    if rows.height > shown:
        lines.append("months " + _most(rows.select(pl.col("date").dt.strftime("%Y-%m"))))
        if "symbol" in rows.columns:
            lines.append("stocks " + _most(rows.select("symbol")))
    return lines + [_said(row) for row in rows.head(shown).iter_rows(named=True)]


def _most(one: pl.DataFrame) -> str:
    """The values that occur most often, with counts, and how many others there are."""
    counts = (
        one.to_series().value_counts(name="n").sort(["n", one.columns[0]], descending=[True, False])
    )
    told = ", ".join(f"{value} x {n:,}" for value, n in counts.head(TOP).iter_rows())
    rest = counts.height - TOP
    return told + (f" and {rest:,} more" if rest > 0 else "")


def _said(row: dict[str, object]) -> str:
    return ", ".join(f"{k} {v:.6g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items())


def _plain(name: str, fault: Fault) -> pl.DataFrame:
    """The rows of a fault in the form of the table."""
    rows = fault.rows
    told = [c for c in rows.columns if c not in (*KEY, "off")]
    text = [pl.format("{} {}", pl.lit(c), pl.col(c).cast(pl.String).fill_null("-")) for c in told]
    return rows.select(
        pl.lit(name).alias("fault"),
        pl.col("date").cast(pl.Date),
        pl.col("symbol") if "symbol" in rows.columns else pl.lit(None, pl.String).alias("symbol"),
        pl.col("off").cast(pl.Float64)
        if "off" in rows.columns
        else pl.lit(None, pl.Float64).alias("off"),
        (pl.concat_str(text, separator=", ") if text else pl.lit("")).alias("values"),
        pl.lit(fault.cause).alias("cause"),
    )
