"""Section of the risk model: fits, factor returns, and risk expected against risk that came."""

from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl

from intralpha.report.charts import COLOURS, plain_figure
from intralpha.report.section import Section
from intralpha.report.tables import figure_text, frame_table

INDUSTRY = "industry:"


@dataclass(frozen=True, eq=False)
class RiskRecord:
    """What is told of a risk model; every number is made by the node that judges it.

    Attributes
    ----------
    fits : ``date``, ``r2``, ``r2_mean``
    factors : ``date``, ``factor``, ``sum_ret``
    told : ``date``, ``expected_tracking_error``, ``surprise``, of each rebalance
    yearly : ``year`` or all, tracking errors expected and realised, ``bias_statistic`` and more
    """

    fits: pl.DataFrame
    factors: pl.DataFrame
    told: pl.DataFrame
    yearly: pl.DataFrame


def risk_sections(record: RiskRecord | None) -> list[Section]:
    """R-squared over time, factor returns, tracking error and bias statistics; none without one."""
    if record is None or record.told.is_empty():
        return []
    drawn = (expected_chart(record), surprise_chart(record))
    if record.fits["r2"].is_finite().any():  # components are not fitted session by session
        drawn += (fit_chart(record), factor_chart(record))
    whole = record.yearly.row(-1, named=True)
    tiles = ((figure_text("bias_statistic", whole["bias_statistic"]), "bias statistic of risk"),)
    return [Section("Risk model", (("", frame_table(record.yearly)),), drawn, tiles)]


def fit_chart(record: RiskRecord) -> go.Figure:
    """R-squared of the daily fits."""
    figure = plain_figure("R-squared of the daily fits", "mean of 60 sessions")
    figure.add_scatter(x=record.fits["date"], y=record.fits["r2_mean"], line={"color": COLOURS[0]})
    return figure.update_layout(showlegend=False)


def factor_chart(record: RiskRecord) -> go.Figure:
    """Returns of the country and the styles, added up; industries are too many to see."""
    figure = plain_figure("Returns of the factors", "added up", percent=True)
    shown = record.factors.filter(~pl.col("factor").str.starts_with(INDUSTRY))
    for i, ((name,), part) in enumerate(
        shown.partition_by("factor", as_dict=True, maintain_order=True).items()
    ):
        line = {"color": COLOURS[i % len(COLOURS)], "width": 1.5}
        figure.add_scatter(x=part["date"], y=part["sum_ret"], name=str(name), line=line)
    return figure


def expected_chart(record: RiskRecord) -> go.Figure:
    """Tracking error expected at each rebalance, and what came of a year."""
    figure = plain_figure("Tracking error", "a year", percent=True)
    told, years = record.told, record.yearly.filter(pl.col("year") != "all")
    figure.add_scatter(
        x=told["date"],
        y=told["expected_tracking_error"],
        name="expected",
        line={"color": COLOURS[0]},
    )
    middle = [f"{year}-07-01" for year in years["year"]]
    figure.add_scatter(
        x=middle,
        y=years["realised_tracking_error"],
        name="realised, by year",
        mode="markers",
        marker={"color": COLOURS[1], "size": 10},
    )
    return figure


def surprise_chart(record: RiskRecord) -> go.Figure:
    """Active return of each rebalance in units of what was expected; 1 in 20 is beyond 2."""
    figure = plain_figure("Surprises", "active return / volatility expected")
    figure.add_bar(x=record.told["date"], y=record.told["surprise"], marker_color=COLOURS[2])
    return figure.update_layout(showlegend=False)
