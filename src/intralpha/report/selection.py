"""Selection: which networks were chosen when, out of how many, and how alike they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha.report.chart import Cells, Chart
from intralpha.report.charts import square_chart
from intralpha.report.language import text
from intralpha.report.section import Section
from intralpha.report.tables import frame_table


@dataclass(frozen=True, eq=False)
class SelectionRecord:
    """What a factor chose from on each decision date.

    Attributes
    ----------
    candidates : a row a decision and candidate: decision, block, its dates, dates_judged, icir,
        stability, correlation, kept, why
    alike : block, other, and mean rank correlation of what they say, of the last decision
    distances : block, other, and distance of their features
    """

    candidates: pl.DataFrame
    alike: pl.DataFrame
    distances: pl.DataFrame

    @staticmethod
    def read(decided: Sequence[Path], similar: Sequence[Path]) -> "SelectionRecord":
        """What the nodes of a factor left in their folders.

        Parameters
        ----------
        decided : of the decisions in time order, at least one
        similar : of the blocks
        """
        return SelectionRecord(
            pl.concat([pl.read_parquet(path / "candidates.parquet") for path in decided]),
            pl.read_parquet(decided[-1] / "alike.parquet"),
            pl.concat([pl.read_parquet(path / "distances.parquet") for path in similar]),
        )

    def counts(self) -> pl.DataFrame:
        """How many were tried and kept on each decision date, and which."""
        kept = pl.col("kept")
        return self.candidates.group_by("decision", maintain_order=True).agg(
            trained=pl.len(),
            judged=(pl.col("dates_judged") > 0).sum(),
            kept=kept.sum(),
            blocks_kept=pl.col("block").filter(kept).str.join(", "),
        )


def selection_sections(selections: Mapping[str, SelectionRecord]) -> list[Section]:
    """Tables of every decision, and two matrices of how alike the candidates are.

    A section says how many were tried, for the best of many looks better than it is.
    """
    out = []
    for name, record in selections.items():
        tables = (
            (text("Trained and kept on each decision date"), frame_table(record.counts())),
            (text("Every candidate"), frame_table(record.candidates)),
        )
        made = (
            matrix_chart(
                _square(record.alike, "mean"), "Rank correlation of what blocks say", "mean"
            ),
            matrix_chart(
                _square(record.distances, "distance"), "Distance of blocks' features", "Fréchet"
            ),
        )
        out.append(Section(text("Selection of {}", name), tables, made))
    return out


def matrix_chart(
    matrix: tuple[list[str], Float[ndarray, "K K"]], title: str, unit: str
) -> Chart | None:
    """A small matrix as a heat map with its figures in it; None for fewer than two names.

    Parameters
    ----------
    matrix : names and values; NaN where there is none
    title, unit : of the figure
    """
    names, values_KK = matrix
    if len(names) < 2:
        return None
    return square_chart(title, unit, names, values_KK, Cells.widest(values_KK))


def _square(pairs: pl.DataFrame, column: str) -> tuple[list[str], Float[ndarray, "K K"]]:
    """Rows of two blocks as a symmetric matrix; what is said of no pair is NaN."""
    names = sorted({*pairs["block"], *pairs["other"]})
    place = {name: at for at, name in enumerate(names)}
    out = np.full((len(names), len(names)), np.nan)
    for block, other, value in pairs.select("block", "other", column).iter_rows():
        a, b = place[block], place[other]
        out[a, b] = out[b, a] = value
    return names, out
