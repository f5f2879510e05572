"""The nodes of a recipe: what is made from what, cut in time; the work itself lies above."""

from dataclasses import replace

from intralpha.base.errors import told_of
from intralpha.base.node import Node
from intralpha.factors import Ground
from intralpha.pipeline.axes import Axes
from intralpha.pipeline.grids import Grids
from intralpha.pipeline.nodes.beside import beside_nodes
from intralpha.pipeline.nodes.explore import explore_nodes
from intralpha.pipeline.nodes.ground import forward_node, universe_node
from intralpha.pipeline.nodes.portfolio import portfolio_nodes
from intralpha.pipeline.nodes.sets import set_nodes
from intralpha.pipeline.nodes.signal import signal_nodes
from intralpha.pipeline.nodes.test import test_nodes
from intralpha.pipeline.nodes.tracking import tracking_nodes
from intralpha.pipeline.recipe import Recipe

__all__ = ["ground_of", "nodes_of"]


def nodes_of(recipe: Recipe, axes: Axes) -> tuple[Node, ...]:
    """All work of a recipe, inputs first.

    Parameters
    ----------
    recipe : what is wanted
    axes : sessions and stocks it is about
    """
    grids, ground = Grids.of(recipe, axes.dates), ground_of(recipe, axes)
    freq = recipe.data.bar_freq if recipe.data.assets == "bars" else None
    nodes = [universe_node(recipe.universe, freq, axes.dates)]
    scores: dict[str, Node] = {}
    for name, factor in recipe.factors.items():
        with told_of(f"factor {name}"):
            nodes += factor.nodes(name, replace(ground, scores=scores))
        scores = scores | {name: nodes[-1]}
    made = {node.name: node for node in nodes}
    nodes += signal_nodes(recipe, made, grids.evidence, axes.sessions)
    signal = nodes[-1]
    forward = forward_node(recipe.test.measured(), grids.tests, price=recipe.test.price)
    nodes += [forward, *test_nodes(recipe, grids.tests, made, signal, forward)]
    if recipe.sets:
        known = {node.name: node for node in nodes}
        nodes += set_nodes(recipe, grids.tests, known, ground)
    if recipe.tracking is not None:
        known = {node.name: node for node in nodes}
        nodes += tracking_nodes(recipe, grids.tests, known)
    nodes += explore_nodes(recipe, axes, made)
    if recipe.portfolio is not None:
        nodes += portfolio_nodes(recipe, signal, grids.decisions, axes)
        nodes += beside_nodes(recipe, made, signal, grids, axes)
    return tuple(nodes)


def ground_of(recipe: Recipe, axes: Axes) -> Ground:
    """What the factors of a recipe stand on: its sessions, samples and dates of scores."""
    grids = Grids.of(recipe, axes.dates)
    return Ground(axes.dates, grids.samples, grids.scored)
