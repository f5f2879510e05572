"""Charts of the report, as Plotly figures in one plain style."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha.evaluation import FactorReport, drawdown, excess_nav, nav

COLOURS = ("#1f4e79", "#c0504d", "#7f7f7f", "#4f8f4f", "#8064a2", "#d8963c", "#4bacc6", "#9c6b4a")


def nav_chart(daily: pl.DataFrame) -> go.Figure:
    """Portfolio, benchmark and compounded excess, all starting at 1."""
    figure = plain_figure("Net asset value", "value of 1 CNY")
    ret, bench = daily["ret"].to_numpy(), daily["benchmark_ret"].to_numpy()
    for i, (name, series) in enumerate(
        (("portfolio", ret), ("benchmark", bench), ("excess", ret - bench))
    ):
        line = {"color": COLOURS[i], "width": 2.5 if name == "excess" else 1.5}
        figure.add_scatter(x=daily["date"], y=nav(series), name=name, line=line)
    return figure


def drawdown_chart(daily: pl.DataFrame) -> go.Figure:
    """Drawdown of the compounded excess."""
    figure = plain_figure("Drawdown of the excess", "below the high", percent=True)
    ret, bench = daily["ret"].to_numpy(), daily["benchmark_ret"].to_numpy()
    depth = -drawdown(excess_nav(ret, bench))
    figure.add_scatter(x=daily["date"], y=depth, fill="tozeroy", line={"color": COLOURS[1]})
    figure.update_layout(showlegend=False)
    return figure


def cumulative_ic_chart(factors: Sequence[FactorReport]) -> go.Figure:
    """Running sum of each factor's RankIC."""
    figure = plain_figure("Cumulative RankIC", "sum over test dates")
    for i, factor in enumerate(factors):
        total = factor.series["rank_ic"].fill_nan(0.0).cum_sum()
        line = {"color": COLOURS[i % len(COLOURS)]}
        figure.add_scatter(x=factor.series["date"], y=total, name=factor.name, line=line)
    return figure


def group_nav_chart(factor: FactorReport) -> go.Figure:
    """Compounded excess of each group over the universe, from red (lowest scores) to blue."""
    figure = plain_figure(f"Groups of {factor.name}", "excess over the universe")
    groups = [c for c in factor.series.columns if c.startswith("group_")]
    for i, name in enumerate(groups):
        excess = (factor.series[name] - factor.series["universe"]).fill_nan(0.0).to_numpy()
        colour = _blend(i / max(len(groups) - 1, 1))
        label = name.replace("_", " ") + (" (top)" if i == len(groups) - 1 else "")
        figure.add_scatter(
            x=factor.series["date"], y=np.cumprod(1 + excess), name=label, line={"color": colour}
        )
    return figure


def group_bar_chart(factor: FactorReport) -> go.Figure:
    """Mean excess of each group a year."""
    figure = plain_figure(f"Mean excess by group, {factor.name}", "a year", percent=True)
    groups = [c for c in factor.series.columns if c.startswith("group_")]
    excess = [
        (factor.series[g] - factor.series["universe"]).fill_nan(None).mean() or 0.0 for g in groups
    ]
    heights = [float(x) * factor.periods_per_year for x in excess]  # type: ignore[arg-type]
    figure.add_bar(x=[g.removeprefix("group_") for g in groups], y=heights, marker_color=COLOURS[0])
    return figure


def decay_chart(factors: Sequence[FactorReport]) -> go.Figure:
    """Mean RankIC of older and older scores."""
    figure = plain_figure("Decay", "RankIC")
    for i, factor in enumerate(factors):
        figure.add_bar(
            x=factor.decay["lag"],
            y=factor.decay["rank_ic"],
            name=factor.name,
            marker_color=COLOURS[i % len(COLOURS)],
        )
    figure.update_xaxes(title="age of the score in test dates", dtick=1)
    return figure


