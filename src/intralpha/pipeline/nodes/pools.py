"""Pools: parts of the universe that factors are also tested in."""

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import Panel, Spec
from intralpha.base.node import Inputs, Node, Task, day_slices
from intralpha.base.panel import as_days
from intralpha.pipeline.recipe import PoolSpec

POOLS, UNIVERSE = "pools", "universe"


class Pools(Spec):
    """Rules of the pools, by name."""

    pools: dict[str, PoolSpec]


def pools_node(pools: dict[str, PoolSpec], dates: Shaped[ndarray, "D"]) -> Node:
    """A mask a pool.

    Parameters
    ----------
    pools : rules by name
    dates : datetime64[D], of the tests
    """
    rules = [one for pool in pools.values() for one in pool.rows]
    reads = tuple(dict.fromkeys(read for one in rules for read in one.reads()))
    slices = day_slices(dates, bool(reads), {UNIVERSE: lambda at: dates[at : at + 1]})
    return Node(POOLS, make_pools, Pools(pools=pools), slices, {UNIVERSE: UNIVERSE}, reads=reads)


def make_pools(spec: Pools, inputs: Inputs, task: Task) -> None:
    """Masks of the pools: 1 or 0 for every stock known on the day.

    Parameters
    ----------
    spec : rules, all of which a stock of the pool keeps
    inputs : ``universe``, and the lake with what the rules read
    task : slices are dates; gets a Panel [D, A, P] in ``panel``, known at the close of each
    """
    days, assets = as_days([one.name for one in task.slices]), inputs.assets
    universe = inputs.panel(UNIVERSE).reindex(days, assets)[UNIVERSE] > 0
    masks = []
    for pool in spec.pools.values():
        inside = universe
        for rule in pool.rows:
            inside = inside & rule.keeps(inputs.lake, days, assets, universe)
        masks.append(inside)
    values = np.stack(masks, axis=-1).astype(np.float32)
    Panel(values, days, assets, tuple(spec.pools)).save(task.folder("panel"))
