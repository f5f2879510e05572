"""The node that computes the features of a factor."""

from intralpha.base.node import Inputs, Node, Task, day_slices
from intralpha.factors.factor import Ground, days_of
from intralpha.features import FeatureSpec

DAYS_A_BLOCK, DAYS_OF_BARS_A_BLOCK = 250, 25


def feature_node(name: str, spec: FeatureSpec, ground: Ground) -> Node:
    """A day of features a slice; factors with equal specs share what was made.

    Parameters
    ----------
    name : of the factor
    spec : which features
    ground : all of its sessions get values
    """
    block = DAYS_A_BLOCK if spec.make().times is None else DAYS_OF_BARS_A_BLOCK
    slices = day_slices(ground.dates, reads_lake=True)
    return Node(f"features/{name}", make_features, spec, slices, reads=spec.reads(), block=block)


def make_features(spec: FeatureSpec, inputs: Inputs, task: Task) -> None:
    """Values of the days that are missing, written as they are made.

    Parameters
    ----------
    spec : which features
    inputs : the lake with what the spec reads, and the A symbols
    task : a slice a session; ``panel`` becomes the Panel [D, A, F], or [D, T, A, F] of bars

    Notes
    -----
    A value is known when the feature set says. Memory: one date, and what the set itself says.
    """
    days = days_of(task)
    spec.make().compute(inputs.lake, days, inputs.assets, into=task.folder("panel"))
