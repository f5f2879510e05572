"""Section: one part of a report, and the sections that our artifacts make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from intralpha.datasets.effective_dates import effective_dates
from intralpha.report import charts
from intralpha.report.chart import Chart
from intralpha.report.language import Text, text
from intralpha.report.tables import frame_table, table

METRICS = {"valid_rank_ic": "RankIC", "valid_ic": "IC", "valid_icir": "ICIR"}


@dataclass(frozen=True)
class Tile:
    """A headline figure.

    Attributes
    ----------
    value : as it is written, with its unit and, of a mean, its standard error
    label : what it is
    note : period, convention and number of dates
    """

    value: str | Text
    label: str | Text
    note: str | Text = ""


@dataclass(frozen=True, eq=False)
class Section:
    """A heading and what stands below it; parts that are empty are left out.

    Attributes
    ----------
    title : heading
    tables : (heading, table) pairs; an empty heading is left out
    charts : figures, two beside each other; None is left out
    tiles : for the head of the page
    tables_first : whether the tables stand above the charts
    folded : whether a click opens it
    note : what a reader must know of it
    """

    title: str | Text
    tables: tuple[tuple[str | Text, Markup], ...] = ()
    charts: tuple[Chart | None, ...] = ()
    tiles: tuple[Tile, ...] = ()
    tables_first: bool = True
    folded: bool = False
    note: str | Text = ""


def weight_sections(weights: pl.DataFrame | None) -> list[Section]:
    """Weights of the combination over time, and their range.

    Parameters
    ----------
    weights : date, factor, weight, dates ascending; nothing is shown without rows
    """
    if weights is None or weights.is_empty():
        return []
    weight = pl.col("weight")
    ranges = weights.group_by("factor", maintain_order=True).agg(
        newest=weight.last(), mean=weight.mean(), least=weight.min(), most=weight.max()
    )
    heading = text("Weights learned on {} dates", f"{weights['date'].n_unique():,}")
    return [
        Section("Combination", ((heading, frame_table(ranges)),), (charts.weight_chart(weights),))
    ]


def training_sections(
    history: pl.DataFrame | None, seeds: pl.DataFrame | None = None
) -> list[Section]:
    """The fits by epoch: training loss, every validation metric, correlation between units.

    Parameters
    ----------
    history : of all fits; a figure that a fit does not have is null in it
    seeds : how far the seeds of each fold lie apart, see :func:`intralpha.training.seed_spread`
    """
    if history is None or history.is_empty():
        return []
    drawn: list[tuple[str, str, str | Text]] = [("train_loss", "Training loss, {}", "loss")]
    for column in history.columns:
        if column.startswith("valid_"):
            what = METRICS.get(column, column.removeprefix("valid_"))
            unit = text("{}, mean of the validation days", what)
            drawn.append((column, f"Validation {what}, {{}}", unit))
    if "unit_correlation" in history.columns and history["unit_correlation"].count():
        unit = "mean absolute correlation, validation days"
        drawn.append(("unit_correlation", "Correlation between units, {}", unit))
    rows = rows_left_out(history)
    tables = () if rows is None else (("rows left out of training", frame_table(rows)),)
    if seeds is not None:
        tables = (("seeds on the validation days of each fold", frame_table(seeds)), *tables)
    shown = tuple(chart for d in drawn for chart in charts.training_charts(history, *d))
    return [Section("Training", tables, charts=shown)]


def date_weight_sections(weights: pl.DataFrame | None) -> list[Section]:
    """How much each training date counted in each fold.

    Parameters
    ----------
    weights : factor, fold, date, weight (mean 1 over a fold), dates of a fold ascending; nothing is
        shown where no factor weighs dates
    """
    if weights is None or weights.is_empty():
        return []
    shown = (
        (text("Training dates and their effective number"), frame_table(effective_dates(weights))),
    )
    note = text(
        "A weight is how often its date is drawn in an epoch, in the mean of epochs; without "
        "weights it is 1. Effective number: squared sum of the weights over the sum of their "
        "squares. Weights are made before the first date that a fold predicts."
    )
    drawn = tuple(charts.date_weight_charts(weights))
    return [Section("Weights of training dates", shown, drawn, note=note)]


def rows_left_out(history: pl.DataFrame) -> pl.DataFrame | None:
    """Rows with a label that each fold trained on and that rules left out; None without rules.

    Parameters
    ----------
    history : of all fits
    """
    if "rows_left_out" not in history.columns:
        return None
    keys = ("factor", "fold", "rows", "rows_left_out")
    return history.select(keys).drop_nulls().unique(maintain_order=True)


def schedule_sections(schedules: Mapping[str, pl.DataFrame]) -> list[Section]:
    """Dates of every training, a table a factor."""
    if not schedules:
        return []
    tables = tuple((text("{}", name), frame_table(frame)) for name, frame in schedules.items())
    drawn = tuple(charts.schedule_chart(*one) for one in schedules.items())
    return [Section("Training dates", tables, drawn, folded=True, tables_first=False)]


def quality_sections(counts: dict[str, int]) -> list[Section]:
    """Faults of the data and how many rows have them."""
    if not counts:
        return []
    rows = table((text("found"), text("rows of the data")), counts.items())
    return [Section("Data quality", (("", rows),))]


def plugin_sections(plugins: Sequence[tuple[str, str, str]]) -> list[Section]:
    """Plug-ins that were loaded: name, version and hash of their code."""
    if not plugins:
        return []
    heads = (text("name"), text("version"), text("hash"))
    return [Section("Plug-ins", (("", table(heads, plugins)),))]
