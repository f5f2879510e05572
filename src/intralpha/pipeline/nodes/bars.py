"""Returns that begin within a date, for the tests of factors that speak before its close."""

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.node import Inputs, Node, Task, day_slices
from intralpha.evaluation import FactorReport, FactorTestSpec, run_factor_test
from intralpha.labels import LabelSpec

UNIVERSE = "universe"


def bars_node(name: str, returns: tuple[LabelSpec, ...], dates: Shaped[ndarray, "D"]) -> Node:
    """What a factor that speaks within the date is tested with.

    Parameters
    ----------
    name : of the factor, whose masks are ``universe/NAME``
    returns : labels that are returns as they are
    dates : datetime64[D] [D], the grid of tests
    """
    slices = day_slices(dates, True, {UNIVERSE: lambda at: dates[at : at + 1]})
    reads = tuple(dict.fromkeys(read for one in returns for read in one.reads()))
    inputs = {UNIVERSE: f"{UNIVERSE}/{name}"}
    return Node(f"forward/{name}", make_bars, returns, slices, inputs, reads)


def began(returns: tuple[LabelSpec, ...]) -> str:
    """When on its date the first of some returns begins, as 10:30.

    Parameters
    ----------
    returns : at least one
    """
    return f"{min(one.begins for one in returns):%H:%M}"


def make_bars(spec: tuple[LabelSpec, ...], inputs: Inputs, task: Task) -> None:
    """The returns side by side.

    Parameters
    ----------
    spec : labels that are returns as they are
    inputs : the lake up to their ends, and the mask ``universe`` of the dates
    task : slices are dates t; ``panel`` becomes a Panel [D, A, H], NaN where a return is not over
        or a stock cannot be bought in its first bar. **Looks forward.**
    """
    universe = inputs.panel(UNIVERSE)
    parts = [one.over(inputs.lake, universe) for one in spec]
    values = np.concatenate([part.values for part in parts], axis=-1)
    names = tuple(name for part in parts for name in part.names)
    Panel(values, universe.dates, universe.assets, names).save(task.folder("panel"))


def tested_from_bar(
    score: Panel, forward: Panel, known: Panel, settings: FactorTestSpec, label: str
) -> FactorReport:
    """The test with returns from the first bar after a factor has spoken.

    Parameters
    ----------
    score : of the dates that are tested
    forward : what :func:`make_bars` made
    known : masks of the stocks that were known before the bars of each date
    settings : of the tests of the recipe; groups earn the first of these returns
    label : in the report
    """
    own = settings.model_copy(update={"held": None})
    inside = known.select((UNIVERSE,))
    return run_factor_test(score, forward.at(score.dates), inside, own, label)
