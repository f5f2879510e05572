"""The node that looks at the data of a run: memory of returns."""

import numpy as np

from intralpha.base import Spec
from intralpha.base.node import ALL, Inputs, Node, Read, Slice, Task
from intralpha.base.panel import as_days
from intralpha.explore import ExploreSpec, return_memory
from intralpha.explore.memory import places_of
from intralpha.pipeline.axes import Axes
from intralpha.pipeline.named_tables import keep_tables
from intralpha.pipeline.recipe import Recipe

EXPLORE, MEMORY = "explore", "memory"


class Explored(Spec):
    """What is looked at, by bars of which frequency."""

    explore: ExploreSpec
    freq: int | None


def explore_node(recipe: Recipe, axes: Axes) -> Node | None:
    """Facts of the data of a run; None if the recipe does not ask.

    Parameters
    ----------
    recipe : says what is looked at
    axes : all of its sessions are
    """
    spec = recipe.explore
    if spec is None:
        return None
    freq = spec.freq or recipe.data.bar_freq
    reads = (Read("daily"), *((Read("bars", freq),) if freq else ()))
    whole = Slice(ALL, (axes.dates[0].item(), axes.dates[-1].item()))
    of = Explored(explore=spec, freq=freq)
    return Node(EXPLORE, make_explored, of, (whole,), {}, reads, "folders")


def make_explored(spec: Explored, inputs: Inputs, task: Task) -> None:
    """The table ``memory`` of :func:`intralpha.explore.return_memory` as a Parquet file.

    Parameters
    ----------
    spec : what is looked at
    inputs : the lake with ``daily`` and ``bars``
    task : one slice, ``all``. The whole period is looked at, so nothing that trades may read it.

    Raises
    ------
    UnknownStocksError
    """
    (whole,) = task.slices
    assert whole.days is not None
    sessions, ends = inputs.lake.dates("daily"), as_days(whole.days)
    dates = sessions[(sessions >= ends[0]) & (sessions <= ends[1])]
    places = places_of(spec.explore.stocks, inputs.assets)
    assets = inputs.assets if places is None else inputs.assets[np.sort(places)]
    table = return_memory(inputs.lake, dates, assets, spec.freq, spec.explore.lags)
    keep_tables({MEMORY: table}, task.folder(ALL))
    task.finish(ALL)
