"""The nodes of a training's rows and weights: which stocks of a date count, and which dates."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base import DataError, Panel
from intralpha.base.node import Inputs, Node, Slice, Task, day_slices
from intralpha.base.panel import as_days
from intralpha.datasets import Fold, RowFilterSpec, WeighingSpec
from intralpha.factors.factor import UNIVERSE, Ground, days_of
from intralpha.labels import LabelSpec

ROWS, LABEL_ROWS, WEIGHING = "rows", "label_rows", "weighing"
FILE = "weights.parquet"
BEFORE = "before-"


class DateWeightsError(DataError):
    """A rule gave weights that dates cannot have."""

    def __init__(self, kind: str, fold: str, found: str) -> None:
        self.kind, self.fold, self.found = kind, fold, found
        super().__init__(
            f"weights: {kind} of fold {fold} gave {found}; expected a finite number of 0 or more "
            "for each training date, not all 0."
        )


def row_nodes(
    name: str,
    rows: tuple[RowFilterSpec, ...],
    dates: Shaped[ndarray, " D"],
    label: Node,
    ground: Ground,
) -> dict[str, Node]:
    """The masks of the rows that are trained on, by the input that takes them; none without rules.

    What is known at the close and what looks at labels are nodes of their own: the first is
    audited.

    Parameters
    ----------
    name : of the factor
    rows : the rules
    dates : datetime64[D], dates that train
    label : its node
    ground : of the factor
    """
    known = tuple(one for one in rows if not one.by_label)
    later = tuple(one for one in rows if one.by_label)
    out: dict[str, Node] = {}
    if known:
        reads = tuple(dict.fromkeys(read for one in known for read in one.reads()))
        needs = {UNIVERSE: lambda at: dates[at : at + 1]}
        slices = day_slices(dates, reads_lake=bool(reads), needs=needs)
        inputs = {UNIVERSE: ground.universe}
        out[ROWS] = Node(f"{ROWS}/{name}", make_rows, known, slices, inputs, reads)
    if later:
        slices = day_slices(dates, False, {"label": lambda at: dates[at : at + 1]})
        inputs = {"label": label.name}
        out[LABEL_ROWS] = Node(f"{LABEL_ROWS}/{name}", make_label_rows, later, slices, inputs)
    return out


def make_rows(spec: tuple[RowFilterSpec, ...], inputs: Inputs, task: Task) -> None:
    """Rows of the universe that every rule keeps.

    Parameters
    ----------
    spec : rules that are known at the close
    inputs : the mask ``universe`` of the dates, and the lake with what the rules read
    task : a slice a training date; ``panel`` becomes the Panel ``rows`` [D, A, 1], 1 or 0, known at
        the close of each
    """
    days, assets = days_of(task), inputs.assets
    mask_DA = inputs.panel(UNIVERSE)[UNIVERSE] > 0
    lake = inputs.lake
    kept_DA = mask_DA.copy()
    for one in spec:
        kept_DA &= one.keeps(lake, days, assets, mask_DA)
    values = kept_DA[:, :, None].astype(np.float32)
    Panel(values, days, assets, (ROWS,)).save(task.folder("panel"))


def make_label_rows(spec: tuple[RowFilterSpec, ...], inputs: Inputs, task: Task) -> None:
    """Rows that every rule keeps by their label. **Looks forward**, for training alone.

    Parameters
    ----------
    spec : rules that look at labels
    inputs : ``label`` of the dates
    task : a slice a training date; ``panel`` becomes the Panel ``label_rows`` [D, A, 1], 1 or 0,
        known when the labels are
    """
    label = inputs.panel("label")
    kept_DA = np.ones(label.values.shape[:2], dtype=bool)
    for one in spec:
        kept_DA &= one.keeps_labels(label.values)
    values = kept_DA[:, :, None].astype(np.float32)
    Panel(values, label.dates, label.assets, (LABEL_ROWS,)).save(task.folder("panel"))


def weighing_node(name: str, spec: WeighingSpec, folds: tuple[Fold, ...], ground: Ground) -> Node:
    """Weights of the training dates of every fold, a slice each, known before it predicts.

    Parameters
    ----------
    name : of the factor
    spec : the rule
    folds : of the factor
    ground : of the factor
    """
    reads, slices = spec.reads(), []
    for fold in folds:
        past = ground.dates[ground.dates < np.datetime64(fold.name, "D")]
        on = past[-1].item()
        about = {"fold": fold.name, "train": fold.train, "sessions": past}
        slices.append(Slice(weighing_of(fold), (on, on) if reads else None, about))
    name = f"{WEIGHING}/{name}"
    return Node(name, make_weighing, spec, tuple(slices), reads=reads, form="folders")


def weighing_of(fold: Fold) -> str:
    """Name of a fold's slice; it begins with no date, for it needs none of that day."""
    return f"{BEFORE}{fold.name}"


