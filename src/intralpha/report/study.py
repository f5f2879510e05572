"""The page of a study: its trials in a table, validation beside test, trainings by epoch."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from intralpha.report.chart import COLOURS, Bars, Chart, Line
from intralpha.report.language import text
from intralpha.report.render import filled, write_page
from intralpha.report.svg import draw
from intralpha.report.tables import frame_table

READING = (
    "Validation figures are means over folds and seeds of the best epoch. A choice by them "
    "has not seen the test dates; a choice by the test has, and its figures flatter it.",
    "The luck of the best assumes independent trials; those of a grid resemble each other, "
    "so that it rather asks too much. Test dates whose returns overlap are left out of both.",
    "Errors of what was learnt are over seeds: how far one more seed may lie away, and not one "
    "more year. That of the test's RankIC is over its dates, Newey and West's.",
)
_DRAWN = (
    ("train_loss", "Training loss", "loss"),
    ("valid_rank_ic", "Validation RankIC by epoch", "mean RankIC"),
    ("unit_correlation", "Correlation between units", "mean absolute correlation, validation days"),
)


def render_trials(
    title: str,
    about: str,
    trials: pl.DataFrame,
    told: Sequence[str],
    path: Path,
    trainings: pl.DataFrame | None = None,
) -> Path:
    """Write the page.

    Parameters
    ----------
    title, about : its head
    trials : one row a trial, ``trial`` first, with ``valid_rank_ic`` and ``rank_ic``
    told : what is to be said of the best ones
    path : HTML file; replaced in one step
    trainings : trial, factor, fold, seed, epoch, and figures of the epoch; of the eight trials with
        the highest validation RankIC they are drawn

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
        charts=[draw(one) for one in (_bars(trials), *_curves(trials, trainings))],
    )
    return write_page(page, path)


def _bars(trials: pl.DataFrame) -> Chart:
    said = (("valid_rank_ic", "validation"), ("rank_ic", "test"))
    names = [str(one) for one in trials["trial"]]
    bars = tuple(Bars(names, trials[c], text(label), i) for i, (c, label) in enumerate(said))
    return Chart("RankIC by trial", "mean RankIC", bars, "trial")


def _curves(trials: pl.DataFrame, trainings: pl.DataFrame | None) -> list[Chart]:
    """Every training by epoch, a colour a trial."""
    if trainings is None or trainings.is_empty():
        return []
    best = trials.sort("valid_rank_ic", descending=True, nulls_last=True)["trial"]
    shown = trainings.filter(pl.col("trial").is_in(best.head(COLOURS).implode()))
    drawn = [one for one in _DRAWN if one[0] in shown.columns and shown[one[0]].count()]
    return [Chart(title, unit, _lines(shown, column), "epoch") for column, title, unit in drawn]


def _lines(trainings: pl.DataFrame, column: str) -> tuple[Line, ...]:
    """A line a training; the first of a trial has its name, and takes the others with it."""
    out: list[Line] = []
    trials = trainings["trial"].unique(maintain_order=True).to_list()
    for (trial,), of_one in trainings.group_by("trial", maintain_order=True):
        label = text("trial {}", str(trial))
        for key, one in of_one.group_by("factor", "fold", "seed", maintain_order=True):
            del key
            named = label if not any(line.group == str(trial) for line in out) else ""
            line = Line(one["epoch"], one[column], named, trials.index(trial), group=str(trial))
            out.append(line)
    return tuple(out)
