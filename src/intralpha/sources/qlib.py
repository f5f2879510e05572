"""Reader of qlib's binary daily layout: calendars, instruments, one float32 file a field."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from intralpha.base.place import PlacePath
from intralpha.market import TABLES, board_of, split_valid
from intralpha.sources.daily_rows import finish_daily
from intralpha.sources.files import fingerprint, reading
from intralpha.sources.source import QUARANTINE, Batch, Source, SourceError, SourceSpec
from intralpha.sources.symbols import exchange_name, symbol_of, why_no_symbol
from intralpha.sources.text import read_days, text_lines
from intralpha.sources.tick import ROUNDED, tick_of, to_tick

FIELDS = ("open", "high", "low", "close", "volume", "factor")
STOCKS_A_BATCH = 400
MOST_SHARES = 9e16


class QlibSpec(SourceSpec):
    """qlib daily data: adjusted prices with their factor, raw share volume."""

    kind: Literal["qlib"] = "qlib"
    path: PlacePath = Field(
        description="folder or archive with calendars, instruments and features"
    )
    tick_yuan: float | None = Field(
        default=None,
        gt=0,
        description="step to which raw prices are rounded; default: of each code's range, 0.01 for "
        "stocks, 0.001 for funds",
    )

    def make(self) -> "QlibSource":
        """The reader."""
        return QlibSource(self)


class QlibSource(Source):
    """Daily rows and instruments from qlib's layout.

    Raw price = value / factor, rounded to the tick; ``factor`` becomes ``adj_factor``. Volume is in
    raw shares. A day with volume 0 is suspended. No amount, no ST flag.
    """

    name = "qlib"

    def __init__(self, spec: QlibSpec) -> None:
        self.spec = spec

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """Instruments first, then daily rows of some hundred stocks at a time."""
        with reading(self.spec.path) as read:
            days, listed, aside = self._axes(read("*.txt"))
            start = days[0].item()
            yield Batch("instruments", _instruments(listed, start), "instruments/all.txt", aside)
            pieces: list[_Stock] = []
            for code, fields in _stocks(read("*.day.bin")):
                pieces.append(_rows(code, fields, days, self.spec.tick_yuan))
                if len(pieces) == STOCKS_A_BATCH:
                    yield self._batch(pieces, start)
                    pieces = []
            if pieces:
                yield self._batch(pieces, start)

    def _axes(
        self, files: Iterator[tuple[str, bytes]]
    ) -> tuple[np.ndarray, pl.DataFrame, pl.DataFrame]:
        """Sessions, instruments, and lines that name none."""
        texts = {}
        for name, content in files:
            texts["/".join(name.split("/")[-2:])] = (name, content)
        for needed in ("calendars/day.txt", "instruments/all.txt"):
            if needed not in texts:
                raise SourceError(self.spec.path, f"no {needed}", "qlib's layout")
        name, content = texts["calendars/day.txt"]
        lines = text_lines(name, content)
        days = read_days(name, [n for n, _ in lines], [line.strip() for _, line in lines])
        if days.is_empty() or not days.is_sorted() or days.n_unique() < len(days):
            raise SourceError(name, "days in another order or none", "sessions, ascending")
        return days.to_numpy().astype("datetime64[D]"), *_listed(*texts["instruments/all.txt"])

    def _batch(self, stocks: list["_Stock"], start: date) -> Batch:
        rows = pl.concat(stock.rows for stock in stocks)
        aside = pl.concat(stock.aside for stock in stocks)
        origin = f"{stocks[0].code} .. {stocks[-1].code}"
        if rows.is_empty():
            return Batch("daily", _no_daily(), origin, aside, rows_read=aside.height)
        frame, repairs = finish_daily(rows.drop("origin"), self.spec.tick_yuan, start)
        repairs = dict(sum((Counter(s.repairs) for s in stocks), Counter(repairs)))
        good, refused = split_valid("daily", frame)
        text = pl.concat_str(
            pl.all().exclude("reason").cast(pl.String), separator=",", ignore_nulls=True
        )
        bad = refused.select(
            pl.lit("qlib features").alias("origin"),
            pl.lit(None, pl.Int64).alias("line"),
            "reason",
            text.alias("row"),
        )
        bad = pl.concat([aside, bad.cast(QUARANTINE)])  # type: ignore[arg-type]
        return Batch("daily", good, origin, bad, repairs, rows.height + aside.height)


def _stocks(
    files: Iterator[tuple[str, bytes]],
) -> Iterator[tuple[str, dict[str, tuple[str, np.ndarray]]]]:
    """Code and its fields; the files of one stock stand together in folder or archive."""
    current, fields = "", {}
    for name, content in files:
        *_, code, file = name.split("/")
        if code != current and current:
            yield current, fields
            fields = {}
        current = code
        field = file.removesuffix(".day.bin")
        if field in FIELDS:
            if len(content) % 4 or len(content) < 8:
                raise SourceError(name, f"{len(content)} bytes", "float32 values, 4 bytes each")
            fields[field] = (name, np.frombuffer(content, dtype="<f4"))
    if current:
        yield current, fields


@dataclass(frozen=True)
class _Stock:
    """Raw daily rows of one stock, or why its code names none; what was mended in them."""

    code: str
    rows: pl.DataFrame
    aside: pl.DataFrame
    repairs: dict[str, int]


def _rows(
    code: str,
    fields: dict[str, tuple[str, np.ndarray]],
    days: np.ndarray,
    tick_yuan: float | None,
) -> _Stock:
    """Raw daily rows of one stock; days with no close are not listed."""
    symbol = symbol_of(code)
    missing = sorted(set(FIELDS) - set(fields))
    if missing:
        raise SourceError(code, f"fields {sorted(fields)}", f"also {', '.join(missing)}")
    lengths = {name: len(values) for name, values in fields.values()}
    if len(set(lengths.values())) > 1:
        raise SourceError(code, f"files of different length {lengths}", "equal lengths")
    starts = {float(values[0]) for _, values in fields.values()}
    count = next(iter(lengths.values())) - 1
    first = _first_day(code, starts, count, len(days))
    data = {f: fields[f][1][1:].astype(np.float64) for f in FIELDS}
    factor, closes = data["factor"], np.isfinite(data["close"])
    known = closes & np.isfinite(factor) & (factor > 0)
    shares = data["volume"][known]
    if (np.abs(np.nan_to_num(shares)) > MOST_SHARES).any():
        most = np.nanmax(np.abs(shares))
        raise SourceError(fields["volume"][0], f"a volume of {most:g}", f"at most {MOST_SHARES:g}")
    repairs = {
        "days with a close but no factor left out": int((closes & ~known).sum()),
        "days without a volume taken as suspended": int(np.isnan(shares).sum()),
    }
    tick = 0.01 if symbol is None else tick_of(symbol, tick_yuan)
    rounded = {f: to_tick(data[f][known] / factor[known], tick) for f in FIELDS[:4]}
    volume = np.rint(np.nan_to_num(shares)).astype(np.int64)
    rows = pl.DataFrame(
        {
            "symbol": pl.Series([symbol or ""], dtype=pl.String).new_from_index(0, len(volume)),
            "date": days[first : first + count][known],
            **{f: prices for f, (prices, _) in rounded.items()},
            "volume": volume,
            "adj_factor": factor[known],
            "origin": [fields["close"][0]] * len(volume),
        }
    )
    wild = np.flatnonzero(np.isinf(data["close"]))
    lost = [
        (fields["close"][0], None, "close is not a number", f"{code},{days[first + i]},inf")
        for i in wild.tolist()
    ]
    if symbol is None:
        what = f"{code}, {len(volume)} rows"
        lost, rows = [(fields["close"][0], None, why_no_symbol(code), what)], rows[:0]
    aside = pl.DataFrame(lost, schema=QUARANTINE, orient="row")
    repairs[ROUNDED] = sum(off for _, off in rounded.values()) if symbol else 0
    return _Stock(code, rows, aside, repairs)


def _first_day(code: str, starts: set[float], count: int, days: int) -> int:
    """Place of the first row among the days."""
    first = min(starts)
    if len(starts) > 1 or not 0 <= first <= days - count or first % 1:
        found = f"{count} rows from place {' or '.join(f'{s:g}' for s in sorted(starts))}"
        raise SourceError(code, found, f"one place, within {days} days")
    return int(first)


def _no_daily() -> pl.DataFrame:
    return pl.DataFrame(schema=TABLES["daily"].columns)


def _listed(name: str, content: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Code, symbol and first day of every line, and the lines whose code is none."""
    lines = text_lines(name, content)
    for number, line in lines:
        if len(line.split()) != 3:
            found = repr(line.strip())
            raise SourceError(f"{name} line {number}", found, "code, first and last day")
    codes = [line.split()[0] for _, line in lines]
    first = read_days(name, [n for n, _ in lines], [line.split()[1] for _, line in lines])
    frame = pl.DataFrame(
        {
            "symbol": pl.Series([symbol_of(code) for code in codes], dtype=pl.String),
            "first": first,
            "reason": pl.Series([why_no_symbol(code) for code in codes], dtype=pl.String),
            "line": pl.Series([n for n, _ in lines], dtype=pl.Int64),
            "row": pl.Series([line.strip() for _, line in lines], dtype=pl.String),
        }
    )
    lost = frame.filter(pl.col("symbol").is_null())
    aside = lost.select(pl.lit(name).alias("origin"), "line", "reason", "row")
    return frame.filter(pl.col("symbol").is_not_null()), aside


def _instruments(listed: pl.DataFrame, start: date) -> pl.DataFrame:
    """A stock that is there on the first session of the data was listed then or before."""
    symbols = listed["symbol"].to_list()
    return pl.DataFrame(
        {
            "symbol": symbols,
            "exchange": [exchange_name(s) for s in symbols],
            "board": [board_of(s) for s in symbols],
            "name": pl.Series([None] * len(symbols), dtype=pl.String),
            "list_date": listed.select(pl.when(pl.col("first") > start).then("first")).to_series(),
            "delist_date": pl.Series([None] * len(symbols), dtype=pl.Date),
        }
    )
