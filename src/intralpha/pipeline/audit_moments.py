"""What a recipe knows before a day is over: features of its bars, scores of who speaks by then."""

from datetime import date, time

import numpy as np

from intralpha.audit import NOON
from intralpha.base.node import Node
from intralpha.features import DAY_CLOSE, FeatureSpec
from intralpha.pipeline.plan import Plan

SAID = ("universe", "outputs", "score")  # of a factor that speaks before the close


def moments(true: Plan) -> tuple[time, ...]:
    """When noise begins within a day: at noon, and whenever a factor has spoken; ascending.

    Parameters
    ----------
    true : plan of the recipe
    """
    spoken = {of.known_at for of in true.recipe.factors.values() if of.known_at < DAY_CLOSE}
    return tuple(sorted({NOON, *spoken}))


def known_by(true: Plan, at: time) -> dict[str, tuple[str, ...]]:
    """Nodes, inputs first -> names of which something is known by a moment; empty: all names.

    Parameters
    ----------
    true : plan of the recipe
    at : of :func:`moments`. At noon all features are looked at, else those of who speaks then
    """
    speak = {name for name, of in true.recipe.factors.items() if of.known_at == at}
    out: dict[str, tuple[str, ...]] = {}
    for node in true.nodes:
        of = node.name.partition("/")[2]
        if node.kind in SAID and of in speak:
            out[node.name] = ()
        elif node.kind == "features" and (at == NOON or of in speak):
            names = _features(node.spec, at) if isinstance(node.spec, FeatureSpec) else ()
            out |= {node.name: names} if names else {}
    return out


def last_with(true: Plan, nodes: dict[str, tuple[str, ...]], upto: date) -> date:
    """The last session up to a date that all of some nodes have.

    Parameters
    ----------
    true : plan of the recipe
    nodes : of :func:`known_by`, at least one
    upto : a date, a session or not
    """
    days = true.axes.dates[true.axes.dates <= np.datetime64(upto, "D")]
    for name in nodes:
        days = days[np.isin(days, _days(true.node(name)))]
    return days[-1].item()


def _features(spec: FeatureSpec, at: time) -> tuple[str, ...]:
    """Those that are known by a moment, or at the end of bars of which one is over by then."""
    made = spec.make()
    if made.times is not None and not any(time <= at for time in made.times):
        return ()
    known = {name: made.known_at_slot(name) for name in made.names}
    return tuple(name for name, when in known.items() if isinstance(when, str) or when <= at)


def _days(node: Node) -> np.ndarray:
    return np.array([one.name for one in node.slices], dtype="datetime64[D]")
