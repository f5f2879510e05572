"""The page of an exploration: the stylised facts of a market, one beside the other."""

from pathlib import Path

import numpy as np
import polars as pl

from intralpha.explore.exploration import (
    RETURNS,
    SQUARES,
    VOLUME,
    Exploration,
    value_text,
)
from intralpha.report.chart import Bars, Chart, Line
from intralpha.report.language import name, text
from intralpha.report.memory import READING as MEMORY
from intralpha.report.memory import memory_charts
from intralpha.report.render import filled, write_page
from intralpha.report.svg import draw

ABOUT = (
    "Stylised facts of the stocks that have bars in this lake: the shape of the day, memory "
    "and tails of returns, common moves, volume, and what simple scores order."
)
READING = (
    "All returns are log returns of adjusted prices. Inside the day, the first bar is "
    "measured from its open, so the move over night is in no bar; a bar without trades "
    "counts in the volume curve and nowhere else.",
    "Autocorrelations are computed for each stock and then averaged over stocks; those of "
    "bars use pairs inside one session only. The partial autocorrelation (PACF) is the one "
    "that belongs to the mean autocorrelation. Rolling one-day returns overlap: the broken "
    "line is what they give when nothing can be predicted. Squared returns of bars keep "
    "their daily pattern.",
    "Kurtosis is the median over stocks; the Hill index is taken from the largest 1 % of all "
    "returns in units of each stock's daily volatility, and price limits cut the tail of "
    "daily returns.",
    "Roll's and Corwin and Schultz's spreads are estimates from prices, not quotes. Lead and "
    "lag: liquid and illiquid stocks are the fifths with the largest and smallest mean "
    "amount, weighted equally; a bar on the right says that the liquid ones moved first.",
    "RankIC is the mean over dates of the Spearman correlation of the score at t with the "
    "return from the close of t+1; dates of long horizons overlap. ICIR is not annualised.",
)


def render_exploration(exploration: Exploration, path: Path) -> Path:
    """Write the page.

    Parameters
    ----------
    exploration : what to show
    path : HTML file; replaced in one step

    Returns
    -------
    Path
        The same path. The page needs no network.
    """
    page = filled(
        "explore.html",
        exploration.title,
        exploration=exploration,
        about=ABOUT,
        reading=(*READING, MEMORY),
        sections=[
            (text(title), [draw(c) for c in charts]) for title, charts in _sections(exploration)
        ],
        topics=_topics(exploration.figures),
        tests=[
            (title, frame.rows(named=True))
            for title, frame in (("factors", exploration.rank_ic), ("oracle", exploration.oracle))
            if frame is not None
        ],
        value_text=value_text,
    )
    return write_page(page, path)


def _topics(figures: pl.DataFrame) -> list[tuple[str, list[tuple[str, str]]]]:
    """Tables of name and text, by topic."""
    return [
        (str(topic), [(f, value_text(v, u)) for _, f, v, u in rows.iter_rows()])
        for (topic,), rows in figures.group_by("topic", maintain_order=True)
    ]


def _sections(x: Exploration) -> list[tuple[str, list[Chart]]]:
    returns = x.correlations.filter(pl.col("kind") == RETURNS)
    acf = [_acf_chart(str(series), rows) for (series,), rows in _each(returns)]
    curves = [_curve(x, "volume_share", "Volume by bar", "share of the day")]
    curves.append(_curve(x, "abs_ret", "Size of returns by bar", "mean absolute log return"))
    if np.isfinite(x.curves["spread"].to_numpy()).any():
        curves.append(_curve(x, "spread", "Quoted spread by bar", "share of the mid price"))
    tests = [_rank_ic_chart(x.rank_ic, "RankIC of simple factors")]
    if x.oracle is not None:
        tests.append(_rank_ic_chart(x.oracle, "RankIC of the oracle by its horizon"))
    return [
        ("The day", curves),
        ("Autocorrelation inside the session and over days", acf),
        ("Memory of returns", list(memory_charts(x.memory))),
        ("Volatility and volume", [_lines(x, SQUARES), _lines(x, VOLUME)]),
        ("Tails and common moves", [_histogram(x.histogram), _lead_lag(x.lead_lag)]),
        ("What simple scores order", tests),
    ]


def _curve(x: Exploration, column: str, title: str, unit: str) -> Chart:
    times = [t.strftime("%H:%M") for t in x.curves["time"]]
    bars = Bars(times, x.curves[column])
    return Chart(title, unit, (bars,), "end of the bar", "percent")


def _acf_chart(series: str, rows: pl.DataFrame) -> Chart:
    rows = rows.filter(pl.col("lag") > 0)
    traces: tuple[Bars | Line, ...] = (
        Bars(rows["lag"], rows["acf"], name("ACF")),
        Line(rows["lag"], rows["pacf"], name("PACF"), 1, points=True),
    )
    if rows["reference"].is_finite().any():
        traces += (Line(rows["lag"], rows["reference"], text("ACF if random"), 2, 1),)
    title = text("Autocorrelation of {} returns", text(series))
    return Chart(title, "correlation", traces, "lag in rows of the series")


def _lines(x: Exploration, kind: str) -> Chart:
    rows = x.correlations.filter(pl.col("kind") == kind, pl.col("lag") > 0)
    lines = tuple(
        Line(one["lag"], one["acf"], text(str(series)), i)
        for i, ((series,), one) in enumerate(_each(rows))
    )
    title = text("Autocorrelation of {}", text(kind))
    return Chart(title, "correlation", lines, "lag in rows of the series")


def _histogram(histogram: pl.DataFrame) -> Chart:
    shown = histogram.filter(pl.col("z").abs() <= 8)
    lines = []
    for i, ((series,), one) in enumerate(_each(shown)):
        some = one.filter(pl.col("density") > 0)
        lines.append(Line(some["z"], some["density"], text(str(series)), i))
    z = np.linspace(-5, 5, 201)
    normal = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    lines.append(Line(z, normal, text("normal"), len(lines), 1))
    unit = "density, log scale"
    return Chart(
        "Distribution of returns", unit, tuple(lines), "return in standard deviations", log=True
    )


def _lead_lag(lead_lag: pl.DataFrame) -> Chart:
    rows = lead_lag.filter(pl.col("lag") != 0)
    bars = tuple(
        Bars(one["lag"], one["correlation"], text(str(series)), i)
        for i, ((series,), one) in enumerate(_each(rows))
    )
    title = "Who leads: liquid stocks and illiquid stocks"
    return Chart(title, "correlation", bars, "bars by which the liquid ones are earlier")


def _rank_ic_chart(rank_ic: pl.DataFrame, title: str) -> Chart:
    bars = tuple(
        Bars([str(h) for h in one["horizon"]], one["rank_ic"], name(str(factor)), i)
        for i, ((factor,), one) in enumerate(rank_ic.group_by("factor", maintain_order=True))
    )
    return Chart(title, "mean RankIC", bars, "sessions, from the close of t+1")


def _each(frame: pl.DataFrame) -> list[tuple[tuple, pl.DataFrame]]:
    """Rows of every series, in their order."""
    return list(frame.group_by("series", maintain_order=True))
