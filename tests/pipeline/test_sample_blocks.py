"""Sample blocks from a recipe: what is decided, what a day costs, and that nothing looks ahead."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.stats import spearmanr
from tests.pages import english

from intralpha.audit import FUTURES
from intralpha.base.cross_section import mean_zscore
from intralpha.datasets.sample_blocks import Decision, SampleBlock, SampleBlocksSpec
from intralpha.evaluation import Moments, frechet_distance
from intralpha.factors.selected import kept_blocks
from intralpha.market import Lake
from intralpha.pipeline import Plan, RunResult, execute, plan
from intralpha.training import FoldJob, train_fold

from .blocks import blocks_recipe
from .conftest import same_files
from .test_tomorrow import append_session, rows_upto

MIDDLE = date(2023, 7, 14)  # between the decisions of 3 July and 1 August


@pytest.fixture(scope="module")
def done(long_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, RunResult]:
    folder = tmp_path_factory.mktemp("blocks")
    recipe = blocks_recipe(long_lake, folder)
    result = execute(plan(recipe, folder / "runs"), show_progress=False)
    assert result.problems == ()
    return plan(recipe, folder / "runs"), result


@pytest.fixture(scope="module")
def noise(long_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which everything after the middle is noise."""
    return FUTURES["noise"](Lake(long_lake), MIDDLE, tmp_path_factory.mktemp("noise") / "lake").root


def table(planned: Plan, name: str = "candidates") -> pl.DataFrame:
    folders = planned.folders("selected/halves").values()
    return pl.concat([pl.read_parquet(folder / f"{name}.parquet") for folder in folders])


def test_a_decision_by_an_independent_tool(done: tuple[Plan, RunResult]) -> None:
    """RankICs of SciPy on the dates that judge, for all candidates of one decision."""
    planned, _ = done
    rows = table(planned).filter(pl.col("decision") == "2023-08-01")
    assert len(rows) == 5
    label = planned.panel("label/halves")
    one = next(s for s in planned.node("selected/halves").slices if s.name == "2023-08-01")
    for fold, row in zip(one.about, rows.iter_rows(named=True), strict=True):
        said, came = (
            p.at(fold.predict).values[:, :, 0]
            for p in (planned.panel(f"block/halves.{fold.name}").select(("score",)), label)
        )
        known = np.isfinite(said) & np.isfinite(came)
        daily = np.array(
            [spearmanr(s[k], c[k]).statistic for s, c, k in zip(said, came, known, strict=True)]
        )
        assert row["block"] == fold.name
        assert row["dates_judged"] == len(daily) > 5
        assert row["icir"] == pytest.approx(daily.mean() / daily.std(ddof=1))
        months = fold.predict.astype("datetime64[M]")
        signs = [daily[months == month].mean() > 0 for month in np.unique(months)]
        assert row["stability"] == pytest.approx(np.mean(signs))
    steady = rows.filter((pl.col("icir") > 0) & (pl.col("stability") >= 0.6))
    best = steady.sort("icir", descending=True)["block"][0]
    assert best in rows.filter(pl.col("kept"))["block"].to_list()


def test_a_score_is_the_mean_of_what_was_kept(done: tuple[Plan, RunResult]) -> None:
    planned, _ = done
    score = planned.panel("score/halves")
    assert str(score.dates[0]) == "2023-04-04"  # of the grid, after the decision of the 3rd
    folders = planned.folders("selected/halves")
    several = set()
    for one in planned.node("score/halves").slices[::7]:
        blocks = kept_blocks(folders[one.needs["selected"][0]])
        several.add(len(blocks))
        day = np.array([one.name], dtype="datetime64[D]")
        parts = [planned.panel(f"block/halves.{block}").at(day)["score"] for block in blocks]
        expected = mean_zscore(parts).astype(np.float32)
        np.testing.assert_array_equal(score.at(day)["score"], expected)
        assert np.isfinite(expected).sum() > 30
    assert several == {1, 2}


def test_features_of_blocks_are_compared_as_they_are_standardised(
    done: tuple[Plan, RunResult],
) -> None:
    planned, _ = done
    features, inside = planned.panel("features/halves"), planned.panel("universe")
    folds = planned.folds["halves"]

    def moments(at: int) -> Moments:
        rows = []
        for day in folds[at].train[:, None]:
            x = features.at(day).values[0][inside.at(day)["universe"][0] > 0].astype(np.float64)
            z = (x - np.nanmean(x, axis=0)) / np.nanstd(x, axis=0)
            rows.append(np.nan_to_num(z))
        return Moments.of(rows, 3)

    # The first block has dates without any value of some features.
    folder = planned.folders("similarity/halves")[folds[4].name]
    found = pl.read_parquet(folder / "distances.parquet")
    assert found["other"].to_list() == [fold.name for fold in folds[:4]]
    assert found["distance"][3] == pytest.approx(frechet_distance(moments(4), moments(3)), rel=1e-6)


