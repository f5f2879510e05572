"""Cover: what the sources of an ingest brought, whatever else is in the lake."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from intralpha.market import Lake, bar_times
from intralpha.sources import Batch, SimulatedSpec, Source, SourceSpec, ingest
from intralpha.sources.cover import Cover, Covering

from ..market.conftest import bar_rows, daily_rows

DAYS = [date(2024, 1, d) for d in (2, 3, 4)]
A, B = "000001.SZ", "600519.SH"


class TwoBatchesSpec(SourceSpec):
    kind: Literal["cover.two_batches"] = "cover.two_batches"

    def make(self) -> "TwoBatches":
        return TwoBatches()


class TwoBatches(Source):
    """Daily rows of two stocks on different days, one of them bad; bars of two frequencies."""

    name = "two_batches"

    def fingerprint(self) -> str:
        return ""

    def batches(self) -> Iterator[Batch]:
        yield Batch("daily", daily_rows(DAYS[1:], (A,)), "first")
        bad = pl.col("date") == DAYS[0]
        volume = pl.when(bad & (pl.col("symbol") == A)).then(-1).otherwise("volume")
        rows = daily_rows(DAYS[:1], (A, B)).with_columns(volume=volume)
        yield Batch("daily", rows, "second")
        yield Batch("bars", pl.concat([bar_rows(DAYS[0], (A,)), bar_rows(DAYS[1], (B,), 15)]), "x")


@pytest.fixture
def shared(tmp_path: Path) -> Lake:
    """A lake with rows of others."""
    lake = Lake(tmp_path / "lake", create=True)
    lake.append("daily", daily_rows([date(2023, 12, 29), DAYS[0]], ("300750.SZ",)))
    return lake


def test_only_what_the_sources_brought_is_covered(shared: Lake) -> None:
    report = ingest([TwoBatchesSpec()], shared, show_progress=False)
    assert report.covers == (
        Cover("daily", None, frozenset({A, B}), DAYS[0], DAYS[2]),
        Cover("bars", 30, frozenset({A}), DAYS[0], DAYS[0]),
        Cover("bars", 15, frozenset({B}), DAYS[1], DAYS[1]),
    )


def test_rows_that_were_there_are_covered_all_the_same(shared: Lake) -> None:
    first = ingest([TwoBatchesSpec()], shared, show_progress=False)
    again = ingest([TwoBatchesSpec()], shared, show_progress=False)
    assert again.unchanged
    assert again.covers == first.covers


def test_a_row_that_was_set_aside_covers_nothing() -> None:
    covering = Covering()
    covering.add("daily", daily_rows(DAYS[:1], (A,))[:0])
    assert covering.covers == ()


def test_reference_tables_cover_stocks_and_no_days(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    spec = SimulatedSpec(n_assets=5, start=DAYS[0], end=DAYS[2], freq=30)
    covers = {c.table: c for c in ingest([spec], lake, show_progress=False).covers}
    symbols = set(lake.scan("instruments").collect()["symbol"])
    assert covers["instruments"] == Cover("instruments", None, frozenset(symbols), None, None)
    assert (covers["bars"].freq, covers["bars"].first, covers["bars"].last) == (
        30, DAYS[0], DAYS[2],
    )  # fmt: skip
    bars = lake.scan("bars").collect()
    assert covers["bars"].symbols == set(bars["symbol"])
    assert bars.height == len(covers["bars"].symbols) * 3 * len(bar_times(30))
