"""Sections of a set of factors: figures, histogram, heat map, what it resembles."""

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from numpy import ndarray

from intralpha.evaluation import SetReport
from intralpha.report.charts import COLOURS, plain_figure, square_chart
from intralpha.report.section import Section
from intralpha.report.tables import frame_table

MOST_WITH_TEXT = 30  # factors whose correlations are written into the heat map


def set_sections(found: SetReport) -> list[Section]:
    """One section: a row a factor, units by seed, correlations and what each resembles.

    Parameters
    ----------
    found : the set, named as in the recipe
    """
    tables = [("", frame_table(found.figures)), ("by seed", frame_table(found.units()))]
    if len(found.names) > found.own:
        tables.append(("correlation with what stands beside", frame_table(found.beside())))
    for name in found.names[found.own :]:
        if name.startswith("score "):
            strongest = frame_table(found.strongest(name))
            tables.append((f"what resembles the {name} most", strongest))
    own = found.names[: found.own]
    charts = (
        histogram_chart(found),
        heat_map(own, found.correlations(), "Correlation, signs by direction"),
        heat_map(own, found.correlations(adjusted=False), "Correlation, raw signs"),
    )
    return [Section(f"Set {found.name}", tuple(tables), charts)]


def histogram_chart(found: SetReport) -> go.Figure:
    """How many factors have which mean RankIC."""
    figure = plain_figure(f"Mean RankIC of {found.own} factors", "factors")
    frame = found.histogram()
    middle = ((frame["from"] + frame["to"]) / 2).to_list()
    figure.add_bar(x=middle, y=frame["factors"].to_list(), marker={"color": COLOURS[0]})
    figure.update_layout(showlegend=False, bargap=0.05)
    return figure


def heat_map(names: tuple[str, ...], values_FF: Float[ndarray, "F F"], title: str) -> go.Figure:
    """Correlations from -1 to 1: Pearson above the diagonal, Spearman below it.

    Parameters
    ----------
    names : of rows and columns
    values_FF : NaN is left white
    title : of the figure
    """
    return square_chart(
        f"{title} (above: Pearson, below: Spearman)",
        names,
        np.round(values_FF, 2),
        zmin=-1,
        zmax=1,
        colorscale="RdBu",
        reversescale=True,
        texttemplate="%{z:.2f}" if len(names) <= MOST_WITH_TEXT else None,
    )
