"""Whatever stands in a file: every line is accounted for, and only our own errors come out."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from intralpha.base import IntralphaError
from intralpha.market import Lake
from intralpha.sources import IngestReport, MappingSpec, TdxSpec, ingest
from intralpha.sources.tdx import RECORD

NAMES = ("symbol", "date", "open", "high", "low", "close", "volume", "amount", "preclose", "note")
GOOD = ("600000.SH", "2024-01-02", "10", "10.5", "9.5", "10", "1000", "10000", "10", "x")
ODD = ('"', '"*ST', '"a,b"', "a,b", "", "nan", "inf", "1e19", "1e308", "-5", "999999", "AAPL")
ODD += ("2024-13-01", "20240102", "中", "\x00", "\r", "9" * 25, " 10 ", "--", "\x1f")
TYPES = (1.0, None, True, "x", [1], b"x", {"a": 1}, float("nan"), 10**18, date(2024, 1, 2))
TYPES += (datetime(2024, 1, 2, 9, 31), time(9, 31), timedelta(hours=9.5))


def spec(path: Path, **changes: Any) -> MappingSpec:
    columns = {c: c for c in NAMES if c != "note"}
    given = {"kind": "mapping", "path": str(path), "table": "daily", "columns": columns}
    return MappingSpec.model_validate({**given, "datetime_format": "%Y-%m-%d", **changes})


def taken(lake: Lake, source: MappingSpec) -> IngestReport | IntralphaError:
    try:
        return ingest([source], lake, show_progress=False)
    except IntralphaError as error:
        return error


@pytest.mark.one_in(9)
@pytest.mark.parametrize("seed", range(25))
def test_every_line_of_a_csv_is_a_row_or_set_aside(lake: Lake, vendor: Path, seed: int) -> None:
    dice = np.random.default_rng(seed)
    lines = []
    for day in range(2, 30):
        fields = [GOOD[0], f"2024-01-{day:02d}", *GOOD[2:]]
        for place in np.flatnonzero(dice.random(len(fields)) < 0.08):
            fields[place] = dice.choice(ODD)
        lines.append(",".join(fields))
    (vendor / "a.csv").write_text("\n".join([",".join(NAMES), *lines]) + "\n", newline="")
    report = taken(lake, spec(vendor))
    assert isinstance(report, IngestReport)
    count = report.counts[0]
    assert count.rows_read == len(lines)
    assert count.added + count.quarantined.total() == len(lines)
    assert 0 < count.added == lake.scan("daily").select(pl.len()).collect().item()
    aside = pl.read_parquet(lake.root / "quarantine" / "*.parquet")
    assert aside["line"].n_unique() == aside.height == len(lines) - count.added
    assert set(count.first) - set(count.notes) == set(count.quarantined)


@pytest.mark.one_in(15)
@pytest.mark.parametrize("value", TYPES, ids=str)
@pytest.mark.parametrize("field", NAMES)
def test_a_column_of_parquet_of_any_type(lake: Lake, vendor: Path, field: str, value: Any) -> None:
    frame = pl.DataFrame([GOOD] * 3, schema=list(NAMES), orient="row")
    frame.with_columns(pl.Series(field, [value] * 3)).write_parquet(vendor / "a.parquet")
    done = taken(lake, spec(vendor, format="parquet"))
    if isinstance(done, IntralphaError):
        assert "found" in str(done)
        assert "expected" in str(done)
        return
    count = done.counts[0]
    twins = count.repairs["exact duplicate rows left out"]
    assert count.added + count.quarantined.total() + twins == count.rows_read == 3
    assert count.added == 1


@pytest.mark.parametrize("seed", range(10))
def test_every_record_of_tdx_is_a_row_or_set_aside(lake: Lake, vendor: Path, seed: int) -> None:
    dice = np.random.default_rng(seed)
    records = np.zeros(48, RECORD)
    records["day"] = (2024 - 2004) * 2048 + 102
    records["minute"] = [*range(575, 691, 5), *range(785, 901, 5)]
    for name in ("open", "high", "low", "close"):
        records[name] = 2.5
    raw = bytearray(records.tobytes())
    torn = dice.choice(47, 6, replace=False)  # the last one stays whole
    for record in torn:
        raw[32 * record : 32 * record + 20] = dice.bytes(20)
    (vendor / "sh510050.lc5").write_bytes(bytes(raw))
    count = ingest([TdxSpec(path=str(vendor))], lake, show_progress=False).counts[0]
    assert count.rows_read == 48
    filled = count.repairs["bars filled to complete the grid"]
    assert count.added - filled + count.quarantined.total() == 48
    assert 1 <= count.quarantined.total() <= 6
