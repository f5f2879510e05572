"""Memory of returns: autocorrelations, whole and partial, with the band of what is no memory."""

from collections.abc import Mapping

import polars as pl

from intralpha.explore import distribution_summary
from intralpha.report.chart import Band, Bars, Chart, Line
from intralpha.report.language import Text, text
from intralpha.report.section import Section
from intralpha.report.tables import frame_table

MOST_DRAWN = 7  # features of a factor, beside the chart of the coverage

READING = (
    "Autocorrelations are of every stock by itself; bars show the median of the stocks, the "
    "coloured band their middle half. The grey band is where 95 % of the coefficients of one "
    "stock lie that has no memory (whole: Bartlett's formula): stocks move together, so that "
    "their median leaves it less often. Returns are log returns of adjusted prices; a session's "
    "first bar is measured from its open, so the move over night is in no bar, and lags go on "
    "from session to session. Rolling one-day returns end at every bar and overlap: the broken "
    "line is what they give when nothing can be predicted."
)


def explored_sections(tables: Mapping[str, pl.DataFrame]) -> list[Section]:
    """What the node of the exploration keeps; nothing without it.

    Parameters
    ----------
    tables : ``memory``, see :func:`intralpha.evaluation.memory.memory_table`, and
        ``distribution/FACTOR``, see :func:`intralpha.explore.distribution_table`
    """
    out = []
    if "memory" in tables:
        drawn = memory_charts(tables["memory"])
        out.append(Section("Memory of returns", charts=drawn, note=text(READING)))
    for key, table in tables.items():
        _, found, factor = key.partition("distribution/")
        if found:
            out.append(_distribution(factor, table))
    return out


def _distribution(factor: str, table: pl.DataFrame) -> Section:
    """Coverage and distribution of the features of a factor."""
    shown = distribution_summary(table)
    title = text("Features of {}: coverage and distribution", factor)
    of_all = table.group_by("date", maintain_order=True).agg(
        mean=pl.col("coverage").mean(), least=pl.col("coverage").min()
    )
    lines = (
        Line(of_all["date"], of_all["mean"], text("mean of the features"), 0),
        Line(of_all["date"], of_all["least"], text("least of the features"), 1),
    )
    unit = "share of the universe with a value"
    charts = [Chart("Coverage over time", unit, lines, form="percent")]
    parts = table.partition_by("feature", maintain_order=True)
    charts += [_lies(part) for part in parts[:MOST_DRAWN]]
    note = text(
        "Over the stocks of the universe, all bars of a date together, before any transform. The "
        "table has means over the dates; charts show the first features."
    )
    tables = ((text("features"), frame_table(shown)),)
    return Section(title, tables, tuple(charts), note=note)


def _lies(rows: pl.DataFrame) -> Chart:
    """Quantiles of one feature over time."""
    date = rows["date"]
    traces = (
        Band(date, rows["q01"], rows["q99"], text("1 % to 99 %")),
        Band(date, rows["q25"], rows["q75"], text("25 % to 75 %"), 0),
        Line(date, rows["median"], text("median"), 0),
    )
    return Chart(text("Distribution of {}", str(rows["feature"][0])), "value as it is", traces)


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
    stocks, values = (rows[name].to_numpy().max(initial=0) for name in ("stocks", "rows"))
    traces: list[Band | Bars | Line] = [
        Band(lag, -band, band, text("no memory of one stock, 95 %")),
        Bars(lag, rows[column], text("median") if stocks > 1 else text("the stock")),
    ]
    if stocks > 1:
        low, high = rows[f"{column}_low"], rows[f"{column}_high"]
        traces.append(Band(lag, low, high, text("middle half of the stocks"), 1))
    if column == "acf" and rows["reference"].is_finite().any():
        traces.append(Line(lag, rows["reference"], text("ACF if random"), 4, 1))
    unit = text("{} stocks, {} returns each", f"{stocks:,}", f"{values:,.0f}")
    return Chart(title, unit, tuple(traces), "lag in rows of the series")