def training_chart(history: pl.DataFrame, column: str, title: str, y_title: str) -> go.Figure:
    """One figure of every fit by epoch; epochs that were not measured are left out.

    Parameters
    ----------
    history : factor, fold, seed, epoch and the column; a colour a factor and fold
    column : what is drawn
    title, y_title : of the figure and of its vertical axis
    """
    figure = plain_figure(title, y_title)
    for i, (key, rows) in enumerate(history.group_by("factor", "fold", maintain_order=True)):
        known = rows.filter(pl.col(column).is_not_null())
        for n, (_, one) in enumerate(known.group_by("seed", maintain_order=True)):
            figure.add_scatter(
                x=one["epoch"],
                y=one[column],
                name=f"{key[0]} {key[1]}",
                legendgroup=str(key),
                showlegend=n == 0,
                line={"color": COLOURS[i % len(COLOURS)], "width": 1},
            )
    figure.update_xaxes(title="epoch")
    return figure


def monthly_chart(daily: pl.DataFrame) -> go.Figure:
    """Compounded excess of every month."""
    figure = plain_figure("Excess by month", "portfolio less benchmark", percent=True)
    excess = pl.col("ret") - pl.col("benchmark_ret")
    rows = daily.group_by(pl.col("date").dt.truncate("1mo"), maintain_order=True).agg(
        excess=(1 + excess).product() - 1
    )
    colours = [COLOURS[0] if x >= 0 else COLOURS[1] for x in rows["excess"]]
    figure.add_bar(x=rows["date"], y=rows["excess"], marker_color=colours)
    return figure


def turnover_chart(daily: pl.DataFrame) -> go.Figure:
    """One-sided turnover of every rebalance."""
    figure = plain_figure("Turnover", "one-sided, a rebalance", percent=True)
    rows = daily.filter(pl.col("turnover_one_sided") > 0)
    figure.add_bar(x=rows["date"], y=rows["turnover_one_sided"], marker_color=COLOURS[2])
    return figure


def weight_chart(weights: pl.DataFrame) -> go.Figure:
    """Weight of each factor over time; each holds until the next.

    Parameters
    ----------
    weights : date, factor, weight
    """
    figure = plain_figure("Weights of the combination", "weight")
    for (name,), part in weights.group_by("factor", maintain_order=True):
        figure.add_scatter(
            x=part["date"].to_list(), y=part["weight"].to_list(), name=str(name), line_shape="hv"
        )
    return figure


def square_chart(
    title: str, names: Sequence[str], values_KK: Float[ndarray, "K K"], **look: Any
) -> go.Figure:
    """A matrix as a heat map, its first row on top.

    Parameters
    ----------
    title : of the figure
    names : of rows and columns
    values_KK : NaN is left white
    look : of the heat map, as Plotly has it
    """
    figure = plain_figure(title, "")
    z = [[None if np.isnan(x) else float(x) for x in row] for row in values_KK]
    figure.add_heatmap(z=z, x=list(names), y=list(names), **look)
    figure.update_xaxes(type="category")
    figure.update_yaxes(type="category", autorange="reversed")
    return figure


def _blend(share: float) -> str:
    """Red at 0, light grey at one half, blue at 1."""
    low, middle, high = (192, 80, 77), (190, 190, 190), (31, 78, 121)
    ends = (low, middle) if share < 0.5 else (middle, high)
    within = share * 2 if share < 0.5 else share * 2 - 1
    mixed = (int(a + (b - a) * within) for a, b in zip(*ends, strict=True))
    return f"rgb({','.join(str(c) for c in mixed)})"


def plain_figure(title: str, y_title: str, percent: bool = False) -> go.Figure:
    """An empty figure in the style of our pages.

    Parameters
    ----------
    title : above the figure
    y_title : of the vertical axis
    percent : whether its ticks are written in percent
    """
    figure = go.Figure()
    figure.update_layout(
        title=title,
        template="simple_white",
        height=380,
        margin={"l": 60, "r": 20, "t": 50, "b": 40},
        legend={"orientation": "h", "y": -0.22, "font": {"size": 11}},
        font={"family": "system-ui, 'Noto Sans CJK SC', sans-serif", "size": 13},
        hovermode="x unified",
    )
    figure.update_yaxes(title=y_title, showgrid=True, tickformat=".1%" if percent else None)
    return figure
