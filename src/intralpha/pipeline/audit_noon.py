"""What a recipe knows by noon: features of the morning, and scores of who speaks by then."""

from datetime import date

import numpy as np

from intralpha.audit import NOON
from intralpha.base.node import Node
from intralpha.features import FeatureSpec
from intralpha.pipeline.plan import Plan

SAID = ("universe", "outputs", "score")  # of a factor that speaks before the close


def known_by_noon(true: Plan) -> dict[str, tuple[str, ...]]:
    """Nodes, inputs first -> names of which something is known by noon; empty: all names.

    Parameters
    ----------
    true : plan of the recipe
    """
    early = {name for name, of in true.recipe.factors.items() if of.known_at <= NOON}
    out: dict[str, tuple[str, ...]] = {}
    for node in true.nodes:
        if node.kind in SAID and node.name.partition("/")[2] in early:
            out[node.name] = ()
        elif node.kind == "features" and isinstance(node.spec, FeatureSpec):
            names = _features(node.spec)
            out |= {node.name: names} if names else {}
    return out


def last_noon(true: Plan, nodes: dict[str, tuple[str, ...]], upto: date) -> date:
    """The last session up to a date that has all of them.

    Parameters
    ----------
    true : plan of the recipe
    nodes : of :func:`known_by_noon`, at least one
    upto : a date, a session or not
    """
    days = true.axes.dates[true.axes.dates <= np.datetime64(upto, "D")]
    for name in nodes:
        days = days[np.isin(days, _days(true.node(name)))]
    return days[-1].item()


def _features(spec: FeatureSpec) -> tuple[str, ...]:
    """Those that are known by noon, or at the end of bars of which one is of the morning."""
    made = spec.make()
    if made.times is not None and not any(time <= NOON for time in made.times):
        return ()
    known = {name: made.known_at_slot(name) for name in made.names}
    return tuple(name for name, at in known.items() if isinstance(at, str) or at <= NOON)


def _days(node: Node) -> np.ndarray:
    return np.array([one.name for one in node.slices], dtype="datetime64[D]")
