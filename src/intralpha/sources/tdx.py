"""Reader of TDX `.lc5` and `.lc1` files: 32-byte records of intraday bars."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from intralpha.base.place import PlacePath
from intralpha.market import TABLES
from intralpha.sources.bar_rows import (
    PRICES,
    ROWS_A_BATCH,
    SHOWN,
    fill_grid,
    parted,
    to_quarantine,
)
from intralpha.sources.files import fingerprint, folder_name, members
from intralpha.sources.source import QUARANTINE, Batch, Source, SourceError, SourceSpec
from intralpha.sources.symbols import symbol_in_name, symbol_of, why_no_symbol
from intralpha.sources.tick import ROUNDED, to_tick

RECORD = np.dtype(
    [
        ("day", "<u2"),
        ("minute", "<u2"),
        ("open", "<f4"),
        ("high", "<f4"),
        ("low", "<f4"),
        ("close", "<f4"),
        ("amount", "<f4"),
        ("volume", "<u4"),
        ("unused", "<u4"),
    ]
)


class TdxSpec(SourceSpec):
    """TDX intraday files, one a security, named like ``sh510050.lc5``."""

    kind: Literal["tdx"] = "tdx"
    path: PlacePath = Field(description="file, folder, glob or archive")
    freq: Literal[1, 5] = Field(default=5, description="minutes of one bar: 5 for .lc5, 1 for .lc1")
    tick_yuan: float = Field(default=0.001, gt=0, description="price step: 0.001 for ETFs")

    def make(self) -> "TdxSource":
        """The reader."""
        return TdxSource(self)


class TdxSource(Source):
    """Bars from TDX records: date = (year - 2004) x 2048 + month x 100 + day, bar-end minutes."""

    name = "tdx"

    def __init__(self, spec: TdxSpec) -> None:
        self.spec = spec

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """Files gathered to about two million rows a batch, because each touches every day."""
        held: list[Batch] = []
        for name, content in members(self.spec.path, f"*.lc{self.spec.freq}"):
            whole, rest = divmod(len(content), RECORD.itemsize)
            records = np.frombuffer(content, RECORD, count=whole)
            held.append(self._batch(name, records, rest))
            if sum(b.frame.height for b in held) >= ROWS_A_BATCH:
                yield _joined(held)
                held = []
        if held:
            yield _joined(held)

    def _batch(self, name: str, records: np.ndarray, rest: int) -> Batch:
        code = symbol_in_name(name, folder_name(self.spec.path))
        if len(records) == 0:
            raise SourceError(name, "no whole record", f"records of {RECORD.itemsize} bytes")
        symbol = symbol_of(code)
        if symbol is None:
            lost = pl.DataFrame(
                [(name, None, why_no_symbol(code), f"{len(records)} records")],
                schema=QUARANTINE,
                orient="row",
            )
            none = pl.DataFrame(schema=TABLES["bars"].columns)
            return Batch("bars", none, name, lost, rows_read=1)
        rows, off = _frame(symbol, records, self.spec)
        placed = rows.with_columns(origin=pl.lit(name))
        good, refused = parted("bars", rows.drop("line"), placed)
        bad = to_quarantine(refused.select(SHOWN))
        if rest:
            torn = (name, len(records) + 1, f"{rest} bytes at the end, expected 32", "")
            bad = pl.concat([bad, pl.DataFrame([torn], schema=bad.schema, orient="row")])
        frame, filled = fill_grid(good, self.spec.freq)
        counts = {"bars filled to complete the grid": filled, ROUNDED: off}
        repairs = {what: n for what, n in counts.items() if n}
        return Batch("bars", frame, name, bad, repairs, len(records) + bool(rest))


def _joined(batches: list[Batch]) -> Batch:
    """Several batches of bars as one."""
    if len(batches) == 1:
        return batches[0]
    repairs: Counter[str] = Counter()
    for batch in batches:
        repairs.update(batch.repairs)
    return Batch(
        "bars",
        pl.concat(b.frame for b in batches),
        f"{batches[0].origin} .. {batches[-1].origin} ({len(batches)} files)",
        pl.concat(b.quarantined for b in batches),
        dict(repairs),
        sum(b.rows_read for b in batches),
    )


def _frame(symbol: str, records: np.ndarray, spec: TdxSpec) -> tuple[pl.DataFrame, int]:
    """Bars with the number of their record, and how many prices lay off the tick.

    A day or minute that no calendar has is null.
    """
    day, minute = records["day"].astype(np.int64), records["minute"].astype(np.int64)
    with np.errstate(invalid="ignore"):  # any bits may stand in a record
        reals = {c: records[c].astype(float) for c in (*PRICES, "amount")}
    rounded = {c: to_tick(reals[c], spec.tick_yuan) for c in PRICES}
    rows = pl.DataFrame(
        {
            "line": np.arange(1, len(records) + 1),
            "date": _dates(day // 2048 + 2004, day % 2048 // 100, day % 2048 % 100),
            "time": pl.Series(minute * 60_000_000_000)
            .set(pl.Series(minute >= 1440), None)
            .cast(pl.Time),
            **{c: prices for c, (prices, _) in rounded.items()},
            "volume": records["volume"].astype(np.int64),
            "amount": reals["amount"],
        }
    )
    return rows.with_columns(
        pl.lit(symbol).alias("symbol"),
        pl.lit(spec.freq, pl.Int16).alias("freq"),
        pl.lit(True).alias("auc_in_first"),
    ), sum(off for _, off in rounded.values())


def _dates(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> pl.Series:
    return (
        pl.Series(year * 10_000 + month * 100 + day)
        .cast(pl.String)
        .str.to_date("%Y%m%d", strict=False)
    )
