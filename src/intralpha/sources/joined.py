"""Joined files: what a vendor keeps of a stock's day in a file beside its daily rows."""

from collections import Counter
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BeforeValidator, Field, model_validator

from intralpha.base import Spec
from intralpha.base.place import PlacePath
from intralpha.market import TABLES
from intralpha.sources.files import fingerprint
from intralpha.sources.numerals import DECIMAL, Decimal
from intralpha.sources.raw_rows import NUMBERS, RowForm, read_rows
from intralpha.sources.shipped import (
    check_fields,
    check_names,
    preset_named,
    quoted,
    read_joined_preset,
)
from intralpha.sources.source import QUARANTINE, Batch
from intralpha.sources.text import Encoding

KEY = ["symbol", "date"]
LACKING = "daily rows without a row in {}"
EVENTS = "only the days on which something changes? `hold: true` keeps a row until the next one"
AGAIN = "another row of the stock's day, with other values"
REPEATED = "rows of {} that repeat a stock's day, left out"


class JoinSpec(Spec):
    """Files that complete daily rows by stock and date: adjustment factors, shares, limits."""

    path: PlacePath = Field(description="file, folder, glob or archive; ${VARIABLES} expand")
    preset: str | None = Field(default=None, description="name of a shipped description")
    pattern: str = Field(
        default="", description="which files of a folder; default: *.csv or *.parquet, by format"
    )
    format: Literal["csv", "parquet"] = Field(default="csv", description="file format")
    encoding: Encoding = Field(
        default="utf-8", description="text encoding, such as gbk or utf-8-sig"
    )
    separator: str = Field(
        default=",", min_length=1, max_length=1, description="between csv fields"
    )
    columns: Annotated[dict[str, str], BeforeValidator(quoted)] = Field(
        description="symbol, date and numbers of the lake's daily rows -> column of the vendor"
    )
    names: Annotated[tuple[str, ...], BeforeValidator(quoted)] = Field(
        default=(), description="columns of a csv without a header"
    )
    decimal: Decimal = Field(default="", description=DECIMAL)
    title_lines: int = Field(default=0, ge=0, description="lines of a csv above its header")
    footer_lines: int = Field(default=0, ge=0, description="lines of a csv below its last row")
    symbol_from: Literal["column", "file"] = Field(
        default="column", description="where the symbol stands"
    )
    symbol_suffix: Literal["", "SH", "SZ", "BJ"] = Field(
        default="", description="exchange of plain numbers; default by the ranges of codes"
    )
    datetime_format: str = Field(default="%Y-%m-%d", description="of field date")
    scale: dict[str, float] = Field(
        default={}, description="numbers of a field are multiplied by this"
    )
    hold: bool = Field(
        default=False,
        description="each row holds until the stock's next one, as in files of the days on which a "
        "factor changes",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        preset = preset_named(given)
        if preset is None:
            return given
        return {**read_joined_preset(preset), **given}

    @model_validator(mode="after")
    def _fields_are_known(self) -> "JoinSpec":
        check_fields(self.columns, (*KEY, *NUMBERS))
        check_fields(self.scale, self.columns, "scale")
        named = {"symbol"} if self.symbol_from == "file" else set()
        lacking = sorted({*KEY} - named - set(self.columns))
        if lacking or not {*self.columns} - {*KEY}:
            raise ValueError(f"columns lacks {', '.join(lacking) or 'a number to join'}")
        check_names(self.names, self.columns)
        return self

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.path)

    def read(self) -> "Joined":
        """All rows of the files, about 50 bytes a row and number in memory."""
        form = RowForm(
            columns=self.columns,
            optional=frozenset(self.columns) - {*KEY},
            format=self.format,
            encoding=self.encoding,
            separator=self.separator,
            datetime_format=self.datetime_format,
            names=self.names,
            decimal=self.decimal,
            title_lines=self.title_lines,
            footer_lines=self.footer_lines,
            symbol_from=self.symbol_from,
            symbol_suffix=self.symbol_suffix,
            scaled=frozenset(self.scale),
        )
        files = list(read_rows(self.path, self.pattern or f"*.{self.format}", form))
        names = sorted(set(self.columns) - {*KEY})
        rows = pl.concat(
            f.rows.select(*KEY, *names, "line", file=pl.lit(i, pl.UInt32))
            for i, f in enumerate(files)
        )
        rows = rows.with_columns(scaled(pl.col(c), by) for c, by in self.scale.items())
        first = {why: text for f in reversed(files) for why, text in f.first.items()}
        rows = rows.filter(~pl.all_horizontal(pl.col(names).is_null()))  # they say nothing
        once = rows.unique([*KEY, *names], keep="first", maintain_order=True)
        known = once.unique(KEY, keep="first", maintain_order=True)
        others = once.join(known, on=["file", "line"], how="anti")
        origin = pl.Series("origin", [f.name for f in files]).gather(others["file"])
        again = _contradicting(others.with_columns(origin), names)
        aside = pl.concat([*(f.aside for f in files), again])
        known = known.select(*KEY, *names)
        read = sum((Counter(f.repairs) for f in files), Counter[str]())
        name, repeated = self.path.rsplit("/", 1)[-1], rows.height - once.height
        repairs = {f"{what} ({name})": n for what, n in read.items() if n}
        repairs |= {REPEATED.format(name): repeated} if repeated else {}
        return Joined(known, name, repairs, aside, first, self.hold)


