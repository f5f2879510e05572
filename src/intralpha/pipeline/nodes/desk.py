"""What a decision knows besides signal and holdings: weights of the benchmark, and styles."""

from collections.abc import Callable
from dataclasses import replace

from numpy import ndarray

from intralpha.backtest import BenchmarkSpec
from intralpha.base import Panel
from intralpha.base.node import Inputs, Make, Node, Read, Task, day_slices
from intralpha.base.panel import as_days
from intralpha.risk import ExposureSpec

READS = tuple(
    Read(table) for table in ("daily", "instruments", "industry", "membership", "fundamentals")
)
UNIVERSE = "universe"


def benchmark_node(spec: BenchmarkSpec, dates: ndarray) -> Node:
    """Weights of the benchmark on decision dates, datetime64[D] [D]."""
    node = _node("benchmark", make_benchmark, spec, dates)
    reads = tuple(replace(read, ahead=spec.fwd_sessions) for read in node.reads)
    return replace(node, reads=reads)


def make_benchmark(spec: BenchmarkSpec, inputs: Inputs, task: Task) -> None:
    """A portfolio a date, and who is in it, known at its close; NaN with an empty universe.

    Zeros where the benchmark has no weights: whether that matters shows where something is decided.

    Parameters
    ----------
    spec : the benchmark
    inputs : ``universe``
    task : decision dates
    """

    def laid(days: ndarray, inside: ndarray) -> Panel:
        return spec.laid(inputs.lake, days, inputs.assets, inside)

    _make(inputs, task, laid)


def exposures_node(spec: ExposureSpec, dates: ndarray, name: str = "exposures") -> Node:
    """Style exposures on some dates.

    Parameters
    ----------
    spec : how they are estimated
    dates : datetime64[D] [D]; decision dates where no other name is given
    name : of the node
    """
    return _node(name, make_exposures, spec, dates)


def make_exposures(spec: ExposureSpec, inputs: Inputs, task: Task) -> None:
    """Exposures of every stock, known at the close of each date; NaN with an empty universe.

    Parameters
    ----------
    spec : how they are estimated
    inputs : ``universe``
    task : decision dates
    """

    def styles(days: ndarray, inside: ndarray) -> Panel:
        return spec.estimate(inputs.lake, days, inputs.assets, inside)

    _make(inputs, task, styles)


def _node(name: str, make: Make, spec: BenchmarkSpec | ExposureSpec, dates: ndarray) -> Node:
    """Work on each date alone, with its universe."""
    slices = day_slices(dates, True, {UNIVERSE: lambda at: dates[at : at + 1]})
    return Node(name, make, spec, slices, {UNIVERSE: UNIVERSE}, READS)


def _make(inputs: Inputs, task: Task, known: Callable[[ndarray, ndarray], Panel]) -> None:
    """Ask for the dates that have a universe, if any has: on the others nothing can be decided."""
    days = as_days([one.name for one in task.slices])
    inside = inputs.panel(UNIVERSE).at(days)[UNIVERSE] > 0
    asked = inside.any(axis=1) | ~inside.any()
    found = known(days[asked], inside[asked])
    found.reindex(days, inputs.assets).save(task.folder("panel"))
