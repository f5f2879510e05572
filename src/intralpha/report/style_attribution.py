"""Section of the excess return by styles: contributions over time, by factor and by year."""

from collections.abc import Mapping

import polars as pl
from markupsafe import Markup

from intralpha.report.chart import COLOURS, Chart, Line
from intralpha.report.language import name, text
from intralpha.report.section import Section
from intralpha.report.tables import Cell, frame_table, said, table

FACTORS, YEARS, COURSES = "style_factors", "style_years", "style_courses"
DAILY = "style_daily"


def style_attribution_sections(tables: Mapping[str, pl.DataFrame]) -> list[Section]:
    """Nothing where it is not made.

    Parameters
    ----------
    tables : as of :class:`intralpha.backtest.StyleAttribution`: ``style_factors``,
        ``style_years``, ``style_courses`` and, for the chart of exposures, ``style_daily``
    """
    if FACTORS not in tables:
        return []
    shown = (
        (text("Contributions a year"), frame_table(tables[FACTORS], {"factor": "words"})),
        (text("Sums by year"), year_table(tables[YEARS])),
    )
    drawn = [contribution_chart(tables[COURSES])]
    if DAILY in tables:
        drawn.append(exposure_chart(tables[DAILY], tables[COURSES]))
    return [Section("Attribution by styles", shown, tuple(drawn), tables_first=False)]


def contribution_chart(courses: pl.DataFrame) -> Chart:
    """What every style, the country, all industries and the rest have added up to."""
    parts = courses.group_by("kind", "part", maintain_order=True)
    lines = tuple(
        Line(rows["date"], rows["sum_excess"], said(str(part)), i % COLOURS, i // COLOURS)
        for i, ((_, part), rows) in enumerate(parts)
    )
    return Chart(
        "Cumulated contributions",
        "to the excess return, added up, not compounded",
        lines,
        form="percent",
    )


def exposure_chart(daily: pl.DataFrame, courses: pl.DataFrame) -> Chart:
    """Active exposure to every style over time.

    Parameters
    ----------
    daily : ``date``, ``factor``, ``exposure``
    courses : says which factors are styles
    """
    styles = courses.filter(kind="style")["part"].unique(maintain_order=True)
    parts = daily.filter(pl.col("factor").is_in(styles.to_list()))
    lines = tuple(
        Line(rows["date"], rows["exposure"], said(str(style)), i % COLOURS, i // COLOURS)
        for i, ((style,), rows) in enumerate(parts.group_by("factor", maintain_order=True))
    )
    unit = "portfolio less benchmark, standard deviations of the universe"
    return Chart("Active exposures to styles", unit, lines)


def year_table(years: pl.DataFrame) -> Markup:
    """A line a part, a column a year, and their sum."""
    names = years["year"].unique(maintain_order=True).to_list()
    by = {(r["kind"], r["part"], r["year"]): r["excess"] for r in years.iter_rows(named=True)}
    keys = dict.fromkeys((kind, part) for kind, part, _ in by)
    rows = [
        [said(part), *(Cell("excess", by.get((kind, part, year))) for year in names)]
        for kind, part in keys
    ]
    return table(["", *(text("all") if year == "all" else name(year) for year in names)], rows)
