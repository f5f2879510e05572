"""Charts of factors, of the training and of the combination."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha.evaluation import FactorReport
from intralpha.report.chart import Bars, Cells, Chart, Line, of_each_factor, one_of_many
from intralpha.report.language import Text, name, text

MONTHS = tuple(str(month) for month in range(1, 13))


def cumulative_ic_chart(factors: Sequence[FactorReport]) -> Chart:
    """Running sum of each factor's RankIC."""
    lines = _of_each(factors, "sum")
    return Chart("Cumulative RankIC", "sum over test dates", lines)


def rolling_ic_chart(factors: Sequence[FactorReport]) -> Chart:
    """Rolling mean of each factor's RankIC."""
    frames = [f.more["rolling"] for f in factors if "rolling" in f.more]
    windows = sorted({str(w) for frame in frames for w in frame["window"].unique()})
    unit = text("mean of {} dates", ", ".join(windows))
    return Chart("Rolling RankIC", unit, _of_each(factors, "mean"))


def _of_each(factors: Sequence[FactorReport], column: str) -> tuple[Line, ...]:
    """A line a factor of its rolling table."""
    return tuple(
        one_of_many(i, f.more["rolling"]["date"], f.more["rolling"][column], f.name)
        for i, f in enumerate(factors)
        if "rolling" in f.more
    )


def group_nav_chart(factor: FactorReport) -> Chart | None:
    """Compounded excess of each group over the universe, from the lowest scores to the highest."""
    courses = factor.more.get("group_courses")
    if courses is None:
        return None
    groups = courses.columns[1:]
    lines = tuple(
        Line(courses["date"], courses[g], _group(i, len(groups)), i / max(len(groups) - 1, 1))
        for i, g in enumerate(groups)
    )
    title = text("Groups of {}", factor.name)
    return Chart(title, "value of 1, excess over the universe, before cost", lines)


def _group(place: int, of: int) -> Text:
    said = (
        "group {} (top)" if place == of - 1 else "group {} (bottom)" if place == 0 else "group {}"
    )
    return text(said, str(place + 1))


def group_bar_chart(factor: FactorReport) -> Chart | None:
    """Mean excess of each group a date."""
    groups = factor.more.get("groups")
    if groups is None:
        return None
    bars = Bars(groups["group"], groups["per_date"], signed=True)
    title = text("Mean excess by group, {}", factor.name)
    unit = "a test date, over the universe, before cost"
    return Chart(title, unit, (bars,), "group, highest scores last", "percent")


def histogram_chart(factor: FactorReport) -> Chart | None:
    """Distribution of the RankICs beside a normal one."""
    found = factor.more.get("histogram")
    if found is None or found.is_empty():
        return None
    middle = (found["from"] + found["to"]) / 2
    traces = (
        Bars(middle, found["dates"], text("observed")),
        Line(middle, found["normal"], text("normal"), 1),
    )
    title = text("Distribution of RankIC, {}", factor.name)
    return Chart(title, "number of test dates", traces, "RankIC")


def quantile_chart(factor: FactorReport) -> Chart | None:
    """RankICs beside normal quantiles."""
    found = factor.more.get("quantiles")
    if found is None or found.is_empty():
        return None
    traces = (
        Line(found["normal"], found["rank_ic"], text("observed"), points=True),
        Line(found["normal"], found["line"], text("normal"), 1),
    )
    return Chart(
        text("Q-Q of RankIC, {}", factor.name), "RankIC", traces, "standard normal quantile"
    )


def monthly_ic_chart(factor: FactorReport) -> Chart | None:
    """Mean RankIC of every month as a heat map."""
    found = factor.more.get("monthly")
    if found is None or found.is_empty():
        return None
    title = text("RankIC by month, {}", factor.name)
    return monthly_map(title, "mean over the test dates of the month", found, "rank_ic")


PARTS = {
    "industry_years": "RankIC by industry and year, {}",
    "size_years": "RankIC by size and year, 1 the smallest, {}",
}


def part_charts(factor: FactorReport) -> list[Chart]:
    """Mean RankIC of every year in each part of the universe, as heat maps."""
    return [
        _part_map(text(title, factor.name), factor.more[known])
        for known, title in PARTS.items()
        if known in factor.more
    ]


def _part_map(title: Text, found: pl.DataFrame) -> Chart:
    wide = found.pivot("year", index="part", values="rank_ic")
    years, values = wide.columns[1:], wide.drop("part").to_numpy().astype(np.float64)
    cells = Cells(tuple(years), tuple(wide["part"]), values, Cells.widest(values))
    return Chart(title, "mean over the test dates of the year", (cells,))


