"""The page of a study: its trials in a table, and validation beside test."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from intralpha.report.chart import Bars, Chart
from intralpha.report.language import text
from intralpha.report.render import filled, write_page
from intralpha.report.svg import draw
from intralpha.report.tables import frame_table

READING = (
    "Validation figures are means over folds and seeds of the best epoch. A choice by them "
    "has not seen the test dates; a choice by the test has, and its figures flatter it.",
    "The luck of the best assumes independent trials; those of a grid resemble each other, "
    "so that it rather asks too much. Test dates whose returns overlap are left out of both.",
)


def render_trials(
    title: str, about: str, trials: pl.DataFrame, told: Sequence[str], path: Path
) -> Path:
    """Write the page.

    Parameters
    ----------
    title, about : its head
    trials : one row a trial, ``trial`` first, with ``valid_rank_ic`` and ``rank_ic``
    told : what is to be said of the best ones
    path : HTML file; replaced in one step

    Returns
    -------
    Path
        The same path. The page needs no network.
    """
    page = filled(
        "study.html",
        title,
        about=about,
        trials=frame_table(trials),
        told=told,
        reading=READING,
        charts=[draw(_bars(trials))],
    )
    return write_page(page, path)


def _bars(trials: pl.DataFrame) -> Chart:
    said = (("valid_rank_ic", "validation"), ("rank_ic", "test"))
    names = [str(one) for one in trials["trial"]]
    bars = tuple(Bars(names, trials[c], text(label), i) for i, (c, label) in enumerate(said))
    return Chart("RankIC by trial", "mean RankIC", bars, "trial")
