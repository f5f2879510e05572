"""What a spec says it reads is all it reads, and nothing of it is idle."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.base.node import Read
from intralpha.features import DaySpec, ExpressionSpec, FeatureSpec, LibrarySpec
from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.market import TABLES, Lake
from intralpha.sources import SimulatedSpec, ingest

from .conftest import ASSETS, DAYS, make_frames, write_lake

SPEC = SimulatedSpec(n_assets=6, start=DAYS[0].item(), end=DAYS[-1].item(), freq=1)
BARS = {"rows": 5, "parameters": {"least": 3}}
MARKET = {
    "day": DaySpec(),
    "usual": LibrarySpec(library="bar64_30", names=("tval_rel", "bar_ret"), **BARS),
    "bars": LibrarySpec(library="bar64_30", names=("bar_ret", "bar_val_share"), **BARS),
    "mean": LibrarySpec(library="bars15", smooth_days=4),
    "sessions": LibrarySpec(library="price_volume", names=("apb_5d",)),
    "carried": LibrarySpec(library="price_volume", names=("ret20", "ln_amount20")),
    "parts": LibrarySpec(library="price_volume", names=("apb", "apb_5d"), base_freq=5),
    "weeks": LibrarySpec(library="price_week", names=("week_ret_4",)),
    "expression": ExpressionSpec(
        factors={"a": "mean(ret, days=5, least=1) / ago(std(ret, days=4, least=1), 3)"}, frame="day"
    ),
}
TICKS = {
    "trades": LibrarySpec(library="level2_trades", big_order=BigOrderSpec(days=4, min_days=2)),
    "mean": LibrarySpec(
        library="level2_parents", smooth_days=3, big_order=BigOrderSpec(days=3, min_days=2)
    ),
    "today": LibrarySpec(library="level2_trades", big_order=BigOrderSpec(rule="day_mean")),
    "fixed": LibrarySpec(library="level2_trades", big_order=BigOrderSpec(rule="fixed_200k")),
    "orders": LibrarySpec(library="level2_orders"),
    "snapshots": LibrarySpec(library="tick100", names=("t_spread_mean",)),
    "minutes": LibrarySpec(library="level2_minutes"),
    "sessions": LibrarySpec(library="hf27", big_order=BigOrderSpec(days=4, min_days=2)),
}


def only_read(lake: Lake, reads: tuple[Read, ...], days: np.ndarray, root: Path) -> Lake:
    """A lake with the tables and sessions that were declared, and nothing else."""
    sessions = lake.dates("daily")
    first, last = np.searchsorted(sessions, days[[0, -1]])
    out = Lake(root, create=True)
    for read in reads:
        assert read.ahead == 0
        rows = lake.scan(read.table, freq=read.freq)
        if TABLES[read.table].partition != "single":
            start = sessions[0 if read.back is None else max(first - read.back, 0)]
            rows = rows.filter(pl.col("date").is_between(start.item(), sessions[last].item()))
        frame = rows.collect()
        if frame.height:
            out.append(read.table, frame)
    return out


def shorter(reads: tuple[Read, ...], table: str) -> tuple[Read, ...]:
    """The same, a session less of one table."""
    return tuple(
        Read(r.table, r.freq, r.back - 1) if r.table == table and r.back else r for r in reads
    )


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> Lake:
    """Bars of 5 and 15 minutes with instruments, which features may ask for."""
    lake = write_lake(tmp_path_factory.mktemp("reads") / "lake", make_frames(3))
    row = {"exchange": "SSE", "board": "main", "name": "x"}
    lake.append("instruments", pl.DataFrame({"symbol": ASSETS}).with_columns(**{
        n: pl.lit(v) for n, v in row.items()}))  # fmt: skip
    return lake


def values(spec: FeatureSpec, lake: Lake, days: np.ndarray, assets: np.ndarray) -> np.ndarray:
    return spec.make().compute(lake, days, assets).values


def assert_complete(spec, lake, days, assets, root: Path) -> None:
    want = values(spec, lake, days, assets)
    part = only_read(lake, spec.reads(), days, root)
    part = part.limited(frozenset((read.table, read.freq) for read in spec.reads()))
    np.testing.assert_array_equal(values(spec, part, days, assets), want)
    assert np.isfinite(want).mean() > 0.3, "nothing was compared"


@pytest.mark.one_in(9)
@pytest.mark.parametrize("name", MARKET)
def test_nothing_else_is_read_of_bars_and_days(market, tmp_path, name):
    assert_complete(MARKET[name], market, DAYS[[33, 35]], ASSETS, tmp_path / "part")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", TICKS)
def test_nothing_else_is_read_of_ticks(level2_lakes, tmp_path, name):
    days, assets = level2_lakes.days[[15, 17]], level2_lakes.assets
    assert_complete(TICKS[name], level2_lakes.whole, days, assets, tmp_path / "part")


@pytest.mark.slow
def test_nothing_else_is_read_of_equal_volume_bars(tmp_path):
    lake = Lake(tmp_path / "lake", create=True)
    ingest([SPEC], lake, show_progress=False)
    assets = np.sort(lake.scan("daily").select("symbol").unique().collect()["symbol"].to_numpy())
    spec = LibrarySpec(library="volume100")
    days = lake.dates("daily")[[24, 25]]
    assert_complete(spec, lake, days, assets.astype(str), tmp_path / "part")
    assert {(r.table, r.back) for r in spec.reads()} == {
        ("bars", 19), ("daily", 19), ("auctions", 19), ("instruments", None)}  # fmt: skip


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("name", "table"),
    [("usual", "bars"), ("usual", "auctions"), ("mean", "bars"), ("sessions", "daily"),
     ("expression", "daily"), ("parts", "bars")],
)  # fmt: skip
def test_what_is_declared_is_needed(market, tmp_path, name, table):
    spec, day = MARKET[name], DAYS[[35]]
    reads = shorter(spec.reads(), table)
    assert reads != spec.reads()
    part = only_read(market, reads, day, tmp_path / "part")
    want = values(spec, market, day, ASSETS)
    assert not np.array_equal(values(spec, part, day, ASSETS), want, equal_nan=True)


def test_a_threshold_needs_its_trades(level2_lakes, tmp_path):
    spec, day = TICKS["trades"], level2_lakes.days[[16]]
    part = only_read(level2_lakes.whole, shorter(spec.reads(), "trades"), day, tmp_path / "part")
    want = values(spec, level2_lakes.whole, day, level2_lakes.assets)
    assert not np.array_equal(values(spec, part, day, level2_lakes.assets), want, equal_nan=True)


def test_reads_by_hand():
    assert DaySpec().reads() == (Read("daily", back=0),)
    assert MARKET["carried"].reads() == (Read("daily", back=None),)
    assert Read("daily", back=4) in MARKET["sessions"].reads()
    assert Read("bars", 5, 20) in MARKET["usual"].reads()
    assert Read("bars", 5, 0) in MARKET["bars"].reads()
    assert Read("bars", 15, 3) in MARKET["mean"].reads()
    assert MARKET["expression"].reads() == (Read("daily", back=6),)
    assert {r.back for r in MARKET["parts"].reads() if r.table == "bars"} == {19}
    tables = {name: {r.table: r.back for r in spec.reads()} for name, spec in TICKS.items()}
    assert tables["trades"]["trades"] == 4
    assert tables["mean"]["trades"] == 3 + 2
    assert tables["today"]["trades"] == tables["fixed"]["trades"] == 0
    assert tables["orders"]["orders"] == 0
    assert "trades" not in tables["orders"]
    assert tables["sessions"] | {"trades": 4, "orders": 0} == tables["sessions"]