class Joined:
    """Rows of the joined files, each stock's day once.

    Parameters
    ----------
    rows : ``symbol``, ``date`` and numbers
    name : of the path, for what is said
    repairs : kind of repair -> rows; rows were left out whose day was there
    aside : lines that could not be used, as quarantine
    first : reason -> the first line that it was given for
    hold : whether a row holds until the stock's next one
    """

    def __init__(
        self,
        rows: pl.DataFrame,
        name: str,
        repairs: dict[str, int],
        aside: pl.DataFrame,
        first: dict[str, str],
        hold: bool = False,
    ) -> None:
        self._rows, self._hold = rows, hold
        self.name, self.aside, self.first = name, aside, first
        self.repairs = repairs

    @property
    def has_unused(self) -> bool:
        """Whether some of their lines are left out."""
        return bool(self.aside.height or self.repairs)

    def unused(self) -> Batch:
        """What could not be used, as a batch of ``daily`` without rows."""
        none = pl.DataFrame(schema=TABLES["daily"].columns)
        lost = self.aside.height + sum(self.repairs.values())
        return Batch("daily", none, self.name, self.aside, self.repairs, lost, first=self.first)

    def complete(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int], dict[str, str]]:
        """Daily rows with these numbers where they do not have them, and how many found no match.

        Parameters
        ----------
        rows : ``symbol``, ``date`` and numbers; their own numbers are kept

        Returns
        -------
        rows, notes, first : note -> count, and what to do if most found none
        """
        names = [c for c in self._rows.columns if c not in KEY]
        mine = self._rows.rename({c: f"(joined) {c}" for c in names})
        mine = mine.with_columns(pl.lit(value=True).alias("(found)"))
        both = (
            self._held(rows, mine)
            if self._hold
            else rows.join(mine, on=KEY, how="left", maintain_order="left")
        )
        lacking = both["(found)"].null_count()
        both = both.with_columns(
            pl.coalesce(*([c] if c in rows.columns else []), f"(joined) {c}").alias(c)
            for c in names
        ).drop("(found)", *(f"(joined) {c}" for c in names))
        if not lacking:
            return both, {}, {}
        note = LACKING.format(self.name)
        few = 2 * lacking > rows.height and not self._hold
        return both, {note: lacking}, {note: EVENTS} if few else {}

    @staticmethod
    def _held(rows: pl.DataFrame, mine: pl.DataFrame) -> pl.DataFrame:
        """Rows with the newest of the joined ones up to their day, in their own order."""
        placed = rows.with_row_index("(place)").sort("date", maintain_order=True)
        both = placed.join_asof(mine.sort("date"), on="date", by="symbol", check_sortedness=False)
        return both.sort("(place)").drop("(place)")


def _contradicting(rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Rows whose stock's day stands before with other values, as quarantine."""
    shown = [pl.col(c).cast(pl.String).fill_null("") for c in (*KEY, *names)]
    return rows.select(
        "origin",
        pl.col("line").cast(pl.Int64),
        pl.lit(AGAIN).alias("reason"),
        pl.concat_str(shown, separator=",").alias("row"),
    ).cast(QUARANTINE)  # type: ignore[arg-type]


def scaled(value: pl.Expr, by: float) -> pl.Expr:
    """A vendor's number times a scale, without the dust of the multiplication.

    460697.377 thousand are 460697377, whatever binary fractions say: fifteen digits are kept.

    Parameters
    ----------
    value : as the vendor wrote it
    by : 1000 of thousands
    """
    return value if by == 1 else (value * by).round_sig_figs(15)
