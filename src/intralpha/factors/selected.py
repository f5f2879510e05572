"""Selected: which blocks count from a decision on, and what they say together."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.cross_section import mean_zscore
from intralpha.base.node import Inputs, Slice, Task
from intralpha.base.panel import as_days
from intralpha.datasets import Fold
from intralpha.factors.factor import days_of
from intralpha.training import SelectSpec
from intralpha.training.measurable import mean_label
from intralpha.training.selection import Judged, Verdict, choose, judge, likeness

log = logging.getLogger(__name__)

SELECTED = "selected"
CANDIDATES, ALIKE = "candidates.parquet", "alike.parquet"


def block_input(block: str) -> str:
    """Under which name a node gets what the networks of a block say."""
    return f"block.{block}"


def make_selected(spec: SelectSpec, inputs: Inputs, task: Task) -> None:
    """Judge the blocks there are on each decision date and keep some of them.

    Parameters
    ----------
    spec : the thresholds
    inputs : what each block says on the dates that judge it, and ``label`` of those dates
    task : a slice a decision date, whose ``about`` are the blocks with the dates that judge them;
        its folder gets ``candidates.parquet``, a row a block, and ``alike.parquet``, a row two of
        them with the mean daily rank correlation of what they say

    Notes
    -----
    Known at the close of the decision date: the last label of a date that judges has ended by then.
    """
    for one in task.slices:
        folds: tuple[Fold, ...] = one.about
        days = np.unique(np.concatenate([fold.predict for fold in folds]))
        scores = [_scores(inputs, fold, days) for fold in folds]
        mean_KK, size_KK = likeness(scores)
        judged = [
            _judged(inputs, fold, days, score) for fold, score in zip(folds, scores, strict=True)
        ]
        verdicts = choose(judged, size_KK, spec)
        folder = task.folder(one.name)
        rows = [_row(one.name, *each) for each in zip(folds, judged, verdicts, strict=True)]
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / CANDIDATES)
        _alike(one.name, folds, mean_KK, size_KK).write_parquet(folder / ALIKE)
        kept = [fold.name for fold, of in zip(folds, verdicts, strict=True) if of.kept]
        told = ", ".join(kept)
        log.info("decided %s: %d of %d blocks kept: %s", one.name, len(kept), len(folds), told)
        task.finish(one.name)


def make_score(spec: None, inputs: Inputs, task: Task) -> None:
    """Equal weight of the z-scores of the blocks that were kept at the last decision.

    Parameters
    ----------
    spec : nothing
    inputs : ``selected`` of the decisions, and what each block says on the dates
    task : a slice a date; ``panel`` becomes the Panel ``score`` [D, A, 1], float32, known at the
        close of each date and NaN for stocks of which no block that is kept says anything
    """
    del spec
    out = Panel.full(days_of(task), inputs.assets, ("score",))
    for decision, part in _by_decision(task.slices).items():
        days = as_days([one.name for one in part])
        blocks = kept_blocks(inputs.folders(SELECTED)[decision])
        said = [inputs.panel(block_input(block)).at(days)["score"] for block in blocks]
        out.values[np.searchsorted(out.dates, days), :, 0] = mean_zscore(said)
    out.save(task.folder("panel"))


def kept_blocks(folder: Path) -> tuple[str, ...]:
    """First sessions of the blocks that a decision kept, at least one, in time order."""
    rows = pl.read_parquet(folder / CANDIDATES)
    return tuple(rows.filter(pl.col("kept"))["block"].to_list())


def _by_decision(slices: Sequence[Slice]) -> dict[str, list[Slice]]:
    out: dict[str, list[Slice]] = {}
    for one in slices:
        out.setdefault(one.needs[SELECTED][0], []).append(one)
    return out


def _scores(inputs: Inputs, fold: Fold, days: Shaped[ndarray, " D"]) -> Float[ndarray, "D A"]:
    """What a block says on dates; NaN on those that do not judge it."""
    if len(fold.predict) == 0:
        return np.full((len(days), len(inputs.assets)), np.nan)
    said = inputs.panel(block_input(fold.name)).at(fold.predict).select(("score",))
    return said.reindex(days, inputs.assets)["score"].astype(np.float64)


def _judged(
    inputs: Inputs, fold: Fold, days: Shaped[ndarray, " D"], score_DA: Float[ndarray, "D A"]
) -> Judged:
    if len(fold.predict) == 0:
        return Judged(np.nan, np.nan, 0)
    fwd_DA = mean_label(inputs.panel("label").at(fold.predict).values)
    return judge(score_DA[np.isin(days, fold.predict)], fwd_DA, fold.predict)


def _row(decision: str, fold: Fold, judged: Judged, verdict: Verdict) -> dict[str, object]:
    """A candidate as it is told; what is not measured is NaN."""
    ends = {
        f"{what} {edge}": str(dates[at]) if len(dates) else ""
        for what, dates in (("train", fold.train), ("stop", fold.valid), ("judge", fold.predict))
        for edge, at in (("from", 0), ("to", -1))
    }
    return {
        "decision": decision,
        "block": fold.name,
        **ends,
        "dates_judged": judged.dates,
        "icir": judged.icir,
        "stability": judged.stability,
        "correlation": verdict.correlation,
        "kept": verdict.kept,
        "why": verdict.why,
    }


def _alike(
    decision: str,
    folds: Sequence[Fold],
    mean_KK: Float[ndarray, "K K"],
    size_KK: Float[ndarray, "K K"],
) -> pl.DataFrame:
    """Every two blocks: their mean daily rank correlation and the mean of its size."""
    rows = [
        (decision, one.name, other.name, float(mean_KK[a, b]), float(size_KK[a, b]))
        for a, one in enumerate(folds)
        for b, other in enumerate(folds)
    ]
    names = ("decision", "block", "other", "mean", "mean_size")
    return pl.DataFrame(rows, schema=names, orient="row")
