"""The nodes of further portfolios: those of a portfolio under other names."""

from collections.abc import Sequence
from dataclasses import replace

from intralpha.base import Spec
from intralpha.base.node import Node
from intralpha.pipeline.axes import Axes
from intralpha.pipeline.grids import Grids
from intralpha.pipeline.nodes.portfolio import portfolio_nodes
from intralpha.pipeline.nodes.signal import signal_nodes
from intralpha.pipeline.recipe import Recipe


def beside_nodes(
    recipe: Recipe, made: dict[str, Node], signal: Node, grids: Grids, axes: Axes
) -> list[Node]:
    """Signal, desk and replay of each further portfolio; what is the same is made once.

    Parameters
    ----------
    recipe : names the portfolios
    made : nodes of the factors by name
    signal : node of the recipe's own
    grids : with the decision dates of the recipe's own portfolio
    axes : sessions and stocks
    """
    out: list[Node] = []
    for name, one in recipe.portfolios.items():
        if one.mixture:
            continue
        own: dict[str, Spec] = {}
        if one.portfolio is not None:
            own["portfolio"] = one.portfolio
        rule = one.combines()
        if rule is not None:
            own["combination"] = rule
        like = recipe.model_copy(update=own)
        mine = [] if rule is None else signal_nodes(like, made, grids.evidence, axes.sessions)
        traded = mine[-1] if mine else signal
        nodes = portfolio_nodes(like, traded, grids.decisions, axes)
        out += _named([*mine, *nodes], name)
    return out


def _named(nodes: Sequence[Node], name: str) -> list[Node]:
    """The nodes under names of their own, each taking what it takes from the others."""
    ours = {node.name: f"{node.name}/{name}" for node in nodes}
    return [
        replace(
            node,
            name=ours[node.name],
            inputs={key: ours.get(of, of) for key, of in node.inputs.items()},
        )
        for node in nodes
    ]
