"""Keys of windows: what they hold, and that reading them in blocks changes none."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.features import window_digests as module
from intralpha.features.window_digests import index_symbols, window_digests
from intralpha.market import Lake
from intralpha.sources import SimulatedSpec, ingest

SPEC = SimulatedSpec(n_assets=5, start=date(2023, 1, 3), end=date(2023, 2, 3), freq=5)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("keys") / "lake", create=True)
    ingest([SPEC], made, show_progress=False)
    return made


def keys_of(lake: Lake, wanted, length: int = 4, about: str = "x") -> dict[int, str]:
    return window_digests(lake, lake.dates("daily"), np.array(wanted), length, about).keys


def test_blocks_and_neighbours_change_no_key(lake, monkeypatch):
    every = keys_of(lake, range(3, 19))
    assert len(set(every.values())) == 16
    for block in (1, 3, 7):
        monkeypatch.setattr(module, "BLOCK_SESSIONS", block)
        assert keys_of(lake, range(3, 19)) == every
    assert keys_of(lake, [5, 17]) == {n: every[n] for n in (5, 17)}


def test_length_and_settings_are_in_the_key(lake):
    keys = [keys_of(lake, [8])[8], keys_of(lake, [8], 5)[8], keys_of(lake, [8], about="y")[8]]
    assert len(set(keys)) == 3


def test_symbols_are_the_stocks_of_the_windows(lake):
    rows = lake.scan("daily").select(pl.col("symbol").unique().sort()).collect()["symbol"]
    indices = index_symbols(lake)
    assert indices.tolist() == ["000852.SH"]
    found = window_digests(lake, lake.dates("daily"), np.array([8]), 4, "x")
    assert found.symbols.tolist() == [s for s in rows if s not in indices]
    nothing = window_digests(lake, lake.dates("daily"), np.array([], dtype=int), 4, "x")
    assert not nothing.keys
    assert not len(nothing.symbols)


def test_the_same_numbers_of_another_stock_are_another_key(lake, tmp_path):
    own, days = Lake(tmp_path / "lake", create=True), lake.dates("daily")
    rows = lake.scan("daily").collect()
    first = pl.col("symbol") == rows["symbol"].min()
    on = pl.col("date") == days[5].item()
    own.append("daily", rows.filter(~(first & on)))
    own.append("daily", rows.filter(first & on).with_columns(symbol=pl.lit("000000.SZ")))
    own.append("instruments", lake.scan("instruments").collect())
    named = keys_of(own, range(3, 12))
    (tmp_path / "lake" / "daily" / "month=2023-01.parquet").unlink()
    own.append("daily", rows.filter(pl.col("date") < pl.date(2023, 2, 1)))
    plain = keys_of(own, range(3, 12))
    assert [n for n in named if named[n] != plain[n]] == [5, 6, 7, 8]
