"""Section of the risk model: fits, factor returns, and risk expected against risk that came."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from intralpha.report.chart import Bars, Chart, Line, of_each_factor
from intralpha.report.language import text
from intralpha.report.section import Section, Tile
from intralpha.report.tables import figure_text, frame_table

INDUSTRY = "industry:"


@dataclass(frozen=True, eq=False)
class RiskRecord:
    """What is told of a risk model; every number is made by the node that judges it.

    Attributes
    ----------
    fits : ``date``, ``r2``, ``r2_mean``
    factors : ``date``, ``factor``, ``sum_ret``
    told : ``date``, ``expected_tracking_error``, ``surprise``, of each rebalance; where forecasts
        were recalibrated ``risk_multiple``, too
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
    if "risk_multiple" in record.told.columns:
        drawn += (multiple_chart(record),)
    if record.fits["r2"].is_finite().any():  # components are not fitted session by session
        drawn += (fit_chart(record), factor_chart(record))
    whole = record.yearly.row(-1, named=True)
    note = text(
        "deviation of surprises; 1 if risk came as expected; {} rebalances",
        f"{record.told.height:,}",
    )
    bias = figure_text("bias_statistic", whole["bias_statistic"])
    tiles = (Tile(bias, text("bias statistic of risk"), note),)
    return [Section("Risk model", (("", frame_table(record.yearly)),), drawn, tiles)]


def fit_chart(record: RiskRecord) -> Chart:
    """R-squared of the daily fits."""
    line = Line(record.fits["date"], record.fits["r2_mean"])
    return Chart("R-squared of the daily fits", "mean of 60 sessions", (line,))


def factor_chart(record: RiskRecord) -> Chart:
    """Returns of the country and the styles, added up; industries are too many to see."""
    shown = record.factors.filter(~pl.col("factor").str.starts_with(INDUSTRY))
    lines = of_each_factor(shown, "sum_ret")
    return Chart("Returns of the factors", "added up", lines, form="percent")


def expected_chart(record: RiskRecord) -> Chart:
    """Tracking error expected at each rebalance, and what came of a year."""
    told, years = record.told, record.yearly.filter(pl.col("year") != "all")
    middle = [date(int(year), 7, 1) for year in years["year"]]
    came = years["realised_tracking_error"]
    traces = (
        Line(told["date"], told["expected_tracking_error"], text("expected"), 0),
        Line(middle, came, text("realised, by year"), 1, points=True),
    )
    return Chart("Tracking error", "a year", traces, form="percent")


def surprise_chart(record: RiskRecord) -> Chart:
    """Active return of each rebalance in units of what was expected; 1 in 20 is beyond 2."""
    bars = Bars(record.told["date"], record.told["surprise"], signed=True)
    return Chart("Surprises", "active return / volatility expected", (bars,))


def multiple_chart(record: RiskRecord) -> Chart:
    """What the variances of the model were multiplied with, by the portfolio's own surprises."""
    line = Line(record.told["date"], record.told["risk_multiple"])
    return Chart("Recalibration", "multiple of the variances", (line,))
