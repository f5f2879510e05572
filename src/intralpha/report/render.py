"""Render: a TearSheet as one HTML file that opens offline."""

from importlib.resources import files
from pathlib import Path

import plotly.graph_objects as go
import plotly.offline
from jinja2 import Environment

from intralpha.report.tables import table
from intralpha.report.tear_sheet import TearSheet

SHEET = "page.html"


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
    sections = sheet.sections()
    text = filled(
        SHEET,
        sheet=sheet,
        sections=[(section, [chart_html(c) for c in section.charts]) for section in sections],
        tiles=[tile for section in sections for tile in section.tiles],
        facts_table=table(("", ""), sheet.facts.items()),
    )
    return write_page(text, path)


def filled(template: str, **values: object) -> str:
    """The text of a page, with the chart library and the style of the tear sheet in it.

    Parameters
    ----------
    template : file of this folder; it may use ``plotly_js`` and ``style``
    **values : what else it uses
    """
    folder = files("intralpha.report")
    text, sheet = (folder.joinpath(n).read_text(encoding="utf-8") for n in (template, SHEET))
    # The style stands once, in the page of the tear sheet.
    style = sheet.split("<style>")[1].split("</style>")[0]
    page = Environment(autoescape=True).from_string(text)
    return page.render(style=style, plotly_js=plotly.offline.get_plotlyjs(), **values)


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
