"""Snapshots and minutes of a recipe's lake: made after the ingest, once, day by day, and told."""

import logging
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from intralpha.features.level2.enrich import enrich
from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.market import Lake
from intralpha.pipeline import Plan, load_recipe, plan
from intralpha.pipeline.listing import collect_garbage
from intralpha.pipeline.run import ingested

RECIPE = """
name: steps
data:
  lake: lake
  sources:
    - {kind: simulated, n_assets: 5, start: 2023-01-03, end: 2023-01-10, freq: 30,
       ticks: [trades, orders], habits: {orders_per_day: 100}}
  snapshots: {every_seconds: 600}
  enrich: {big_order: {rule: fixed_200k}}
  assets: bars
  bar_freq: 1
universe: {min_listed_days: 0}
factors:
  late:
    kind: zscore_mean
    features: {kind: library, library: hand_made, names: [tail_vol_share], parameters: {days: 5}}
    signs: {tail_vol_share: -1}
  calm:
    kind: zscore_mean
    features: {kind: library, library: price_volume, names: [vol20]}
    signs: {vol20: -1}
"""
DAYS = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the steps were taken once; the quality of the ingest is that of its own bars, of half
    an hour: those of a minute are not there yet.
    """
    root = tmp_path_factory.mktemp("steps")
    (root / "steps.yaml").write_text(RECIPE)
    before = planned(root)
    assert before.pending
    first = "ingest 1 source(s), then snapshots, then enrich; the rest is known after that"
    assert first in before.to_text()
    assert not ingested(before, show_progress=False).pending
    return root


def planned(folder: Path, *changes: str) -> Plan:
    return plan(load_recipe(folder / "steps.yaml", changes), folder / "runs")


@pytest.mark.slow
def test_they_are_taken_once(folder: Path) -> None:
    lake = Lake(folder / "lake")
    assert len(lake.dates("snapshots")) == len(lake.dates("bars", 1)) == DAYS
    quotes = lake.scan("bars", freq=1).select(pl.col("quotes").sum()).collect().item()
    assert quotes > 0, "minutes are made after the snapshots they need"
    version = lake.version()
    collect_garbage(folder / "runs", dry_run=False)  # no run needs anything yet
    again = planned(folder)
    assert not again.pending
    assert "features/late" in again.to_text()
    ingested(again, show_progress=False)
    assert Lake(folder / "lake").version() == version
    told = [p.read_text() for p in (folder / "runs").rglob("made.txt")]
    assert sorted(text.splitlines()[-1].split(";")[0].split(",")[0] for text in told) == [
        "6 sessions written",
        "6 sessions written",
    ]


@pytest.mark.slow
def test_what_is_not_done_is_told_and_done(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Another recipe's rule, which comes back: minutes alone; a day's trades: that day alone."""
    lake = Lake(folder / "lake")
    every = planned(folder, "data.enrich.big_order.rule=day_mean")
    assert f"to do   enrich {DAYS} of {DAYS} sessions; the rest" in every.to_text()
    on = lake.dates("trades")[2].item()
    trades = lake.scan("trades", on, on).collect()
    more = trades.with_columns(volume=pl.col("volume") * 2)
    lake.append("trades", more, on_conflict="replace")
    one = planned(folder)
    said = f"snapshots 1 of {DAYS} sessions, then enrich 1 of {DAYS} sessions"
    assert said in one.to_text()
    lake.append("trades", trades, on_conflict="replace")
    assert not planned(folder).pending, "what was settled is settled when it is as it was"
    # A run that was stopped behind its third session.
    enrich(lake, lake.dates("trades")[:3], BigOrderSpec(rule="day_mean"), show_progress=False)
    rest = planned(folder, "data.enrich.big_order.rule=day_mean")
    assert f"enrich 3 of {DAYS} sessions" in rest.to_text()
    with caplog.at_level(logging.INFO, "intralpha"):
        ingested(rest, show_progress=False)
    assert any("enrich: 3 sessions written, 3 done before" in m for m in caplog.messages)
    back = planned(folder)
    assert f"enrich {DAYS} of {DAYS} sessions" in back.to_text(), "the minutes are of another rule"
    ingested(back, show_progress=False)


def test_only_sessions_of_the_recipe_are_made(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "steps.yaml").write_text(RECIPE)
    changes = ("data.start=2023-01-05", "data.snapshots=null")
    ingested(planned(tmp_path, *changes), show_progress=False)
    made = Lake(tmp_path / "lake").dates("bars", 1).tolist()
    assert made == [d for d in Lake(folder / "lake").dates("bars", 1).tolist() if d.day >= 5]
    assert made[0] == date(2023, 1, 5)
    assert not Lake(tmp_path / "lake").has("snapshots")


@pytest.mark.slow
def test_another_rule_moves_what_reads_minutes_and_nothing_else(folder: Path) -> None:
    before = ingested(planned(folder), show_progress=False).keys
    other = planned(folder, "data.enrich.big_order.rule=day_mean")
    after = ingested(other, show_progress=False).keys
    moved = {name for name in before if before[name] != after[name]}
    assert "features/calm" not in moved
    assert {"features/late", "score/late", "signal", "test"} < moved
    ingested(planned(folder), show_progress=False)
    assert planned(folder).keys == before, "and back"
