"""Rows: text columns become typed records; a record that cannot be read is set aside with a reason.

A record of an order or trade stream is an event: an order, a cancel or a trade. Stocks are numbers
here (six digits x 4 + exchange) because they are grouped and sorted by often.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from intralpha.sources.level2 import clock
from intralpha.sources.level2.blocks import LINE, PART
from intralpha.sources.level2.chunks import field_columns
from intralpha.sources.level2.lists import spread
from intralpha.sources.level2.pieces import Piece
from intralpha.sources.level2.streams import StreamSpec
from intralpha.sources.level2.unread import Reading, why_unread
from intralpha.sources.source import QUARANTINE
from intralpha.sources.symbols import normal_symbol
from intralpha.sources.when import EXCHANGE_ZONE, OTHER_AGE, fitting, of_our_age

ORDER, CANCEL, TRADE, IGNORE, UNKNOWN = 0, 1, 2, 3, 99
LIMIT, MARKET, OWN_BEST = 0, 1, 2
WHATS = {"order": ORDER, "cancel": CANCEL, "trade": TRADE, "ignore": IGNORE}
SIDES = {"buy": 1, "sell": -1, "none": 0, "unknown": None}
KINDS = {"limit": LIMIT, "market": MARKET, "own_best": OWN_BEST}
DEFAULTS = {"orders": ORDER, "trades": TRADE, "merged": UNKNOWN}
EXCHANGES = ("SH", "SZ", "BJ")
# Prices are multiples of 0.001 at the finest; rounding undoes 1854.980000000000018.
DIGITS = 4
LOST = "\ufffd"  # stands for bytes that are not of an encoding
UNREAD_TIME = "date or time not readable"
OTHER_DAYS = "records stamped on another day than their path says, which counts"
IGNORED = "records of no interest left out"
EVENT: dict[str, Any] = {
    "date": pl.Date(),
    "stock": pl.Int32(),
    "time": pl.Int32(),
    "channel": pl.Int64(),
    "seq": pl.Int64(),
    "what": pl.Int8(),
    "id": pl.Int64(),
    "buy_id": pl.Int64(),
    "sell_id": pl.Int64(),
    "side": pl.Int8(),
    "price": pl.Float64(),
    "volume": pl.Int64(),
    "kind": pl.Int8(),
    "file": pl.Int32(),
    "line": pl.UInt32(),
}
NUMBERED = {name: EVENT[name] for name in ("date", "stock", "channel", "seq")}
SIDED = {"price": pl.Float64(), "volume": pl.Int64(), "orders": pl.Int32()}
LEVELS = tuple((side, what, k) for side in ("bid", "ask") for what in SIDED for k in range(1, 11))
SNAPSHOT: dict[str, Any] = {
    "date": pl.Date(),
    "stock": pl.Int32(),
    "time": pl.Int32(),
    "last": pl.Float64(),
    "volume": pl.Int64(),
    "amount": pl.Float64(),
    "trades": pl.Int32(),
    **{f"{side}_{what}{k}": SIDED[what] for side, what, k in LEVELS},
    "file": pl.Int32(),
    "line": pl.UInt32(),
}


@dataclass(frozen=True)
class Rows:
    """Typed records of one block.

    Attributes
    ----------
    frame : columns of ``EVENT`` or ``SNAPSHOT``
    bad : quarantine
    counts : what was left out -> how often
    first : reason -> the first row it was given for
    passed : day, stock, channel and number of events that are not in ``frame``; of a stock that
        cannot be read only the exchange is kept
    reason : why each record of the block is in ``bad``; null of a good one
    """

    frame: pl.DataFrame
    bad: pl.DataFrame
    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    passed: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NUMBERED))
    reason: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))


def symbol_of(stock: pl.Expr) -> pl.Expr:
    """``600519.SH`` of a stock's number."""
    names = dict(enumerate(EXCHANGES))
    exchange = (stock % 4).replace_strict(names, return_dtype=pl.String)
    return (stock // 4).cast(pl.String).str.zfill(6) + "." + exchange


def symbols_of(stocks: pl.Series) -> pl.Series:
    """The same of a column; each stock is spelt once."""
    known = stocks.unique()
    names = known.to_frame("stock").select(symbol_of(pl.col("stock"))).to_series()
    return stocks.replace_strict(known, names, return_dtype=pl.String()).cast(pl.String)


def typed(
    raw: pl.DataFrame, parts: Sequence[Piece], files: Sequence[int], stream: StreamSpec
) -> Rows:
    """Records of a block.

    Parameters
    ----------
    raw : text columns of the vendor, ``LINE`` and ``PART``
    parts : file of every part
    files : its number, kept with every record
    stream : what the files hold
    """
    snapshots = stream.holds == "snapshots"
    schema = SNAPSHOT if snapshots else EVENT
    separator, no_reason = stream.separator[0], pl.lit(None, pl.String)
    of_lists: pl.Series | pl.Expr = no_reason
    deeper: dict[str, int] = {}
    if stream.lists:
        raw, stream, of_lists, deeper = spread(raw, stream)
    raw = _one_clock(raw, stream)
    frame = raw.select(
        *_date_and_time(raw, parts, stream),
        _stocks(raw, parts, stream).alias("stock"),
        *(_snapshot(stream, raw) if snapshots else _event(stream)),
        _of_part(raw, "file", files, pl.Int32()),
        pl.col(LINE).alias("line"),
    )
    if stream.time_zone != EXCHANGE_ZONE:
        frame = _moved(frame, raw, stream)
    if not snapshots:
        frame = _with_ids(frame)
    rules = _snapshot_rules() if snapshots else _event_rules(stream)
    reasons = [pl.when(rule).then(pl.lit(why)) for why, rule in rules.items()]
    unread = why_unread(raw, frame, _readings(stream, raw))
    marked = frame.with_columns(pl.coalesce(*reasons, of_lists, unread).alias("reason"))
    good = marked["reason"].is_null()
    bad = _set_aside(raw, marked["reason"], parts, separator)
    kept = marked.filter(good).select(pl.col(c).cast(t) for c, t in schema.items())
    first = _first(raw, marked["reason"], bad, stream) if bad.height else {}
    why, others = marked["reason"], _of_other_days(raw, frame, stream)
    if snapshots:
        return Rows(kept, bad, deeper | others, first, reason=why)
    ignored = int((kept["what"] == IGNORE).sum())
    counts = others | ({IGNORED: ignored} if ignored else {})
    if not (ignored or bad.height):
        return Rows(kept, bad, counts, first, reason=why)
    used = pl.col("what") != IGNORE
    passed = _passed(marked.filter(~(good & (marked["what"] != IGNORE))), stream)
    return Rows(kept.filter(used), bad, counts, first, passed, why)


def _passed(events: pl.DataFrame, stream: StreamSpec) -> pl.DataFrame:
    """What is known of the numbers of events that are not used."""
    told = events.select(pl.col(c).cast(t) for c, t in NUMBERED.items())
    if stream.exchange:
        told = told.with_columns(pl.col("stock").fill_null(EXCHANGES.index(stream.exchange)))
    return told.drop_nulls().filter(of_our_age(pl.col("date")))


def _first(
    raw: pl.DataFrame, reason: pl.Series, bad: pl.DataFrame, stream: StreamSpec
) -> dict[str, str]:
    """Of every reason the first row; of a time that cannot be read also what would fit."""
    out = {}
    for origin, line, why, row in bad.unique("reason", keep="first", maintain_order=True).rows():
        out[why] = f"{origin} line {line}: found {row!r}"
        if LOST in row:
            out[why] += f"; bytes that are not {stream.encoding}: `encoding: gbk`?"
        if why == UNREAD_TIME:
            names = [
                stream.columns[k][0] for k in ("datetime", "date", "time") if k in stream.columns
            ]
            at = raw.filter(reason == why).row(0, named=True)
            values = [str(at[name]) for name in names]
            out[why] += f", in it {' and '.join(values)!r}, expected {stream.time_format!r}"
            forms = (clock.number_form(value) or fitting(value) for value in values)
            fits = next((form for form in forms if form and ("H" in form or "_" in form)), None)
            out[why] += f'; `time_format: "{fits}"` reads it' if fits else ""
    return out


def _set_aside(
    raw: pl.DataFrame, reason: pl.Series, parts: Sequence[Piece], mark: str
) -> pl.DataFrame:
    if reason.null_count() == len(reason):
        return pl.DataFrame(schema=QUARANTINE)
    lines = raw.with_columns(reason.alias("(reason)")).filter(reason.is_not_null())
    own = (LINE, PART)
    texts = [pl.col(c).cast(pl.String).fill_null("") for c in raw.columns if c not in own]
    return lines.select(
        _of_part(lines, "origin", [p.name for p in parts], pl.String()),
        pl.col(LINE).cast(pl.Int64).alias("line"),
        pl.col("(reason)").alias("reason"),
        pl.concat_str(texts, separator=mark).alias("row"),
    )


def _one_clock(raw: pl.DataFrame, stream: StreamSpec) -> pl.DataFrame:
    """Where a date or time may stand in several columns, the first holds all."""
    keys = {"datetime", "date", "time"} & set(stream.columns)
    several = [stream.columns[key] for key in keys if len(stream.columns[key]) > 1]
    return raw.with_columns(_text(columns).alias(columns[0]) for columns in several)


def _moved(events: pl.DataFrame, raw: pl.DataFrame, stream: StreamSpec) -> pl.DataFrame:
    """Dates and times of another zone in the exchange's, unless the stamps say their own."""
    named = stream.columns.get("datetime") or stream.columns["time"]
    if clock.says_zone(raw.schema[named[0]], stream.time_format):
        return events
    dated = bool({"datetime", "date"} & set(stream.columns))
    date, time = clock.moved(events["date"], events["time"], stream.time_zone)
    return events.with_columns(date if dated else events["date"], time)


def _of_other_days(raw: pl.DataFrame, rows: pl.DataFrame, stream: StreamSpec) -> dict[str, int]:
    """How many records have stamps with another day than the one that their path says."""
    if {"date", "datetime"} & set(stream.columns):
        return {}
    column = stream.columns["time"][0]
    kind, zoned = raw.schema[column], clock.says_zone(raw.schema[column], stream.time_format)
    if not clock.is_dated(kind, stream.time_format):
        return {}
    if stream.time_zone != EXCHANGE_ZONE and not zoned:
        return {}
    stamped = raw.select(clock.stamp_date(column, kind, stream.time_format)).to_series()
    others = int((stamped != rows["date"]).sum())
    return {OTHER_DAYS: others} if others else {}


def _of_part(raw: pl.DataFrame, name: str, values: Sequence[Any], kind: Any) -> pl.Series:
    """A value of every row that its file has."""
    known = pl.Series(name, values, dtype=kind)
    return known.gather(raw[PART]) if len(known) > 1 else known.new_from_index(0, raw.height)


def _date_and_time(
    raw: pl.DataFrame, parts: Sequence[Piece], stream: StreamSpec
) -> list[pl.Expr | pl.Series]:
    """Date and time; null where they cannot be read."""
    columns = {key: names[0] for key, names in stream.columns.items()}
    moment = columns.get("datetime") or columns["time"]
    kind = raw.schema[moment]
    time: pl.Expr | pl.Series = clock.time_ms(moment, kind, stream.time_format)
    if "date" in columns and kind == pl.String and clock.says_zone(kind, stream.time_format):
        days = clock.plain_date(columns["date"], raw.schema[columns["date"]])
        date, time = clock.with_offset(
            raw.select(days).to_series(), raw[moment], stream.time_format
        )
        return [date.alias("date"), time.alias("time")]
    if "date" in columns:
        date: pl.Expr | pl.Series = clock.plain_date(columns["date"], raw.schema[columns["date"]])
    elif "datetime" not in columns:
        date = _of_part(raw, "date", [p.on for p in parts], pl.Date())
    elif kind == pl.String and "%" in stream.time_format:
        date, time = clock.moments(raw[moment], stream.time_format)
    else:
        date = clock.stamp_date(moment, kind, stream.time_format)
    return [date.alias("date"), time.alias("time")]


def _stocks(raw: pl.DataFrame, parts: Sequence[Piece], stream: StreamSpec) -> pl.Series:
    """Number of each row's stock; a block has few different symbols, so each is read once."""
    codes = tuple(stream.exchange_codes.items())
    columns = {key: stream.columns[key] for key in ("symbol", "exchange") if key in stream.columns}
    if stream.exchange:
        columns.pop("exchange", None)
    if not columns:
        pairs = [(p.symbol, stream.exchange) for p in parts]
        return _of_part(raw, "stock", _numbers(pairs, codes), pl.Int32())
    if set(columns) == {"symbol"}:
        texts = raw.select(_text(columns["symbol"]).fill_null("").alias("symbol"))["symbol"]
        key, spelt = _keys(texts)
        known = key.unique()
        numbers = _numbers([(spelt(k), stream.exchange) for k in known.to_list()], codes)
        return key.replace_strict(known, numbers, return_dtype=pl.Int32()).alias("stock")
    named = {"symbol": [p.symbol for p in parts], "exchange": [stream.exchange] * len(parts)}
    spelt_out = raw.select(
        _text(columns[key]).fill_null("").alias(key)
        if key in columns
        else _of_part(raw, key, texts, pl.String())
        for key, texts in named.items()
    )
    known = spelt_out.unique()
    known = known.with_columns(pl.Series("stock", _numbers(known.rows(), codes), dtype=pl.Int32))
    return spelt_out.join(known, on=list(named), how="left", maintain_order="left")["stock"]


def _keys(texts: pl.Series) -> tuple[pl.Series, Callable[[Any], str]]:
    """Symbols as what is fast to compare, numbers if all are digits, and how to spell one."""
    numbers = texts.cast(pl.Int32, strict=False)
    signs = (texts.str.starts_with(sign).any() for sign in "+-")
    short = (texts.str.len_bytes() <= 6).all()
    if short and not numbers.null_count() and not any(signs):
        return numbers, "{:06d}".format
    return texts, str


def _numbers(
    pairs: Sequence[tuple[str, str]], codes: tuple[tuple[str, str], ...]
) -> list[int | None]:
    """Numbers of stocks from their symbols and the codes of their exchanges, if there are any."""
    exchanges = dict(codes) | {name: name for name in EXCHANGES}
    texts = [_suffixed(symbol, exchanges.get(code)) if code else symbol for symbol, code in pairs]
    full = (
        pl.Series(texts, dtype=pl.String())
        .to_frame("symbol")
        .select(normal_symbol(pl.col("symbol")))
    )
    return [
        None if name is None else int(name[:6]) * 4 + EXCHANGES.index(name[7:])
        for name in full.to_series().to_list()
    ]


def _suffixed(symbol: str, exchange: str | None) -> str:
    """Digits and an exchange as a symbol; empty where there is none."""
    digits = re.search(r"\d{1,6}", symbol)
    return f"{digits[0]}.{exchange}" if exchange and digits else ""


def _text(columns: tuple[str, ...]) -> pl.Expr:
    """The first column that is not empty."""
    texts = [pl.col(c).str.strip_chars() for c in columns]
    return pl.coalesce(pl.when(t != "").then(t) for t in texts) if len(texts) > 1 else texts[0]


def _as_is(columns: tuple[str, ...]) -> pl.Expr:
    """The same, where white space is taken off later and only if need be."""
    return pl.col(columns[0]) if len(columns) == 1 else _text(columns)


def _number(columns: tuple[str, ...]) -> pl.Expr:
    """A whole number; 100.0 counts as one."""
    return _as_is(columns).map_batches(_whole, return_dtype=pl.Int64())


def _whole(text: pl.Series) -> pl.Series:
    number = text.cast(pl.Int64, strict=False)
    if number.null_count() == text.null_count():
        return number
    loose = text.str.strip_chars().cast(pl.Float64, strict=False)
    whole = loose.set(loose != loose.round(), None).cast(pl.Int64, strict=False)
    return number.zip_with(number.is_not_null(), whole)


def _real(columns: tuple[str, ...]) -> pl.Expr:
    return _as_is(columns).map_batches(_float, return_dtype=pl.Float64())


def _float(text: pl.Series) -> pl.Series:
    number = text.cast(pl.Float64, strict=False)
    if number.null_count() == text.null_count():
        return number
    return text.str.strip_chars().cast(pl.Float64, strict=False)


def _price(columns: tuple[str, ...], scale: float) -> pl.Expr:
    return (_real(columns) / scale).round(DIGITS)


def _volume(columns: tuple[str, ...], stream: StreamSpec) -> pl.Expr:
    unit = (1 if stream.volume_unit == "shares" else 100) / stream.volume_scale
    if unit == 1:
        return _number(columns)
    shares = _real(columns) * unit
    whole = (shares - shares.round()).abs() <= 1e-6 * shares.abs().clip(1)
    return pl.when(whole).then(shares.round()).cast(pl.Int64, strict=False)


def _code(columns: tuple[str, ...], codes: dict[str, int | None], empty: int | None) -> pl.Expr:
    """Number of a code; ``empty`` where there is none, ``UNKNOWN`` where it is unheard of."""
    known = {"": empty} | codes

    def number(texts: pl.Series) -> pl.Series:
        texts = texts.fill_null("")
        seen = texts.unique()
        numbers = [known.get(text.strip(), UNKNOWN) for text in seen]
        return texts.replace_strict(seen, pl.Series(numbers, dtype=pl.Int8))

    return _as_is(columns).map_batches(number, return_dtype=pl.Int8())


def _event(stream: StreamSpec) -> list[pl.Expr]:
    """Fields of orders, cancels and trades."""
    columns = stream.columns

    def number(key: str) -> pl.Expr:
        return _number(columns[key]) if key in columns else pl.lit(0, pl.Int64)

    def code(key: str, codes: dict[str, int | None], empty: int | None) -> pl.Expr:
        return _code(columns[key], codes, empty) if key in columns else pl.lit(empty, pl.Int8)

    fields = {
        "channel": number("channel").fill_null(0),
        "seq": number("seq") if "seq" in columns else pl.col(LINE).cast(pl.Int64),
        "what": code(
            "what", {k: WHATS[v] for k, v in stream.what_codes.items()}, DEFAULTS[stream.holds]
        ),
        "id": number("id").fill_null(0),
        "buy_id": number("buy_id").fill_null(0),
        "sell_id": number("sell_id").fill_null(0),
        "side": code("side", {k: SIDES[v] for k, v in stream.side_codes.items()}, None),
        "price": _price(columns["price"], stream.price_scale),
        "volume": _volume(columns["volume"], stream),
        "kind": code("kind", {k: KINDS[v] for k, v in stream.kind_codes.items()}, LIMIT),
    }
    return [expr.alias(key) for key, expr in fields.items()]


def _with_ids(events: pl.DataFrame) -> pl.DataFrame:
    """Ids of orders and cancels, sides of cancels, prices of market orders.

    An order without its own id has the id of its side, else its sequence number. A cancel that
    names one id, as Shenzhen's do, is of that side.
    """
    what, side = pl.col("what"), pl.col("side")
    bought, sold = pl.col("buy_id") > 0, pl.col("sell_id") > 0
    sided = side.is_in([1, -1]).fill_null(value=False)
    guess = (what == CANCEL) & ~sided & (bought ^ sold)
    named = pl.when(bought).then(1).otherwise(-1).cast(pl.Int8)
    market = (what == ORDER) & (pl.col("kind") == MARKET)
    events = events.with_columns(
        pl.when(guess).then(named).otherwise(side).alias("side"),
        pl.when(market).then(0.0).otherwise("price").alias("price"),
    )
    of_side = pl.when(pl.col("side") == 1).then("buy_id").when(pl.col("side") == -1).then("sell_id")
    own = pl.when(pl.col("id") > 0).then("id").when(of_side > 0).then(of_side)
    numbered = own.when(what == ORDER).then("seq").otherwise(0)
    return events.with_columns(pl.when(what == TRADE).then(0).otherwise(numbered).alias("id"))


def _event_rules(stream: StreamSpec) -> dict[str, pl.Expr]:
    """Reason -> expression that is true for a record that cannot be used."""
    what, used = pl.col("what"), pl.col("what") != IGNORE
    shown = {key: "/".join(stream.columns.get(key, ())) for key in ("what", "side", "kind")}
    order, cancel, trade = what == ORDER, what == CANCEL, what == TRADE
    one_side = pl.col("side").is_in([1, -1]).fill_null(value=False)
    rules = _common_rules() | {
        f"unknown code in {shown['what']}": what == UNKNOWN,
        "sequence number not readable": pl.col("seq").is_null(),
        f"unknown code in {shown['side']}": (pl.col("side") == UNKNOWN),
        f"unknown code in {shown['kind']}": order & (pl.col("kind") == UNKNOWN),
        "an order without a side": order & ~one_side,
        "an order or cancel without an id": (order | cancel) & (pl.col("id") <= 0),
        "volume is not a number": pl.col("volume").is_null(),
        "volume is not positive": pl.col("volume") <= 0,
        "price is not a number": ~cancel & ~pl.col("price").is_finite().fill_null(value=False),
        "price is not positive": (trade | (order & (pl.col("kind") == LIMIT)))
        & (pl.col("price") <= 0),
    }
    return {why: rule & used for why, rule in rules.items()}


def _common_rules() -> dict[str, pl.Expr]:
    return {
        "symbol of unknown form": pl.col("stock").is_null(),
        UNREAD_TIME: pl.col("date").is_null() | pl.col("time").is_null(),
        OTHER_AGE: ~of_our_age(pl.col("date")),
    }


def _snapshot(stream: StreamSpec, raw: pl.DataFrame) -> list[pl.Expr]:
    """Fields of snapshots; levels without a price are null."""
    columns = field_columns(stream)
    amount = (_real(columns["amount"]) * stream.amount_unit_yuan).round(DIGITS)
    fields = {
        "last": _price(columns["last"], stream.price_scale),
        "volume": _volume(columns["volume"], stream),
        "amount": amount,
        "trades": _count(columns.get("trades")),
    }
    for side, what, k in LEVELS:
        fields[f"{side}_{what}{k}"] = _level(side, what, k, columns, stream, raw)
    return [expr.alias(key) for key, expr in fields.items()]


def _count(columns: tuple[str, ...] | None) -> pl.Expr:
    if columns is None:
        return pl.lit(None, pl.Int32)
    return _number(columns).cast(pl.Int32, strict=False)


def _level(
    side: str,
    what: str,
    level: int,
    columns: dict[str, tuple[str, ...]],
    stream: StreamSpec,
    raw: pl.DataFrame,
) -> pl.Expr:
    """One value of one level; null where the level has no price."""
    price, mine = (columns.get(f"{side}_{w}{level}") for w in ("price", what))
    if not price or not mine or not {price[0], mine[0]} <= set(raw.columns):
        return pl.lit(None, SIDED[what])
    there = _price(price, stream.price_scale).fill_nan(None)
    values = {"price": there, "volume": _volume(mine, stream), "orders": _count(mine)}
    return pl.when(there > 0).then(values[what])


def _readings(stream: StreamSpec, raw: pl.DataFrame) -> list[Reading]:
    """Fields that may be empty, so that only their text tells what is no number."""
    if stream.holds != "snapshots":
        known = ("channel", "id", "buy_id", "sell_id")
        named = {key: stream.columns[key] for key in known if key in stream.columns}
        return [
            Reading(key, _text(names), _number(names), "/".join(names))
            for key, names in named.items()
        ]
    columns, out = field_columns(stream), []
    names = {f"{side}_{what}{k}": (f"{side}_{what}", what) for side, what, k in LEVELS}
    for field_, (key, what) in ({"trades": ("trades", "orders")} | names).items():
        mine = columns.get(field_)
        if not mine or mine[0] not in raw.columns:
            continue
        number = {
            "price": lambda c: _price(c, stream.price_scale),
            "volume": lambda c: _volume(c, stream),
            "orders": _count,
        }[what](mine)
        level = key != "trades"
        shown = f"a level in {stream.columns[key][0]}" if level else "/".join(mine)
        out.append(Reading(field_, _text(mine), number, shown))
    return out


def _snapshot_rules() -> dict[str, pl.Expr]:
    """Reason -> expression that is true for a snapshot that cannot be used."""
    rules = _common_rules()
    for column in ("last", "volume", "amount"):
        rules[f"{column} is not a number"] = ~pl.col(column).is_finite().fill_null(value=False)
        rules[f"{column} is negative"] = pl.col(column) < 0
    return rules
