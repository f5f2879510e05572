"""Sections of a set of factors: figures, histogram, heat map, what it resembles."""

from jaxtyping import Float
from markupsafe import Markup
from numpy import ndarray

from intralpha.evaluation import SetReport
from intralpha.report.chart import Bars, Chart
from intralpha.report.charts import square_chart
from intralpha.report.language import Text, text
from intralpha.report.section import Section
from intralpha.report.tables import frame_table


def set_sections(found: SetReport) -> list[Section]:
    """One section: a row a factor, units by seed, correlations and what each resembles.

    Parameters
    ----------
    found : the set, named as in the recipe
    """
    tables: list[tuple[str | Text, Markup]] = [("", frame_table(found.figures))]
    units = found.units()
    if units["seed"].to_list() == [""]:
        tables.append((text("all together"), frame_table(units.drop("seed"))))
    else:
        tables.append((text("by seed"), frame_table(units)))
    if len(found.names) > found.own:
        tables.append((text("correlation with what stands beside"), frame_table(found.beside())))
    for name in found.names[found.own :]:
        if name.startswith("score "):
            strongest = frame_table(found.strongest(name))
            tables.append((text("what resembles the {} most", name), strongest))
    own = found.names[: found.own]
    charts = (
        histogram_chart(found),
        heat_map(own, found.correlations(), "Correlation, signs by direction"),
        heat_map(own, found.correlations(adjusted=False), "Correlation, raw signs"),
    )
    return [Section(text("Set {}", found.name), tuple(tables), charts)]


def histogram_chart(found: SetReport) -> Chart:
    """How many factors have which mean RankIC."""
    frame = found.histogram()
    bars = Bars((frame["from"] + frame["to"]) / 2, frame["factors"])
    title = text("Mean RankIC of {} factors", str(found.own))
    return Chart(title, "number of factors", (bars,), "mean RankIC")


def heat_map(names: tuple[str, ...], values_FF: Float[ndarray, "F F"], title: str) -> Chart:
    """Correlations from -1 to 1: Pearson above the diagonal, Spearman below it.

    Parameters
    ----------
    names : of rows and columns
    values_FF : NaN is left empty
    title : of the figure
    """
    unit = "above the diagonal: Pearson, below it: Spearman"
    return square_chart(title, unit, names, values_FF)
