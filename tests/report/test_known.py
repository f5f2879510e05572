"""The line of the date up to which a maker of factors may have known the market."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.report import Chart, Line
from intralpha.report.chart import Cells
from intralpha.report.known import mark_known_until
from intralpha.report.section import Section

DAYS = pl.Series([date(2024, 9, 11), date(2024, 9, 12), date(2024, 9, 13)])


def over(*days: object) -> Chart:
    return Chart("a", "b", tuple(Line(x, [1.0, 2.0, 3.0][: len(x)]) for x in days))  # type: ignore[arg-type]


def lines(figure: Chart, until: date | None) -> list[str]:
    ((marked, none),) = (
        s.charts for s in mark_known_until([Section("", charts=(figure, None))], until)
    )
    assert none is None
    assert marked is not None
    return [str(mark.x) for mark in marked.marks]


@pytest.mark.parametrize("days", [DAYS, DAYS.to_list(), DAYS.to_numpy()])
def test_the_date_is_drawn_where_dates_lie_on_both_sides(days: object) -> None:
    assert lines(over(days), date(2024, 9, 12)) == ["2024-09-12"]
    assert lines(over(days), date(2024, 9, 11)) == ["2024-09-11"]


@pytest.mark.parametrize("until", [None, date(2024, 9, 10), date(2024, 9, 13)])
def test_without_dates_on_both_sides_nothing_is_drawn(until: date | None) -> None:
    assert lines(over(DAYS), until) == []


def test_charts_over_anything_else_stay_as_they_are() -> None:
    assert lines(over([1, 2, 3]), date(2024, 9, 12)) == []
    assert lines(over(), date(2024, 9, 12)) == []
    assert lines(over([]), date(2024, 9, 12)) == []
    map_ = Chart("c", "", (Cells(["a", "b"], ["a", "b"], np.eye(2)),))
    assert lines(map_, date(2024, 9, 12)) == []
