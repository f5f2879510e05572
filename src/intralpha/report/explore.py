"""The page of an exploration: the stylised facts of a market, one beside the other."""

from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import polars as pl

from intralpha.explore.exploration import (
    RETURNS,
    SQUARES,
    VOLUME,
    Exploration,
    value_text,
)
from intralpha.report.charts import COLOURS, plain_figure
from intralpha.report.render import chart_html, filled, write_page


def render_exploration(exploration: Exploration, path: Path) -> Path:
    """Write the page.

    Parameters
    ----------
    exploration : what to show
    path : HTML file; replaced in one step

    Returns
    -------
    Path
        The same path. The page needs no network (about 5 MB, nearly all of it the chart library).
    """
    text = filled(
        "explore.html",
        exploration=exploration,
        sections=[
            (name, [chart_html(c) for c in charts]) for name, charts in _sections(exploration)
        ],
        topics=_topics(exploration.figures),
        tests=[
            (title, frame.rows(named=True))
            for title, frame in (("factors", exploration.rank_ic), ("oracle", exploration.oracle))
            if frame is not None
        ],
        value_text=value_text,
    )
    return write_page(text, path)


def _topics(figures: pl.DataFrame) -> list[tuple[str, list[tuple[str, str]]]]:
    """Tables of name and text, by topic."""
    return [
        (str(topic), [(f, value_text(v, u)) for _, f, v, u in rows.iter_rows()])
        for (topic,), rows in figures.group_by("topic", maintain_order=True)
    ]


def _sections(x: Exploration) -> list[tuple[str, list[go.Figure]]]:
    returns = x.correlations.filter(pl.col("kind") == RETURNS)
    acf = [_acf_chart(str(name), rows) for (name,), rows in _each(returns)]
    curves = [_curve(x, "volume_share", "Volume by bar", "share of the day")]
    curves.append(_curve(x, "abs_ret", "Size of returns by bar", "mean absolute log return"))
    if np.isfinite(x.curves["spread"].to_numpy()).any():
        curves.append(_curve(x, "spread", "Quoted spread by bar", "share of the mid price"))
    tests = [_rank_ic_chart(x.rank_ic, "RankIC of simple factors")]
    if x.oracle is not None:
        tests.append(_rank_ic_chart(x.oracle, "RankIC of the oracle by its horizon"))
    return [
        ("The day", curves),
        ("Autocorrelation", acf),
        ("Volatility and volume", [_lines(x, SQUARES), _lines(x, VOLUME)]),
        ("Tails and common moves", [_histogram(x.histogram), _lead_lag(x.lead_lag)]),
        ("What simple scores order", tests),
    ]


def _curve(x: Exploration, column: str, title: str, y_title: str) -> go.Figure:
    figure = plain_figure(title, y_title)
    figure.add_bar(
        x=[t.strftime("%H:%M") for t in x.curves["time"]],
        y=x.curves[column],
        marker_color=COLOURS[0],
    )
    figure.update_xaxes(title="end of the bar", type="category", nticks=16)
    figure.update_yaxes(tickformat=".2%", rangemode="tozero")
    return figure


def _acf_chart(name: str, rows: pl.DataFrame) -> go.Figure:
    figure = plain_figure(f"Autocorrelation of {name} returns", "correlation")
    rows = rows.filter(pl.col("lag") > 0)
    figure.add_bar(x=rows["lag"], y=rows["acf"], name="ACF", marker_color=COLOURS[0])
    marker = {"color": COLOURS[1], "size": 6}
    figure.add_scatter(x=rows["lag"], y=rows["pacf"], name="PACF", mode="markers", marker=marker)
    if rows["reference"].is_finite().any():
        line = {"color": COLOURS[2], "dash": "dot"}
        figure.add_scatter(x=rows["lag"], y=rows["reference"], name="ACF if random", line=line)
    figure.update_xaxes(title="lag in rows of the series")
    return figure


def _lines(x: Exploration, kind: str) -> go.Figure:
    figure = plain_figure(f"Autocorrelation of {kind}", "correlation")
    rows = x.correlations.filter(pl.col("kind") == kind, pl.col("lag") > 0)
    for i, ((name,), one) in enumerate(_each(rows)):
        line = {"color": COLOURS[i]}
        figure.add_scatter(x=one["lag"], y=one["acf"], name=str(name), mode="lines", line=line)
    figure.update_xaxes(title="lag in rows of the series")
    figure.update_layout(showlegend=True)
    return figure


def _histogram(histogram: pl.DataFrame) -> go.Figure:
    figure = plain_figure("Distribution of returns", "density, log scale")
    shown = histogram.filter(pl.col("z").abs() <= 8)
    for i, ((name,), one) in enumerate(_each(shown)):
        some = one.filter(pl.col("density") > 0)
        line = {"color": COLOURS[i]}
        figure.add_scatter(x=some["z"], y=some["density"], name=str(name), line=line)
    z = np.linspace(-5, 5, 201)
    normal = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    figure.add_scatter(x=z, y=normal, name="normal", line={"color": COLOURS[2], "dash": "dot"})
    figure.update_xaxes(title="return in standard deviations")
    figure.update_yaxes(type="log", exponentformat="power", dtick=1)
    return figure


def _lead_lag(lead_lag: pl.DataFrame) -> go.Figure:
    figure = plain_figure("Who leads: liquid stocks and illiquid stocks", "correlation")
    rows = lead_lag.filter(pl.col("lag") != 0)
    for i, ((name,), one) in enumerate(_each(rows)):
        colour = COLOURS[i]
        figure.add_bar(x=one["lag"], y=one["correlation"], name=str(name), marker_color=colour)
    figure.update_xaxes(title="bars by which the liquid stocks are earlier")
    figure.update_layout(showlegend=True)
    return figure


def _rank_ic_chart(rank_ic: pl.DataFrame, title: str) -> go.Figure:
    figure = plain_figure(title, "mean RankIC")
    for i, ((name,), one) in enumerate(rank_ic.group_by("factor", maintain_order=True)):
        heights, colour = one["rank_ic"], COLOURS[i % len(COLOURS)]
        labels = [str(h) for h in one["horizon"]]
        figure.add_bar(x=labels, y=heights, name=str(name), marker_color=colour)
    figure.update_xaxes(title="sessions, from the close of t+1", type="category")
    return figure


def _each(frame: pl.DataFrame) -> list[tuple[tuple, pl.DataFrame]]:
    """Rows of every series, in their order."""
    return list(frame.group_by("series", maintain_order=True))
