"""The tables of the lake: columns, types, keys, partitions, and what a valid row is."""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

import polars as pl

from intralpha.base import DataError
from intralpha.market.derived import derived_in
from intralpha.market.hours import bar_times

SYMBOL_FORM = r"^\d{6}\.(SH|SZ|BJ)$"


class SchemaError(DataError):
    """A table has the wrong columns or types."""

    def __init__(self, table: str, found: str, expected: str) -> None:
        self.table, self.found, self.expected = table, found, expected
        super().__init__(f"table {table}: found {found}; expected {expected}.")


class RowError(DataError):
    """Rows of a table break its rules."""

    def __init__(self, table: str, bad: pl.DataFrame) -> None:
        self.table, self.bad = table, bad
        counts = bad.group_by("reason").len().sort("len", descending=True).rows()
        shown = "; ".join(f"{n:,} x {reason}" for reason, n in counts)
        super().__init__(
            f"table {table}: {bad.height:,} bad rows ({shown}). First: {bad.row(0, named=True)}.\n"
            "Hint: `split_valid` sets bad rows aside with their reasons."
        )


@dataclass(frozen=True)
class TableSchema:
    """Declared form of one table.

    Attributes
    ----------
    name : table name
    key : columns that identify a row
    columns : type of every column, in order
    nullable : columns that may be null
    partition : one file a ``day``, a ``month``, or a ``single`` file
    sort : order of the rows in a file
    start : column of reference tables: a row is known from that day on, always if it is null
    end : column of reference tables: its value is known from that day on, and null before
    """

    name: str
    key: tuple[str, ...]
    columns: dict[str, Any]
    nullable: frozenset[str]
    partition: Literal["day", "month", "single"]
    sort: tuple[str, ...]
    start: str | None = None
    end: str | None = None

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Order of rows of many partitions: one file after the other, each in its own order."""
        files = [c for c in ("freq", "date") if c in self.key and self.partition != "single"]
        return tuple(dict.fromkeys([*files, *self.sort]))

    @cached_property
    def by_stock(self) -> tuple[str, ...]:
        """The key, one stock after the other, each in the order of its time."""
        return tuple(sorted(self.key, key=lambda c: (c != "symbol", c != "date", c == "time")))


_TYPES: dict[str, Any] = {
    "text": pl.String(),
    "date": pl.Date(),
    "time": pl.Time(),
    "real": pl.Float64(),
    "int16": pl.Int16(),
    "int32": pl.Int32(),
    "int64": pl.Int64(),
    "flag": pl.Boolean(),
}


def _table(
    name: str,
    key: str,
    partition: str,
    columns: str,
    sort: str = "",
    start: str | None = None,
    end: str | None = None,
) -> TableSchema:
    """Read ``name:type`` words; a trailing ``*`` marks a nullable column."""
    words = [word.split(":") for word in columns.split()]
    return TableSchema(
        name,
        tuple(key.split()),
        {n: _TYPES[t.rstrip("*")] for n, t in words},
        frozenset(n for n, t in words if t.endswith("*")),
        partition,  # type: ignore[arg-type]
        tuple((sort or key).split()),
        start,
        end,
    )


def _levels(prefix: str, kind: str) -> str:
    return " ".join(f"{prefix}{level}:{kind}*" for level in range(1, 11))


_BOOK = " ".join(
    _levels(f"{side}_{what}", kind)
    for side in ("bid", "ask")
    for what, kind in (("price", "real"), ("volume", "int64"), ("orders", "int32"))
)

TABLES: dict[str, TableSchema] = {
    t.name: t
    for t in (
        _table(
            "instruments",
            "symbol",
            "single",
            "symbol:text exchange:text board:text name:text* list_date:date* delist_date:date*",
            start="list_date",
            end="delist_date",
        ),
        _table(
            "daily",
            "date symbol",
            "month",
            "date:date symbol:text open:real high:real low:real close:real preclose:real "
            "volume:int64 amount:real* adj_factor:real up_limit:real* down_limit:real* "
            "suspended:flag st:flag* float_shares:real* total_shares:real* derived:text*",
        ),
        _table(
            "bars",
            "date freq symbol time",
            "day",
            "date:date freq:int16 symbol:text time:time open:real high:real low:real close:real "
            "volume:int64 amount:real trades:int32* auc_in_first:flag* active_buy_volume:int64* "
            "active_sell_volume:int64* active_buy_amount:real* active_sell_amount:real* "
            "active_buy_trades:int32* active_sell_trades:int32* big_buy_amount:real* "
            "big_sell_amount:real* net_bid_amount:real* spread:real* depth_imbalance:real* "
            "quotes:int32* derived:text*",
            "symbol time",
        ),
        _table(
            "auctions",
            "date symbol time",
            "day",
            "date:date symbol:text time:time price:real volume:int64 amount:real trades:int32*",
            "symbol time",
        ),
        _table(
            "trades",
            "date symbol seq",
            "day",
            "date:date symbol:text seq:int64 time:int32 price:real volume:int64 buy_id:int64 "
            "sell_id:int64 side:int16",
            "symbol seq",
        ),
        _table(
            "orders",
            "date symbol seq",
            "day",
            "date:date symbol:text seq:int64 time:int32 id:int64 side:int16 price:real "
            "volume:int64 kind:text cancel:flag",
            "symbol seq",
        ),
        _table(
            "snapshots",
            "date symbol time",
            "day",
            "date:date symbol:text time:int32 last:real volume:int64 amount:real trades:int32* "
            + _BOOK,
            "symbol time",
        ),
        _table(
            "membership",
            "index symbol in_date",
            "single",
            "index:text symbol:text in_date:date out_date:date* weight:real*",
            start="in_date",
            end="out_date",
        ),
        _table(
            "industry",
            "scheme symbol in_date",
            "single",
            "symbol:text in_date:date out_date:date* scheme:text code:text",
            start="in_date",
            end="out_date",
        ),
        _table(
            "fundamentals",
            "symbol announce_date item",
            "single",
            "symbol:text announce_date:date item:text value:real",
            start="announce_date",
        ),
        _table(
            "corporate_actions",
            "symbol ex_date",
            "single",
            "symbol:text ex_date:date bonus_ratio:real cash_yuan:real rights_ratio:real "
            "rights_price:real",
            start="ex_date",
        ),
    )
}


def shape(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Columns in declared order and type; absent nullable columns are added as null.

    Raises
    ------
    SchemaError
        Unknown table, missing or unknown columns, or a value that its type cannot hold.
    """
    if table not in TABLES:
        raise SchemaError(table, "an unknown table", f"one of {', '.join(TABLES)}")
    schema = TABLES[table]
    missing = [c for c in schema.columns if c not in frame.columns and c not in schema.nullable]
    unknown = [c for c in frame.columns if c not in schema.columns]
    if missing or unknown:
        found = f"columns {frame.columns} (missing {missing}, unknown {unknown})"
        raise SchemaError(table, found, f"columns {list(schema.columns)}")
    full = frame.with_columns(
        pl.lit(None).alias(c) for c in schema.columns if c not in frame.columns
    )
    if list(full.schema.items()) == list(schema.columns.items()):
        return full
    try:
        return full.select(pl.col(c).cast(t, strict=True) for c, t in schema.columns.items())
    except pl.exceptions.PolarsError as error:
        found = f"{ {c: str(t) for c, t in frame.schema.items()} } ({error})"
        raise SchemaError(table, found, "values that fit the declared types") from error


