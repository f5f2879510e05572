"""The combined signal of each date."""

from intralpha.base import Panel
from intralpha.base.node import Inputs, Node, Slice, Task
from intralpha.base.panel import as_days
from intralpha.combination import CombinerSpec, combine
from intralpha.pipeline.recipe import Recipe

SCORE = "score/"


def signal_node(recipe: Recipe, made: dict[str, Node]) -> Node:
    """Scores of the combined factors on every date that any of them has.

    Parameters
    ----------
    recipe : names the combination
    made : nodes of the factors by name
    """
    inputs = {name: f"{SCORE}{name}" for name in recipe.combined()}
    there = {name: {s.name for s in made[of].slices} for name, of in inputs.items()}
    days = sorted(set[str]().union(*there.values()))
    slices = []
    for day in days:
        needs = {name: (day,) if day in known else () for name, known in there.items()}
        slices.append(Slice(day, None, None, needs | {"universe": (day,)}))
    return Node(
        "signal", make_signal, recipe.combination, tuple(slices), {**inputs, "universe": "universe"}
    )


def make_signal(spec: CombinerSpec, inputs: Inputs, task: Task) -> None:
    """Weighted mean of z-scores over the universe, see :func:`intralpha.combination.combine`.

    Parameters
    ----------
    spec : the weights
    inputs : ``universe`` and the score of every factor, under the factors' names
    task : slices are dates that any factor has; gets a Panel [D, A, 1], name ``score``, in
        ``panel``, known when the last of the factors is. A factor without a slice on a date is NaN
        there, so the others share its weight.
    """
    days, assets = as_days([one.name for one in task.slices]), inputs.assets
    names = [n for n in task.slices[0].needs if n != "universe"]
    scores = {}
    for name in names:
        given = any(one.needs[name] for one in task.slices)
        empty = Panel.full(days, assets, ("score",))
        scores[name] = inputs.panel(name).reindex(days, assets) if given else empty
    inside = inputs.panel("universe")["universe"] > 0
    combine(scores, spec, inside).save(task.folder("panel"))
