"""Section of the hedge: its value beside the excess, figures and years."""

from collections.abc import Mapping

import polars as pl

from intralpha.report.chart import Chart, Line
from intralpha.report.language import text
from intralpha.report.section import Section
from intralpha.report.tables import frame_table

FIGURES, YEARS, COURSES = "hedge_figures", "hedge_years", "hedge_courses"


def hedge_sections(tables: Mapping[str, pl.DataFrame]) -> list[Section]:
    """Nothing where the recipe has no hedge.

    Parameters
    ----------
    tables : as of :class:`intralpha.backtest.Hedged`: ``hedge_figures``, ``hedge_years``,
        ``hedge_courses``
    """
    if FIGURES not in tables:
        return []
    shown = (
        (text("Figures of the hedge"), frame_table(tables[FIGURES], {"of": "words"})),
        (text("by year"), frame_table(tables[YEARS])),
    )
    return [Section("Hedged with index futures", shown, hedge_charts(tables[COURSES]))]


def hedge_charts(courses: pl.DataFrame) -> tuple[Chart, Chart]:
    """Value of hedge and excess, and the falls of the hedge."""
    date = courses["date"]
    values = (
        Line(date, courses["hedged"], text("hedged"), 0),
        Line(date, courses["excess"], text("excess"), 1, 1),
    )
    falls = (Line(date, courses["drawdown"], text("hedged"), 0, area=True),)
    return (
        Chart("Hedged value", "value of 1 CNY, after all costs; excess without", values),
        Chart("Drawdown of the hedge", "below the high", falls, form="percent"),
    )
