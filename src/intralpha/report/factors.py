"""Sections of the tests: all factors side by side, then each of them with its evidence."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from intralpha.evaluation import FactorReport
from intralpha.report import charts
from intralpha.report.language import Text, name, text
from intralpha.report.section import Section, Tile
from intralpha.report.tables import (
    Cell,
    figure_table,
    figure_text,
    frame_table,
    horizon_text,
    said,
    table,
)

DRAWN = ("group_courses", "histogram", "quantiles", "monthly", "rolling")  # tables that are charts
DRAWN += tuple(charts.PARTS)
TOLD = {"leg": "words", "coefficient": "words", "horizon": "horizon"}


def factor_sections(factors: Sequence[FactorReport]) -> list[Section]:
    """Tests of factors: figures side by side, then a section a factor, the leading one unfolded."""
    if not factors:
        return []
    lead = leading(factors)
    whole = tests_beside(factors, text("Factors"), text("factor"))
    sections = (_one(f, folded=f is not lead) for f in factors)
    return [replace(whole, tiles=_tiles(lead)), *sections]


def tests_beside(factors: Sequence[FactorReport], title: Text, of: Text) -> Section:
    """Figures and courses of tests side by side.

    Parameters
    ----------
    factors : at least one
    title : of the section
    of : what each of them is, over their names
    """
    sure = [[name(f.name), *assured(f)] for f in factors]
    heads = ("test dates", "mean RankIC", "standard error", "t (Newey-West)", "ICIR")
    tables = (
        (text("RankIC with its standard error"), table([of, *map(text, heads)], sure)),
        (text("All figures"), figure_table({f.name: f.summary for f in factors})),
    )
    made = (
        charts.cumulative_ic_chart(factors),
        charts.rolling_ic_chart(factors),
        charts.decay_chart(factors),
    )
    return Section(title, tables, made)


def leading(factors: Sequence[FactorReport]) -> FactorReport:
    """The combined signal, which is what is traded, or the first factor."""
    return next((f for f in factors if f.name == "signal"), factors[0])


def _one(factor: FactorReport, folded: bool) -> Section:
    """The evidence of a factor: groups, months, distribution, and every table of its test."""
    made = (
        charts.group_nav_chart(factor),
        charts.group_bar_chart(factor),
        charts.monthly_ic_chart(factor),
        charts.histogram_chart(factor),
        charts.quantile_chart(factor),
        *charts.part_charts(factor),
    )
    tables = [
        (said(title), frame_table(frame, TOLD))
        for title, frame in factor.more.items()
        if title not in DRAWN
    ]
    tables += [
        (text("by year"), frame_table(factor.yearly)),
        (text("decay"), frame_table(factor.decay)),
    ]
    title = text("Evidence: {}", factor.name)
    return Section(title, tuple(tables), made, tables_first=False, folded=folded)


def assured(factor: FactorReport) -> list[object]:
    """Dates, mean RankIC, its error, t and ICIR, as cells of a table."""
    found = _coefficient(factor)
    dates = Cell("dates", factor.summary["dates"])
    mean = Cell("rank_ic", factor.summary["rank_ic"])
    shown = ("se", "t", "icir")
    return [dates, mean, *(Cell(n, found.get(n, factor.summary.get(n))) for n in shown)]


def _coefficient(factor: FactorReport) -> dict[str, float]:
    """Figures of the RankIC, or nothing of a report that has none."""
    return _first(factor.more.get("coefficients"), "coefficient")


def _leg(factor: FactorReport) -> dict[str, float]:
    return _first(factor.more.get("legs"), "leg")


def _first(frame: pl.DataFrame | None, key: str) -> dict[str, float]:
    """Figures of the first row; nothing without a table."""
    return {} if frame is None else frame.drop(key).row(0, named=True)


def _tiles(lead: FactorReport) -> tuple[Tile, ...]:
    """Headline figures of the leading factor."""
    found, leg, summary = _coefficient(lead), _leg(lead), lead.summary
    horizons = lead.more.get("horizons")
    span = horizon_text(horizons["horizon"][0]) if horizons is not None else ""
    dates = f"{int(summary['dates']):,}"
    mean = figure_text("rank_ic", summary["rank_ic"])
    if "se" in found:
        mean += f" ± {figure_text('rank_ic', found['se'])}"
    t = figure_text("t", found.get("t"))
    excess = figure_text("top_excess", summary.get("top_excess"))
    note = text(
        "mean of {} dates, returns {}; ± standard error, t = {} (Newey-West)", dates, span, t
    )
    sure = text(
        "highest scores over the universe, before cost, arithmetic; {} dates, t = {}",
        dates,
        figure_text("t", leg.get("t")),
    )
    return (
        Tile(mean, text("RankIC of {}", lead.name), note),
        Tile(
            figure_text("icir", summary["icir"]),
            text("ICIR of {}", lead.name),
            text("mean over standard deviation of {} dates, not annualised", dates),
        ),
        Tile(text("{} a year", excess), text("excess of the top of {}", lead.name), sure),
        Tile(
            figure_text("turnover_two_sided", summary.get("turnover_two_sided")),
            text("turnover of the top of {}", lead.name),
            text("two-sided, a test date, mean of {} dates", dates),
        ),
    )