def test_how_many_were_tried_and_kept_is_shown(
    done: tuple[Plan, RunResult], caplog: pytest.LogCaptureFixture
) -> None:
    planned, result = done
    page = english(result.report)
    assert "<h2>Selection of halves</h2>" in page
    rows = table(planned).group_by("decision", maintain_order=True)
    for decision, part in rows:
        kept = part.filter(pl.col("kept"))["block"].to_list()
        cells = (
            decision[0],
            len(part),
            (part["dates_judged"] > 0).sum(),
            len(kept),
            ", ".join(kept),
        )
        assert "".join(f"<td>{cell}</td>" for cell in cells) in page
    assert "Rank correlation of what blocks say" in page
    assert "Distance of blocks' features" in page
    drawn = planned.timelines()
    assert drawn.endswith("6 are trained, and 1 to 6 of them predict a date")
    assert "learns from" in drawn
    again = planned.recipe.model_copy(update={"name": "again"})
    with caplog.at_level(logging.INFO):
        stricter = blocks_changed(again, at_most=1, at_least=1)
        execute(plan(stricter, planned.store.root.parent), show_progress=False)
    assert "decided 2023-09-01: 1 of 6 blocks kept: 2023-06-01" in caplog.text


def blocks_changed(recipe, **select: int):
    factor = recipe.factors["halves"]
    chosen = factor.select.model_copy(update=select)
    changed = factor.model_copy(update={"select": chosen})
    return recipe.model_copy(update={"factors": {"halves": changed}})


def assert_decided_by_the_past(true: Plan, other: Plan, after: date) -> None:
    """Decisions and scores up to a date are the same in a world whose later days are others."""
    for name in ("candidates", "alike"):
        old, new = (table(p, name).filter(pl.col("decision") <= str(after)) for p in (true, other))
        assert len(old) > 5
        assert_frame_equal(old, new, check_exact=True)
    old, new = (p.panel("score/halves").between("2023-01-01", after) for p in (true, other))
    assert np.isfinite(old.values).sum() > 500
    np.testing.assert_array_equal(old.values, new.reindex(old.dates, old.assets).values)
    later = [p.panel("score/halves").between(after, "2024-01-01").values for p in (true, other)]
    assert not np.array_equal(*later, equal_nan=True)


def worlds(lakes: Sequence[Path], folder: Path, runs: Path) -> list[Plan]:
    """The recipe in both worlds, made."""
    plans = []
    for number, lake in enumerate(lakes):
        planned = plan(blocks_recipe(lake, folder / str(number)), runs)
        assert execute(planned, show_progress=False).problems == ()
        plans.append(planned)
    return plans


@pytest.mark.slow
def test_what_comes_after_a_decision_does_not_count(
    done: tuple[Plan, RunResult], long_lake: Path, noise: Path, tmp_path: Path
) -> None:
    runs = done[0].store.root.parent
    assert_decided_by_the_past(*worlds((long_lake, noise), tmp_path, runs), MIDDLE)


HONEST_BLOCKS, HONEST_DECISIONS = SampleBlocksSpec.blocks, SampleBlocksSpec.decisions


def judged_too_late(self, sessions, samples, label_offset, decided) -> tuple[SampleBlock, ...]:
    """The dates that judge reach twenty sessions past the decision."""
    at = int(np.searchsorted(sessions, decided))
    later = sessions[min(at + 20, len(sessions) - 1)]
    reach = {
        block.fold.name: block.fold.predict
        for block in HONEST_BLOCKS(self, sessions, samples, label_offset, later)
    }
    found = HONEST_BLOCKS(self, sessions, samples, label_offset, decided)
    return tuple(
        replace(block, fold=replace(block.fold, predict=reach[block.fold.name])) for block in found
    )


