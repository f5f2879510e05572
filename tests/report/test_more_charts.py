"""Charts by hand: when trainings learn and predict, active exposures, memory, coverage."""

import math
from datetime import date

import polars as pl

from intralpha.backtest import PortfolioRecord
from intralpha.report.chart import Band, Bars, Line
from intralpha.report.charts import schedule_chart
from intralpha.report.memory import explored_sections, memory_charts
from intralpha.report.portfolio import note_sections
from intralpha.report.style_attribution import exposure_chart

DAYS = [date(2024, 1, 2), date(2024, 1, 3)]


def test_a_training_is_a_line_from_its_first_date_to_its_last() -> None:
    row = {"fold": "2024-03-01", "train from": "2024-01-02", "train to": "2024-02-01"}
    row |= {"valid from": "2024-02-05", "valid to": "2024-02-20"}
    row |= {"predict from": "2024-03-01", "predict to": "2024-03-29"}
    later = row | {"predict from": "2024-04-01", "predict to": "2024-04-30"}
    train, valid, predict = schedule_chart("gru", pl.DataFrame([row, later])).traces
    assert isinstance(train, Line)
    assert train.x[:2] == [date(2024, 1, 2), date(2024, 2, 1)]
    assert isinstance(predict, Line)
    assert predict.x[3:5] == [date(2024, 4, 1), date(2024, 4, 30)]
    assert [*predict.y[:2], *predict.y[3:5]] == [1, 1, 2, 2]
    assert math.isnan(predict.y[2])
    assert [str(t.name) for t in (train, valid, predict)] == [  # type: ignore[union-attr]
        "training",
        "validation",
        "prediction",
    ]


def test_exposures_are_those_to_styles_alone() -> None:
    daily = pl.DataFrame(
        {
            "date": DAYS * 2,
            "factor": ["country"] * 2 + ["size"] * 2,
            "exposure": [0.0, 0.0, 0.5, None],
        }
    )
    courses = pl.DataFrame({"kind": ["style", "rest"], "part": ["size", "country"]})
    (line,) = exposure_chart(daily, courses).traces
    assert isinstance(line, Line)
    assert list(line.y) == [0.5, None]
    assert str(line.name) == "size"


def memory(stocks: int) -> pl.DataFrame:
    ends = {f"{c}_{n}": [0.1, 0.1] for c in ("acf", "pacf") for n in ("low", "high", "band")}
    row = {"series": ["daily"] * 2, "lag": [0, 1], "acf": [1.0, 0.2], "pacf": [1.0, 0.2]}
    more = {"reference": [math.nan] * 2, "rows": [250.0] * 2, "stocks": [stocks] * 2}
    return pl.DataFrame(row | ends | more)


def test_one_stock_has_no_middle_half() -> None:
    for stocks, kinds in ((1, [Band, Bars]), (9, [Band, Bars, Band])):
        whole, partial = memory_charts(memory(stocks))
        assert [type(t) for t in whole.traces] == [type(t) for t in partial.traces] == kinds
        band, bars = whole.traces[:2]
        assert isinstance(band, Band)
        assert (list(band.low), list(band.high)) == ([-0.1], [0.1])
        assert isinstance(bars, Bars)
        assert (list(bars.x), list(bars.y)) == ([1], [0.2])


def test_features_are_told_of_by_factor() -> None:
    lies = {
        "mean": 0.0,
        "std": 1.0,
        "q01": -2.0,
        "q25": -0.5,
        "median": 0.0,
        "q75": 0.5,
        "q99": 2.0,
    }
    rows = [
        {"date": d, "feature": f, "coverage": c} | lies
        for d, cs in zip(DAYS, ((1.0, 0.5), (0.8, 0.6)), strict=True)
        for f, c in zip(("x", "y"), cs, strict=True)
    ]
    (section,) = explored_sections({"distribution/gru": pl.DataFrame(rows)})
    assert str(section.title) == "Features of gru: coverage and distribution"
    coverage, *each = (chart for chart in section.charts if chart is not None)
    mean, least = coverage.traces
    assert isinstance(mean, Line)
    assert isinstance(least, Line)
    assert (list(mean.y), list(least.y)) == ([0.75, 0.7], [0.5, 0.6])
    assert [str(chart.title) for chart in each] == ["Distribution of x", "Distribution of y"]
    assert ">55.0 %<" in section.tables[0][1]
    assert explored_sections({}) == []


def test_orders_and_events_are_told_in_words() -> None:
    blocked = pl.DataFrame(
        {"side": ["buy", "sell"], "reason": ["limit_up", "t+1"], "orders": [3, 4]}
    )
    record = PortfolioRecord(pl.DataFrame(), {}, pl.DataFrame(), {"Blocked orders": blocked})
    (section,) = note_sections(record)
    told = str(section.tables[0][1])
    for said in (">buy<", ">买入<", ">sell<", ">limit up<", ">涨停<", "<td>t+1</td>"):
        assert said in told
