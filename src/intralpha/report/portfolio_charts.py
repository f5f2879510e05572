"""Charts of a portfolio: values, falls, rolling figures, and how it differs from its benchmark."""

import polars as pl

from intralpha.report.chart import Bars, Chart, Line
from intralpha.report.charts import monthly_map
from intralpha.report.language import text


def course_charts(courses: pl.DataFrame) -> list[Chart]:
    """Values of portfolio and benchmark; the excess on an axis of its own; falls; rolling figures.

    Parameters
    ----------
    courses : what :func:`intralpha.evaluation.courses.courses` gives
    """
    date = courses["date"]
    values = (
        Line(date, courses["portfolio"], text("portfolio"), 0),
        Line(date, courses["benchmark"], text("benchmark"), 1),
    )
    excess = (
        Line(date, courses["excess"], text("after cost"), 0),
        Line(date, courses["excess_before_cost"], text("before cost"), 2, 1),
    )
    falls = (
        Line(date, courses["excess_drawdown"], text("excess"), 0, area=True),
        Line(date, courses["drawdown"], text("portfolio"), 1, 1),
    )
    rolling = (
        Line(date, courses["rolling_excess"], text("excess return"), 0),
        Line(date, courses["rolling_tracking_error"], text("tracking error"), 1),
    )
    return [
        Chart("Net asset value", "value of 1 CNY, after cost", values),
        Chart("Excess over the benchmark", "compounded difference of returns, from 1", excess),
        Chart("Drawdown", "below the high", falls, form="percent"),
        Chart(
            "Rolling excess and tracking error", "a year, last 60 sessions", rolling, form="percent"
        ),
    ]


def monthly_chart(months: pl.DataFrame) -> Chart:
    """Compounded excess of every month."""
    shown = months.with_columns(percent=100 * pl.col("excess_ret"))
    return monthly_map(
        "Excess by month", "portfolio less benchmark, after cost, in percent", shown, "percent"
    )


def turnover_chart(daily: pl.DataFrame) -> Chart:
    """One-sided turnover of every rebalance."""
    rows = daily.filter(pl.col("turnover_one_sided") > 0)
    bars = Bars(rows["date"], rows["turnover_one_sided"], colour=2)
    return Chart(
        "Turnover", "one-sided, a rebalance, share of the portfolio", (bars,), form="percent"
    )


def active_chart(active: pl.DataFrame) -> Chart:
    """Active share, weight of the ten largest, and cash at every rebalance."""
    said = {"active_share": "active share", "top_10_share": "ten largest", "cash_share": "cash"}
    lines = tuple(
        Line(active["date"], active[column], text(label), i)
        for i, (column, label) in enumerate(said.items())
    )
    return Chart(
        "Active share and concentration",
        "share of the portfolio at a rebalance",
        lines,
        form="percent",
    )


def holdings_chart(active: pl.DataFrame) -> Chart:
    """Number of holdings, and of equal ones that would be as concentrated."""
    lines = (
        Line(active["date"], active["holdings"], text("holdings"), 0),
        Line(active["date"], active["effective_stocks"], text("effective number"), 1),
    )
    return Chart("Holdings", "number of stocks at a rebalance", lines)
