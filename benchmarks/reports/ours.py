"""Ours: figures of finished runs, read as they were filed; nothing is tested or trained again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from intralpha.backtest import load_run
from intralpha.evaluation import FactorReport, SetReport
from intralpha.evaluation.figures import Course, FiguresSpec, mixture
from intralpha.evaluation.figures.beside import side_by_side
from intralpha.pipeline.compare import PastRun
from intralpha.pipeline.made import finished_factors, finished_sets, training_history

from .printed import Row, Table
from .studies import OurStudies, reached

MAIN, PORTFOLIO, BENCHMARK = "portfolio", "portfolio", "benchmark"


@dataclass(frozen=True)
class Found:
    """A figure of ours.

    Attributes
    ----------
    value : a fraction, not percent
    error : standard error where the value is a mean whose dates are kept; None: not known
    dates : that it is a mean over, of a study seeds; None: it is none, or they are not kept
    """

    value: float
    error: float | None = None
    dates: int | None = None


@dataclass(frozen=True)
class OurRun:
    """A finished run.

    Attributes
    ----------
    recipe : base name, such as ``s001_multifrequency_rnn``
    size : full, demo or tiny
    past : what was filed
    """

    recipe: str
    size: str
    past: PastRun

    @cached_property
    def factors(self) -> dict[str, FactorReport]:
        """Tests by the name of the factor."""
        return {one.name: one for one in finished_factors(self.past)}

    @cached_property
    def sets(self) -> dict[str, SetReport]:
        """Sets by name."""
        return {one.name: one for one in finished_sets(self.past)}

    @cached_property
    def training(self) -> pl.DataFrame:
        """A row an epoch of every training; empty where none is kept."""
        history = training_history(self.past)
        return pl.DataFrame() if history is None else history

    @cached_property
    def courses(self) -> dict[str, Course]:
        """Portfolios by name, ``portfolio`` first, mixtures last."""
        further: dict[str, Any] = self.past.recipe.get("portfolios") or {}
        nodes = {MAIN: "portfolio"} | {n: f"portfolio/{n}" for n in further}
        folders = {name: list(self.past.folders(node).values()) for name, node in nodes.items()}
        out = {n: load_run(f).ledger.course() for n, f in folders.items() if f}
        out = {n: course for n, course in out.items() if len(course.dates)}
        for name, one in further.items():
            parts = one.get("mixture") or {}
            if parts and {*parts} <= {*out}:
                out[name] = mixture([out[part] for part in parts], list(parts.values()))
        return out

    @cached_property
    def figures(self) -> FiguresSpec | None:
        """Conventions of the report that the recipe names."""
        given = (self.past.recipe.get("portfolio") or {}).get("figures")
        kind = FiguresSpec.of_kind(given["kind"]) if given else None
        return None if kind is None else kind.model_validate(given)  # type: ignore[return-value]

    @property
    def simulated(self) -> bool:
        """Whether its market is simulated."""
        sources = self.past.recipe["data"].get("sources") or []
        return any(source["kind"] == "simulated" for source in sources)

    @property
    def benchmark(self) -> str:
        """Index that its portfolio is held against; empty without one."""
        portfolio = self.past.recipe.get("portfolio") or {}
        return str((portfolio.get("benchmark") or {}).get("index", ""))

    @cached_property
    def stocks(self) -> float:
        """Mean number of stocks on a test date; NaN without a test."""
        found = [one.summary["stocks"] for one in self.factors.values()]
        return float(np.mean(found)) if found else float("nan")

    @cached_property
    def signs(self) -> dict[str, float]:
        """Direction of each feature that a hand-made factor of the recipe states."""
        stated = [f.get("signs") or {} for f in self.past.recipe["factors"].values() if f]
        return {name: float(sign) for one in stated for name, sign in one.items()}


Ours = OurRun | OurStudies


def find(run: Ours, table: Table, row: Row, title: str) -> Found | None:
    """What stands in a run beside a printed cell; None: it has no such figure.

    Parameters
    ----------
    run : of the row's recipe, or its studies
    table, row, title : of the cell
    """
    column = table.columns[title]
    if row.ours is None or column is None:
        return None
    sign, plain = (-1.0, column[1:]) if column.startswith("-") else (1.0, column)
    if isinstance(run, OurStudies):
        found = _of_study(run, table, row.ours, plain)
    else:
        found = READERS[table.read](run, table, row.ours, plain)
    if found is None or not np.isfinite(found.value):
        return None
    return Found(sign * found.value, found.error, found.dates)


def _of_study(studies: OurStudies, table: Table, value: str, figure: str) -> Found | None:
    """A figure of the trial of a value, its error over seeds."""
    study = studies.of(table.of)
    seeds = None if study is None else reached(study, float(value))
    if seeds is None or figure not in seeds.columns or seeds[figure].null_count():
        return None
    values = seeds[figure].to_numpy().astype(np.float64)
    error = _of_mean(values) if len(values) > 1 else None
    return Found(float(values.mean()), error, len(values))


def _printed(run: OurRun, _: Table, factor: str, figure: str) -> Found | None:
    report = run.factors.get(factor)
    if report is None or "printed" not in report.more:
        return None
    row = report.more["printed"].row(0, named=True)
    return None if row.get(figure) is None else Found(row[figure], *_error(report, figure))


def _error(report: FactorReport, figure: str) -> tuple[float | None, int]:
    """Standard error of a figure that is a mean, and the dates that it is of."""
    legs = report.series["top_excess"].is_finite().sum()
    for kind in ("rank_ic", "ic"):
        if figure.startswith(f"{kind}_"):
            rows = report.more["coefficients"].filter(coefficient=kind)
            error = rows["se"].item() if figure == f"{kind}_mean" else None
            return error, int(report.summary["dates"])
    leg = figure.removesuffix("_per_date")
    rows = report.more["legs"].filter(leg=leg)
    return (rows["per_date_se"].item() if figure != leg and len(rows) else None), int(legs)


def _decay(run: OurRun, _: Table, lag: str, factor: str) -> Found | None:
    if factor not in run.factors:
        return None
    report = run.factors[factor]
    rows = report.decay.filter(lag=int(lag.split()[1]))
    dates = int(report.summary["dates"])
    return Found(rows["rank_ic"].item(), report.summary["rank_ic_std"] / np.sqrt(dates), dates)


def _units(run: OurRun, _: Table, figure: str, name: str) -> Found | None:
    if name not in run.sets:
        return None
    values = run.sets[name].units()[figure].to_numpy().astype(np.float64)
    return Found(float(values.mean()), _of_mean(values) if len(values) > 1 else None)


def _unit_seeds(run: OurRun, _: Table, seed: str, name: str) -> Found | None:
    if name not in run.sets:
        return None
    rows = run.sets[name].units().filter(seed=seed)
    return Found(rows["mean_correlation"].item()) if len(rows) else None


def _of_mean(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def _correlations(run: OurRun, table: Table, one: str, other: str) -> Found | None:
    report = run.sets.get(table.of)
    if report is None:
        return None
    names = _names(report)
    if one not in names or other not in names:
        return None
    i, j = names[one], names[other]
    below = table.form == "mixed" and _place(table, one) > list(table.columns.values()).index(other)
    value = float((report.spearman_NN if below else report.pearson_NN)[i, j])
    if table.form == "signed":
        value *= run.signs.get(one, 1.0) * run.signs.get(other, 1.0)
    return Found(value)


def _names(report: SetReport) -> dict[str, int]:
    """Name -> place; a set of scores alone has them without the word before them."""
    return {name: k for k, name in enumerate(report.names)}


def _place(table: Table, ours: str) -> int:
    return [row.ours for row in table.rows].index(ours)


def _portfolio(run: OurRun, table: Table, name: str, figure: str) -> Found | None:
    frame = _line(run, table.of, name)
    if frame is None or figure not in frame.columns or frame[figure].item() is None:
        return None
    return Found(frame[figure].item())


def _line(run: OurRun, title: str, name: str) -> pl.DataFrame | None:
    """The line of a portfolio, or of one of its series: ``csi300``, ``csi300, hedged``."""
    portfolio, series = _parts(name)
    if run.figures is None or portfolio not in run.courses:
        return None
    if series:
        frame = run.figures.tables(run.courses[portfolio])[title].filter(series=series)
    else:
        frame = side_by_side(run.courses, run.figures)[title].filter(series=portfolio)
    return frame if len(frame) else None


def _parts(name: str) -> tuple[str, str]:
    """Portfolio and series of a name; a series alone is of the recipe's own portfolio."""
    series = {BENCHMARK: BENCHMARK} | {n: f"portfolio, {n}" for n in ("absolute", "hedged")}
    first, _, last = name.rpartition(", ")
    return (first or MAIN, series[last]) if last in series else (name, "")


