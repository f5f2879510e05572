"""Level-2 needs: a forgotten step is an error, a gap a line in the log, another rule an error."""

import json
import logging
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.features import LibrarySpec
from intralpha.features.level2.enrich import CACHE, enrich, plan_days, rules_used
from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.features.level2_needs import MissingLevel2Error, OtherRuleError
from intralpha.market import Lake
from intralpha.market.bar_columns import filled_columns
from intralpha.sources import SimulatedSpec, ingest

ACTIVE, BIG, BID = "early_active_buy_perc", "big_net_ratio_open", "day_netbid_open"
FIXED = BigOrderSpec(rule="fixed_200k")
MEAN = BigOrderSpec(rule="day_mean")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Five sessions with trades, orders of the last two, minutes that know nothing of them."""
    ticks = ("trades", "orders")
    spec = SimulatedSpec(n_assets=5, start=date(2023, 1, 3), end=date(2023, 1, 9), freq=1,
                         ticks=ticks)  # fmt: skip
    whole = Lake(tmp_path / "whole", create=True)
    ingest([spec], whole, show_progress=False)
    lake = Lake(tmp_path / "lake", create=True)
    for table in ("instruments", "daily", "bars", "trades"):
        lake.append(table, whole.scan(table).collect())
    days = whole.dates("daily")
    lake.append("orders", whole.scan("orders", days[3].item()).collect())
    return lake


def values(lake: Lake, library: str, names: tuple[str, ...], rows: slice, **settings) -> np.ndarray:
    spec = LibrarySpec(library=library, names=names, cache=False, **settings)
    assets = np.array(sorted(lake.scan("bars").collect()["symbol"].unique()))
    return spec.make().compute(lake, lake.dates("daily")[rows], assets).values


def test_minutes_that_were_never_enriched(lake):
    for library in ("level2_minutes", "hf27"):
        with pytest.raises(MissingLevel2Error) as caught:
            values(lake, library, (ACTIVE,), slice(1, 4))
        assert "active_buy_amount, active_sell_amount" in caught.value.needs
        assert "in bars of 1 minute" in str(caught.value)
        assert f"intralpha level2 enrich {lake.root}" in str(caught.value)
    assert len(caught.value.sessions) == 3
    assert np.isfinite(values(lake, "minute15", ("down_vol_perc",), slice(1, 4))).any()
    assert values(lake, "level2_minutes", (ACTIVE,), slice(0, 0)).shape[0] == 0


@pytest.mark.slow
def test_sessions_without_enriched_minutes_are_counted_once(lake, caplog):
    enrich(lake, lake.dates("trades")[[2]], FIXED, show_progress=False)
    with caplog.at_level(logging.WARNING):
        found = values(lake, "hf27", (ACTIVE,), slice(1, 5))
    assert [np.isfinite(day).any() for day in found] == [False, True, False, False]
    said = [r.getMessage() for r in caplog.records]
    assert len(said) == 1
    assert "3 of 4 sessions have no 1-minute bars made from trades" in said[0]
    assert said[0].endswith("the first 2023-01-04")
    with pytest.raises(MissingLevel2Error, match="2023-01-06 to 2023-01-09"):
        values(lake, "hf27", (ACTIVE,), slice(3, 5))
    # Session 3 is the mean of what sessions 2 and 3 are, which is something.
    assert np.isfinite(values(lake, "level2_minutes", (ACTIVE,), slice(3, 5), smooth_days=2)).any()
    with pytest.raises(MissingLevel2Error, match="2023-01-06 to 2023-01-09"):
        values(lake, "level2_minutes", (ACTIVE,), slice(4, 5), smooth_days=2)


def test_columns_of_snapshots_that_nobody_has_are_named(lake, caplog):
    enrich(lake, lake.dates("trades"), FIXED, show_progress=False)
    both = values(lake, "level2_minutes", (ACTIVE, BID), slice(0, 5))
    assert np.isfinite(both[..., 0]).any()
    assert np.isnan(both[..., 1]).all()
    assert [r.getMessage() for r in caplog.records] == [
        "level2_minutes: no session has net_bid_amount; NaN is what reads it"
    ]
    with pytest.raises(MissingLevel2Error, match="needs net_bid_amount of 1-minute bars"):
        values(lake, "level2_minutes", (BID,), slice(0, 5))


def test_one_day_of_trades_says_that_no_threshold_is_known(lake, caplog):
    """The first session has none before it: its big orders are unknown, and the log says why."""
    enrich(lake, lake.dates("trades")[:1], show_progress=False)
    found = values(lake, "level2_minutes", (ACTIVE, BIG), slice(0, 1))
    assert np.isfinite(found[..., 0]).any()
    assert np.isnan(found[..., 1]).all()
    (said,) = [r.getMessage() for r in caplog.records]
    assert "level2_minutes: no session has big_buy_amount, big_sell_amount; NaN" in said
    assert "rule: day_mean" in said
    caplog.clear()
    assert np.isnan(values(lake, "level2_parents", ("bigorder_amt_perc",), slice(0, 1))).all()
    said = caplog.records[0].getMessage()
    assert "level2_parents: 6 stock-days have no threshold of big orders" in said
    assert "(1 sessions, the first 2023-01-03)" in said
    assert "rule: day_mean" in said
    caplog.clear()
    own = values(lake, "level2_parents", ("bigorder_amt_perc",), slice(0, 1), big_order=MEAN)
    assert np.isfinite(own).any()
    assert "threshold" not in caplog.text


def test_ticks_of_some_sessions_and_of_none(lake, caplog):
    found = values(lake, "level2_orders", (), slice(2, 5))
    assert [np.isfinite(day).any() for day in found] == [False, True, True]
    said = [r.getMessage() for r in caplog.records]
    assert len(said) == 2
    assert "1 of 3 sessions have no table orders" in said[0]
    assert "of 12 stock-days, orders of 0 lack minutes that factors read and 2 have none" in said[1]
    with pytest.raises(MissingLevel2Error, match=r"level2_orders needs table orders;.* 3 sessions"):
        values(lake, "hf27", ("skew_order_diff",), slice(0, 3))
    with pytest.raises(MissingLevel2Error, match="intralpha level2 snapshots"):
        values(lake, "tick100", (), slice(0, 3))


def test_a_lake_without_daily_rows_of_the_dates_says_that_as_ever(lake):
    spec = LibrarySpec(library="level2_orders", cache=False)
    with pytest.raises(Exception, match="no sessions of the table daily"):
        spec.make().compute(
            lake, np.array(["2023-01-07"], "datetime64[D]"), np.array(["600000.SH"])
        )


@pytest.mark.slow
def test_minutes_by_another_rule_for_big_orders(lake):
    enrich(lake, lake.dates("trades")[:3], FIXED, show_progress=False)
    with pytest.raises(OtherRuleError) as caught:
        values(lake, "level2_minutes", (BIG,), slice(1, 4))
    assert (caught.value.used, caught.value.asked) == (FIXED, BigOrderSpec())
    assert len(caught.value.sessions) == 2
    assert "enrich LAKE --rule log_sigma --days 20 --min-days 5" in str(caught.value)
    assert "big_order: {rule: fixed_200k" in str(caught.value)
    same = BigOrderSpec(rule="fixed_200k", days=7, min_days=2)
    assert np.isfinite(values(lake, "level2_minutes", (BIG,), slice(1, 4), big_order=same)).any()
    assert np.isfinite(values(lake, "level2_minutes", (ACTIVE,), slice(1, 4))).any()
    enrich(lake, lake.dates("trades")[1:2], MEAN, show_progress=False)
    with pytest.raises(OtherRuleError, match="those of 1 sessions from 2023-01-04 on"):
        values(lake, "level2_minutes", (BIG,), slice(0, 4), big_order=FIXED)


@pytest.mark.slow
def test_the_days_of_a_moving_rule_count(lake):
    rule = BigOrderSpec(rule="q90", days=3, min_days=1)
    enrich(lake, lake.dates("trades"), rule, show_progress=False)
    assert np.isfinite(values(lake, "level2_minutes", (BIG,), slice(3, 5), big_order=rule)).any()
    for other in ({"days": 4}, {"min_days": 2}, {"rule": "log_sigma"}):
        asked = rule.model_copy(update=other)
        with pytest.raises(OtherRuleError):
            values(lake, "level2_minutes", (BIG,), slice(3, 5), big_order=asked)


def test_a_rule_is_known_only_of_the_minutes_it_made(lake):
    days = lake.dates("trades")[:2]
    enrich(lake, days, FIXED, show_progress=False)
    assert rules_used(lake, days) == dict.fromkeys(days.tolist(), FIXED)
    first = days[0].item()
    rows = lake.scan("bars", first, first).collect()
    changed = rows.with_columns(big_buy_amount=pl.col("big_buy_amount") + 1)
    lake.append("bars", changed, on_conflict="replace")
    assert list(rules_used(lake, days)) == [days[1].item()]
    path = lake.root / CACHE / f"{days[1]}.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in record.items() if k != "big_order"}))
    assert rules_used(lake, days) == {}
    states = [p.state for p in plan_days(lake, days, FIXED)]
    assert states == ["to do", "done"]  # a record of an earlier version is as good
    assert plan_days(lake, days[1:], MEAN)[0].state == "to do"


def test_filled_columns(lake):
    on = lake.dates("bars", 1)[0].item()
    assert {"open", "volume"} <= filled_columns(lake, on, 1)
    assert "active_buy_amount" not in filled_columns(lake, on, 1)
    one = lake.scan("bars", on, on).head(1).collect().with_columns(active_buy_amount=1.0)
    lake.append("bars", one, on_conflict="replace")
    assert "active_buy_amount" in filled_columns(lake, on, 1)
    assert "active_sell_amount" not in filled_columns(lake, on, 1)
    assert filled_columns(lake, on, 30) == frozenset()


def test_snapshots_without_minutes_say_what_makes_them(tmp_path):
    spec = SimulatedSpec(n_assets=5, start=date(2023, 1, 3), end=date(2023, 1, 3), freq=1,
                         ticks=("snapshots",))  # fmt: skip
    whole = Lake(tmp_path / "whole", create=True)
    ingest([spec], whole, show_progress=False)
    bare = Lake(tmp_path / "bare", create=True)
    for table in ("instruments", "daily", "snapshots"):
        bare.append(table, whole.scan(table).collect())
    features = LibrarySpec(library="tick100", cache=False).make()
    with pytest.raises(MissingLevel2Error, match="`kind: minutes_of_snapshots` around"):
        features.compute(bare, bare.dates("daily"), np.array(["600000.SH"]))
