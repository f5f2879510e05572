"""Reader of qlib's binary daily layout: calendars, instruments, one float32 file a field."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from intralpha.base.place import PlacePath
from intralpha.market import board_of, split_valid
from intralpha.sources.daily_rows import finish_daily
from intralpha.sources.files import fingerprint, members
from intralpha.sources.source import QUARANTINE, Batch, Source, SourceError, SourceSpec

FIELDS = ("open", "high", "low", "close", "volume", "factor")
STOCKS_A_BATCH = 400


class QlibSpec(SourceSpec):
    """qlib daily data: adjusted prices with their factor, raw share volume."""

    kind: Literal["qlib"] = "qlib"
    path: PlacePath = Field(
        description="folder or archive with calendars, instruments and features"
    )
    tick_yuan: float = Field(default=0.01, gt=0, description="step to which raw prices are rounded")

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
        days, listed = self._axes()
        yield Batch("instruments", _instruments(listed, days[0].item()), "instruments/all.txt")
        pieces: list[pl.DataFrame] = []
        for symbol, fields in self._stocks():
            pieces.append(_rows(symbol, fields, days))
            if len(pieces) == STOCKS_A_BATCH:
                yield self._batch(pieces, days[0].item())
                pieces = []
        if pieces:
            yield self._batch(pieces, days[0].item())

    def _axes(self) -> tuple[np.ndarray, pl.DataFrame]:
        texts = {}
        for name, content in members(self.spec.path, "*.txt"):
            texts["/".join(name.split("/")[-2:])] = content.decode()
        for needed in ("calendars/day.txt", "instruments/all.txt"):
            if needed not in texts:
                raise SourceError(self.spec.path, f"no {needed}", "qlib's layout")
        days = np.array(texts["calendars/day.txt"].split(), dtype="datetime64[D]")
        lines = [line.split() for line in texts["instruments/all.txt"].splitlines() if line]
        columns = ("code", "first", "last")
        listed = pl.DataFrame(lines, schema=dict.fromkeys(columns, pl.String()), orient="row")
        return days, listed.with_columns(pl.col("first", "last").str.to_date())

    def _stocks(self) -> Iterator[tuple[str, dict[str, tuple[str, np.ndarray]]]]:
        """Symbol and its fields; the files of one stock stand together in folder or archive."""
        current, fields = "", {}
        for name, content in members(self.spec.path, "*.day.bin"):
            *_, code, file = name.split("/")
            if code != current and current:
                yield _symbol(current), fields
                fields = {}
            current = code
            field = file.removesuffix(".day.bin")
            if field in FIELDS:
                if len(content) % 4 or len(content) < 8:
                    raise SourceError(name, f"{len(content)} bytes", "float32 values, 4 bytes each")
                fields[field] = (name, np.frombuffer(content, dtype="<f4"))
        if current:
            yield _symbol(current), fields

    def _batch(self, pieces: list[pl.DataFrame], start: date) -> Batch:
        rows = pl.concat(pieces)
        frame, repairs = finish_daily(rows.drop("origin"), self.spec.tick_yuan, start)
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
        origin = f"{rows['symbol'][0]} .. {rows['symbol'][-1]}"
        bad = bad.cast(QUARANTINE)  # type: ignore[arg-type]
        return Batch("daily", good, origin, bad, repairs, rows.height)


def _symbol(code: str) -> str:
    code = code.upper()
    return f"{code[2:]}.{code[:2]}"


def _rows(symbol: str, fields: dict[str, tuple[str, np.ndarray]], days: np.ndarray) -> pl.DataFrame:
    """Raw daily rows of one stock; days with no close are not listed."""
    missing = sorted(set(FIELDS) - set(fields))
    if missing:
        raise SourceError(symbol, f"fields {sorted(fields)}", f"also {', '.join(missing)}")
    lengths = {name: len(values) for name, values in fields.values()}
    if len(set(lengths.values())) > 1:
        raise SourceError(symbol, f"files of different length {lengths}", "equal lengths")
    starts = {int(values[0]) for _, values in fields.values()}
    first, count = min(starts), next(iter(lengths.values())) - 1
    if len(starts) > 1 or first + count > len(days):
        raise SourceError(symbol, f"rows {first}..{first + count}", f"within {len(days)} days")
    data = {f: fields[f][1][1:].astype(np.float64) for f in FIELDS}
    factor = data["factor"]
    known = np.isfinite(data["close"]) & np.isfinite(factor) & (factor > 0)
    columns = {f: np.round(data[f][known] / factor[known], 2) for f in FIELDS[:4]}
    volume = np.rint(np.nan_to_num(data["volume"][known])).astype(np.int64)
    return pl.DataFrame(
        {
            "symbol": [symbol] * int(known.sum()),
            "date": days[first : first + count][known],
            **columns,
            "volume": volume,
            "adj_factor": factor[known],
            "origin": [fields["close"][0]] * int(known.sum()),
        }
    )


def _instruments(listed: pl.DataFrame, start: date) -> pl.DataFrame:
    """A stock that is there on the first session of the data was listed then or before."""
    rows = []
    for code, first, _ in listed.iter_rows():
        symbol = _symbol(code)
        exchange = "SSE" if symbol.endswith("SH") else "SZSE"
        known: date | None = first if first > start else None
        rows.append((symbol, exchange, board_of(symbol), None, known, None))
    columns = ("symbol", "exchange", "board", "name", "list_date", "delist_date")
    return pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
