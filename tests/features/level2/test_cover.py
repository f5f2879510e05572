"""Cover: a stream that lacks minutes which a factor reads makes it NaN, a halt does not."""

import logging
import shutil
from datetime import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.features import LibrarySpec
from intralpha.features.level2.enrich import enrich
from intralpha.market import Lake
from intralpha.market.manifest import read_manifest, write_manifest

HALF_PAST_TEN, ONE, TWO = 37_800_000, 46_800_000, 50_400_000
AT = 7  # the session whose streams are broken
WINDOWS = """name: mine
frame: {frame}
segments: day
factors:
  - {{name: early, expr: 'count({x}[clock("09:30", "10:30")]) / 1'}}
  - {{name: late, expr: 'count({x}[clock("13:00", "14:30")]) / 1'}}
  - {{name: whole, expr: 'count({x}) / 1'}}
"""


@pytest.fixture(scope="module")
def whole(level2_lakes, tmp_path_factory) -> Lake:
    """Two sessions."""
    lake = Lake(tmp_path_factory.mktemp("cover") / "lake", create=True)
    days = level2_lakes.days
    lake.append("instruments", level2_lakes.whole.scan("instruments").collect())
    for table in ("daily", "bars", "auctions", "trades", "orders", "snapshots"):
        rows = level2_lakes.whole.scan(table, days[AT - 1].item(), days[AT].item())
        lake.append(table, rows.collect())
    return lake


@pytest.fixture
def lake(whole, tmp_path) -> Lake:
    shutil.copytree(whole.root, tmp_path / "lake", ignore=shutil.ignore_patterns(".cache"))
    return Lake(tmp_path / "lake")


@pytest.fixture
def stock(level2_lakes) -> str:
    return str(level2_lakes.assets[1])


def cut(lake: Lake, table: str, stock: str, until: int, since: int = 0) -> None:
    """Rows of a stock outside [since, until) are lost."""
    lost = (pl.col("symbol") == stock) & ~pl.col("time").is_between(since, until, closed="left")
    on = lake.dates("daily")[1].item()
    rows = lake.scan(table, on, on).filter(~lost).collect()
    forget(lake, f"{table}/date={on}.parquet")
    lake.append(table, rows)


def forget(lake: Lake, name: str) -> None:
    """A lake without that file."""
    (lake.root / name).unlink()
    write_manifest(lake.root, {n: f for n, f in read_manifest(lake.root).items() if n != name})


def counts(lake: Lake, frame: str, x: str, folder: Path, assets: np.ndarray) -> np.ndarray:
    """Rows in the first hour, in the early afternoon and on the day, of the second session."""
    path = folder / f"{frame}.yaml"
    path.write_text(WINDOWS.format(frame=frame, x=x))
    features = LibrarySpec(library=str(path)).make()
    return features.compute(lake, lake.dates("daily")[1:], assets).values[0]


STREAMS = [("trade", "trades", "volume"), ("order", "orders", "volume"),
           ("snapshot", "snapshots", "bp1")]  # fmt: skip


@pytest.mark.parametrize(("frame", "table", "x"), STREAMS)
def test_a_stream_that_stops_is_nan_from_there(
    lake, stock, level2_lakes, tmp_path, frame, table, x, caplog
):
    assets = level2_lakes.assets
    before = counts(lake, frame, x, tmp_path, assets)
    assert np.isfinite(before).all()
    assert not caplog.records
    cut(lake, table, stock, HALF_PAST_TEN)
    with caplog.at_level(logging.WARNING):
        found = counts(lake, frame, x, tmp_path, assets)
    place = list(assets).index(stock)
    assert found[place, 0] == before[place, 0]
    assert np.isnan(found[place, 1:]).all()
    np.testing.assert_array_equal(np.delete(found, place, 0), np.delete(before, place, 0))
    (said,) = [r.getMessage() for r in caplog.records]
    assert f"of {len(assets)} stock-days, {table} of 1 lack minutes" in said
    assert "and 0 have none" in said


@pytest.mark.parametrize(("frame", "table", "x"), STREAMS)
def test_a_stream_that_begins_at_one_knows_the_afternoon_only(
    lake, stock, level2_lakes, tmp_path, frame, table, x
):
    before = counts(lake, frame, x, tmp_path, level2_lakes.assets)
    cut(lake, table, stock, 24 * 3_600_000, since=ONE)
    found = counts(lake, frame, x, tmp_path, level2_lakes.assets)
    place = list(level2_lakes.assets).index(stock)
    np.testing.assert_array_equal(np.isnan(found[place]), [True, False, True])
    assert found[place, 1] == before[place, 1]


