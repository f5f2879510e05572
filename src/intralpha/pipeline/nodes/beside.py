"""The nodes of further portfolios: those of a portfolio under other names."""

from collections.abc import Sequence
from dataclasses import replace

from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import Spec
from intralpha.base.node import Node
from intralpha.combination.weights import WeightsSpec
from intralpha.pipeline.axes import Axes
from intralpha.pipeline.nodes.portfolio import portfolio_nodes
from intralpha.pipeline.nodes.signal import signal_node
from intralpha.pipeline.recipe import Recipe


def beside_nodes(
    recipe: Recipe, made: dict[str, Node], signal: Node, grid: Shaped[ndarray, "M"], axes: Axes
) -> list[Node]:
    """Signal, desk and replay of each further portfolio; what is the same is made once.

    Parameters
    ----------
    recipe : names the portfolios
    made : nodes of the factors by name
    signal : node of the recipe's own
    grid : datetime64[D] [M], decision dates of the recipe's own portfolio
    axes : sessions and stocks
    """
    out: list[Node] = []
    for name, one in recipe.portfolios.items():
        if one.mixture:
            continue
        own: dict[str, Spec] = {}
        if one.portfolio is not None:
            own["portfolio"] = one.portfolio
        if one.factors:
            own["combination"] = WeightsSpec(weights=one.factors)
        like = recipe.model_copy(update=own)
        traded = signal_node(like, made, axes.sessions) if one.factors else signal
        nodes = portfolio_nodes(like, traded, grid, axes)
        out += _named([traded, *nodes] if one.factors else nodes, name)
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
