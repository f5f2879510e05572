"""The nodes that look at the data of a run: memory of returns, distribution of features."""

from collections.abc import Mapping

import numpy as np

from intralpha.base import Spec
from intralpha.base.node import ALL, Inputs, Node, Read, Slice, Task
from intralpha.base.panel import as_days
from intralpha.explore import distribution_table, return_memory
from intralpha.explore.memory import places_of
from intralpha.pipeline.axes import Axes
from intralpha.pipeline.named_tables import keep_tables
from intralpha.pipeline.recipe import Recipe

UNIVERSE = "universe"
EXPLORE, MEMORY = "explore", "memory"
DISTRIBUTION, FEATURES = "distribution", "features"
DATES_A_SLICE = 20


class NothingSpec(Spec):
    """What has no settings."""


class Explored(Spec):
    """What is looked at, by bars of which frequency."""

    lags: int
    stocks: tuple[str, ...]
    freq: int | None


def explore_nodes(recipe: Recipe, axes: Axes, made: Mapping[str, Node]) -> list[Node]:
    """Facts of the data of a run; none if the recipe does not ask.

    Parameters
    ----------
    recipe : says what is looked at
    axes : all of its sessions are
    made : nodes by name: universe, and the features of factors
    """
    spec = recipe.explore
    if spec is None:
        return []
    freq = spec.freq or recipe.data.bar_freq
    reads = (Read("daily"), *((Read("bars", freq),) if freq else ()))
    whole = Slice(ALL, (axes.dates[0].item(), axes.dates[-1].item()))
    of = Explored(lags=spec.lags, stocks=spec.stocks, freq=freq)
    out = [Node(EXPLORE, make_explored, of, (whole,), {}, reads, "folders")]
    return [*out, *_distributions(made)] if spec.features else out


def _distributions(made: Mapping[str, Node]) -> list[Node]:
    """A node for the features of each factor; of factors with the same ones the first's."""
    out: list[Node] = []
    seen: list[object] = []
    for name, node in made.items():
        if node.kind == FEATURES and node.spec not in seen:
            seen.append(node.spec)
            inputs = {FEATURES: name, UNIVERSE: UNIVERSE}
            slices = _blocks([one.name for one in node.slices], inputs)
            told, nothing = f"{DISTRIBUTION}/{name.partition('/')[2]}", NothingSpec()
            out.append(Node(told, make_distribution, nothing, slices, inputs, form="folders"))
    return out


def _blocks(days: list[str], inputs: Mapping[str, str]) -> tuple[Slice, ...]:
    parts = [tuple(days[i : i + DATES_A_SLICE]) for i in range(0, len(days), DATES_A_SLICE)]
    return tuple(Slice(part[0], None, None, dict.fromkeys(inputs, part)) for part in parts)


def make_distribution(spec: NothingSpec, inputs: Inputs, task: Task) -> None:
    """The table of :func:`intralpha.explore.distribution_table` of some dates, a Parquet file.

    Parameters
    ----------
    spec : has no settings
    inputs : ``features`` of a factor, and ``universe``
    task : slices are blocks of dates

    Notes
    -----
    Memory: 20 dates of all features.
    """
    del spec
    for one in task.slices:
        days = as_days(one.needs[FEATURES])
        features = inputs.panel(FEATURES).at(days)
        universe = inputs.panel(UNIVERSE).reindex(days, features.assets)
        table = distribution_table(features, universe["universe"] > 0)
        keep_tables({DISTRIBUTION: table}, task.folder(one.name))
        task.finish(one.name)


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
    places = places_of(spec.stocks, inputs.assets)
    assets = inputs.assets if places is None else inputs.assets[np.sort(places)]
    table = return_memory(inputs.lake, dates, assets, spec.freq, spec.lags)
    keep_tables({MEMORY: table}, task.folder(ALL))
    task.finish(ALL)
