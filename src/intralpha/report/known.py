"""A line in charts over time: up to its date whoever made the factors may have known the market."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import plotly.graph_objects as go

from intralpha.report.section import Section

LABEL = "strictly out of sample from here"
GREY = "#444444"


def draw_known_until(sections: Iterable[Section], until: date | None) -> None:
    """Draw the date in every chart over time that has dates before and after it.

    Parameters
    ----------
    sections : their charts get the line; those over anything else stay as they are
    until : the last date that may have been known [gaps C-17]; None draws nothing
    """
    if until is None:
        return
    for section in sections:
        for figure in section.charts:
            first, last = _span(figure)
            if first <= np.datetime64(until, "D") < last:
                _draw(figure, until)


def _span(figure: go.Figure) -> tuple[np.datetime64, np.datetime64]:
    """First and last date of a figure; no span if it is not over time."""
    traces: tuple[Any, ...] = tuple(figure.select_traces())
    days = [d for trace in traces for d in _days(trace.x)]
    return (min(days), max(days)) if days else (np.datetime64("NaT"), np.datetime64("NaT"))


def _days(values: Any) -> list[np.datetime64]:
    """First and last of the values, if they are dates."""
    if values is None or not len(values):
        return []
    ends = [values[0], values[-1]]
    dated = all(isinstance(end, date | np.datetime64) for end in ends)
    return [np.datetime64(end, "D") for end in ends] if dated else []


def _draw(figure: go.Figure, until: date) -> None:
    at = {"x0": until, "x1": until, "y0": 0, "y1": 1, "yref": "y domain"}
    figure.add_shape(type="line", line={"color": GREY, "width": 1, "dash": "dash"}, **at)
    said = {"x": until, "y": 1, "yref": "y domain", "xanchor": "left", "yanchor": "bottom"}
    figure.add_annotation(text=LABEL, showarrow=False, font={"size": 10, "color": GREY}, **said)