def fold_of(slice_name: str) -> str:
    """Name of the fold whose slice it is.

    Examples
    --------
    >>> fold_of("before-2024-01-02")
    '2024-01-02'
    """
    return slice_name.removeprefix(BEFORE)


def make_weighing(spec: WeighingSpec, inputs: Inputs, task: Task) -> None:
    """Weights of training dates, their mean 1.

    Parameters
    ----------
    spec : the rule
    inputs : the lake with what the rule reads; of it each fold is shown what was known before the
        first session that it predicts
    task : a slice a fold; its folder takes ``weights.parquet``, columns ``date`` and ``weight``

    Raises
    ------
    DateWeightsError
    """
    tables = frozenset((read.table, read.freq) for read in spec.reads())
    for one in task.slices:
        sessions, dates = one.about["sessions"], one.about["train"]
        lake = inputs.lake.limited(tables, sessions[-1].item()) if tables else None
        assets = inputs.assets if tables else None
        weights_D = spec.weigh(lake, sessions, dates, assets)
        _check(spec, one.about["fold"], weights_D, len(dates))
        frame = pl.DataFrame({"date": as_days(dates), "weight": weights_D / weights_D.mean()})
        frame.write_parquet(task.folder(one.name) / FILE)
        task.finish(one.name)


def read_weights(folder: Path) -> Float[ndarray, " D"]:
    """Weights of a fold's training dates, in their order.

    Parameters
    ----------
    folder : of a slice of the node
    """
    return pl.read_parquet(folder / FILE)["weight"].to_numpy()


def _check(spec: WeighingSpec, fold: str, weights_D: Float[ndarray, " D"], count: int) -> None:
    """Refuse weights that dates cannot have.

    Raises
    ------
    DateWeightsError
    """
    kind = str(spec.kind)  # type: ignore[attr-defined]
    if weights_D.shape != (count,):
        raise DateWeightsError(kind, fold, f"shape {weights_D.shape} for {count} dates")
    wrong = weights_D[~(np.isfinite(weights_D) & (weights_D >= 0))]
    if len(wrong) or not weights_D.any():
        raise DateWeightsError(kind, fold, f"{wrong[0]}" if len(wrong) else "nothing but 0")


def row_faults(rows: tuple[RowFilterSpec, ...], label: LabelSpec) -> Iterator[str]:
    """What is wrong with rules; one that is to know tomorrow is refused.

    Parameters
    ----------
    rows : the rules
    label : what is learnt
    """
    if label.classes and any(one.by_label for one in rows):
        yield (
            f"rows: label {label.kind} gives classes, of which none is extreme.\n"  # type: ignore[attr-defined]
            "Hint: rules of rows that look at the label want one that is a number"
        )
    for at, one in enumerate(rows):
        yield from (f"rows.{at}.{fault}" for fault in one.faults())
        ahead = max((read.ahead for read in one.reads()), default=0)
        if ahead:
            yield (
                f"rows.{at}: {one.kind} reads {ahead} session(s) ahead; rows are chosen by what is "  # type: ignore[attr-defined]
                "known at the close.\nHint: only a rule with by_label looks forward, at the label"
            )
