"""The tracking of a run: its own nodes, its section, and nobody else's address."""

from pathlib import Path

import pytest
from tests.pipeline.conftest import SIMPLE

from intralpha.pipeline import Plan, Recipe, RecipeError, RunResult, execute, load_recipe, plan
from intralpha.pipeline.made import finished_tracking

FOLLOWED = "tracking={window: 4, events: {spring: [2023-03-01, 2023-05-31]}}"
TABLES = {"controls", "alarms", "strength", "highs", "events", "fading", "crowding"}


def followed(folder: Path, *more: str) -> Recipe:
    return load_recipe(folder / "tiny.yaml", ("data.sources=[]", *SIMPLE, FOLLOWED, *more))


@pytest.fixture(scope="module")
def run(
    finished: tuple[Path, RunResult], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, RunResult]:
    """One run that is followed."""
    planned = plan(followed(finished[0]), tmp_path_factory.mktemp("followed"))
    return planned, execute(planned, show_progress=False)


@pytest.mark.slow
def test_nobody_else_moves(run: tuple[Plan, RunResult], simple_recipe: Recipe) -> None:
    after = run[0]
    before = plan(simple_recipe, after.store.root.parent)
    moved = {n for n in after.keys if before.keys.get(n) != after.keys[n]}
    assert moved == {"tracking", "features/tracking"}


def test_a_run_that_is_followed(run: tuple[Plan, RunResult]) -> None:
    planned, result = run
    assert result.problems == ()
    tables = finished_tracking(planned)
    assert set(tables) == TABLES
    (event,) = tables["events"].to_dicts()
    assert (event["event"], event["factor"]) == ("spring", "simple")
    assert event["dates"] > 5
    assert tables["controls"]["low"].count() > 5
    assert tables["crowding"]["simple"].is_between(0, 1).all()
    page = result.report.read_text(encoding="utf-8")
    for said in ("Tracking", "RankIC in its control band, simple", "Days since the last high"):
        assert said in page
    newest = tables["alarms"].row(-1, named=True)
    assert ("Alarm, rolling RankIC" in page) == newest["alarm"]


def test_scores_are_orthogonal_unless_it_is_not_wanted(
    run: tuple[Plan, RunResult], finished: tuple[Path, RunResult]
) -> None:
    recipe = followed(finished[0], "tracking.orthogonal_to=null")
    planned = plan(recipe, run[0].store.root.parent)
    execute(planned, show_progress=False)
    found, other = (finished_tracking(p)["controls"] for p in (run[0], planned))
    assert found.height > 10
    assert not found.equals(other)


def test_faults_are_told_before_anything_is_read(finished: tuple[Path, RunResult]) -> None:
    with pytest.raises(RecipeError, match="tracking: no factor nobody"):
        followed(finished[0], "tracking.factors=[nobody]")
    with pytest.raises(RecipeError, match="lies after end"):
        followed(finished[0], "tracking.events={x: [2024-01-02, 2024-01-01]}")