def chosen_by_the_next(self, *about) -> tuple[Decision, ...]:
    """Blocks are those of the next decision: some are not over yet."""
    found = HONEST_DECISIONS(self, *about)
    return tuple(replace(early, blocks=late.blocks) for early, late in pairwise(found))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "leak"),
    [("blocks", judged_too_late), ("decisions", chosen_by_the_next)],
    ids=["judged past the decision", "chosen a month too early"],
)
def test_a_leak_is_caught(
    done: tuple[Plan, RunResult],
    long_lake: Path,
    noise: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    leak: Callable,
) -> None:
    monkeypatch.setattr(SampleBlocksSpec, method, leak)
    leaking = worlds((long_lake, noise), tmp_path, done[0].store.root.parent)
    with pytest.raises(AssertionError, match=r"different|not equal"):
        assert_decided_by_the_past(*leaking, MIDDLE)


@pytest.mark.slow
def test_one_more_day_costs_a_day(long_lake: Path, tmp_path: Path) -> None:
    """One that is scored, one on which labels end, and a decision."""
    whole = Lake(long_lake)
    days = whole.dates("daily")
    at = int(np.searchsorted(days, np.datetime64("2023-07-31")))
    assert at % 2 == 0  # on the grid, and the last session of its month
    rows_upto(whole, tmp_path / "lake", days[at - 1])
    recipe = blocks_recipe(tmp_path / "lake", tmp_path)
    assert execute(plan(recipe, tmp_path / "runs"), show_progress=False).problems == ()

    def todo() -> dict[str, list[str]]:
        append_session(whole, tmp_path / "lake", days[len(Lake(tmp_path / "lake").dates("daily"))])
        planned = plan(recipe, tmp_path / "runs")
        missing = {node.name: [one.name for one in planned.missing(node)] for node in planned.nodes}
        assert execute(planned, show_progress=False).problems == ()
        return {name: slices for name, slices in missing.items() if slices}

    blocks = [f"block/halves.{day}" for day in ("2023-01-03", "2023-02-01", "2023-03-01")]
    blocks.append("block/halves.2023-04-03")
    scored = todo()
    own = {key: n for key, n in scored.items() if key.partition("/")[0] not in ("label", "forward")}
    days_own = ("universe", "features/halves", "seen/halves", *blocks, "score/halves", "signal")
    assert own == {key: ["2023-07-31"] for key in days_own} | {"test": ["all"]}
    assert 1 <= len(scored["label/halves"]) <= 3  # two samples before it see more of their labels
    decision = todo()  # 1 August is no date of the grid: none is scored, no choice is needed yet
    assert not {"weights/halves", "selected/halves", "score/halves", *blocks} & set(decision)
    first = todo()  # the first date that the decision scores, and a block more
    assert first["weights/halves"] == ["2023-05-04-seed0", "2023-05-04-seed1"]
    assert first["similarity/halves"] == ["2023-05-04"]
    assert first["selected/halves"] == ["2023-08-01"]
    assert first["score/halves"] == ["2023-08-02"]
    assert len(first["block/halves.2023-05-04"]) > 5
    assert [first[name] for name in blocks[:3]] == [["2023-08-02"]] * 3
    # On 3 July, from which on the block scores, 29 June could not judge it yet; now it does.
    assert first[blocks[3]] == ["2023-06-29", "2023-08-02"]


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(
    done: tuple[Plan, RunResult], long_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []

    def killed_at_the_fourth(job: FoldJob) -> None:
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append(job.folder)
        train_fold(job)

    recipe = blocks_recipe(long_lake, tmp_path)
    monkeypatch.setattr("intralpha.factors.learning.train_fold", killed_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        execute(plan(recipe, tmp_path / "runs"), show_progress=False)
    monkeypatch.undo()
    todo = plan(recipe, tmp_path / "runs")
    assert len(todo.missing(todo.node("weights/halves"))) == 12 - 3
    resumed = execute(todo, show_progress=False)
    assert resumed.problems == ()
    assert resumed.made["weights/halves"] == 9
    again = plan(recipe, tmp_path / "runs")
    for name in ("candidates", "alike"):
        assert_frame_equal(table(again, name), table(done[0], name), check_exact=True)
    same = [p.panel("score/halves").values for p in (again, done[0])]
    np.testing.assert_array_equal(*same)


@pytest.mark.slow
def test_workers_change_nothing(
    done: tuple[Plan, RunResult], long_lake: Path, tmp_path: Path
) -> None:
    shared = plan(blocks_recipe(long_lake, tmp_path, "workers=2"), tmp_path / "runs")
    assert execute(shared, show_progress=False).problems == ()
    assert same_files(done[0], plan(shared.recipe, tmp_path / "runs")) > 300
