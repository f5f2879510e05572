"""Charts by hand: places of values, ticks, gaps, heat maps and pictures."""

import json
import re
import struct
import zlib
from datetime import date
from html import unescape
from xml.etree import ElementTree

import numpy as np
import pytest

from intralpha.report import Band, Bars, Cells, Chart, Line, Mark, draw, text
from intralpha.report.heat import png
from intralpha.report.scale import date_scale, number_scale

DAYS = [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)]


def svg(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(re.findall("<svg.*</svg>", draw(chart))[0])


def paths(chart: Chart) -> list[str]:
    return [
        p.get("d", "") for p in svg(chart).iter("path") if (p.get("class") or "").startswith("l ")
    ]


def test_a_line_runs_from_corner_to_corner() -> None:
    (path,) = paths(Chart("a", "b", (Line([0, 10], [0.0, 1.0]),)))
    assert path == "M66.0 262.0L550.0 10.0"


def test_what_is_absent_parts_a_line() -> None:
    line = Line(range(5), [0.0, 1.0, np.nan, 1.0, 0.0])
    assert len(paths(Chart("a", "b", (line,)))) == 2
    assert len(paths(Chart("a", "b", (Line(range(3), [0.0, None, 1.0]),)))) == 2


def test_long_lines_keep_their_peaks() -> None:
    y = np.zeros(5000)
    y[1234] = 1.0
    (path,) = paths(Chart("a", "b", (Line(np.arange(5000), y),)))
    assert " 10.0" in path
    assert path.count("L") < 1000


def test_bars_stand_on_zero() -> None:
    chart = Chart("a", "b", (Bars(["x", "y"], [1.0, -1.0], signed=True),))
    up, down = svg(chart).iter("rect")
    assert float(up.get("y", 0)) + float(up.get("height", 0)) == float(down.get("y", 0)) == 136.0
    assert (up.get("class"), down.get("class")) == (None, "below")


def test_the_pointer_shows_the_values() -> None:
    lines = (Line(DAYS, [0.1, 0.2, 0.3], "gru"), Line(DAYS[1:], [1.0, np.nan], text("excess"), 1))
    found = svg(Chart("a", "b", lines, form="percent")).get("data-hover")
    assert found is not None
    hover = json.loads(unescape(found))
    assert hover["t"] == ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert hover["s"] == [
        [0, "gru", "gru", [0.1, 0.2, 0.3]],
        [1, "excess", "超额", [None, 1.0, None]],
    ]
    assert hover["p"] == 1


def test_bands_and_marks() -> None:
    band = Band(DAYS, [0.0] * 3, [1.0] * 3, "usual")
    drawn = draw(Chart("a", "b", (band,), marks=(Mark(DAYS[1], text("test")),)))
    assert 'class="area"' in drawn
    assert 'class="mark" d="M308.0' in drawn
    assert "检验" in drawn


def test_names_are_escaped_and_a_chart_without_values_says_so() -> None:
    hostile = "<script>alert('x')</script>"
    drawn = draw(Chart(text("{}", hostile), hostile, (Bars([hostile], [1.0], hostile),)))
    assert hostile not in drawn
    assert "no value" in draw(Chart("a", "b", (Line([], []),)))


def test_a_heat_map_is_a_table_or_a_picture() -> None:
    small = draw(Chart("a", "b", (Cells(("x", "y"), ("1",), np.array([[0.5, np.nan]])),)))
    assert 'data-v="0.5">0.50</td><td></td>' in small
    wide = np.eye(50)
    names = tuple(str(i) for i in range(50))
    assert "data:image/png;base64," in draw(Chart("a", "b", (Cells(names, names, wide),)))


def test_a_picture_is_what_it_was_made_of() -> None:
    dots = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    data = png(dots)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (2, 2)
    start = data.index(b"IDAT") + 4
    lines = zlib.decompress(data[start:-16])
    assert lines == b"\0" + dots[0].tobytes() + b"\0" + dots[1].tobytes()


@pytest.mark.parametrize(
    ("low", "high", "form", "ticks"),
    [
        (0.0, 1.0, "number", ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (-0.13, 0.02, "percent", ["-15 %", "-10 %", "-5 %", "0 %", "5 %"]),
        (5.0, 5.0, "number", ["2", "3", "4", "5", "6", "7", "8"]),
    ],
)
def test_ticks_are_round(low: float, high: float, form: str, ticks: list[str]) -> None:
    assert [t for _, t in number_scale(low, high, 0, 1, form).ticks] == ticks


def test_dates_have_ticks_at_first_days() -> None:
    first, last = ((day - date(1970, 1, 1)).days for day in (date(2020, 5, 3), date(2024, 6, 1)))
    assert [t for _, t in date_scale(first, last, 0, 1).ticks] == ["2021", "2022", "2023", "2024"]
    short = date_scale(first, first + 3, 0, 1)
    assert short.ticks[0] == (first, "2020-05-03")
