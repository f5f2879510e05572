"""Reader of TDX `.day` files: 32-byte records of daily rows."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from intralpha.base.place import PlacePath
from intralpha.market import TABLES
from intralpha.sources.bar_rows import PRICES, SHOWN, parted, to_quarantine
from intralpha.sources.daily_rows import finish_daily
from intralpha.sources.files import fingerprint, folder_name, members
from intralpha.sources.source import QUARANTINE, Batch, Source, SourceError, SourceSpec
from intralpha.sources.symbols import symbol_in_name, symbol_of, why_no_symbol

DAY_RECORD = np.dtype(
    [
        ("day", "<u4"),
        ("open", "<u4"),
        ("high", "<u4"),
        ("low", "<u4"),
        ("close", "<u4"),
        ("amount", "<f4"),
        ("volume", "<u4"),
        ("unused", "<u4"),
    ]
)


class TdxDaySpec(SourceSpec):
    """TDX daily files, one a security, named like ``sh600000.day``: unadjusted prices."""

    kind: Literal["tdx_day"] = "tdx_day"
    path: PlacePath = Field(description="file, folder, glob or archive")
    price_scale: float = Field(default=100.0, gt=0, description="1000 for funds and bonds")
    tick_yuan: float | None = Field(
        default=None, gt=0, description="price step; default: of each code's range"
    )
    data_start: date | None = Field(
        default=None,
        description="first session of the files' history: a stock whose first row is later was "
        "listed then, unless instruments know its listing",
    )

    def make(self) -> "TdxDaySource":
        """The reader."""
        return TdxDaySource(self)


class TdxDaySource(Source):
    """Daily rows from TDX records: the day as 20240102, whole hundredths of CNY, shares.

    Amounts are float32, so they have about seven digits.

    Parameters
    ----------
    spec : which files
    """

    name = "tdx_day"

    def __init__(self, spec: TdxDaySpec) -> None:
        self.spec = spec

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """One batch a file."""
        for name, content in members(self.spec.path, "*.day"):
            whole, rest = divmod(len(content), DAY_RECORD.itemsize)
            if not whole:
                found = f"records of {DAY_RECORD.itemsize} bytes"
                raise SourceError(name, "no whole record", found)
            yield self._batch(name, np.frombuffer(content, DAY_RECORD, count=whole), rest)

    def _batch(self, name: str, records: np.ndarray, rest: int) -> Batch:
        code = symbol_in_name(name, folder_name(self.spec.path))
        symbol = symbol_of(code)
        torn: list[tuple[str, int | None, str, str]] = []
        torn += [(name, len(records) + 1, f"{rest} bytes at the end, expected 32", "")] * bool(rest)
        if symbol is None:
            torn.append((name, None, why_no_symbol(code), f"{len(records)} records"))
        aside = pl.DataFrame(torn, schema=QUARANTINE, orient="row")
        if symbol is None:
            none = pl.DataFrame(schema=TABLES["daily"].columns)
            return Batch("daily", none, name, aside, rows_read=1)
        rows = self._rows(symbol, records)
        frame, repairs = finish_daily(rows, self.spec.tick_yuan, self.spec.data_start)
        good, refused = parted("daily", frame, rows.with_columns(origin=pl.lit(name)))
        bad = to_quarantine(refused.select(c for c in SHOWN if c != "time"))
        read = len(records) + bool(rest)
        return Batch("daily", good, name, pl.concat([aside, bad]), repairs, read)

    def _rows(self, symbol: str, records: np.ndarray) -> pl.DataFrame:
        """The numbers of every record; a day that no calendar has is null."""
        prices = {c: records[c].astype(float) / self.spec.price_scale for c in PRICES}
        day = pl.Series(records["day"].astype(np.int64)).cast(pl.String)
        with np.errstate(invalid="ignore"):  # any bits may stand in a record
            amount = records["amount"].astype(float)
        return pl.DataFrame(
            {
                "line": np.arange(1, len(records) + 1),
                "symbol": pl.Series([symbol]).new_from_index(0, len(records)),
                "date": day.str.to_date("%Y%m%d", strict=False),
                **prices,
                "volume": records["volume"].astype(np.int64),
                "amount": amount,
            }
        )
