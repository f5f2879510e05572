"""The combined signal of each date."""

import json

from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base.node import Inputs, Node, Slice, Task
from intralpha.base.panel import as_days
from intralpha.combination import CombinerSpec, combine, refreshes
from intralpha.combination.record import LEARNED
from intralpha.pipeline.nodes.combination import (
    COMBINATION,
    SCORE,
    UNIVERSE,
    combination_node,
    laid_scores,
    matured_node,
    score_dates,
)
from intralpha.pipeline.recipe import Recipe


def signal_nodes(
    recipe: Recipe,
    made: dict[str, Node],
    dates: Shaped[ndarray, "E"],
    sessions: Shaped[ndarray, "N"],
) -> list[Node]:
    """What the rule of a combination learns, if it does, and the signal, which is the last.

    Parameters
    ----------
    recipe : names the combination
    made : nodes of the factors by name
    dates : datetime64[D] [E], those that may be learned from
    sessions : datetime64[D] [N], all sessions of the lake
    """
    matured = matured_node(recipe, made, dates, sessions)
    learned = combination_node(recipe, made, dates, sessions, matured)
    signal = signal_node(recipe, made, sessions, learned)
    return [node for node in (matured, learned, signal) if node is not None]


def signal_node(
    recipe: Recipe,
    made: dict[str, Node],
    sessions: Shaped[ndarray, "N"],
    combination: Node | None = None,
) -> Node:
    """Scores of the combined factors on every date that any of them has.

    Parameters
    ----------
    recipe : names the combination
    made : nodes of the factors by name
    sessions : datetime64[D] [N], all sessions of the lake
    combination : what the rule learns, if it does; a date needs what was learned last
    """
    there = score_dates(recipe, made)
    names = sorted(set[str]().union(*there.values()))
    on = refreshes(recipe.combination, sessions, as_days(names)) if names else ()
    slices = []
    for day, learned in zip(names, on, strict=True):
        needs = {name: (day,) if day in known else () for name, known in there.items()}
        needs |= {COMBINATION: (str(learned),)} if combination else {}
        about = str(learned) if combination else None
        slices.append(Slice(day, None, about, needs | {UNIVERSE: (day,)}))
    inputs = {name: f"{SCORE}{name}" for name in there} | {UNIVERSE: UNIVERSE}
    inputs |= {COMBINATION: COMBINATION} if combination else {}
    return Node("signal", make_signal, recipe.combination, tuple(slices), inputs)


def make_signal(spec: CombinerSpec, inputs: Inputs, task: Task) -> None:
    """Combination of z-scores over the universe, see :func:`intralpha.combination.combine`.

    Parameters
    ----------
    spec : the rule
    inputs : ``universe`` and the score of every factor, under the factors' names; ``combination``,
        if the rule learns
    task : slices are dates that any factor has; gets a Panel [D, A, 1], name ``score``, in
        ``panel``, known when the last of the factors is. A factor without a slice on a date is NaN
        there, so the others share its weight. Their ``about`` is the date that was learned on.
    """
    days = as_days([one.name for one in task.slices])
    names = tuple(n for n in task.slices[0].needs if n not in (UNIVERSE, COMBINATION))
    scores = laid_scores(names, days, inputs, task)
    inside_DA = inputs.panel(UNIVERSE).reindex(days, inputs.assets)[UNIVERSE] > 0
    learned = None
    if spec.evidence() is not None:
        folders = inputs.folders(COMBINATION)
        kept = {on: json.loads((path / LEARNED).read_text()) for on, path in folders.items()}
        learned = [kept[one.about] for one in task.slices]
    combine(scores, spec, inside_DA, learned).save(task.folder("panel"))
