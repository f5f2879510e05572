"""Fits: what the parts of a network say against each other, before anything is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time

from intralpha.datasets import CutSpec
from intralpha.features import DAY_CLOSE
from intralpha.labels import LabelSpec
from intralpha.models import GIVERS, InputNamesError, ModelSpec, Shapes, check_names
from intralpha.training import ObjectiveSpec, TrainSpec


@dataclass(frozen=True)
class Parts:
    """What has to go together.

    Attributes
    ----------
    views : how what the network sees is cut, by name
    shapes : its sizes, by the same names; None: unknown, as where features cannot be made
    label, model, objective, training : of the recipe
    known_at : when on its date a window is over; None: unknown, as where features cannot be made
    """

    views: Mapping[str, CutSpec]
    shapes: Shapes | None
    label: LabelSpec
    model: ModelSpec
    objective: ObjectiveSpec
    training: TrainSpec
    known_at: time | None = DAY_CLOSE


def faults_of(parts: Parts) -> tuple[str, ...]:
    """Inputs that the model does not want, sizes that do not suit it, parts that the objective
    misses in it, and what else does not go together.

    Parameters
    ----------
    parts : of a recipe's factor, or of a fit from Python
    """
    found = []
    try:
        check_names(parts.model.kind, parts.model.inputs, tuple(parts.views))  # type: ignore[attr-defined]
        sizes = () if parts.shapes is None else parts.model.misfits(parts.shapes)
        found += [f"inputs: {misfit}" for misfit in sizes]
    except InputNamesError as error:
        found.append(f"inputs: {error}")
    missing = [part for part in parts.objective.needs if part not in parts.model.gives]
    if missing:
        given = ", ".join(parts.model.gives) or "a score alone"
        found.append(
            f"objective: {parts.objective.kind} needs the part {', '.join(missing)}; model "  # type: ignore[attr-defined]
            f"{parts.model.kind} gives {given}.\nHint: "  # type: ignore[attr-defined]
            f"{'; '.join(f'{part} comes from {GIVERS[part]}' for part in missing)}"
        )
    return (*found, *_misfits(parts))


def _misfits(parts: Parts) -> Iterator[str]:
    """What the model and the label, or the batches, say against each other."""
    columns, wanted = len(parts.label.columns), parts.model.label_columns
    if wanted is not None and columns != wanted:
        yield (
            f"label: {parts.label.kind} has {columns} column(s); model {parts.model.kind} "  # type: ignore[attr-defined]
            f"predicts {wanted}.\nHint: as many horizons in the model as in the label"
        )
    wanted = parts.objective.label_columns
    if wanted is not None and columns != wanted:
        yield (
            f"objective: {parts.objective.kind} compares with {wanted} column(s); label "  # type: ignore[attr-defined]
            f"{parts.label.kind} has {columns}.\nHint: horizons, seq_neg_ic and others that "  # type: ignore[attr-defined]
            "look at the part h take several"
        )
    yield from _other_classes(parts)
    yield from begins_before(parts.label, parts.known_at)
    nested = [name for name, view in parts.views.items() if view.step == "nested"]
    if nested and not parts.model.reads_bars:
        yield (
            f"step: found nested for {', '.join(nested)}; model {parts.model.kind} reads one "  # type: ignore[attr-defined]
            "step after the other, [B, L, F].\nHint: step: bar, or step: day"
        )
    if parts.training.piece is not None and not parts.model.apart:
        yield (
            f"training.piece: found {parts.training.piece}; in training samples of model "
            f"{parts.model.kind}, as it is set, look at each other.\nHint: leave piece out, or "  # type: ignore[attr-defined]
            "norm: layer (conformer), lags: sample (autoformer)"
        )
    if parts.model.whole_days and parts.training.batch == "pooled":
        yield (
            "training.batch: found pooled, which draws a few stocks of many dates; expected "
            f"day or days, for model {parts.model.kind} looks at all stocks of a day"  # type: ignore[attr-defined]
        )


def begins_before(label: LabelSpec, known_at: time | None, name: str = "label") -> Iterator[str]:
    """A label whose returns begin while the network still looks.

    Parameters
    ----------
    label : what is learnt, or what validation compares with
    known_at : when on its date a window is over; None: unknown
    name : of its key
    """
    if known_at is None or label.begins >= known_at:
        return
    yield (
        f"{name}: returns of {label.kind} begin at {label.begins:%H:%M} of the date, which the "  # type: ignore[attr-defined]
        f"network sees until {known_at:%H:%M}; expected returns that begin when it has seen all.\n"
        "Hint: `until: j` ends windows with bar j, the one that stands in `after`; without it "
        "`after` of y_bars may name the last bar of the day alone"
    )


def _other_classes(parts: Parts) -> Iterator[str]:
    """Classes of the label that are not those of model and objective."""
    lowest, count = parts.objective.lowest_class, parts.model.label_classes
    if lowest is None or count is None:
        return
    found, wanted = parts.label.classes, tuple(range(lowest, lowest + count))
    if found != wanted:
        told = ", ".join(map(str, found)) or "numbers, no classes"
        label, model, objective = parts.label.kind, parts.model.kind, parts.objective.kind  # type: ignore[attr-defined]
        yield (
            f"label: {label} gives {told}; objective {objective} with model {model} expects "
            f"{', '.join(map(str, wanted))}.\nHint: the label y_bin gives one class more than "
            "it has cuts; `classes` of the head, `lowest` of the objective"
        )
