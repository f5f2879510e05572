"""What a network sees: features, what is done to them, and how windows are cut."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool
from numpy import ndarray
from pydantic import Field, StringConstraints

from intralpha.base import IntralphaError, Panel
from intralpha.base.node import Inputs, Node, Task, day_slices
from intralpha.datasets import CutSpec, TransformSpec
from intralpha.factors.factor import UNIVERSE, Ground
from intralpha.factors.features import feature_node
from intralpha.features import FeatureSet, FeatureSpec
from intralpha.models import Shapes, WindowShape

ALONE = "x"  # the name of an input that is given none
InputName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


Kept = Literal["float32", "float16"]
KEPT = (
    "how what the transform makes of each day is kept and read: float16 takes half the bytes, with "
    "a power of two a day and feature, and has 11 bits of each value"
)


class InputSpec(CutSpec):
    """One thing that a network sees: features, what is done to them, how windows are cut."""

    features: FeatureSpec
    transform: TransformSpec
    kept: Kept = Field(default="float32", description=KEPT)

    @property
    def half(self) -> bool:
        """Whether float16 is kept."""
        return self.kept == "float16"


def kept_faults(views: Mapping[str, InputSpec]) -> Iterator[str]:
    """Inputs of which nothing could be kept as float16.

    Parameters
    ----------
    views : by name
    """
    for key, view in views.items():
        if view.half and not view.transform.alone:
            place = "kept" if key == ALONE else f"inputs.{key}.kept"
            yield (
                f"{place}: found float16; transform {view.transform.kind} leaves the features as "  # type: ignore[attr-defined]
                "they are until a network is trained, and differences and ratios of features lose "
                "too much of 11 bits.\nHint: a transform that works on each day alone, such as "
                "cross_section, or float32"
            )


def sets_of(
    views: Mapping[str, InputSpec],
) -> tuple[tuple[str, ...], dict[str, FeatureSet]]:
    """Named inputs whose features no set can be made of, in words, and the sets of the others.

    Parameters
    ----------
    views : by name
    """
    unmade, made = [], {}
    for key, view in views.items():
        try:
            made[key] = view.features.make()
        except IntralphaError as error:
            unmade.append(f"inputs.{key}.features: {error}")
    return tuple(unmade), made


def shapes_of(views: Mapping[str, InputSpec], made: Mapping[str, FeatureSet]) -> Shapes:
    """Sizes of the windows of inputs, by name.

    Parameters
    ----------
    views, made : of :func:`sets_of`
    """
    shapes = {}
    for key, features in made.items():
        bars = None if features.times is None else len(features.times)
        shapes[key] = WindowShape.of(views[key].sizes(bars, len(features.names)))
    return shapes


def input_nodes(name: str, key: str, view: InputSpec, ground: Ground) -> tuple[Node, ...]:
    """The features, and where the transform works on each day alone what it makes of them.

    Parameters
    ----------
    name : of the factor
    key : of the input, ``x`` for one without a name
    view : what is seen
    ground : all of its sessions get values
    """
    own = name if key == ALONE else f"{name}.{key}"
    features = feature_node(own, view.features, ground)
    if not view.transform.alone:
        return (features,)
    same_day = {part: lambda at: ground.dates[at : at + 1] for part in ("features", UNIVERSE)}
    reads = view.transform.reads()
    slices = day_slices(ground.dates, reads_lake=bool(reads), needs=same_day)
    inputs = {"features": features.name, UNIVERSE: ground.universe}
    block = features.block
    about = (view.transform, slices, inputs, reads)
    return features, Node(f"seen/{own}", make_seen, *about, block=block, half=view.half)


def seen_name(key: str) -> str:
    """Under which name a node gets what the network sees."""
    return "seen" if key == ALONE else f"seen.{key}"


def make_seen(spec: TransformSpec, inputs: Inputs, task: Task) -> None:
    """Features standardised day by day.

    Parameters
    ----------
    spec : a transform that works on each day alone
    inputs : ``features`` and the mask ``universe`` of the dates, and the lake where ``spec`` reads
        of it
    task : a slice a session; ``panel`` becomes a Panel of the features' shape, known when they are
    """
    mask = inputs.panel(UNIVERSE)[UNIVERSE] > 0
    transformed(spec, inputs, inputs.panel("features"), mask).save(task.folder("panel"))


def transformed(
    spec: TransformSpec, inputs: Inputs, features: Panel, mask_DA: Bool[ndarray, "D A"]
) -> Panel:
    """Features after a transform that works on each day alone.

    Parameters
    ----------
    spec : the transform
    inputs : the lake with what ``spec`` reads, if it reads any
    features : Panel, [D, A, F] or [D, T, A, F]
    mask_DA : bool, shape [D, A]; stocks that count

    Returns
    -------
    Panel of the same shape, known when the features are; 0 where they are absent.
    """
    known = spec.looks_up(inputs.lake, features.dates, features.assets) if spec.reads() else {}
    return spec.apply(features, mask_DA, known)


def standardised(
    spec: TransformSpec, inputs: Inputs, features: Panel, mask_DA: Bool[ndarray, "D A"]
) -> Panel:
    """The same, but NaN where a feature is absent and outside the mask: factors to be tested.

    Parameters
    ----------
    spec, inputs, features, mask_DA : as of :func:`transformed`
    """
    out = transformed(spec, inputs, features, mask_DA)
    there = np.isfinite(features.values) & mask_DA[:, :, None]
    return replace(out, values=np.where(there, out.values, np.nan).astype(np.float32))
