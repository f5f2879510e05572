"""Memory of returns: autocorrelations, whole and partial, with the band of what is no memory."""

from collections.abc import Mapping

import polars as pl

from intralpha.report.chart import Band, Bars, Chart, Line
from intralpha.report.language import Text, text
from intralpha.report.section import Section

READING = (
    "Autocorrelations are of every stock by itself; bars show the median of the stocks, the darker "
    "band their middle half. The grey band is where 95 % of the coefficients of one stock lie that "
    "has no memory (whole: Bartlett's formula): stocks move together, so that their median leaves "
    "it less often. Returns are log returns of adjusted prices; a session's first bar is measured "
    "from its open, so the move over night is in no bar, and lags go on from session to session. "
    "Rolling one-day returns end at every bar and overlap: the broken line is what they give when "
    "nothing can be predicted."
)


def explored_sections(tables: Mapping[str, pl.DataFrame]) -> list[Section]:
    """What the node of the exploration keeps; nothing without it.

    Parameters
    ----------
    tables : ``memory``, see :func:`intralpha.evaluation.memory.memory_table`
    """
    if "memory" not in tables:
        return []
    return [
        Section("Memory of returns", charts=memory_charts(tables["memory"]), note=text(READING))
    ]


def memory_charts(memory: pl.DataFrame) -> tuple[Chart, ...]:
    """Two charts a series: autocorrelation, and partial autocorrelation.

    Parameters
    ----------
    memory : a row a series and lag
    """
    charts = []
    for (series,), rows in memory.group_by("series", maintain_order=True):
        some = rows.filter(pl.col("lag") > 0)
        for column, title in (
            ("acf", text("Autocorrelation of {} returns", text(str(series)))),
            ("pacf", text("Partial autocorrelation of {} returns", text(str(series)))),
        ):
            charts.append(_chart(some, column, title))
    return tuple(charts)


def _chart(rows: pl.DataFrame, column: str, title: Text) -> Chart:
    lag, band = rows["lag"], rows[f"{column}_band"]
    stocks, values = (rows[name].max() or 0 for name in ("stocks", "rows"))
    traces: list[Band | Bars | Line] = [
        Band(lag, -band, band, text("no memory of one stock, 95 %")),
        Bars(lag, rows[column], text("median") if stocks > 1 else text("the stock")),
    ]
    if stocks > 1:
        low, high = rows[f"{column}_low"], rows[f"{column}_high"]
        traces.append(Band(lag, low, high, text("middle half of the stocks"), 1))
    if column == "acf" and rows["reference"].is_finite().any():
        traces.append(Line(lag, rows["reference"], text("ACF if random"), 4, 1))
    unit = text("correlation; {} stocks, {} returns each", f"{stocks:,}", f"{values:,.0f}")
    return Chart(title, unit, tuple(traces), "lag in rows of the series")
