"""One more day of data costs a day: which slices are made again is counted, and none is trained."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.base import Panel
from intralpha.market import TABLES, Lake
from intralpha.pipeline import Plan, RunResult, execute, load_recipe, plan
from intralpha.pipeline.report import finished_run

from .conftest import write_recipe

FIRST = "2023-03-14"
SHORT = "factors.gru.schedule={kind: rolling, train_days: 20, valid_days: 5, step_days: 20}"
EVERY, OFFSET, AHEAD = 3, 6, 11  # sessions of the grid, the label and the test's longest horizon


def rows_upto(lake: Lake, target: Path, last: np.datetime64) -> Lake:
    """A lake with the rows of the first sessions only."""
    out = Lake(target, create=True)
    for table in TABLES:
        if lake.has(table):
            rows = lake.scan(table).collect()
            if "date" in rows.columns:
                rows = rows.filter(pl.col("date") <= last.item())
            out.append(table, rows)
    return out


@pytest.fixture(scope="module")
def world(finished: tuple[Path, RunResult], tmp_path_factory: pytest.TempPathFactory):
    """A lake that ends the day before a date of the grid, a run on it, and the whole lake."""
    whole = Lake(finished[0] / "lake")
    days = whole.dates("daily")
    assert str(days[45]) == FIRST  # session 0 of the recipe, which knows no earlier one
    # 105 is on the grid (every 3) and inside the last fold: 45 + 20 + 5 + 6 = 76, then every 20.
    folder = tmp_path_factory.mktemp("tomorrow")
    rows_upto(whole, folder / "lake", days[104])
    write_recipe(folder)
    return whole, folder, days


def planned(folder: Path) -> Plan:
    changes = ("data.sources=[]", f"data.start={FIRST}", SHORT)
    recipe = load_recipe(folder / "tiny.yaml", changes)
    return plan(recipe, folder / "runs")


def append_session(whole: Lake, lake: Path, day: np.datetime64) -> None:
    on = day.item()
    target = Lake(lake)
    for table in ("daily", "bars", "auctions"):
        if whole.has(table):
            target.append(table, whole.scan(table, on, on).collect())


def test_one_more_day_costs_a_day(world: tuple[Lake, Path, np.ndarray]) -> None:
    whole, folder, days = world
    first = execute(planned(folder), show_progress=False)
    assert first.problems == ()
    before = planned(folder)
    old_scores = scores(before)
    append_session(whole, folder / "lake", days[105])
    after = planned(folder)
    todo = {node.name: len(after.missing(node)) for node in after.nodes}
    # Sample dates 45, 48, .. 105. A label of t reads t + 6: those of 99 and 102 saw an end at 104
    # and see more now; 105 is new. The test's returns read t + 11: 94 and later, so 96 .. 102.
    assert todo == {
        "universe": 1,
        "features/gru": 1,
        "seen/gru": 1,
        "label/gru": 3,
        "weights/gru": 0,
        "outputs/gru": 1,
        "score/gru": 1,
        "features/simple": 1,
        "score/simple": 1,
        "signal": 1,
        "forward": 4,
        "test": 1,
        "benchmark": 1,
        "exposures": 1,
        "portfolio": 2,  # the decision of 105, and the end after it
        "attribution": 1,  # of the whole replay
        "style_attribution": 1,
    }
    assert [one.name for one in after.missing(after.node("portfolio"))] == [str(days[105]), "end"]
    second = execute(after, show_progress=False)
    assert {n: c for n, c in second.made.items() if c} == {n: c for n, c in todo.items() if c}
    new = scores(planned(folder))
    np.testing.assert_array_equal(
        new.reindex(old_scores.dates, old_scores.assets).values, old_scores.values
    )
    assert str(new.dates[-1]) == str(days[105])
    assert np.isfinite(new.values[-1]).sum() > 30
    append_session(whole, folder / "lake", days[106])  # no date of the grid: no decision
    last = planned(folder)
    missing = {node.name: [one.name for one in last.missing(node)] for node in last.nodes}
    assert missing["portfolio"] == ["end"]
    assert missing["benchmark"] == missing["exposures"] == missing["signal"] == []
    books = []
    for of in (after, last):
        assert execute(of, show_progress=False).problems == ()
        run = finished_run(of)
        assert run is not None
        books.append(run.ledger.daily)
    assert books[1].head(-1).equals(books[0])
    assert books[1]["date"].to_list()[-1] == days[106].item()
    assert books[1]["traded_yuan"][-1] > 0  # the decision of 105


def scores(of: Plan) -> Panel:
    keys = of.addresses["score/gru"]
    return of.store.panel("score", [(np.datetime64(s, "D").item(), k) for s, k in keys.items()])


def test_a_changed_day_moves_what_may_have_read_it(
    world: tuple[Lake, Path, np.ndarray], tmp_path: Path
) -> None:
    """A corrected close of session 80 leaves every slice of the sessions before it alone."""
    _, folder, days = world
    before = planned(folder)
    shutil.copytree(folder / "lake", tmp_path / "lake")
    shutil.copy(folder / "tiny.yaml", tmp_path / "tiny.yaml")
    lake, on = Lake(tmp_path / "lake"), days[80].item()
    rows = lake.scan("daily", on, on).collect()
    lake.append("daily", rows.with_columns(pl.col("amount") + 1.0), on_conflict="replace")
    changes = ("data.sources=[]", f"data.start={FIRST}", SHORT, f"data.lake={tmp_path / 'lake'}")
    after = plan(load_recipe(tmp_path / "tiny.yaml", changes), folder / "runs")
    for node in ("universe", "features/simple", "score/simple", "signal"):
        old, new = before.addresses[node], after.addresses[node]
        changed = sorted(day for day in new if old.get(day) != new[day])
        assert changed
        assert changed[0] >= str(days[80])
    old, new = before.addresses["weights/gru"], after.addresses["weights/gru"]
    for name in new:  # a fold that ended before has its weights
        assert (old[name] == new[name]) == (name[:10] <= str(days[80]))
    old, new = before.addresses["portfolio"], after.addresses["portfolio"]
    for name in new:  # the account of the day before the correction is kept
        assert (old[name] == new[name]) == (name < str(days[80]))


@pytest.mark.slow
def test_what_a_killed_run_left_does_not_pass_for_changed_data(
    world: tuple[Lake, Path, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between making a block of days and filing it, while a later day is corrected."""
    _, folder, days = world
    shutil.copytree(folder / "lake", tmp_path / "lake")
    shutil.copy(folder / "tiny.yaml", tmp_path / "tiny.yaml")
    changes = ("data.sources=[]", "factors.gru=null", "combination={kind: single}")
    here = ("portfolio=null", f"data.lake={tmp_path / 'lake'}")
    recipe = load_recipe(tmp_path / "tiny.yaml", (*changes, *here))

    def killed(kind: str, *_: object) -> None:
        if kind == "features":
            raise KeyboardInterrupt
        kept(kind, *_)

    broken = plan(recipe, tmp_path / "runs")
    kept = broken.store.keep_days
    monkeypatch.setattr(broken.store, "keep_days", killed)
    with pytest.raises(KeyboardInterrupt):
        execute(broken, show_progress=False)
    lake, on = Lake(tmp_path / "lake"), days[84].item()
    rows = lake.scan("daily", on, on).collect()
    lake.append("daily", rows.with_columns(pl.col("adj_factor") * 2), on_conflict="replace")
    panels = []
    for runs in ("runs", "fresh"):
        done = plan(recipe, tmp_path / runs)
        execute(done, show_progress=False)
        keys = done.addresses["features/simple"]
        named = [(np.datetime64(s, "D").item(), key) for s, key in keys.items()]
        panels.append(done.store.panel("features", named).values)
    np.testing.assert_array_equal(*panels)
