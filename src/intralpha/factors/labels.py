"""The nodes of what a network learns, and of what it is judged by."""

from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base.node import Inputs, Node, Task, day_slices
from intralpha.factors.factor import UNIVERSE, Ground
from intralpha.labels import BUYABLE_READS, LabelSpec


def label_node(name: str, label: LabelSpec, dates: Shaped[ndarray, " D"], ground: Ground) -> Node:
    """A date of labels a slice.

    Parameters
    ----------
    name : of the node
    label : what is computed
    dates : datetime64[D] [D]
    ground : names the node of the universe
    """
    needs = {UNIVERSE: lambda at: dates[at : at + 1]}
    slices = day_slices(dates, reads_lake=True, needs=needs)
    reads = tuple(dict.fromkeys((*label.reads(), *BUYABLE_READS)))
    return Node(name, make_label, label, slices, {UNIVERSE: ground.universe}, reads)


def make_label(spec: LabelSpec, inputs: Inputs, task: Task) -> None:
    """Labels over the stocks of the universe that can be bought on the next session.

    Parameters
    ----------
    spec : the label
    inputs : the lake up to the end of the labels' windows, and the mask ``universe`` of the dates
    task : a slice a sample date t; ``panel`` becomes the label's Panel [D, A, H], NaN for
        other stocks and known at the close of t + ``spec.offset``
    """
    spec.over(inputs.lake, inputs.panel(UNIVERSE)).save(task.folder("panel"))
