"""The node that makes money or not: optimisation on the grid and its replay, in one closed loop."""

from datetime import date

from intralpha.backtest import EnhancementSpec, enhance, save_run
from intralpha.base import Spec
from intralpha.base.node import ALL, Inputs, Node, Read, Slice, Task
from intralpha.pipeline.axes import Axes
from intralpha.pipeline.recipe import Recipe

TABLES = ("daily", "instruments", "industry", "membership", "corporate_actions", "fundamentals")


class PortfolioSpec(Spec):
    """The portfolio, and the period in which it is run."""

    enhancement: EnhancementSpec
    start: date | None
    end: date | None


def portfolio_node(recipe: Recipe, universe: Node, signal: Node, axes: Axes) -> Node:
    """Decisions from the combined signal, replayed day by day.

    Parameters
    ----------
    recipe : names the portfolio
    universe, signal : nodes
    axes : the replay ends on the last session, or at ``test.end``
    """
    assert recipe.portfolio is not None
    days = tuple(s.name for s in signal.slices)
    sessions = tuple(s.name for s in universe.slices if s.name >= days[0])
    needs = {"signal": days, "universe": sessions}
    spec = PortfolioSpec(enhancement=recipe.portfolio, start=recipe.test.start, end=recipe.test.end)
    last = axes.dates[-1].item()
    one = Slice(ALL, (axes.dates[0].item(), min(last, recipe.test.end or last)), None, needs)
    inputs = {"signal": signal.name, "universe": universe.name}
    reads = tuple(Read(table) for table in TABLES)
    return Node("portfolio", make_portfolio, spec, (one,), inputs, reads, form="folders")


def make_portfolio(spec: PortfolioSpec, inputs: Inputs, task: Task) -> None:
    """Ledger, target weights and figures."""
    universe, signal = inputs.panel("universe"), inputs.panel("signal")
    run = enhance(spec.enhancement, inputs.lake, universe, signal, spec.start, spec.end)
    save_run(run, task.folder(ALL))
    task.finish(ALL)
