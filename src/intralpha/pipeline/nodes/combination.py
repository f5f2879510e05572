"""What the rule of a combination learns, and the returns that were over when it did."""

import json
from datetime import date

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.node import Inputs, Node, Slice, Task
from intralpha.base.panel import as_days
from intralpha.combination import CombinerSpec, Past, learned_on, observe, refreshes
from intralpha.combination.record import LEARNED
from intralpha.pipeline.nodes.ground import forward_node
from intralpha.pipeline.recipe import Recipe

SCORE, MATURED, UNIVERSE, COMBINATION = "score/", "matured", "universe", "combination"


def score_dates(recipe: Recipe, made: dict[str, Node]) -> dict[str, set[str]]:
    """Dates that each of the combined factors has.

    Parameters
    ----------
    recipe : names the combination
    made : nodes of the factors by name
    """
    return {n: {s.name for s in made[f"{SCORE}{n}"].slices} for n in recipe.combined()}


def matured_node(
    recipe: Recipe,
    made: dict[str, Node],
    dates: Shaped[ndarray, "E"],
    sessions: Shaped[ndarray, "N"],
) -> Node | None:
    """Forward returns of the combined factors' dates that are over; None if no rule asks for them.

    Parameters
    ----------
    recipe : names the combination
    made : nodes of the factors by name
    dates : datetime64[D] [E], those that may be learned from, see :class:`Grids`
    sessions : datetime64[D] [N], all sessions of the lake

    Returns
    -------
    Node
        A slice a date t, known at the close of the latest t + b; its ``about`` is that session.
    """
    evidence = recipe.combination.evidence()
    if evidence is None or not evidence.horizons:
        return None
    days = _evidence_days(recipe, made, dates)
    over = np.searchsorted(sessions, days) + evidence.ahead
    days, over = days[over < len(sessions)], over[over < len(sessions)]
    node = forward_node(evidence.horizons, days, MATURED)
    known = sessions[over].tolist()
    slices = tuple(
        Slice(one.name, one.days, on, one.needs) for one, on in zip(node.slices, known, strict=True)
    )
    return Node(node.name, node.make, node.spec, slices, reads=node.reads)


def combination_node(
    recipe: Recipe,
    made: dict[str, Node],
    dates: Shaped[ndarray, "E"],
    sessions: Shaped[ndarray, "N"],
    matured: Node | None = None,
) -> Node | None:
    """What the rule learns on each of its dates; None for a rule that learns nothing.

    Parameters
    ----------
    recipe : names the combination
    made : nodes of the factors by name
    dates : datetime64[D] [E], those that may be learned from
    sessions : datetime64[D] [N], all sessions of the lake
    matured : of :func:`matured_node`; a date needs those of its slices that are over by then, and
        the scores that they are compared with
    """
    spec, there = recipe.combination, score_dates(recipe, made)
    evidence = spec.evidence()
    if evidence is None:
        return None
    if matured is None:
        days = _evidence_days(recipe, made, dates)
        past = [(str(day), day.item()) for day in days]
    else:
        past = [(s.name, s.about) for s in matured.slices]
    every = as_days(sorted(set[str]().union(*there.values())))
    slices = []
    for day in np.unique(refreshes(spec, sessions, every)):
        seen = [(d, known) for d, known in past if known <= day.item()][-evidence.observations :]
        names = tuple(d for d, _ in seen)
        needs = {name: tuple(d for d in names if d in known) for name, known in there.items()}
        needs |= {MATURED: names} if matured else {}
        slices.append(Slice(str(day), None, seen or None, needs | {UNIVERSE: names}))
    inputs = {name: f"{SCORE}{name}" for name in there} | {UNIVERSE: UNIVERSE}
    inputs |= {MATURED: MATURED} if matured else {}
    return Node(
        COMBINATION, make_combination, spec, tuple(slices), inputs, form="folders", at_once=250
    )


def make_combination(spec: CombinerSpec, inputs: Inputs, task: Task) -> None:
    """What the rule knows at the close of each date, as ``learned.json``.

    Parameters
    ----------
    spec : the rule
    inputs : ``universe`` and the score of every factor, under the factors' names; ``matured``, if
        the rule learns from returns
    task : slices are dates on which is learned. Their ``about`` has the dates they learn from, and
        the sessions on which these were complete: nothing counts before that session
    """
    names = tuple(n for n in task.slices[0].needs if n not in (UNIVERSE, MATURED))
    known = {d: on for one in task.slices for d, on in one.about or ()}
    past = _past(spec, names, known, inputs, task)
    for one in task.slices:
        (learned,) = learned_on(spec, names, past, as_days([one.name]))
        text = json.dumps({"names": names, **learned})
        (task.folder(one.name) / LEARNED).write_text(text, encoding="utf-8")
        task.finish(one.name)


def laid_scores(
    names: tuple[str, ...], days: Shaped[ndarray, "D"], inputs: Inputs, task: Task
) -> dict[str, Panel]:
    """Scores of the factors on the same dates; NaN where a factor has no slice.

    Parameters
    ----------
    names : of the factors
    days : the dates
    inputs : with the factors
    task : whose slices say which of them are needed at all
    """
    out = {}
    for name in names:
        given = any(one.needs[name] for one in task.slices)
        empty = Panel.full(days, inputs.assets, ("score",))
        out[name] = inputs.panel(name).reindex(days, inputs.assets) if given else empty
    return out


def _evidence_days(
    recipe: Recipe, made: dict[str, Node], dates: Shaped[ndarray, "E"]
) -> Shaped[ndarray, "D"]:
    days = as_days(sorted(set[str]().union(*score_dates(recipe, made).values())))
    return days[np.isin(days, dates)]


def _past(
    spec: CombinerSpec, names: tuple[str, ...], known: dict[str, date], inputs: Inputs, task: Task
) -> Past:
    """Everything that any of the slices may learn from."""
    days = as_days(sorted(known))
    if not known:
        return Past.of_rank_ics(names, days, np.empty((0, len(names))))
    over = as_days([known[str(day)] for day in days])
    scores = laid_scores(names, days, inputs, task)
    inside_DA = inputs.panel(UNIVERSE).reindex(days, inputs.assets)[UNIVERSE] > 0
    parts = [panel["score"] for panel in scores.values()]
    evidence = spec.evidence()
    if evidence is None or not evidence.horizons:
        return observe(names, days, over, parts, inside_DA, samples=spec.samples)
    fwd = inputs.panel(MATURED).reindex(days, inputs.assets)
    rets = [fwd.values[:, :, h].astype(np.float64) for h in range(len(evidence.horizons))]
    buyable_DA = fwd["fwd_buyable"] > 0
    return observe(names, days, over, parts, inside_DA, rets, buyable_DA, spec.samples)
