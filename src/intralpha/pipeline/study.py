"""Study: one recipe with other settings, each combination a trial, compared in one table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.base.progress import progress
from intralpha.evaluation import FactorReport, chance_above, expected_best, ratio_of
from intralpha.executors import LocalSpec
from intralpha.pipeline.jobs import make_node
from intralpha.pipeline.made import finished_factors, training_history
from intralpha.pipeline.mlflow_log import tell_run
from intralpha.pipeline.plan import Plan
from intralpha.pipeline.recipe import Recipe
from intralpha.pipeline.run import ingested, make_all
from intralpha.pipeline.trials import Study, StudyError, Trial
from intralpha.report import render_trials
from intralpha.search import Told

SIGNAL = "signal"
FIGURES = ("rank_ic", "icir", "top_excess", "turnover_two_sided", "dates")
LEARNT = ("valid_rank_ic", "best_epoch", "epochs", "unit_correlation")


@dataclass(frozen=True, eq=False)
class StudyResult:
    """What the trials found.

    Attributes
    ----------
    factor : which is compared
    table : one row a trial: its settings; of training the mean over folds and seeds of the best
        epoch's validation RankIC, that epoch, epochs until it stopped and the mean absolute
        correlation of units (null without); RankIC, ICIR, top excess and turnover of the test;
        ``problem`` in words where a trial failed
    series : trial -> RankIC of each test date, overlapping returns left out
    """

    factor: str
    table: pl.DataFrame
    series: tuple[Float[ndarray, " D"], ...]

    @property
    def chosen(self) -> int | None:
        """The trial with the highest validation RankIC, which no test date has seen; None: no trial
        was validated.
        """
        return _highest(self.table["valid_rank_ic"])

    @property
    def best(self) -> int | None:
        """The trial with the highest RankIC in the test: picked by what it is judged by."""
        return _highest(self.table["rank_ic"])

    @property
    def luck(self) -> float:
        """Mean over deviation of the RankIC that the best of as many trials has by luck alone."""
        ratios = [ratio_of(one) for one in self.series]
        return expected_best([r for r in ratios if math.isfinite(r)])

    @property
    def deflated(self) -> float:
        """Probability that the best trial is better than the best of as many without skill."""
        return math.nan if self.best is None else chance_above(self.series[self.best], self.luck)

    def to_text(self) -> str:
        """The table, and what the choice of one in many is worth."""
        head = f"study of {self.factor}: {len(self.table)} trials"
        with pl.Config(
            tbl_rows=-1,
            tbl_cols=-1,
            tbl_width_chars=200,
            tbl_hide_dataframe_shape=True,
            tbl_hide_column_data_types=True,
        ):
            shown = [name for name in self.table.columns if self.table[name].count()]
            return "\n".join([head, str(self.table.select(shown)), *self.says])

    @property
    def says(self) -> tuple[str, ...]:
        """Which trials stand out, and what the choice of one in many is worth."""
        lines = []
        if self.chosen is not None:
            lines.append(
                f"highest validation RankIC: trial {self.chosen}, {self.told(self.chosen)}"
            )
        if self.best is not None:
            own = ratio_of(self.series[self.best])
            lines += [
                f"highest RankIC in the test: trial {self.best}, {self.told(self.best)}",
                f"the best of {len(self.table)} trials without skill would have {self.luck:.4f} "
                f"standard deviations a date; this one has {own:.4f}, and is better than that with "
                f"probability {self.deflated:.3f}",
            ]
        return tuple(lines)

    def told(self, at: int) -> str:
        """Settings of a trial in words."""
        row = self.table.row(at, named=True)
        return in_words({name: row[name] for name in self.settings})

    @property
    def settings(self) -> tuple[str, ...]:
        """Keys that were varied."""
        apart = {"trial", *LEARNT, *FIGURES, "problem"}
        return tuple(name for name in self.table.columns if name not in apart)


def in_words(settings: Mapping[str, Any]) -> str:
    """Settings of a trial, as they are told."""
    return ", ".join(f"{name} = {value}" for name, value in settings.items())


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
        told += [Told(t.settings, _learnt(t.plan, name)["valid_rank_ic"]) for t in batch]
        batch = study.asked(told) if study.search is not None else []
    return _compared(name, trials, problems)


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
    shown = result.table.with_columns(pl.col(result.settings).cast(pl.String))
    about = f"{len(shown)} trials; compared is {result.factor}."
    return render_trials(f"Study of {result.factor}", about, shown, result.says, path)


def _alone(planned: Plan) -> Plan:
    """The plan with nothing worked out, for one process."""
    recipe = planned.recipe.model_copy(update={"workers": 1, "executor": LocalSpec()})
    return replace(planned, recipe=recipe)


def _compared(name: str, trials: Sequence[Trial], problems: Sequence[str | None]) -> StudyResult:
    """The table of what is made."""
    rows, series = [], []
    for at, (trial, problem) in enumerate(zip(trials, problems, strict=True)):
        reports = {report.name: report for report in finished_factors(trial.plan)}
        settings = {key: _cell(value) for key, value in trial.settings.items()}
        tested = reports[name].summary if name in reports else {}
        figures = {figure: tested.get(figure) for figure in FIGURES}
        rows.append({"trial": at, **settings, **_learnt(trial.plan, name), **figures})
        rows[-1]["problem"] = problem
        series.append(_apart(reports[name], trial.plan) if name in reports else np.empty(0))
    return StudyResult(name, pl.DataFrame(rows, infer_schema_length=None), tuple(series))


def _cell(value: Any) -> Any:
    """A setting as a cell of a table."""
    return value if isinstance(value, int | float | str) else str(value)


def _learnt(planned: Plan, name: str) -> dict[str, float | None]:
    """Of a factor's trainings (the signal's: of all): means over folds and seeds."""
    history = training_history(planned)
    if history is not None and name != SIGNAL:
        history = history.filter(pl.col("factor") == name)
    if history is None or history.is_empty():
        return dict.fromkeys(LEARNT)
    best = history.filter(pl.col("epoch") == pl.col("best_epoch"))
    last = history.group_by("factor", "fold", "seed").agg(pl.col("epoch").max())
    columns = [c for c in ("valid_rank_ic", "best_epoch", "unit_correlation") if c in best.columns]
    means = {c: best[c].fill_nan(None).mean() for c in columns}
    return dict.fromkeys(LEARNT) | means | {"epochs": last["epoch"].mean()}  # type: ignore[return-value]


def _apart(report: FactorReport, planned: Plan) -> Float[ndarray, " D"]:
    """RankIC of the dates whose returns of the first horizon do not overlap."""
    first, last = planned.recipe.test.horizons[0]
    sessions = planned.axes.dates
    places = np.searchsorted(sessions, report.series["date"].to_numpy().astype(sessions.dtype))
    kept = not_before(places, last - first)
    return report.series["rank_ic"].to_numpy()[kept]


def not_before(places: Int[ndarray, " D"], spacing: int) -> Int[ndarray, " K"]:
    """Positions of the first, and of each that lies far enough behind the one before it.

    Parameters
    ----------
    places : int [D], ascending
    spacing : how far

    Examples
    --------
    >>> not_before(np.array([0, 3, 5, 9, 10, 20]), 5).tolist()
    [0, 2, 4, 5]
    """
    kept: list[int] = []
    for at, place in enumerate(places):
        if not kept or place - places[kept[-1]] >= spacing:
            kept.append(at)
    return np.array(kept, dtype=np.int64)


def _highest(column: pl.Series) -> int | None:
    return column.cast(pl.Float64).fill_nan(None).arg_max()
