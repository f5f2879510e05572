"""Portfolios side by side: a line each, counted alike."""

from collections.abc import Mapping

import polars as pl

from intralpha.evaluation.figures.course import Course
from intralpha.evaluation.figures.report import PORTFOLIO, total
from intralpha.evaluation.figures.spec import FiguresSpec

SERIES = "series"


def side_by_side(
    courses: Mapping[str, Course], figures: FiguresSpec | None
) -> dict[str, pl.DataFrame]:
    """Figures of each portfolio, and its return of every calendar year.

    Parameters
    ----------
    courses : by name, over the same sessions
    figures : conventions of a report; of its tables those with a line a series are taken, the
        portfolio's line of each. None: years alone

    Returns
    -------
    dict of DataFrame
        By heading. Fractions; after cost. Known with the last session.
    """
    out: dict[str, list[pl.DataFrame]] = {}
    for name, course in courses.items():
        tables = {} if figures is None else figures.tables(course)
        for title, frame in tables.items():
            if SERIES in frame.columns:
                line = frame.filter(pl.col(SERIES) == PORTFOLIO)
                out.setdefault(title, []).append(line.with_columns(pl.lit(name).alias(SERIES)))
        years = {SERIES: name} | {f"ret_{y}": total(course.in_year(y)) for y in course.years}
        out.setdefault("Returns by year", []).append(pl.DataFrame([years]))
    return {title: pl.concat(lines, how="diagonal") for title, lines in out.items()}
