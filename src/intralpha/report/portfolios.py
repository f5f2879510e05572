"""The section of several portfolios: figures side by side, and their excess over time."""

from collections.abc import Mapping

import polars as pl

from intralpha.evaluation import excess_nav
from intralpha.evaluation.figures import Course
from intralpha.report.charts import plain_figure
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
    figure = plain_figure("Compounded excess of each portfolio", "starts at 1")
    for name, one in courses.items():
        if one.compared:
            days = one.dates.astype("datetime64[D]").tolist()
            figure.add_scatter(x=days, y=excess_nav(one.ret, one.benchmark_ret), name=name)
    shown = tuple((title, frame_table(frame)) for title, frame in tables.items())
    return [Section("Portfolios side by side", shown, (figure,))]