def monthly_map(title: Text | str, unit: str, months: pl.DataFrame, column: str) -> Chart:
    """Years by months as a heat map.

    Parameters
    ----------
    title, unit : of the chart
    months : year, month and the column, one row a month
    column : what is drawn
    """
    years = months["year"].unique().sort().to_list()
    values = np.full((len(years), 12), np.nan)
    for year, month, value in months.select("year", "month", column).iter_rows():
        values[years.index(year), month - 1] = np.nan if value is None else value
    cells = Cells(MONTHS, tuple(map(str, years)), values, Cells.widest(values))
    return Chart(title, unit, (cells,))


def decay_chart(factors: Sequence[FactorReport]) -> Chart:
    """Mean RankIC of older and older scores."""
    bars = tuple(
        Bars([str(lag) for lag in f.decay["lag"]], f.decay["rank_ic"], name(f.name), i)
        for i, f in enumerate(factors)
    )
    return Chart("Decay", "mean RankIC", bars, "age of the score in test dates")


def training_charts(
    history: pl.DataFrame, column: str, title: str, unit: str | Text
) -> list[Chart]:
    """One figure of every fit by epoch, a chart a factor; a colour a seed, a dash a fold.

    Parameters
    ----------
    history : factor, fold, seed, epoch and the column; epochs that were not measured are left out;
        the best epoch has a point where ``best_epoch`` says which it is
    column : what is drawn
    title : of the chart, with a place for the factor
    unit : of the column
    """
    charts = []
    for (factor,), rows in history.group_by("factor", maintain_order=True):
        known = rows.filter(pl.col(column).is_not_null())
        if known.height:
            charts.append(Chart(text(title, str(factor)), unit, _fits(known, column), "epoch"))
    return charts


def _fits(known: pl.DataFrame, column: str) -> tuple[Line, ...]:
    lines: list[Line] = []
    seeds = known["seed"].unique(maintain_order=True).to_list()
    folds = known["fold"].unique(maintain_order=True).to_list()
    for (fold, seed), one in known.group_by("fold", "seed", maintain_order=True):
        colour, dash = seeds.index(seed), folds.index(fold) % 3
        said = text("fold {}, seed {}", str(fold), str(seed))
        lines.append(Line(one["epoch"], one[column], said, colour, dash))
    if "best_epoch" in known.columns:
        best = known.filter(pl.col("epoch") == pl.col("best_epoch"))
        for (seed,), one in best.group_by("seed", maintain_order=True):
            said = text("best epoch, seed {}", str(seed))
            lines.append(Line(one["epoch"], one[column], said, seeds.index(seed), points=True))
    return tuple(lines)


SPELLS = {"train": ("training", 2), "valid": ("validation", 1), "predict": ("prediction", 0)}


def schedule_chart(factor: str, folds: pl.DataFrame) -> Chart:
    """When each training learns, is validated and predicts.

    Parameters
    ----------
    factor : whose
    folds : of :func:`intralpha.datasets.timeline.timeline`, a row a training
    """
    lines = []
    for spell, (said, colour) in SPELLS.items():
        days: list[date] = []
        rows: list[float] = []
        ends = folds.select(f"{spell} from", f"{spell} to").rows()
        for fold, (first, last) in enumerate(ends, start=1):
            days += [date.fromisoformat(first), *[date.fromisoformat(last)] * 2]
            rows += [fold, fold, float("nan")]  # which parts the line
        lines.append(Line(days, rows, text(said), colour))
    return Chart(text("Training dates of {}", factor), "number of the training", tuple(lines))


def date_weight_charts(weights: pl.DataFrame) -> list[Chart]:
    """How much each training date counts, a chart a factor, a line a fold.

    Parameters
    ----------
    weights : factor, fold, date, weight
    """
    made = []
    for (factor,), rows in weights.group_by("factor", maintain_order=True):
        folds = rows.group_by("fold", maintain_order=True)
        lines = tuple(
            one_of_many(i, one["date"], one["weight"], str(fold))
            for i, ((fold,), one) in enumerate(folds)
        )
        title = text("Weights of training dates, {}, a line a fold", str(factor))
        made.append(Chart(title, "times a date is drawn an epoch", lines))
    return made


def weight_chart(weights: pl.DataFrame) -> Chart:
    """Weight of each factor over time; each holds until the next.

    Parameters
    ----------
    weights : date, factor, weight
    """
    lines = of_each_factor(weights, "weight", step=True)
    return Chart("Weights of the combination", "weight", lines)


def square_chart(
    title: str | Text,
    unit: str | Text,
    names: Sequence[str],
    values_KK: Float[ndarray, "K K"],
    spread: float = 1.0,
) -> Chart:
    """A matrix as a heat map, its first row on top.

    Parameters
    ----------
    title, unit : of the figure
    names : of rows and columns
    values_KK : NaN is left empty
    spread : absolute value of the full colour
    """
    return Chart(title, unit, (Cells(tuple(names), tuple(names), values_KK, spread),))
