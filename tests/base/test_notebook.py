"""HTML of results: escaped, small, with a chart whose axes say where the numbers are."""

from dataclasses import dataclass
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from intralpha.base.notebook import html_table, svg_line, text_table

DAYS = np.array(["2024-01-01", "2024-01-02", "2024-01-07"], dtype="datetime64[D]")


@dataclass
class Chart:
    """A chart as its reader sees it: the line as its own axes measure it."""

    label: str
    values: dict[float, float]  # written beside the axis -> y of its line across
    dates: dict[str, float]  # written below the axis -> x
    zero: float  # y of the line at zero
    points: np.ndarray  # [N, 2]

    @classmethod
    def read(cls, svg: str) -> "Chart":
        root = ElementTree.fromstring(svg)
        texts = [(str(t.text), float(t.attrib["x"])) for t in root.findall("text")]
        dates = {text: x for text, x in texts[1:] if text.count("-") == 2}
        beside = [float(text) for text, _ in texts[1:] if text.count("-") < 2]
        lines = [line.attrib for line in root.findall("line")]
        across = [a for a in lines if a["y1"] == a["y2"] and a.get("class") != "dates"]
        (line,) = root.findall("polyline")
        return cls(
            label=texts[0][0],
            values=dict(zip(beside, (float(a["y1"]) for a in across), strict=True)),
            dates=dates,
            zero=float(next(a["y1"] for a in lines if a.get("class") == "zero")),
            points=np.array([p.split(",") for p in line.attrib["points"].split()], dtype=float),
        )

    def measured(self) -> tuple[list[str], np.ndarray]:
        """Dates and values of the points."""
        days = np.array(list(self.dates), dtype="datetime64[D]").astype(float)
        at = np.interp(self.points[:, 0], list(self.dates.values()), days)
        slope, start = np.polyfit(list(self.values.values()), list(self.values), 1)
        values = start + slope * self.points[:, 1]
        return [str(d) for d in np.rint(at).astype("datetime64[D]")], values


@pytest.mark.parametrize("size", [1e-4, 1.0, 2500.0])
def test_the_axes_measure_the_line(size: float) -> None:
    series = size * np.array([0.31, 2.0, -1.42])
    chart = Chart.read(svg_line(series, DAYS, "cumulative RankIC"))
    dates, values = chart.measured()
    assert chart.label == "cumulative RankIC"
    assert dates == [str(day) for day in DAYS]
    np.testing.assert_allclose(values, series, atol=0.005 * size)
    assert list(chart.dates) == ["2024-01-01", "2024-01-07"]  # the one between is too near
    assert min(chart.values) <= series.min() < series.max() <= max(chart.values)
    assert 3 <= len(chart.values) <= 6
    assert chart.values[0.0] == chart.zero


def test_ticks_by_hand() -> None:
    """From -1.42 to 2 are 3.42; a quarter of it is 0.855, so ticks are 1 apart."""
    chart = Chart.read(svg_line(np.array([0.31, 2.0, -1.42]), DAYS, "x"))
    assert list(chart.values) == [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert list(Chart.read(svg_line(np.array([0.3, 0.1, 0.2]), DAYS, "x")).values) == [
        0.0,
        0.1,
        0.2,
        0.3,
    ]


def test_days_are_as_far_apart_as_they_are_and_the_middle_one_is_named() -> None:
    days = np.arange("2024-01-01", "2024-01-12", dtype="datetime64[D]")
    chart = Chart.read(svg_line(np.arange(11.0), days, "x"))
    assert list(chart.dates) == ["2024-01-01", "2024-01-06", "2024-01-11"]
    x = Chart.read(svg_line(np.arange(3.0), DAYS, "x")).points[:, 0]
    assert (x[1] - x[0]) / (x[2] - x[0]) == pytest.approx(1 / 6, abs=1e-3)


def test_gaps_are_left_out_and_nothing_needs_two_values() -> None:
    chart = Chart.read(svg_line(np.array([1.0, np.nan, 2.0]), DAYS, "x"))
    assert chart.measured()[0] == ["2024-01-01", "2024-01-07"]
    assert svg_line(np.array([1.0, np.nan, np.inf]), DAYS, "x") == ""
    assert svg_line(np.array([]), DAYS[:0], "x") == ""
    flat = Chart.read(svg_line(np.zeros(3), DAYS, "x"))
    assert (flat.points[:, 1] == flat.zero).all()


def test_text_is_shown_not_run() -> None:
    hostile = '<img src=x onerror="alert(1)">'
    page = html_table([hostile], [[hostile]], hostile) + svg_line(np.arange(3.0), DAYS, hostile)
    HTMLParser().feed(page)
    assert "<img" not in page
    assert 'onerror="' not in page


def test_names_and_values_are_aligned() -> None:
    assert text_table([("a", 0.123456), ("longer", 3)]).splitlines() == [
        "a             0.1235",
        "longer             3",
    ]
    assert text_table([]) == ""