def split_valid(table: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Good rows, and bad rows with a ``reason``; nothing is lost between the two.

    Of rows that share a key and break no rule the first is good, the others are ``duplicate key``.
    """
    shaped = shape(table, frame)
    reason = why_invalid(table, shaped)
    if reason.null_count() == len(reason):
        return shaped, shaped[:0].with_columns(reason[:0])
    return shaped.filter(reason.is_null()), shaped.with_columns(reason).filter(reason.is_not_null())


def why_invalid(table: str, frame: pl.DataFrame) -> pl.Series:
    """Of each row the first rule that it breaks, null of a good one.

    Parameters
    ----------
    table : name in ``TABLES``
    frame : rows in any form that :func:`shape` takes

    Returns
    -------
    Series ``reason``, one a row
        ``duplicate key``: breaks no rule, and is not the first such row of its key.
    """
    shaped = shape(table, frame)
    bad = _broken(table, shaped)
    if not _each_key_once(TABLES[table], shaped):
        bad |= _again(TABLES[table], shaped, bad)
    reason = pl.repeat(None, shaped.height, dtype=pl.String(), eager=True).alias("reason")
    if not bad.any():
        return reason
    found = shaped.filter(bad).select(_reason(table)).to_series().fill_null("duplicate key")
    return reason.scatter(bad.arg_true(), found)


def _again(schema: TableSchema, rows: pl.DataFrame, bad: pl.Series) -> pl.Series:
    """Rows whose key a row before them has that breaks no rule; a bad row takes no key."""
    good = bad.not_().alias("(good)")
    again = ~pl.struct(*schema.key, "(good)").is_first_distinct() & pl.col("(good)")
    return rows.with_columns(good).select(again.alias("again")).to_series()


def _each_key_once(schema: TableSchema, rows: pl.DataFrame) -> bool:
    """Whether rows in one of the orders that readers give them hold each key once."""
    orders = dict.fromkeys((schema.sort, schema.order, schema.by_stock))
    return any(ascending(rows, by) for by in orders)


def ascending(frame: pl.DataFrame, columns: tuple[str, ...]) -> bool:
    """Whether every row comes after the one before; false where a value is null."""
    return bool(frame.select(_after(columns)).item())


@cache
def _after(columns: tuple[str, ...]) -> pl.Expr:
    """True where every row but the first comes after the one before."""
    after = pl.lit(value=False)
    for column in reversed(columns):
        here, before = pl.col(column), pl.col(column).shift(1)
        after = (here > before) | ((here == before) & after)
    return after.slice(1).fill_null(value=False).all()


def validate(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame in declared form and order.

    Raises
    ------
    SchemaError
        Wrong columns or types.
    RowError
        Rows that break a rule: null, duplicate key, high below low, negative volume, ...
    """
    return in_order(table, checked(table, frame))


def checked(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame in declared form, in its own order; see :func:`validate`."""
    good, bad = split_valid(table, frame)
    if bad.height:
        raise RowError(table, bad)
    return good


def in_order(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Valid rows, one file's after the other, sorted as the table's files are."""
    schema = TABLES[table]
    if ascending(rows, schema.order):
        return rows
    if "date" in schema.order and ascending(rows, schema.by_stock):
        files = [c for c in schema.order if c in ("freq", "date")]
        return rows.sort(files, maintain_order=True)
    return rows.sort(schema.order)


def _broken(table: str, rows: pl.DataFrame) -> pl.Series:
    """Whether each row breaks any rule; nulls are looked for where a column has some."""
    full = {f"{c} is null" for c in rows.columns if not rows[c].null_count()}
    rules = [rule for name, rule in _rules(table).items() if name not in full]
    return rows.select(pl.any_horizontal(rules).fill_null(value=False)).to_series()


@cache
def _reason(table: str) -> pl.Expr:
    """Column ``reason``: the first rule that a row breaks, null of a good one."""
    reasons = [pl.when(rule).then(pl.lit(name)) for name, rule in _rules(table).items()]
    return pl.coalesce(*reasons, pl.lit(None, pl.String)).alias("reason")


@cache
def _rules(table: str) -> dict[str, pl.Expr]:
    """Reason -> expression that is true for a bad row."""
    schema = TABLES[table]
    rules: dict[str, pl.Expr] = {}
    for column, kind in schema.columns.items():
        if column not in schema.nullable:
            absent, derived = pl.col(column).is_null(), derived_in(table, column)
            rules[f"{column} is null"] = absent if derived is None else absent & ~derived
        if kind == pl.Float64:
            rules[f"{column} is not finite"] = ~pl.col(column).is_finite()
    if "symbol" in schema.columns:
        rules["symbol is not like 600519.SH"] = ~pl.col("symbol").str.contains(SYMBOL_FORM)
    for column in ("open", "high", "low", "close", "preclose", "price", "adj_factor"):
        if column in schema.columns and table != "orders":
            rules[f"{column} is not positive"] = pl.col(column) <= 0
    for column in ("volume", "amount", "trades"):
        if column in schema.columns:
            rules[f"{column} is negative"] = pl.col(column) < 0
    if "high" in schema.columns:
        rules["high is below low"] = pl.col("high") < pl.col("low")
        rules["high is below open or close"] = pl.col("high") < pl.max_horizontal("open", "close")
        rules["low is above open or close"] = pl.col("low") > pl.min_horizontal("open", "close")
    if table == "bars":
        rules["time is not the end of a bar"] = ~_on_grid()
    if "out_date" in schema.columns:
        rules["out_date is before in_date"] = pl.col("out_date") < pl.col("in_date")
    return rules


def _on_grid() -> pl.Expr:
    """Whether (freq, time) is the end of a bar of that frequency."""
    known = [
        pl.col("freq").eq(f) & pl.col("time").is_in(list(bar_times(f)))
        for f in (1, 5, 10, 15, 30, 60)
    ]
    return pl.any_horizontal(known)
