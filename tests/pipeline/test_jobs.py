"""Slices as jobs: a worker makes what it was asked for, or says why not."""

from dataclasses import replace
from pathlib import Path

import pytest

from intralpha.pipeline import Recipe, execute, plan
from intralpha.pipeline.jobs import OtherWorkerError, SliceJob, make_slices
from intralpha.pipeline.plan import Plan


def job_of(planned: Plan, name: str, count: int) -> SliceJob:
    node = planned.node(name)
    part = node.slices[:count]
    return SliceJob.of(planned, node, part, part)


def test_a_worker_makes_the_slices_and_no_others(simple_recipe: Recipe, tmp_path: Path) -> None:
    planned = plan(simple_recipe, tmp_path / "runs")
    make_slices(job_of(planned, "universe", 4))
    node = planned.node("universe")
    assert [s.name for s in planned.missing(node)] == [s.name for s in node.slices[4:]]


def test_what_is_there_is_left_alone(simple_recipe: Recipe, tmp_path: Path) -> None:
    planned = plan(simple_recipe, tmp_path / "runs")
    make_slices(job_of(planned, "universe", 2))
    root = tmp_path / "runs/artifacts/universe/days"
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*") if p.is_file()}
    assert len(before) == 2
    make_slices(job_of(planned, "universe", 3))
    after = {p: p.stat().st_mtime_ns for p in root.rglob("*") if p.is_file()}
    assert len(after) == 3
    assert before.items() <= after.items()


def test_a_worker_with_other_data_or_code_says_so(simple_recipe: Recipe, tmp_path: Path) -> None:
    planned = plan(simple_recipe, tmp_path / "runs")
    job = replace(job_of(planned, "universe", 2), address="of another lake")
    with pytest.raises(OtherWorkerError, match="other values of universe"):
        make_slices(job)
    assert planned.missing(planned.node("universe")) == planned.node("universe").slices


@pytest.mark.slow
def test_what_a_worker_refuses_is_told_like_at_home(simple_recipe: Recipe, tmp_path: Path) -> None:
    late = simple_recipe.universe.model_copy(update={"min_listed_days": 9000})
    changes = {"universe": late, "workers": 2}
    results = [
        execute(plan(simple_recipe.model_copy(update=c), tmp_path / str(at)), show_progress=False)
        for at, c in enumerate(({**changes, "workers": 1}, changes))
    ]
    here, there = ([str(p) for p in result.problems] for result in results)
    assert here == there
    assert here
