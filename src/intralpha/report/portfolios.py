"""The section of several portfolios: figures side by side, and their excess over time."""

from collections.abc import Mapping

import polars as pl

from intralpha.evaluation import excess_nav
from intralpha.evaluation.figures import Course
from intralpha.report.chart import Chart, one_of_many
from intralpha.report.language import text
from intralpha.report.section import Section
from intralpha.report.tables import frame_table


def beside_sections(
    courses: Mapping[str, Course], tables: Mapping[str, pl.DataFrame]
) -> list[Section]:
    """Nothing of one portfolio alone.

    Parameters
    ----------
    courses : by name
    tables : by heading, a line a portfolio
    """
    if len(courses) < 2:
        return []
    lines = tuple(
        one_of_many(
            i, one.dates.astype("datetime64[D]"), excess_nav(one.ret, one.benchmark_ret), of
        )
        for i, (of, one) in enumerate(courses.items())
        if one.compared
    )
    figure = Chart("Excess over the benchmark", "compounded difference of returns, from 1", lines)
    shown = tuple((text(title), frame_table(frame)) for title, frame in tables.items())
    return [Section(text("Portfolios side by side"), shown, (figure,))]
