"""The node that sells index futures short against the replay."""

from intralpha.backtest import HedgeSpec, hedged
from intralpha.base.node import ALL, Inputs, Node, Slice, Task
from intralpha.pipeline.named_tables import keep_tables
from intralpha.pipeline.nodes.replayed import PORTFOLIO, replayed


def hedge_node(spec: HedgeSpec, portfolio: Node) -> Node:
    """The hedged value of the whole replay, in one piece.

    Parameters
    ----------
    spec : the hedge
    portfolio : its slices are the parts of the replay
    """
    needs = {portfolio.name: tuple(one.name for one in portfolio.slices)}
    whole = Slice(ALL, None, None, needs)
    return Node("hedge", make_hedge, spec, (whole,), {PORTFOLIO: portfolio.name}, (), "folders")


def make_hedge(spec: HedgeSpec, inputs: Inputs, task: Task) -> None:
    """Course, figures and years of the hedge, as tables.

    Parameters
    ----------
    spec : the hedge
    inputs : ``portfolio``
    task : the whole; its folder takes the tables
    """
    found = hedged(replayed(inputs).ledger.course(), spec)
    tables = {
        "hedge_courses": found.daily,
        "hedge_figures": found.figures(),
        "hedge_years": found.yearly(),
    }
    keep_tables(tables, task.folder(ALL))
    task.finish(ALL)
