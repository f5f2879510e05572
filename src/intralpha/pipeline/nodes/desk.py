"""What a decision knows besides signal and holdings: weights of the benchmark, and styles."""

import numpy as np
from numpy import ndarray

from intralpha.backtest import BenchmarkSpec
from intralpha.base import Panel
from intralpha.base.node import Inputs, Node, Read, Task, day_slices
from intralpha.base.panel import as_days
from intralpha.risk import ExposureSpec

READS = tuple(
    Read(table) for table in ("daily", "instruments", "industry", "membership", "fundamentals")
)
UNIVERSE = "universe"


def benchmark_node(spec: BenchmarkSpec, dates: ndarray) -> Node:
    """Weights of the benchmark on decision dates, datetime64[D] [D]."""
    slices = day_slices(dates, True, {UNIVERSE: lambda at: dates[at : at + 1]})
    return Node("benchmark", make_benchmark, spec, slices, {UNIVERSE: UNIVERSE}, READS)


def make_benchmark(spec: BenchmarkSpec, inputs: Inputs, task: Task) -> None:
    """A portfolio a date, known at its close; all 0 where the universe is empty."""
    days, inside = _inside(inputs, task)
    weights = spec.weights(inputs.lake, days, inputs.assets, inside)
    panel = Panel(weights[:, :, None].astype(np.float64), days, inputs.assets, ("weight",))
    panel.save(task.folder("panel"))


def exposures_node(spec: ExposureSpec, dates: ndarray) -> Node:
    """Style exposures on decision dates, datetime64[D] [D]."""
    slices = day_slices(dates, True, {UNIVERSE: lambda at: dates[at : at + 1]})
    return Node("exposures", make_exposures, spec, slices, {UNIVERSE: UNIVERSE}, READS)


def make_exposures(spec: ExposureSpec, inputs: Inputs, task: Task) -> None:
    """Exposures of every stock, known at the close of each date."""
    days, inside = _inside(inputs, task)
    spec.estimate(inputs.lake, days, inputs.assets, inside).save(task.folder("panel"))


def _inside(inputs: Inputs, task: Task) -> tuple[ndarray, ndarray]:
    """Dates to be made, and the universe on them."""
    days = as_days([one.name for one in task.slices])
    return days, inputs.panel(UNIVERSE).at(days)[UNIVERSE] > 0
