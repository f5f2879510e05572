"""HTML of results: escaped, small, with a line that goes where the numbers go."""

import re
from html.parser import HTMLParser

import numpy as np

from intralpha.base.notebook import HEIGHT, MARGIN, WIDTH, html_table, svg_line, text_table


def points(svg: str) -> np.ndarray:
    found = re.search(r'points="([^"]+)"', svg)
    assert found is not None
    return np.array([[float(n) for n in pair.split(",")] for pair in found[1].split()])


def test_the_line_by_hand() -> None:
    """0, 2, -2 of a chart from -2 to 2: middle, top, bottom."""
    xy = points(svg_line(np.array([0.0, 2.0, -2.0]), "x"))
    np.testing.assert_allclose(xy[:, 0], [MARGIN, WIDTH / 2, WIDTH - MARGIN])
    np.testing.assert_allclose(xy[:, 1], [HEIGHT / 2, MARGIN, HEIGHT - MARGIN])


def test_gaps_are_left_out_and_nothing_needs_two_values() -> None:
    xy = points(svg_line(np.array([1.0, np.nan, np.inf, 2.0]), "x"))
    np.testing.assert_allclose(xy[:, 0], [MARGIN, WIDTH - MARGIN])
    assert svg_line(np.array([1.0, np.nan]), "x") == ""
    assert svg_line(np.array([]), "x") == ""
    flat = points(svg_line(np.zeros(3), "x"))
    assert np.isfinite(flat).all()


def test_text_is_shown_not_run() -> None:
    hostile = '<img src=x onerror="alert(1)">'
    page = html_table([hostile], [[hostile]], hostile) + svg_line(np.arange(3.0), hostile)
    HTMLParser().feed(page)
    assert "<img" not in page
    assert 'onerror="' not in page


def test_names_and_values_are_aligned() -> None:
    assert text_table([("a", 0.123456), ("longer", 3)]).splitlines() == [
        "a             0.1235",
        "longer             3",
    ]
    assert text_table([]) == ""
