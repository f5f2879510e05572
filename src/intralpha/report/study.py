"""The page of a study: its trials in a table, and validation beside test."""

from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go
import polars as pl

from intralpha.report.charts import COLOURS, plain_figure
from intralpha.report.render import chart_html, filled, write_page
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
    text = filled(
        "study.html",
        title=title,
        about=about,
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
