"""Row form: how a vendor writes a line."""

from dataclasses import dataclass, field

from intralpha.sources.numerals import LOTS, SHARES, TRADES, YUAN
from intralpha.sources.when import EXCHANGE_ZONE

ONLY = "only "
# Percent by their meaning: a percent sign says nothing new.
PERCENTS = ("pct_change", "turnover_percent")
PRICES = ("open", "high", "low", "close", "preclose", "up_limit", "down_limit", "change")
# What a number may say of its unit, by its field; of a volume the mapping knows.
UNITS = dict.fromkeys((*PRICES, "amount", "float_cap", "total_cap"), YUAN)
UNITS |= dict.fromkeys(("float_shares", "total_shares"), SHARES) | {"trades": TRADES}


@dataclass(frozen=True)
class RowForm:
    """How a vendor writes a line; the attributes are those of the mapping it comes from.

    Attributes
    ----------
    columns : field of the lake -> column of the vendor
    optional : numbers that may be empty
    format : ``csv`` or ``parquet``
    encoding, separator : of csv
    title_lines, footer_lines : of csv, above the header and below the last row
    symbol_from : ``column``, or ``file`` for the name of the file
    symbol_suffix : exchange of plain numbers; empty: by the ranges of codes
    datetime_format, time_zone : see :func:`intralpha.sources.when.moments`
    only : column of the vendor -> what every row must hold there
    title_says : what the lines above the header must hold
    names : columns of a csv without a header
    scaled : numbers that the mapping scales, in which 万, 亿 or a percent sign would scale again
    volume_unit : ``shares`` or ``lots``
    decimal : what stands before decimals; empty: a point, and commas where thousands are plain
    daily : whether rows are days, so that one price and no amount say that nothing traded
    """

    columns: dict[str, str]
    optional: frozenset[str] = frozenset()
    format: str = "csv"
    encoding: str = "utf-8"
    separator: str = ","
    title_lines: int = 0
    footer_lines: int = 0
    symbol_from: str = "column"
    symbol_suffix: str = ""
    datetime_format: str = "%Y-%m-%d"
    time_zone: str = EXCHANGE_ZONE
    only: dict[str, tuple[str, ...]] = field(default_factory=dict)
    title_says: str = ""
    names: tuple[str, ...] = ()
    scaled: frozenset[str] = frozenset()
    volume_unit: str = "shares"
    decimal: str = ""
    daily: bool = False

    def read(self, there: list[str]) -> dict[str, str]:
        """Name -> column of the vendor, of all that is looked at in a file with some columns."""
        return self.columns | {ONLY + column: column for column in self.only if column in there}

    def units(self, name: str) -> tuple[str, ...]:
        """Words that numbers of a field may have with them, as the mapping says the same."""
        if name in self.scaled:
            return ()
        if name == "volume":
            return LOTS if self.volume_unit == "lots" else SHARES
        return UNITS.get(name, ())
