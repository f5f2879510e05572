"""The combined signal of each date, and the returns that were over when it was made."""

from datetime import date

import numpy as np
from jaxtyping import Bool, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.node import Inputs, Node, Slice, Task
from intralpha.base.panel import as_days
from intralpha.combination import CombinerSpec, RankICHistory, combine
from intralpha.pipeline.nodes.ground import forward_node
from intralpha.pipeline.recipe import Recipe

SCORE, MATURED, UNIVERSE = "score/", "matured", "universe"


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
    dates : datetime64[D] [E], those that may be weighed by, see :class:`Grids`
    sessions : datetime64[D] [N], all sessions of the lake

    Returns
    -------
    Node
        A slice a date t, known at the close of t + b; its ``about`` is that session.
    """
    evidence = recipe.combination.evidence()
    if evidence is None:
        return None
    days = as_days(sorted(set[str]().union(*_dates(recipe, made).values())))
    days = days[np.isin(days, dates)]
    over = np.searchsorted(sessions, days) + evidence.horizon[1]
    days, over = days[over < len(sessions)], over[over < len(sessions)]
    node = forward_node((evidence.horizon,), days, MATURED)
    known = sessions[over].tolist()
    slices = tuple(
        Slice(one.name, one.days, on, one.needs) for one, on in zip(node.slices, known, strict=True)
    )
    return Node(node.name, node.make, node.spec, slices, reads=node.reads)


def signal_node(recipe: Recipe, made: dict[str, Node], matured: Node | None = None) -> Node:
    """Scores of the combined factors on every date that any of them has.

    Parameters
    ----------
    recipe : names the combination
    made : nodes of the factors by name
    matured : of :func:`matured_node`; a date needs those of its slices that are over by then, and
        the scores that they are compared with
    """
    there = _dates(recipe, made)
    evidence = recipe.combination.evidence()
    past = () if matured is None else tuple((s.name, s.about) for s in matured.slices)
    slices = []
    for day in sorted(set[str]().union(*there.values())):
        seen = [(d, known) for d, known in past if known <= date.fromisoformat(day)]
        seen = seen[-evidence.observations :] if evidence else []
        days = (*(d for d, _ in seen), day)
        needs = {name: tuple(d for d in days if d in known) for name, known in there.items()}
        needs |= {MATURED: days[:-1]} if matured else {}
        about = seen or None
        slices.append(Slice(day, None, about, needs | {UNIVERSE: days}))
    inputs = {name: f"{SCORE}{name}" for name in there} | {UNIVERSE: UNIVERSE}
    inputs |= {MATURED: MATURED} if matured else {}
    return Node("signal", make_signal, recipe.combination, tuple(slices), inputs)


def make_signal(spec: CombinerSpec, inputs: Inputs, task: Task) -> None:
    """Weighted mean of z-scores over the universe, see :func:`intralpha.combination.combine`.

    Parameters
    ----------
    spec : the weights
    inputs : ``universe`` and the score of every factor, under the factors' names; ``matured``, if
        the rule weighs by what was over
    task : slices are dates that any factor has; gets a Panel [D, A, 1], name ``score``, in
        ``panel``, known when the last of the factors is. A factor without a slice on a date is NaN
        there, so the others share its weight. Their ``about`` has the dates whose returns were
        over, and since when: none counts before that session.
    """
    days = as_days([one.name for one in task.slices])
    now, inside, history = told(spec, inputs, task, days)
    combine(now, spec, inside, history).save(task.folder("panel"))


def told(
    spec: CombinerSpec, inputs: Inputs, task: Task, days: Shaped[ndarray, "D"]
) -> tuple[dict[str, Panel], Bool[ndarray, "D A"], RankICHistory | None]:
    """What a rule is told: scores and universe of some dates, and the past as it was known.

    Parameters
    ----------
    spec : the rule
    inputs, task : of :func:`make_signal`
    days : datetime64[D] [D], dates that are combined
    """
    assets = inputs.assets
    names = [n for n in task.slices[0].needs if n not in (UNIVERSE, MATURED)]
    known = {d: on for one in task.slices for d, on in one.about or ()}
    every = np.union1d(days, as_days(sorted(known)))
    scores = {}
    for name in names:
        given = any(one.needs[name] for one in task.slices)
        empty = Panel.full(every, assets, ("score",))
        scores[name] = inputs.panel(name).reindex(every, assets) if given else empty
    inside = inputs.panel(UNIVERSE).reindex(every, assets)[UNIVERSE] > 0
    history = None
    if spec.evidence() is not None:
        history = _history(spec, scores, inside, inputs, known)
    now = {name: score.at(days) for name, score in scores.items()}
    return now, inside[np.isin(every, days)], history


def _dates(recipe: Recipe, made: dict[str, Node]) -> dict[str, set[str]]:
    """Dates that each of the combined factors has."""
    return {n: {s.name for s in made[f"{SCORE}{n}"].slices} for n in recipe.combined()}


def _history(
    spec: CombinerSpec,
    scores: dict[str, Panel],
    inside: Bool[ndarray, "D A"],
    inputs: Inputs,
    known: dict[str, date],
) -> RankICHistory:
    """What the rule observes on dates whose returns are over, with the sessions since then."""
    past = sorted(known)
    days = as_days(past)
    if not past:
        return RankICHistory(tuple(scores), days, np.empty((0, len(scores))))
    fwd = inputs.panel(MATURED).reindex(days, inputs.assets)
    every = next(iter(scores.values())).dates
    mask = inside[np.isin(every, days)] & (fwd["fwd_buyable"] > 0)
    ret = fwd.values[:, :, 0].astype(np.float64)
    found = spec.observed([s.at(days)["score"] for s in scores.values()], ret, mask)
    return RankICHistory(tuple(scores), as_days([known[d] for d in past]), found)
