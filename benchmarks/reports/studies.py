"""Studies: what the trials of filed studies reached, seed by seed; nothing is trained again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from intralpha.pipeline.filed_study import FiledStudy

S001 = "s001_study"


@dataclass(frozen=True)
class OurStudies:
    """Studies of one recipe in one size.

    Attributes
    ----------
    recipe : base name, such as ``s001_study``
    size : full, demo or tiny
    filed : the newest last
    """

    recipe: str
    size: str
    filed: Sequence[FiledStudy]

    def of(self, key: str) -> FiledStudy | None:
        """The newest study that varied this key and no other."""
        return next((one for one in reversed(self.filed) if [*one.varied] == [key]), None)


Studies = Mapping[str, OurStudies]


def reached(study: FiledStudy, value: float) -> pl.DataFrame | None:
    """What the seeds of a trial reached, means over folds; None: the value was not tried.

    Parameters
    ----------
    study : of a single key
    value : of it

    Returns
    -------
    DataFrame, one row a seed
        ``seed``, the history's columns at the kept epoch, and ``epochs`` until it stopped.
    """
    (key,) = study.varied
    trial = study.trial({key: value})
    if trial is None or study.trainings.is_empty():
        return None
    rows = study.trainings.filter(trial=trial["trial"])
    fit = ["fold", "seed"]
    ends = rows.group_by(fit).agg(epochs=pl.col("epoch").max())
    kept = rows.filter(pl.col("epoch") == pl.col("best_epoch")).join(ends, on=fit)
    return kept.group_by("seed").agg(pl.selectors.numeric().mean()).sort("seed")
