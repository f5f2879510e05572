"""Eve: what is known of the stocks before a date's first bar, for factors that speak within it."""

from dataclasses import replace

import numpy as np

from intralpha.base import Panel
from intralpha.base.node import Inputs, Node, Task, day_slices
from intralpha.base.panel import as_days
from intralpha.factors.factor import UNIVERSE, Ground, days_of

MASKS = ("universe", "traded")


def eve_node(name: str, ground: Ground) -> Node:
    """The masks of the session before, which the close of a date does not decide.

    Parameters
    ----------
    name : of the factor
    ground : its sessions, and the node of the masks at their close
    """
    needs = {UNIVERSE: lambda at: ground.dates[max(at - 1, 0) : at]}
    slices = day_slices(ground.dates, reads_lake=False, needs=needs)
    return Node(f"{UNIVERSE}/{name}", make_eve, None, slices, {UNIVERSE: ground.universe})


def make_eve(spec: None, inputs: Inputs, task: Task) -> None:
    """Masks ``universe`` and ``traded`` of the session before each.

    Parameters
    ----------
    spec : nothing
    inputs : the masks of the sessions before
    task : a slice a session; ``panel`` becomes a Panel [D, A, 2], 1 or 0, known before the first
        bar of each; 0 on the first of all, before which nothing is known
    """
    del spec
    out = Panel.full(days_of(task), inputs.assets, MASKS, fill=0.0)
    before = {row: one.needs[UNIVERSE] for row, one in enumerate(task.slices)}
    rows = [row for row, named in before.items() if named]
    if rows:
        wanted = as_days([before[row][0] for row in rows])
        masks = inputs.panel(UNIVERSE).reindex(wanted, inputs.assets).select(MASKS)
        out.values[rows] = np.nan_to_num(masks.values)
    out.save(task.folder("panel"))


def before_bars(masks: Panel) -> Panel:
    """Masks of all sessions, each moved to the next one.

    Parameters
    ----------
    masks : Panel [D, A, F] of successive sessions, known at the close of each

    Returns
    -------
    Panel
        Of the same shape, known before the first bar of each session; 0 on the first.
    """
    first = np.zeros_like(masks.values[:1])
    return replace(masks, values=np.concatenate([first, masks.values[:-1]]))
