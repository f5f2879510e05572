"""Render: a TearSheet as one HTML file that opens offline."""

from importlib.resources import files
from pathlib import Path

import plotly.graph_objects as go
import plotly.offline
from jinja2 import Environment

from intralpha.report.tables import table
from intralpha.report.tear_sheet import TearSheet


def render(sheet: TearSheet, path: Path) -> Path:
    """Write the report.

    Parameters
    ----------
    sheet : what to show
    path : HTML file; replaced in one step

    Returns
    -------
    Path
        The same path. The page needs no network: scripts and data are inside (about 5 MB, nearly
        all of it the chart library, which is written once).
    """
    page = Environment(autoescape=True).from_string(
        files("intralpha.report").joinpath("page.html").read_text(encoding="utf-8")
    )
    sections = sheet.sections()
    text = page.render(
        sheet=sheet,
        sections=[(section, [chart_html(c) for c in section.charts]) for section in sections],
        tiles=[tile for section in sections for tile in section.tiles],
        plotly_js=plotly.offline.get_plotlyjs(),
        facts_table=table(("", ""), sheet.facts.items()),
    )
    return write_page(text, path)


def write_page(text: str, path: Path) -> Path:
    """Write a page in one step, so that nobody sees half of it."""
    partial = path.with_name(path.name + ".partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text(text, encoding="utf-8")
    return partial.replace(path)


def chart_html(figure: go.Figure) -> str:
    """A figure without the chart library, which the page holds once."""
    config = {"displayModeBar": False, "responsive": True}
    return figure.to_html(include_plotlyjs=False, full_html=False, config=config)