def _portfolio_years(run: OurRun, _: Table, name: str, year: str) -> Found | None:
    portfolio, series = _parts(name)
    course = run.courses.get(portfolio)
    if course is None or int(year) not in course.years:
        return None
    if series and not series.endswith("absolute"):
        assert run.figures is not None
        frames = run.figures.tables(course).values()
        wanted = "benchmark_ret" if series == BENCHMARK else "hedged_ret"
        values = [f.filter(year=int(year))[wanted].item() for f in frames if wanted in f.columns]
        return Found(values[0]) if values else None
    row = side_by_side({portfolio: course}, None)["Returns by year"]
    return Found(row[f"ret_{year}"].item())


def _excess_of_period(run: OurRun, table: Table, period: str, portfolio: str) -> Found | None:
    """Of a portfolio; of its twin ``NAME_2`` where the row says ``PERIOD, 2``."""
    when, _, twin = period.partition(", ")
    course = run.courses.get(f"{portfolio}_{twin}" if twin else portfolio)
    if run.figures is None or course is None:
        return None
    rows = run.figures.tables(course)[table.of].filter(period=when)
    return Found(rows["excess_ret"].item()) if len(rows) else None


def _periods(run: OurRun, table: Table, period: str, figure: str) -> Found | None:
    if run.figures is None or MAIN not in run.courses:
        return None
    rows = run.figures.tables(run.courses[MAIN])[table.of].filter(period=period)
    return Found(rows[figure].item()) if len(rows) else None


def _by_day(run: OurRun, table: Table, which: str, day: str) -> Found | None:
    report = run.factors.get(table.of)
    if report is None or "by_day" not in report.more:
        return None
    rows = report.more["by_day"].filter(day=int(day))
    if not len(rows):
        return None
    error, dates = day_error(report, which, int(day))
    return Found(rows[which].item(), error, dates)


def day_error(report: FactorReport, which: str, day: int) -> tuple[float, int]:
    """Standard error of a RankIC by day, and its dates.

    Parameters
    ----------
    report : with a table of horizons
    which : ``single`` or ``cumulative``
    day : from 1 on
    """
    name = f"{day}_{day + 1}" if which == "single" else f"1_{day + 1}"
    row = report.more["horizons"].filter(horizon=name)
    return row["se"].item(), int(report.summary["dates"])


READERS: Mapping[str, Callable[[OurRun, Table, str, str], Found | None]] = {
    "printed": _printed,
    "decay": _decay,
    "units": _units,
    "unit_seeds": _unit_seeds,
    "correlations": _correlations,
    "portfolio": _portfolio,
    "portfolio_years": _portfolio_years,
    "periods": _periods,
    "excess_of_period": _excess_of_period,
    "by_day": _by_day,
}
