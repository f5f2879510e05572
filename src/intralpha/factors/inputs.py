"""What a network sees: features, what is done to them, and how windows are cut."""

from typing import Annotated

from pydantic import StringConstraints

from intralpha.base.node import Inputs, Node, Task, day_slices
from intralpha.datasets import CutSpec, TransformSpec
from intralpha.factors.factor import UNIVERSE, Ground
from intralpha.factors.features import feature_node
from intralpha.features import FeatureSpec

ALONE = "x"  # the name of an input that is given none
InputName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class InputSpec(CutSpec):
    """One thing that a network sees: features, what is done to them, how windows are cut."""

    features: FeatureSpec
    transform: TransformSpec


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
    node = Node(f"seen/{own}", make_seen, view.transform, slices, inputs, reads, block=block)
    return features, node


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
    features = inputs.panel("features")
    known = spec.looks_up(inputs.lake, features.dates, features.assets) if spec.reads() else {}
    spec.apply(features, mask, known).save(task.folder("panel"))
