"""The page of a study: its trials in a table, and validation beside test."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import plotly.graph_objects as go
import plotly.offline
import polars as pl
from jinja2 import Environment

from intralpha.report.charts import COLOURS, plain_figure
from intralpha.report.render import chart_html, write_page
from intralpha.report.tables import frame_table


def render_trials(
    title: str, about: str, trials: pl.DataFrame, told: Sequence[str], path: Path
) -> Path:
    """Write the page.

    Parameters
    ----------
    title, about : its head
    trials : one row a trial, ``trial`` first, with ``valid_rank_ic`` and ``rank_ic``
    told : what is to be said of the best ones
    path : HTML file; replaced in one step

    Returns
    -------
    Path
        The same path. The page needs no network (about 5 MB, nearly all of it the chart library).
    """
    folder = files("intralpha.report")
    # The style stands once, in the page of the tear sheet.
    sheet = folder.joinpath("page.html").read_text(encoding="utf-8")
    style = sheet.split("<style>")[1].split("</style>")[0]
    page = Environment(autoescape=True).from_string(
        folder.joinpath("study.html").read_text(encoding="utf-8")
    )
    text = page.render(
        title=title,
        about=about,
        style=style,
        plotly_js=plotly.offline.get_plotlyjs(),
        trials=frame_table(trials),
        told=told,
        charts=[chart_html(_bars(trials))],
    )
    return write_page(text, path)


def _bars(trials: pl.DataFrame) -> go.Figure:
    figure = plain_figure("RankIC by trial", "mean RankIC")
    for i, (column, name) in enumerate((("valid_rank_ic", "validation"), ("rank_ic", "test"))):
        figure.add_bar(x=trials["trial"], y=trials[column], name=name, marker_color=COLOURS[i])
    figure.update_xaxes(title="trial", type="category")
    figure.update_layout(showlegend=True)
    return figure
