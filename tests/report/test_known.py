"""The line of the date up to which a maker of factors may have known the market."""

from datetime import date

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from intralpha.report.charts import plain_figure, square_chart
from intralpha.report.known import draw_known_until
from intralpha.report.section import Section

DAYS = pl.Series([date(2024, 9, 11), date(2024, 9, 12), date(2024, 9, 13)])


def over(days: object) -> go.Figure:
    figure = plain_figure("a", "b")
    figure.add_scatter(x=days, y=[1.0, 2.0, 3.0])
    return figure


def lines(figure: go.Figure, until: date | None) -> list[str]:
    draw_known_until([Section("one", charts=(figure,))], until)
    return [str(shape.x0) for shape in figure.layout.shapes]


@pytest.mark.parametrize("days", [DAYS, DAYS.to_list(), DAYS.to_numpy()])
def test_the_date_is_drawn_where_dates_lie_on_both_sides(days: object) -> None:
    assert lines(over(days), date(2024, 9, 12)) == ["2024-09-12"]
    assert lines(over(days), date(2024, 9, 11)) == ["2024-09-11"]


@pytest.mark.parametrize("until", [None, date(2024, 9, 10), date(2024, 9, 13)])
def test_without_dates_on_both_sides_nothing_is_drawn(until: date | None) -> None:
    assert lines(over(DAYS), until) == []


def test_charts_over_anything_else_stay_as_they_are() -> None:
    assert lines(over([1, 2, 3]), date(2024, 9, 12)) == []
    assert lines(plain_figure("empty", ""), date(2024, 9, 12)) == []
    assert lines(square_chart("c", ["a", "b"], np.eye(2)), date(2024, 9, 12)) == []
