"""A line in charts over time: up to its date whoever made the factors may have known the market."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from intralpha.report.chart import Cells, Chart, Mark
from intralpha.report.language import text
from intralpha.report.section import Section


def mark_known_until(sections: Iterable[Section], until: date | None) -> list[Section]:
    """The sections, with the date in every chart over time that has dates before and after it.

    Parameters
    ----------
    sections : their charts get the line; those over anything else stay as they are
    until : the last date that may have been known [gaps C-17]; None draws nothing
    """
    if until is None:
        return list(sections)
    return [replace(one, charts=tuple(_marked(c, until) for c in one.charts)) for one in sections]


def _marked(chart: Chart | None, until: date) -> Chart | None:
    if chart is None:
        return None
    days = [day for trace in chart.traces if not isinstance(trace, Cells) for day in _days(trace.x)]
    if not days or not min(days) <= np.datetime64(until, "D") < max(days):
        return chart
    mark = Mark(until, text("strictly out of sample from here"))
    return replace(chart, marks=(*chart.marks, mark))


def _days(values: Any) -> list[np.datetime64]:
    """First and last of the values, if they are dates."""
    if not len(values):
        return []
    ends = [values[0], values[-1]]
    dated = all(isinstance(end, date | np.datetime64) for end in ends)
    return [np.datetime64(end, "D") for end in ends] if dated else []
