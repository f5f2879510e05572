"""StreamSpec: one kind of file of a Level-2 vendor, and how its columns become the lake's."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from intralpha.base import Spec
from intralpha.sources.numerals import DECIMAL, Decimal
from intralpha.sources.shipped import check_fields, quoted
from intralpha.sources.text import Encoding
from intralpha.sources.when import EXCHANGE_ZONE, known_zone, refuse_zone_names

# Fields of the lake that a column of the vendor may fill, by what a stream holds.
CLOCK_FIELDS = frozenset({"datetime", "date", "time", "symbol", "exchange"})
EVENT_FIELDS = CLOCK_FIELDS | {
    *("channel", "seq", "what", "id", "buy_id", "sell_id", "side", "price", "volume", "kind"),
}
LEVEL_FIELDS = frozenset(
    f"{side}_{what}" for side in ("bid", "ask") for what in ("price", "volume", "orders")
)
SNAPSHOT_FIELDS = CLOCK_FIELDS | {"last", "volume", "amount", "trades"} | LEVEL_FIELDS


def _texts(codes: Any) -> Any:
    """YAML reads a code 1 as a number; codes are text."""
    return {str(k): v for k, v in quoted(codes).items()} if isinstance(codes, dict) else codes


def _listed(columns: Any) -> Any:
    """A field may have one column or several to choose from."""
    if not isinstance(columns, dict):
        return columns
    return {k: (v,) if isinstance(v, str) else v for k, v in quoted(columns).items()}


def _values(records: Any) -> Any:
    """A key of a record may have one value or several; YAML reads 191 as a number."""
    if not isinstance(records, dict):
        return records
    lists = {k: v if isinstance(v, list | tuple) else [v] for k, v in quoted(records).items()}
    return {str(k): tuple(str(value) for value in quoted(v)) for k, v in lists.items()}


Names = Annotated[tuple[str, ...], Field(min_length=1)]
Columns = Annotated[dict[str, Names], BeforeValidator(_listed)]
Records = Annotated[dict[str, Names], BeforeValidator(_values)]
WhatCodes = Annotated[
    dict[str, Literal["order", "cancel", "trade", "ignore"]], BeforeValidator(_texts)
]
SideCodes = Annotated[dict[str, Literal["buy", "sell", "none", "unknown"]], BeforeValidator(_texts)]
KindCodes = Annotated[dict[str, Literal["limit", "market", "own_best"]], BeforeValidator(_texts)]
ExchangeCodes = Annotated[dict[str, Literal["SH", "SZ", "BJ"]], BeforeValidator(_texts)]


class StreamSpec(Spec):
    """One kind of file of a vendor, and how its columns become the lake's.

    Events (``orders``, ``trades``, ``merged``) have the fields ``symbol``, ``exchange``, ``date``
    and ``time`` or ``datetime``, ``channel``, ``seq``, ``what``, ``id``, ``buy_id``, ``sell_id``,
    ``side``, ``price``, ``volume`` and ``kind``; snapshots ``last``, ``volume``, ``amount`` and
    ``trades`` of the day so far and ``bid_price`` ... ``ask_orders``, whose column names hold
    ``{}`` for the level; a name without it is a column of lists, the best level first, whose
    missing levels stand at their end. Where the vendor gives no ``id`` of an order, it is the
    ``buy_id`` or ``sell_id`` of its side, else its ``seq``. Trades without ``seq`` are numbered by
    their lines, where the source has no orders, which would share the numbers; over several files
    of a stock-day in the order of their names.

    Streams with one ``pattern`` share their files: each takes the ``records`` it names, those of no
    stream are counted.
    """

    holds: Literal["orders", "trades", "merged", "snapshots"] = Field(
        description="what a row is when no column `what` says so; merged streams need one"
    )
    pattern: str = Field(
        description="which files, by the end of their path: *, ? and {date}, {symbol}; files that "
        "share date and symbol are read together"
    )
    format: Literal["csv", "parquet", "kv_log"] = Field(
        default="csv", description="file format; kv_log: lines of key=value"
    )
    records: Records = Field(
        default={},
        description="column or key -> its value or values, such as {MsgType: [191]}: which records "
        "of files of several types are of this stream",
    )
    encoding: Encoding = Field(default="utf-8", description="of text, such as gbk; not utf-16")
    separator: str = Field(
        default=",",
        min_length=1,
        description="of csv; of kv_log any of its characters, default a space",
    )
    assign: str = Field(
        default="=", min_length=1, max_length=1, description="between key and value of kv_log"
    )
    line_start: str = Field(
        default="",
        description="of kv_log: lines that do not begin so are no records; they are counted",
    )
    names: Annotated[tuple[str, ...], BeforeValidator(quoted)] = Field(
        default=(), description="columns of csv without a header"
    )
    columns: Columns = Field(
        description="field -> column of the vendor, or several: the first that is not empty"
    )
    exchange: Literal["", "SH", "SZ", "BJ"] = Field(
        default="", description="of all rows; default: column, suffix or the ranges of codes"
    )
    time_format: str = Field(
        default="%H:%M:%S%.f",
        description="of time or datetime: strptime's, or numbers HHMMSSmmm, HHMMSSmm, HHMMSS, "
        "YYYYMMDDHHMMSSmmm, YYYYMMDDHHMMSS, ms since midnight, or epoch_s, epoch_ms, epoch_us, "
        "epoch_ns since 1970. Stamps with an offset from UTC become the exchange's time",
    )
    time_zone: str = Field(
        default=EXCHANGE_ZONE,
        description="of stamps that do not say their own, such as UTC, with the dates beside them; "
        "a date in the path is the session",
    )
    decimal: Decimal = Field(default="", description=DECIMAL)
    price_scale: float = Field(default=1.0, gt=0, description="10000: prices are CNY x 10,000")
    volume_unit: Literal["shares", "lots"] = Field(default="shares", description="lots: 100 shares")
    volume_scale: float = Field(
        default=1.0, gt=0, description="1000: volumes are integers x 1,000, on top of their unit"
    )
    amount_unit_yuan: float = Field(default=1.0, gt=0, description="of snapshots' amounts")
    first_level: int = Field(default=1, ge=0, le=1, description="number of the best level")
    what_codes: WhatCodes = Field(default={}, description="code -> order, cancel, trade, ignore")
    side_codes: SideCodes = Field(
        default={"B": "buy", "S": "sell", "N": "none"},
        description="code -> buy, sell; of trades also none (auction) or unknown",
    )
    kind_codes: KindCodes = Field(default={}, description="code -> limit, market, own_best")
    exchange_codes: ExchangeCodes = Field(
        default={
            "SH": "SH",
            "SZ": "SZ",
            "BJ": "BJ",
            "SSE": "SH",
            "SZSE": "SZ",
            "BSE": "BJ",
            "XSHG": "SH",
            "XSHE": "SZ",
            "101": "SH",
            "102": "SZ",
        },
        description="code of the exchange -> SH, SZ, BJ",
    )

    @field_validator("encoding")
    @classmethod
    def _lines_end_in_one_byte(cls, encoding: str) -> str:
        try:
            whole = b"a\n".decode(encoding) == "a\n"
        except UnicodeError:
            whole = False
        if not whole:
            expected = "one in which a line end is one byte, such as utf-8 or gbk"
            raise ValueError(f"found {encoding!r}, expected {expected}")
        return encoding

    @field_validator("time_format")
    @classmethod
    def _no_names_of_zones(cls, form: str) -> str:
        return refuse_zone_names(form)

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        return known_zone(zone)

    @model_validator(mode="before")
    @classmethod
    def _logs_have_spaces(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("format") == "kv_log":
            return {"separator": " ", **given}
        return given

    @model_validator(mode="after")
    def _text_can_be_split(self) -> "StreamSpec":
        if self.format == "kv_log" and self.names:
            raise ValueError("names are of csv without a header; found them beside format kv_log")
        if self.format != "kv_log" and len(self.separator) != 1:
            raise ValueError(f"separator of csv is one character, found {self.separator!r}")
        if self.format != "kv_log" and self.line_start:
            raise ValueError("line_start is of kv_log")
        if any(not mark.isascii() for mark in (self.separator, self.assign)):
            raise ValueError("separator and assign are ASCII characters")
        if self.assign in self.separator:
            raise ValueError(f"assign {self.assign!r} stands in separator {self.separator!r}")
        return self

    @model_validator(mode="after")
    def _fields_fit(self) -> "StreamSpec":
        known = SNAPSHOT_FIELDS if self.holds == "snapshots" else EVENT_FIELDS
        check_fields(self.columns, known)
        lacking = sorted(self._needed() - set(self.columns))
        if lacking:
            raise ValueError(f"columns lacks {', '.join(lacking)}")
        if "what" in self.columns and not self.what_codes:
            raise ValueError("a column `what` needs what_codes")
        if "kind" in self.columns and not self.kind_codes:
            raise ValueError("a column `kind` needs kind_codes")
        if not {"datetime", "time"} & set(self.columns):
            raise ValueError("columns needs datetime or time")
        if "symbol" not in self.columns and "{symbol}" not in self.pattern:
            raise ValueError("columns needs symbol, or the pattern {symbol}")
        return self

    @property
    def lists(self) -> tuple[str, ...]:
        """Fields whose levels stand as a list in one column."""
        named = self.columns if self.holds == "snapshots" else ()
        return tuple(
            key for key in named if key in LEVEL_FIELDS and "{" not in self.columns[key][0]
        )

    def _needed(self) -> set[str]:
        if self.holds == "snapshots":
            return {"last", "volume", "amount"}
        needed = {"price", "volume"}
        if self.holds == "trades":
            return needed
        return needed | {"what" if self.holds == "merged" else "side"}
