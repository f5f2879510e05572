"""Rebuild: done once, the same in any portions, and what a vendor published is never touched."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intralpha.market import Lake
from intralpha.sources.replay import rebuild as module
from intralpha.sources.replay.rebuild import (
    CACHE,
    OtherStepError,
    PublishedSnapshotsError,
    plan_rebuild,
    rebuild,
)
from intralpha.sources.replay.rows import Portion, book_rows, make_snapshots, snapshot_times

from .book_inputs import ON, as_lake_rows, ticks
from .test_book import T, long_day

NEXT = date(2023, 2, 2)
SYMBOLS = [f"6000{i:02d}.SH" for i in range(5)]
STEP = 600_000
DAYS = np.array([ON, NEXT], "datetime64[D]")


def frames() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders and trades of five stocks, a row every 20 seconds from 10:00 on."""
    parts = [long_day(30 + 11 * i).frames(symbol) for i, symbol in enumerate(SYMBOLS)]
    later = (T + 20_000 * pl.col("time")).cast(pl.Int32)
    orders, trades = (pl.concat(p).with_columns(time=later) for p in zip(*parts, strict=True))
    return orders, trades


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two sessions that are alike."""
    lake = Lake(tmp_path / "lake", create=True)
    for table, rows in zip(("orders", "trades"), frames(), strict=True):
        for on in (ON, NEXT):
            lake.append(table, as_lake_rows(rows, table).with_columns(date=pl.lit(on)))
    return lake


def run(lake: Lake, **settings):
    return rebuild(lake, DAYS, STEP, show_progress=False, **settings)


def states(lake: Lake, **settings) -> list[str]:
    return [p.state for p in plan_rebuild(lake, DAYS, STEP, **settings)]


def found(lake: Lake, on: date = ON) -> pl.DataFrame:
    return lake.scan("snapshots", on, on).collect()


def expected() -> pl.DataFrame:
    orders, trades = frames()
    rows = book_rows(ticks("orders", orders), ticks("trades", trades), snapshot_times(STEP))
    levels = pl.col("bid_price1").is_not_null() | pl.col("ask_price1").is_not_null()
    return rows.filter(levels | (pl.col("volume") > 0))


@pytest.mark.parametrize("portion", [Portion(1, 1), Portion(400, 60), Portion(10**9, 90)])
def test_portions_do_not_change_the_file(lake: Lake, portion: Portion) -> None:
    read: list[int] = []
    made = make_snapshots(lake, ON, snapshot_times(STEP), portion=portion, progress=read.append)
    whole = make_snapshots(lake, NEXT, snapshot_times(STEP), portion=Portion(10**9, 10**9))
    assert (made.rows, made.stocks) == (whole.rows, whole.stocks) == (found(lake).height, 5)
    assert_frame_equal(found(lake).drop("date"), found(lake, NEXT).drop("date"))
    assert_frame_equal(found(lake), expected())
    assert sum(read) == sum(frame.height for frame in frames())
    # A stock has 28 times, so that 60 rows hold two of the five stocks, and 90 hold three.
    assert len(read) == {1: 5, 60: 3, 90: 2}[portion.rows]


def test_a_session_is_made_once(lake: Lake) -> None:
    assert states(lake) == ["to do", "to do"]
    report = run(lake)
    assert [on for on, _ in report.made] == [ON, NEXT]
    assert_frame_equal(found(lake), expected())
    version = lake.version()
    assert states(lake) == ["done", "done"]
    again = run(lake)
    assert (again.made, again.left, lake.version()) == ((), (ON, NEXT), version)
    plan = plan_rebuild(lake, np.array([ON, date(2023, 2, 3)], "datetime64[D]"), STEP)
    assert [(p.on, p.state) for p in plan] == [(ON, "done"), (date(2023, 2, 3), "no orders")]
    assert (plan[0].orders, plan[0].snapshots) == (frames()[0].height, expected().height)


def test_changed_orders_are_made_anew(lake: Lake) -> None:
    run(lake)
    first = lake.scan("orders", ON, ON).filter(pl.col("symbol") == SYMBOLS[1]).head(1).collect()
    more = first.with_columns(volume=pl.col("volume") + 100)
    lake.append("orders", more, on_conflict="replace")
    assert states(lake) == ["to do", "done"]
    before = found(lake)
    (made,) = run(lake).made
    assert made[0] == ON
    changed = found(lake)
    assert changed.select("symbol", "time").equals(before.select("symbol", "time"))
    differ = changed.filter(pl.Series([a != b for a, b in zip(changed.rows(), before.rows(),
                                                              strict=True)]))  # fmt: skip
    assert differ["symbol"].unique().to_list() == [SYMBOLS[1]]
    assert states(lake) == ["done", "done"]


def test_published_snapshots_stand(lake: Lake) -> None:
    theirs = expected().filter(pl.col("symbol") == SYMBOLS[2]).head(2).with_columns(last=1.0)
    lake.append("snapshots", theirs)
    assert states(lake) == ["published", "to do"]
    with pytest.raises(
        PublishedSnapshotsError, match=r"(?s)1 of 2 sessions .*; 2 rows.*--fill"
    ) as no:
        run(lake)
    assert (no.value.sessions, no.value.rows) == ((ON,), 2)
    assert not lake.checksums("snapshots").get(NEXT), "nothing was written"
    made = dict(run(lake, fill=True).made)
    assert (made[ON].stocks, made[ON].had_some) == (4, 1)
    others = expected().filter(pl.col("symbol") != SYMBOLS[2])
    assert_frame_equal(found(lake).filter(pl.col("symbol") == SYMBOLS[2]), theirs)
    assert_frame_equal(found(lake).filter(pl.col("symbol") != SYMBOLS[2]), others)
    assert states(lake) == ["done", "done"]
    # Orders that change make the rebuilt rows anew, not the published ones.
    first = lake.scan("orders", ON, ON).filter(pl.col("symbol") == SYMBOLS[2]).head(1).collect()
    lake.append("orders", first.with_columns(volume=pl.col("volume") + 100), on_conflict="replace")
    assert states(lake) == ["to do", "done"]
    run(lake)
    assert_frame_equal(found(lake).filter(pl.col("symbol") == SYMBOLS[2]), theirs)


def test_what_a_vendor_adds_later_is_published(lake: Lake) -> None:
    run(lake)
    row = found(lake).head(1).with_columns(last=1.0)
    lake.append("snapshots", row, on_conflict="replace")
    assert states(lake) == ["published", "done"]
    with pytest.raises(PublishedSnapshotsError):
        run(lake)
    run(lake, fill=True)
    assert_frame_equal(found(lake).head(1), row)


@pytest.mark.parametrize("at", ["read", "written"])
def test_a_stopped_run_goes_on(lake: Lake, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    def stopped(make: Callable) -> Callable:
        def stop(lake: Lake, on: date, *rest, **more):
            if at == "written":
                make(lake, on, *rest, **more)
            raise KeyboardInterrupt

        return stop

    with monkeypatch.context() as patch:
        patch.setattr(module, "make_snapshots", stopped(make_snapshots))
        with pytest.raises(KeyboardInterrupt):
            run(lake)
    assert bool(lake.has("snapshots")) == (at == "written")
    assert states(lake) == ["to do", "to do"]
    run(lake)
    assert_frame_equal(found(lake), expected())
    assert states(lake) == ["done", "done"]


def test_a_stop_in_the_middle_of_a_session_leaves_its_file(lake: Lake) -> None:
    def stop(rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_snapshots(lake, ON, snapshot_times(STEP), progress=stop, portion=Portion(1, 1))
    assert not lake.has("snapshots")
    assert not list(lake.root.rglob("*.partial"))


def test_some_stocks_first_and_the_others_later(lake: Lake) -> None:
    run(lake, symbols=(SYMBOLS[3],))
    assert found(lake)["symbol"].unique().to_list() == [SYMBOLS[3]]
    assert states(lake, symbols=(SYMBOLS[3],)) == ["done", "done"]
    assert states(lake, symbols=(SYMBOLS[3], SYMBOLS[0])) == ["to do", "to do"]
    made = dict(run(lake, symbols=(SYMBOLS[0],)).made)
    assert (made[ON].stocks, made[ON].had_some) == (1, 0)
    assert states(lake, symbols=(SYMBOLS[3], SYMBOLS[0])) == ["done", "done"]
    assert states(lake) == ["to do", "to do"]
    made = dict(run(lake).made)
    assert (made[ON].stocks, made[ON].had_some) == (3, 2)
    assert_frame_equal(found(lake), expected())
    assert states(lake) == ["done", "done"]


def test_a_session_has_one_step(lake: Lake) -> None:
    run(lake)
    with pytest.raises(OtherStepError, match=r"2 sessions .* 60 s"):
        rebuild(lake, DAYS, 60_000, show_progress=False)
    assert_frame_equal(found(lake), expected())


def test_a_report_names_what_is_odd(lake: Lake) -> None:
    bad = lake.scan("trades", ON, ON).head(1).collect()
    bad = bad.with_columns(seq=pl.lit(10**6, pl.Int64), buy_id=pl.lit(10**9, pl.Int64),
                           time=pl.lit(50_000_000, pl.Int32))  # fmt: skip
    lake.append("trades", bad)
    text = run(lake).to_text().splitlines()
    assert text[0].startswith(f"{ON}: 5 stocks, {expected().height} rows")
    assert "1 records name an order that was never entered" in text[0]
    assert "never entered" not in text[1]
    assert text[2].startswith("2 sessions written")
    record = json.loads((lake.root / CACHE / f"{ON}.json").read_text())
    assert record["ended"]
