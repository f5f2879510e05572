"""What each factor weighed in the signal, over time."""

import polars as pl

from intralpha.report.charts import COLOURS, plain_figure
from intralpha.report.section import Section
from intralpha.report.tables import table


def combination_sections(weights: pl.DataFrame | None) -> tuple[Section, ...]:
    """A chart of the weights, and their mean by year.

    Parameters
    ----------
    weights : ``date, factor, weight``; None where a rule fixes them
    """
    if weights is None or weights.is_empty():
        return ()
    figure = plain_figure("Weights of the factors", "weight in the signal")
    for i, part in enumerate(weights.partition_by("factor", maintain_order=True)):
        line = {"color": COLOURS[i % len(COLOURS)]}
        figure.add_scatter(x=part["date"], y=part["weight"], name=part["factor"][0], line=line)
    means = weights.group_by("factor", pl.col("date").dt.year().alias("year"), maintain_order=True)
    wide = means.agg(pl.col("weight").mean()).pivot(on="year", index="factor", values="weight")
    rows = [[name, *(f"{value:.4g}" for value in row)] for name, *row in wide.iter_rows()]
    shown = table(["mean by year", *wide.columns[1:]], rows)
    return (Section("Weights of the factors", (("", shown),), (figure,)),)