def test_minutes_made_of_the_broken_trades_do_not_vouch_for_them(
    lake, stock, level2_lakes, tmp_path
):
    """The bars stop as well; the daily row knows more."""
    cut(lake, "trades", stock, HALF_PAST_TEN)
    enrich(lake, lake.dates("daily")[1:], show_progress=False)
    place = list(level2_lakes.assets).index(stock)
    for frame, _, x in STREAMS[:1]:
        found = counts(lake, frame, x, tmp_path, level2_lakes.assets)
        assert np.isnan(found[place, 1:]).all()


def test_trades_lost_here_and_there_are_no_trades(lake, stock, level2_lakes, tmp_path):
    """A third of them, so that no silence shows it; minutes of another source, or made of them."""
    on = lake.dates("daily")[1].item()
    lost = (pl.col("symbol") == stock) & (pl.col("seq") % 3 == 0)
    rows = lake.scan("trades", on, on).filter(~lost).collect()
    forget(lake, f"trades/date={on}.parquet")
    lake.append("trades", rows)
    place = list(level2_lakes.assets).index(stock)
    for again in (False, True):
        if again:
            enrich(lake, lake.dates("daily")[1:], show_progress=False)
        found = counts(lake, "trade", "volume", tmp_path, level2_lakes.assets)
        assert np.isnan(found[place]).all()
        assert np.isfinite(np.delete(found, place, 0)).all()


def test_a_halt_is_no_gap(lake, stock, level2_lakes, tmp_path, caplog):
    """Halted from 14:00 on: nothing in any stream, no volume in the bars, less on the day."""
    on = lake.dates("daily")[1].item()
    for table in ("trades", "orders", "snapshots"):
        cut(lake, table, stock, TWO)
    volume = lake.scan("trades", on, on).filter(pl.col("symbol") == stock)
    held = volume.select(pl.col("volume").sum()).collect().item()
    mine = pl.col("symbol") == stock
    daily = lake.scan("daily", on, on).with_columns(
        volume=pl.when(mine).then(held).otherwise("volume"),
        amount=pl.when(mine).then(held * pl.col("close")).otherwise("amount"),
    )
    lake.append("daily", daily.collect(), on_conflict="replace")
    enrich(lake, lake.dates("daily")[1:], show_progress=False)
    caplog.clear()
    for frame, x in [*((frame, x) for frame, _, x in STREAMS), ("minute", "buy_amount")]:
        found = counts(lake, frame, x, tmp_path, level2_lakes.assets)
        assert np.isfinite(found).all(), frame
    assert not caplog.records


def test_trades_after_hours_of_the_daily_row_are_no_gap(lake, stock, level2_lakes, tmp_path):
    """Four per cent of a STAR stock's daily volume trade at the closing price, after 15:05."""
    on, mine = lake.dates("daily")[1].item(), pl.col("symbol") == stock
    more = (pl.col("volume") * 1.04).cast(pl.Int64)
    daily = lake.scan("daily", on, on).with_columns(
        volume=pl.when(mine).then(more).otherwise("volume"),
        amount=pl.when(mine).then(pl.col("amount") * 1.04).otherwise("amount"),
    )
    lake.append("daily", daily.collect(), on_conflict="replace")
    for frame, _, x in STREAMS:
        assert np.isfinite(counts(lake, frame, x, tmp_path, level2_lakes.assets)).all(), frame


def test_a_stock_without_a_stream_is_counted(lake, stock, level2_lakes, tmp_path, caplog):
    cut(lake, "orders", stock, 0)
    found = counts(lake, "order", "volume", tmp_path, level2_lakes.assets)
    assert np.isnan(found[list(level2_lakes.assets).index(stock)]).all()
    assert "orders of 0 lack minutes that factors read and 1 have none" in caplog.text


