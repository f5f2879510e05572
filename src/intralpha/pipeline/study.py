"""Study: one recipe with other settings, each combination a trial, compared in one table."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from intralpha.base.progress import progress
from intralpha.executors import LocalSpec
from intralpha.pipeline.jobs import make_node
from intralpha.pipeline.mlflow_log import tell_run
from intralpha.pipeline.plan import Plan
from intralpha.pipeline.recipe import Recipe
from intralpha.pipeline.run import ingested, make_all
from intralpha.pipeline.study_result import SIGNAL, StudyResult, compared, in_words, learnt
from intralpha.pipeline.trials import Study, StudyError, Trial
from intralpha.report import render_trials
from intralpha.search import Told


def run_study(study: Study, factor: str | None = None, show_progress: bool = True) -> StudyResult:
    """Make what is missing of every trial, and compare them.

    What several trials have in common is made once. With several workers trials are made beside
    each other, each in one process. A study that was stopped goes on; one more value costs its
    trials. A search is told the validation RankIC of each batch, and says what is tried next.
    Where the recipe has the key ``mlflow`` each trial that is finished is a run there.

    Parameters
    ----------
    study : of :func:`plan_study`
    factor : which is compared; default: that of the recipe's ``study``, else the signal, or the
        only factor that it is made of
    show_progress : whether to draw bars on stderr

    Raises
    ------
    StudyError
        A trial has no such factor; or nothing of it is trained, and a search chooses by trainings.
    """
    batch, trials, problems, told = list(study.trials), [], [], []
    name = _tested(batch[0].plan.recipe, factor)
    while batch:
        for trial in batch:
            _tested(trial.plan.recipe, factor)
        batch = [replace(t, plan=ingested(t.plan, show_progress)) for t in batch]
        if study.search is not None and study.search.informed:
            _check_learning(batch, name)
        failed = _made([trial.plan for trial in batch], show_progress, len(trials), study.size)
        for trial, problem in zip(batch, failed, strict=True):
            if problem is None:
                tell_run(trial.plan, None, in_words(trial.settings))
        problems += failed
        trials += batch
        told += [Told(t.settings, learnt(t.plan, name)["valid_rank_ic"]) for t in batch]
        batch = study.asked(told) if study.search is not None else []
    return compared(name, trials, problems)


def _made(plans: Sequence[Plan], show_progress: bool, before: int, size: int) -> list[str | None]:
    """Make what trials have in common, then the rest of each; what failed of each, in words."""
    recipe = plans[0].recipe
    with recipe.executor.open(recipe.workers) as executor:
        for planned in plans:
            for node in planned.nodes:
                if sum(p.keys.get(node.name) == planned.keys[node.name] for p in plans) > 1:
                    make_node(planned, node, executor, show_progress)
        with progress(show_progress) as bar:
            shown = bar.add_task("trials", total=size, completed=before)
            return executor.run(
                make_trial, [_alone(p) for p in plans], lambda _: bar.advance(shown)
            )


def _check_learning(trials: Sequence[Trial], name: str) -> None:
    """A search must find a validation RankIC."""
    wanted = None if name == SIGNAL else f"weights/{name}"
    for trial in trials:
        trained = [node.name for node in trial.plan.nodes if node.kind == "weights"]
        if not trained or (wanted is not None and wanted not in trained):
            raise StudyError(
                "search",
                f"{name}, of which nothing is trained",
                "a factor that learns, for its validation RankIC says what is tried next; "
                "{kind: random} asks for none",
            )


def _tested(recipe: Recipe, factor: str | None) -> str:
    """The name under which a factor is tested; None: the signal, or the only one it is made of."""
    parts = recipe.combined()
    signal = parts[0] if len(parts) == 1 else SIGNAL
    known = tuple(dict.fromkeys((signal, *recipe.factors)))
    if factor is None and recipe.study is not None:
        factor = recipe.study.factor
    name = signal if factor is None else factor
    if name not in known:
        raise StudyError("--factor", name, f"one of {', '.join(known)}")
    return name


def make_trial(planned: Plan) -> str | None:
    """Make all of a trial in this process; returns what failed, in words.

    Parameters
    ----------
    planned : its work
    """
    _, failed = make_all(planned, planned.nodes, show_progress=False)
    return "; ".join(f"{name}: {error}" for name, error in failed.items()) or None


def render_study(result: StudyResult, path: Path) -> Path:
    """Write the table, a chart of validation beside test, and what the best is worth as a page.

    Parameters
    ----------
    result : of :func:`run_study`
    path : HTML file; replaced in one step
    """
    drawn = ("valid_rank_ic", "rank_ic")
    known = [c for c in result.table.columns if c in drawn or result.table[c].count()]
    shown = result.table.select(known).with_columns(pl.col(result.settings).cast(pl.String))
    about = f"{len(shown)} trials; compared is {result.factor}."
    title = f"Study of {result.factor}"
    return render_trials(title, about, shown, result.says, path, result.trainings)


def _alone(planned: Plan) -> Plan:
    """The plan with nothing worked out, for one process."""
    recipe = planned.recipe.model_copy(update={"workers": 1, "executor": LocalSpec()})
    return replace(planned, recipe=recipe)
