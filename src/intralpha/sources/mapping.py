"""A vendor's csv or Parquet described in YAML, so that a new vendor needs no code; its reader."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from intralpha.base.place import PlacePath
from intralpha.sources.bar_marks import BarMarks
from intralpha.sources.bar_rows import (
    PRICES,
)
from intralpha.sources.daily_words import WORDS
from intralpha.sources.joined import JoinSpec
from intralpha.sources.numerals import DECIMAL, Decimal
from intralpha.sources.raw_rows import FIELDS, RowForm
from intralpha.sources.row_units import RowUnits
from intralpha.sources.shipped import check_fields, check_names, preset_named, quoted, read_preset
from intralpha.sources.source import Source, SourceSpec
from intralpha.sources.spans import days_in
from intralpha.sources.text import Encoding
from intralpha.sources.when import EXCHANGE_ZONE, known_zone, refuse_zone_names

# Numbers of a daily row that may be empty: of a suspended day, of a day without limits.
MAY_LACK = ("amount", "turnover_percent", "preclose", "adj_factor", "up_limit", "down_limit", "st")
MAY_LACK += ("float_shares", "total_shares", *WORDS)
NO_AMOUNT = (
    "; of a vendor without amounts `preset: index_1min` with these columns makes them of close x "
    "volume, and the quality report says so"
)


def _as_lists(given: Any) -> Any:
    """Every value as a tuple of texts."""
    if not isinstance(given, dict):
        return given
    quoted(given)
    parts = {c: v if isinstance(v, list | tuple) else [v] for c, v in given.items()}
    return {c: tuple(str(v) for v in values) for c, values in parts.items()}


class MappingSpec(SourceSpec):
    """How a vendor's columns become the lake's.

    ``preset`` fills in everything a shipped mapping knows; keys given beside it win.
    """

    kind: Literal["mapping"] = "mapping"
    path: PlacePath = Field(description="file, folder, glob or archive; ${VARIABLES} expand")
    preset: str | None = Field(default=None, description="name of a shipped mapping")
    table: Literal["bars", "daily"] = Field(default="bars", description="table the rows go to")
    pattern: str = Field(
        default="",
        description="which files of a folder or archive; default: *.csv or *.parquet, by format",
    )
    format: Literal["csv", "parquet"] = Field(default="csv", description="file format")
    encoding: Encoding = Field(
        default="utf-8", description="text encoding, such as gbk or utf-8-sig"
    )
    separator: str = Field(
        default=",", min_length=1, max_length=1, description="between csv fields"
    )
    columns: Annotated[dict[str, str], BeforeValidator(quoted)] = Field(
        description="field of the lake -> column of the vendor. symbol; datetime, or date and "
        "time; open, high, low, close (CNY, unadjusted), volume, amount. Of bars also trades. Of "
        "daily rows also preclose (CNY, without the day's dividend), adj_factor (cumulative: "
        "prices x factor are comparable), change (CNY) and pct_change (percent) of close over "
        "preclose, which give a preclose that lacks and check one that does not; up_limit, "
        "down_limit (CNY), st and traded (1 or 0), turnover_percent (of the float), float_shares, "
        "total_shares, float_cap, total_cap (CNY)"
    )
    symbol_from: Literal["column", "file"] = Field(
        default="column", description="where the symbol stands"
    )
    symbol_suffix: Literal["", "SH", "SZ", "BJ"] = Field(
        default="", description="exchange of plain numbers; default by the ranges of codes"
    )
    datetime_format: str = Field(
        default="%Y-%m-%d %H:%M:%S",
        description="of field datetime, or of date and time joined by a space; 'HHMMSSmmm' for "
        "dates like 20180102 with times like 93100000; epoch_s, epoch_ms, epoch_us or epoch_ns for "
        "counts since 1970. Dates and times of Parquet need none",
    )
    time_zone: str = Field(
        default=EXCHANGE_ZONE,
        description="of stamps that do not say their own, such as UTC; all become the exchange's",
    )
    names: Annotated[tuple[str, ...], BeforeValidator(quoted)] = Field(
        default=(), description="columns of a csv without a header"
    )
    decimal: Decimal = Field(default="", description=DECIMAL)
    title_lines: int = Field(default=0, ge=0, description="lines of a csv above its header")
    footer_lines: int = Field(default=0, ge=0, description="lines of a csv below its last row")
    freq: int | None = Field(default=None, description="minutes of one bar, for bars")
    stamp: Literal["end", "start"] = Field(default="end", description="what a bar's time marks")
    volume_unit: Literal["shares", "lots"] = Field(
        default="shares", description="lots are 100 shares"
    )
    amount_unit_yuan: float = Field(
        default=1.0, gt=0, description="10000 if amounts are in 10,000 CNY"
    )
    price_scale: float = Field(
        default=1.0, gt=0, description="10000 if prices are integers x 10,000"
    )
    opening_auction: Literal["in_first_bar", "own_row", "missing"] = Field(
        default="in_first_bar", description="own_row: a row at 09:25..09:30 is the auction"
    )
    tick_yuan: float | None = Field(
        default=None,
        gt=0,
        description="price step, for limits; default: of each code's range, 0.01 for stocks, 0.001 "
        "for funds",
    )
    volume_scale: float = Field(
        default=1.0, gt=0, description="1000 if volumes are integers x 1,000"
    )
    scale: dict[str, float] = Field(
        default={},
        description="numbers of a field are multiplied by this: {float_shares: 10000} if shares "
        "are in ten thousand, {pct_change: 100} if a change of 1 % stands as 0.01",
    )
    only: Annotated[dict[str, tuple[str, ...]], BeforeValidator(_as_lists)] = Field(
        default={},
        description="column of the vendor -> what it must hold, such as {adjustflag: 3} for prices "
        "that are not adjusted; other rows are set aside, files without it are counted",
    )
    title_says: str = Field(
        default="",
        description="what the title lines must hold, such as 不复权; other files are refused",
    )
    joined: tuple[JoinSpec, ...] = Field(
        default=(),
        description="files that complete daily rows by stock and date: adj_factor, shares, limits",
    )
    data_start: date | None = Field(
        default=None,
        description="first session of the vendor's history: a stock whose first daily row is later "
        "was listed then, unless instruments know its listing",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        preset = preset_named(given)
        if preset is None:
            return given
        return {**read_preset(preset), **given}

    @model_validator(mode="after")
    def _fields_fit_the_table(self) -> "MappingSpec":
        check_fields(self.columns, FIELDS)
        check_fields(self.scale, self.columns, "scale")
        daily = [*(c for c in WORDS if c in self.columns), *(["joined"] if self.joined else [])]
        if daily and self.table != "daily":
            raise ValueError(f"{', '.join(daily)} is for daily rows; found table: {self.table}")
        needed = {"open", "high", "low", "close", "volume"}
        needed |= {"amount"} if self.table == "bars" and self.preset is None else set()
        if self.symbol_from == "column":
            needed.add("symbol")
        lacking = sorted(needed - set(self.columns))
        if lacking:
            cure = NO_AMOUNT if lacking == ["amount"] else ""
            raise ValueError(f"columns lacks {', '.join(lacking)}{cure}")
        if not {"datetime", "date"} & set(self.columns):
            raise ValueError("columns needs datetime, or date (and time for bars)")
        if self.table == "bars" and not {"datetime", "time"} & set(self.columns):
            raise ValueError("columns needs datetime, or time beside date, for bars")
        check_names(self.names, self.columns)
        if self.table == "bars" and self.freq is None:
            raise ValueError("bars need freq, the minutes of one bar")
        return self

    @field_validator("datetime_format")
    @classmethod
    def _no_names_of_zones(cls, form: str) -> str:
        return refuse_zone_names(form)

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        return known_zone(zone)

    @property
    def form(self) -> RowForm:
        """How a line is read."""
        optional = [*MAY_LACK] if self.table == "daily" else []
        optional += ["volume"] if optional and "traded" in self.columns else []
        return RowForm(
            columns=self.columns,
            optional=frozenset(optional),
            format=self.format,
            encoding=self.encoding,
            separator=self.separator,
            title_lines=self.title_lines,
            footer_lines=self.footer_lines,
            symbol_from=self.symbol_from,
            symbol_suffix=self.symbol_suffix,
            datetime_format=self.datetime_format,
            time_zone=self.time_zone,
            only=self.only,
            title_says=self.title_says,
            names=self.names,
            scaled=self._scaled,
            volume_unit=self.volume_unit,
            decimal=self.decimal,
            daily=self.table == "daily",
        )

    @property
    def told(self) -> frozenset[str]:
        """Fields that the rows give and nothing else supplies."""
        words = {"change", "pct_change"} & set(self.columns)
        joined = {c for join in self.joined for c in join.columns}
        return frozenset(self.columns) - joined - ({"preclose"} if words else set())

    @property
    def units(self) -> RowUnits:
        """How its numbers become shares and CNY."""
        return RowUnits(
            shares=(100 if self.volume_unit == "lots" else 1, self.volume_scale),
            yuan=self.amount_unit_yuan,
            price_scale=self.price_scale,
            scale=self.scale,
            amounts_made=self.table == "bars",
        )

    @property
    def marks(self) -> BarMarks:
        """What the times of its bars say."""
        zoned = "%z" in self.datetime_format
        return BarMarks(self.freq or 0, self.stamp, self.opening_auction, zoned)

    @property
    def _scaled(self) -> frozenset[str]:
        """Numbers that the mapping scales."""
        units = {"amount": self.amount_unit_yuan, "volume": self.volume_scale}
        units |= dict.fromkeys((*PRICES, "preclose", "change"), self.price_scale)
        return frozenset(self.scale) | {c for c, unit in units.items() if unit != 1}

    def span(self) -> tuple[date, date] | None:
        """First and last day of its files, where they are small; see :meth:`SourceSpec.span`."""
        return days_in(self.path, self.matching, self.form)

    @property
    def matching(self) -> str:
        """The pattern of its files: that of its format where none is named."""
        return self.pattern or f"*.{self.format}"

    def make(self) -> Source:
        """The reader."""
        from intralpha.sources.mapped import MappedSource

        return MappedSource(self)