def test_what_shipped_factors_read_decides(lake, stock, level2_lakes):
    """Kurtosis of orders before 10:00 is known of orders that stop at 10:30; their skew is not."""
    cut(lake, "orders", stock, HALF_PAST_TEN)
    features = LibrarySpec(library="level2_orders").make()
    panel = features.compute(lake, lake.dates("daily")[1:], level2_lakes.assets)
    row = dict(zip(panel.names, panel.values[0, list(panel.assets).index(stock)], strict=True))
    assert np.isfinite(row["early_kurt_order"])
    assert np.isnan([row[n] for n in ("skew_order_diff", "corr_buyorder_volume_price")]).all()


def test_an_order_is_big_by_the_whole_day(lake, stock, level2_lakes):
    """Early purchases of big orders are not known from trades that stop at 10:30."""
    cut(lake, "trades", stock, HALF_PAST_TEN)
    features = LibrarySpec(library="level2_trades", big_order={"rule": "fixed_200k"}).make()
    panel = features.compute(lake, lake.dates("daily")[1:], level2_lakes.assets)
    place = list(panel.assets).index(stock)
    assert np.isnan(panel.values[0, place]).all()
    assert np.isfinite(np.delete(panel.values[0], place, 0)).any()


def test_minutes_made_of_broken_trades_are_nan_where_trades_lack(
    lake, stock, level2_lakes, tmp_path, caplog
):
    """They stop at 10:30 as the trades do; a factor of the first hour reads nothing else."""
    assets, place = level2_lakes.assets, list(level2_lakes.assets).index(stock)
    enrich(lake, lake.dates("daily")[1:], show_progress=False)
    before = {x: counts(lake, "minute", x, tmp_path, assets) for x in ("volume", "buy_amount")}
    cut(lake, "trades", stock, HALF_PAST_TEN)
    enrich(lake, lake.dates("daily")[1:], show_progress=False)
    for x, whole in before.items():
        assert np.isfinite(whole).all()
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            found = counts(lake, "minute", x, tmp_path, assets)
        assert found[place, 0] == whole[place, 0]
        assert np.isnan(found[place, 1:]).all()
        np.testing.assert_array_equal(np.delete(found, place, 0), np.delete(whole, place, 0))
        assert f"of {len(assets)} stock-days, bars of 1 lack minutes" in caplog.text


def test_bars_of_another_source_that_stop_are_nan_from_there(lake, stock, level2_lakes, tmp_path):
    """Only the daily row knows that more was traded."""
    on = lake.dates("daily")[1].item()
    late = (pl.col("symbol") == stock) & (pl.col("time") > time(10, 30))
    bars = lake.scan("bars", on, on).with_columns(
        pl.when(late).then(0).otherwise(c).alias(c) for c in ("volume", "amount")
    )
    lake.append("bars", bars.collect(), on_conflict="replace")
    found = counts(lake, "minute", "volume", tmp_path, level2_lakes.assets)
    place = list(level2_lakes.assets).index(stock)
    np.testing.assert_array_equal(np.isnan(found[place]), [False, True, True])
    assert np.isfinite(np.delete(found, place, 0)).all()


def test_what_is_known_at_the_end_of_a_bar_asks_for_no_coverage(
    lake, stock, level2_lakes, tmp_path
):
    """What the day traded is not known at 10:30, nor at the end of an empty bar."""
    cut(lake, "trades", stock, HALF_PAST_TEN)
    enrich(lake, lake.dates("daily")[1:], show_progress=False)
    path = tmp_path / "bars.yaml"
    path.write_text("name: mine\nframe: minute\nsegments: 30\nfactors:\n"
                    "  - {name: traded, expr: 'sum(volume, least=1) / SHARE'}\n")  # fmt: skip
    panel = (
        LibrarySpec(library=str(path))
        .make()
        .compute(lake, lake.dates("daily")[1:], level2_lakes.assets)
    )
    assert np.isfinite(panel.values).all()


def test_active_amounts_of_trades_lost_here_and_there_are_none(lake, stock, level2_lakes, tmp_path):
    on = lake.dates("daily")[1].item()
    lost = (pl.col("symbol") == stock) & (pl.col("seq") % 3 == 0)
    rows = lake.scan("trades", on, on).filter(~lost).collect()
    forget(lake, f"trades/date={on}.parquet")
    lake.append("trades", rows)
    enrich(lake, lake.dates("daily")[1:], show_progress=False)
    found = counts(lake, "minute", "buy_amount", tmp_path, level2_lakes.assets)
    place = list(level2_lakes.assets).index(stock)
    assert np.isnan(found[place]).all()
    assert np.isfinite(np.delete(found, place, 0)).all()
