"""Section: one part of a report, and the sections that our artifacts make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl
from markupsafe import Markup

from intralpha.backtest import PortfolioRecord
from intralpha.evaluation import FactorReport
from intralpha.report import charts
from intralpha.report.tables import figure_text, frame_table, table, words

FACTOR_TILES = ("rank_ic", "icir", "top_excess", "turnover_two_sided")
METRICS = {"valid_rank_ic": "RankIC", "valid_ic": "IC", "valid_icir": "ICIR"}
PORTFOLIO_TILES = (
    "excess_annualised",
    "tracking_error",
    "information_ratio",
    "excess_max_drawdown",
)


@dataclass(frozen=True, eq=False)
class Section:
    """A heading and what stands below it; parts that are empty are left out.

    Attributes
    ----------
    title : heading
    tables : (heading, table) pairs; an empty heading is left out
    charts : figures, two beside each other
    tiles : (figure, what it is) pairs for the head of the page
    tables_first : whether the tables stand above the charts
    """

    title: str
    tables: tuple[tuple[str, Markup], ...] = ()
    charts: tuple[go.Figure, ...] = ()
    tiles: tuple[tuple[str, str], ...] = ()
    tables_first: bool = True


def factor_sections(factors: Sequence[FactorReport]) -> list[Section]:
    """Tests of factors: all figures side by side, charts of the leading one, and the years."""
    if not factors:
        return []
    lead = leading(factors)
    names = list(dict.fromkeys(name for f in factors for name in f.summary))
    rows = [[words(n), *(figure_text(n, f.summary.get(n)) for f in factors)] for n in names]
    made = (
        charts.cumulative_ic_chart(factors),
        charts.decay_chart(factors),
        charts.group_nav_chart(lead),
        charts.group_bar_chart(lead),
    )
    tiles = tuple(
        (figure_text(n, lead.summary[n]), f"{words(n)}, {lead.name}")
        for n in FACTOR_TILES
        if n in lead.summary
    )
    figures = (
        ("", table(["", *(f.name for f in factors)], rows)),
        *(
            (f"{words(title)} of {lead.name}", frame_table(frame))
            for title, frame in lead.more.items()
        ),
    )
    years = tuple((f.name, frame_table(f.yearly)) for f in factors)
    return [Section("Factors", figures, made, tiles), Section("Factors by year", years)]


def leading(factors: Sequence[FactorReport]) -> FactorReport:
    """The combined signal, which is what is traded, or the first factor."""
    return next((f for f in factors if f.name == "signal"), factors[0])


def portfolio_sections(record: PortfolioRecord | None) -> list[Section]:
    """The replay of a portfolio, then one section a table of notes."""
    if record is None:
        return []
    made = [charts.nav_chart(record.daily), charts.drawdown_chart(record.daily)]
    made.append(charts.monthly_chart(record.daily))
    if "turnover_one_sided" in record.daily.columns:
        made.append(charts.turnover_chart(record.daily))
    years = record.yearly.to_dicts()
    rows = [
        [words(n), figure_text(n, value), *(figure_text(n, y.get(n)) for y in years)]
        for n, value in record.figures.items()
    ]
    figures = table(["", "whole period", *(str(y["year"]) for y in years)], rows)
    tiles = tuple(
        (figure_text(n, record.figures[n]), f"portfolio {words(n)}")
        for n in PORTFOLIO_TILES
        if n in record.figures
    )
    return [Section("Portfolio", (("", figures),), tuple(made), tiles, tables_first=False)]


def note_sections(record: PortfolioRecord | None) -> list[Section]:
    """One section a table of notes of the replay."""
    notes = {} if record is None else record.notes
    return [Section(title, (("", frame_table(frame)),)) for title, frame in notes.items()]


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
    heading = f"Weights learned on {weights['date'].n_unique():,} dates"
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
    drawn = [("train_loss", "Training loss", "loss")]
    metrics = [name for name in history.columns if name.startswith("valid_")]
    told = {name: METRICS.get(name, name.removeprefix("valid_")) for name in metrics}
    drawn += [(name, f"Validation {what} while training", what) for name, what in told.items()]
    if "unit_correlation" in history.columns and history["unit_correlation"].count():
        drawn.append(
            ("unit_correlation", "Correlation between units", "mean |correlation|, validation days")
        )
    rows = rows_left_out(history)
    tables = () if rows is None else (("rows left out of training", frame_table(rows)),)
    if seeds is not None:
        tables = (("seeds on the validation days of each fold", frame_table(seeds)), *tables)
    shown = tuple(charts.training_chart(history, *d) for d in drawn)
    return [Section("Training", tables, charts=shown)]


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
    tables = tuple((name, frame_table(frame)) for name, frame in schedules.items())
    return [Section("Training dates", tables)]


def quality_sections(counts: dict[str, int]) -> list[Section]:
    """Faults of the data and how many rows have them."""
    if not counts:
        return []
    return [Section("Data quality", (("", table(("found", "rows"), counts.items())),))]


def plugin_sections(plugins: Sequence[tuple[str, str, str]]) -> list[Section]:
    """Plug-ins that were loaded: name, version and hash of their code."""
    if not plugins:
        return []
    return [Section("Plug-ins", (("", table(("name", "version", "hash"), plugins)),))]
