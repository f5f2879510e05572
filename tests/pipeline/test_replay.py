"""A replay in slices: the same as in one piece, and a killed one goes on where it stopped."""

import shutil
from dataclasses import fields
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.backtest import Ledger, PortfolioRun, enhance, save_run
from intralpha.base import Panel
from intralpha.market import Lake
from intralpha.pipeline import Plan, RunResult, execute, list_artifacts, load_recipe, plan
from intralpha.pipeline.export import run_tables
from intralpha.pipeline.report import finished_run

from .conftest import write_recipe

SIMPLE = ("data.sources=[]", "factors.gru=null", "combination={kind: single}")


def planned(lake: Path, folder: Path, *changes: str) -> Plan:
    """The recipe without a network: only the factors and the portfolio are made."""
    folder.mkdir(exist_ok=True)
    recipe = load_recipe(write_recipe(folder), (*SIMPLE, f"data.lake={lake}", *changes))
    return plan(recipe, folder / "runs")


def run_of(done: Plan) -> PortfolioRun:
    run = finished_run(done)
    assert run is not None
    return run


def equal(found: PortfolioRun, expected: PortfolioRun) -> None:
    """To the last bit."""
    for table in fields(Ledger):
        one, other = getattr(found.ledger, table.name), getattr(expected.ledger, table.name)
        assert one.equals(other, null_equal=True), table.name
    np.testing.assert_array_equal(found.targets.values, expected.targets.values)
    np.testing.assert_array_equal(found.targets.dates, expected.targets.dates)
    assert expected.ledger.daily.height > 80, "nothing was compared"
    assert expected.ledger.fills.height > 100, "nothing was compared"


@pytest.fixture(scope="module")
def done(
    finished: tuple[Path, RunResult], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Plan]:
    """The lake of the finished run, and a run on it that nothing interrupted."""
    lake = finished[0] / "lake"
    made = planned(lake, tmp_path_factory.mktemp("replay"))
    result = execute(made, show_progress=False)
    assert result.problems == ()
    assert result.made["portfolio"] == len(made.node("portfolio").slices) > 30
    return lake, made


def panel(of: Plan, name: str) -> Panel:
    keys = [(date.fromisoformat(day), key) for day, key in of.addresses[name].items()]
    return of.store.panel(name, keys, of.axes.assets)


def test_slices_equal_one_piece(done: tuple[Path, Plan]) -> None:
    lake, of = done
    spec = of.recipe.portfolio
    assert spec is not None
    whole = enhance(spec, Lake(lake), panel(of, "universe"), panel(of, "signal"))
    equal(run_of(of), whole)
    assert "dividend" in set(whole.ledger.events["kind"])
    assert "no_score" in set(whole.ledger.events["kind"])  # the first dates of the grid


@pytest.mark.slow
def test_a_killed_replay_goes_on_where_it_stopped(
    done: tuple[Path, Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, whole = done
    saved = []

    def killed_in_the_middle(run: PortfolioRun, folder: Path) -> None:
        save_run(run, folder)  # and not the account beside it
        saved.append(folder)
        if len(saved) == 21:
            raise KeyboardInterrupt

    monkeypatch.setattr("intralpha.pipeline.nodes.portfolio.save_run", killed_in_the_middle)
    with pytest.raises(KeyboardInterrupt):
        execute(planned(lake, tmp_path), show_progress=False)
    monkeypatch.undo()
    rest = planned(lake, tmp_path)
    names = [one.name for one in rest.node("portfolio").slices]
    missing = [one.name for one in rest.missing(rest.node("portfolio"))]
    assert missing == names[20:]
    assert finished_run(rest) is None
    resumed = execute(rest, show_progress=False)
    made = {n: c for n, c in resumed.made.items() if c}
    assert made == {"portfolio": len(missing), "attribution": 1, "style_attribution": 1}
    equal(run_of(rest), run_of(whole))
    assert not (tmp_path / "runs/artifacts/.work").exists()


@pytest.mark.slow
def test_a_lost_slice_is_made_again_from_the_one_before_it(
    done: tuple[Path, Plan], tmp_path: Path
) -> None:
    lake, whole = done
    here = planned(lake, tmp_path)
    shutil.copytree(whole.store.root, here.store.root)
    keys = here.addresses["portfolio"]
    names = list(keys)
    lost = [names[10], names[20], names[21]]
    for name in lost:
        shutil.rmtree(here.store.root / "portfolio" / keys[name])
    made = execute(here, show_progress=False).made
    assert {n: c for n, c in made.items() if c} == {"portfolio": len(lost)}
    equal(run_of(here), run_of(whole))


@pytest.mark.slow
def test_a_corrected_row_makes_the_replay_again_from_its_date(
    done: tuple[Path, Plan], tmp_path: Path
) -> None:
    lake, whole = done
    shutil.copytree(lake, tmp_path / "lake")
    other, day = Lake(tmp_path / "lake"), whole.axes.dates[70]
    rows = other.scan("daily", day.item(), day.item()).collect()
    raised = rows.with_columns(pl.col("amount") * 1.001)  # another price of the day's fills
    other.append("daily", raised, on_conflict="replace")
    here = planned(tmp_path / "lake", tmp_path / "resumed")
    shutil.copytree(whole.store.root, here.store.root)
    missing = [one.name for one in here.missing(here.node("portfolio"))]
    slices = [one.name for one in here.node("portfolio").slices]
    assert missing == [name for name in slices if name >= str(day)]
    assert 10 < len(missing) < len(slices) - 10
    execute(here, show_progress=False)
    fresh = planned(tmp_path / "lake", tmp_path / "fresh")
    execute(fresh, show_progress=False)
    equal(run_of(here), run_of(fresh))
    before = pl.col("date") < day.item()
    old, new = run_of(whole).ledger.daily, run_of(here).ledger.daily
    assert new.filter(before).equals(old.filter(before))
    assert not new.equals(old)


@pytest.mark.slow
@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("period", "said"),
    [
        ("test.end=2023-01-20", "none of its dates has a score"),  # no stock has 20 sessions yet
        ("test.start=2023-07-03", "there is no date"),  # the grid ends before
    ],
)
def test_a_period_without_a_decision_is_said_and_reported(
    done: tuple[Path, Plan], tmp_path: Path, period: str, said: str
) -> None:
    lake, _ = done
    result = execute(planned(lake, tmp_path, period), show_progress=False)
    assert any(said in str(problem) for problem in result.problems)
    assert result.figures == {}


@pytest.mark.slow
def test_a_decision_on_the_last_session_is_kept_and_has_no_return_yet(
    done: tuple[Path, Plan], tmp_path: Path
) -> None:
    lake, _ = done
    hedge = "portfolio.hedge={cost_annualised: 0.05}"
    here = planned(lake, tmp_path, "test.start=2023-06-30", hedge)
    result = execute(here, show_progress=False)
    assert ["score" in str(problem) for problem in result.problems] == [True]  # nothing to test
    assert result.figures == {}
    (weights,) = run_of(here).targets.values[:, :, 0]
    assert np.nansum(weights) == pytest.approx(1, abs=0.01)
    assert not run_of(here).ledger.daily.height
    assert "portfolio/fills" in run_tables(here)


def test_a_long_chain_is_one_line_of_the_list(done: tuple[Path, Plan]) -> None:
    _, of = done
    lines = list_artifacts(of.store.root.parent).splitlines()
    count = len(of.node("portfolio").slices)
    assert sum(f"{count} slices of portfolio" in line for line in lines) == 1
    assert sum(" test/" in line for line in lines) == 1
    assert len(lines) < 20
