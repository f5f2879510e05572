"""Study result: the table of a study's trials, their trainings, and what the best is worth."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs
from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.evaluation import FactorReport, chance_above, expected_best, ratio_of
from intralpha.pipeline.made import finished_factors, training_history
from intralpha.pipeline.plan import Plan
from intralpha.pipeline.trials import Trial

SIGNAL = "signal"
FIGURES = ("rank_ic", "icir", "top_excess", "turnover_two_sided", "dates")
LEARNT = ("valid_rank_ic", "best_epoch", "epochs", "unit_correlation")
ERROR = "_se"  # end of the name of a figure's standard error
COUNTS = ("seeds", "trainings")
SHOWN_ERRORS = ("valid_rank_ic_se", "rank_ic_se")  # the others are in the file and on the page


@dataclass(frozen=True, eq=False)
class StudyResult:
    """What the trials found.

    Attributes
    ----------
    factor : which is compared
    table : one row a trial: its settings; of training the mean over folds and seeds of the best
        epoch's validation RankIC, that epoch, epochs until it stopped and the mean absolute
        correlation of units (null without), each with its standard error over seeds (null of a
        single one), and how many seeds and trainings there are; RankIC of the test, with that over
        dates, ICIR, top excess and turnover; ``problem`` in words where a trial failed
    series : trial -> RankIC of each test date, overlapping returns left out
    trainings : a row an epoch of every training: ``trial``, then the columns of its history; none
        where nothing is trained
    trials : settings and work of each
    """

    factor: str
    table: pl.DataFrame
    series: tuple[Float[ndarray, " D"], ...]
    trainings: pl.DataFrame = field(default_factory=pl.DataFrame)
    trials: Sequence[Trial] = ()

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
            return "\n".join([head, str(self.table.select(self._shown)), *self.says])

    @property
    def _shown(self) -> list[str]:
        """Columns of the text: those with a value, of the errors two."""
        apart = {*_errors(LEARNT), *COUNTS} - {*SHOWN_ERRORS}
        return [n for n in self.table.columns if n not in apart and self.table[n].count()]

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
        figures = {*LEARNT, *FIGURES, *_errors((*LEARNT, *FIGURES)), *COUNTS}
        apart = {"trial", *figures, "problem"}
        return tuple(name for name in self.table.columns if name not in apart)


def in_words(settings: Mapping[str, Any]) -> str:
    """Settings of a trial, as they are told."""
    return ", ".join(f"{name} = {value}" for name, value in settings.items())


def compared(name: str, trials: Sequence[Trial], problems: Sequence[str | None]) -> StudyResult:
    """The table of what is made.

    Parameters
    ----------
    name : of the factor
    trials : all of them
    problems : what failed of each, in words
    """
    rows, series, fits = [], [], []
    for at, (trial, problem) in enumerate(zip(trials, problems, strict=True)):
        reports = {report.name: report for report in finished_factors(trial.plan)}
        settings = {key: _cell(value) for key, value in trial.settings.items()}
        history = _history(trial.plan, name)
        figures = _tested_figures(reports.get(name))
        rows.append({"trial": at, **settings, **learnt_of(history), **figures, "problem": problem})
        series.append(_apart(reports[name], trial.plan) if name in reports else np.empty(0))
        if history is not None:
            fits.append(history.select(pl.lit(at).alias("trial"), pl.all()))
    trainings = pl.concat(fits, how="diagonal") if fits else pl.DataFrame()
    table = pl.DataFrame(rows, infer_schema_length=None)
    return StudyResult(name, table, tuple(series), trainings, tuple(trials))


def _tested_figures(report: FactorReport | None) -> dict[str, float | None]:
    """Figures of the test, the RankIC with its error over dates as the factor's page has it."""
    tested = {} if report is None else report.summary
    figures = {figure: tested.get(figure) for figure in FIGURES}
    known = pl.DataFrame() if report is None else report.more.get("coefficients", pl.DataFrame())
    rows = known.filter(coefficient="rank_ic") if known.height else known
    error = rows["se"].item() if rows.height else None
    return {"rank_ic": figures.pop("rank_ic"), "rank_ic_se": error} | figures


def _cell(value: Any) -> Any:
    """A setting as a cell of a table."""
    return value if isinstance(value, int | float | str) else str(value)


def learnt(planned: Plan, name: str) -> dict[str, float | None]:
    """Of a factor's trainings (the signal's: of all): see :func:`learnt_of`.

    Parameters
    ----------
    planned : the work of a trial
    name : of the factor
    """
    return learnt_of(_history(planned, name))


def _history(planned: Plan, name: str) -> pl.DataFrame | None:
    """Of a factor's trainings, the signal's: of all; None without one."""
    history = training_history(planned)
    if history is not None and name != SIGNAL:
        history = history.filter(pl.col("factor") == name)
    return None if history is None or history.is_empty() else history


def learnt_of(history: pl.DataFrame | None) -> dict[str, float | None]:
    """Means over folds and seeds of what trainings reached, and their errors over seeds.

    Parameters
    ----------
    history : a row an epoch; None: nothing is trained

    Returns
    -------
    dict
        The figures of ``LEARNT``, each followed by its standard error: of the means over folds of
        each seed, their deviation over the root of their number; None where there is one seed.
        Then ``seeds`` and ``trainings``. All None without a training.
    """
    out = dict.fromkeys(n for one in LEARNT for n in (one, one + ERROR)) | dict.fromkeys(COUNTS)
    if history is None:
        return out
    ends = history.group_by("factor", "fold", "seed").agg(epochs=pl.col("epoch").max())
    best = history.filter(pl.col("epoch") == pl.col("best_epoch"))
    kept = best.join(ends, on=("factor", "fold", "seed")).with_columns(cs.float().fill_nan(None))
    known = [one for one in LEARNT if one in kept.columns]
    by_seed = kept.group_by("seed", maintain_order=True).agg(pl.col(known).mean())
    means = {one: kept[one].cast(pl.Float64).mean() for one in known}
    errors = {one + ERROR: _error(by_seed[one]) for one in known}
    return out | means | errors | {"seeds": by_seed.height, "trainings": kept.height}  # type: ignore[return-value]


def _error(by_seed: pl.Series) -> float | None:
    """Standard error of a mean; None of fewer than two values."""
    known = by_seed.drop_nulls()
    return known.std() / math.sqrt(len(known)) if len(known) > 1 else None  # type: ignore[operator]


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


def _errors(figures: Sequence[str]) -> list[str]:
    return [name + ERROR for name in figures]


def _highest(column: pl.Series) -> int | None:
    return column.cast(pl.Float64).fill_nan(None).arg_max()
