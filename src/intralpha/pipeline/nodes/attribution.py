"""The node that takes the excess return of the replay apart."""

from intralpha.backtest import attribute, load_run
from intralpha.base.node import ALL, Inputs, Node, Read, Slice, Task
from intralpha.market import industry_codes, read_daily

PORTFOLIO, BENCHMARK = "portfolio", "benchmark"
DAILY, GROUPS, YEARLY = "daily.parquet", "groups.parquet", "yearly.parquet"
READS = (Read("daily"), Read("instruments"), Read("industry"))


def attribution_node(portfolio: Node, benchmark: Node) -> Node:
    """Brinson's effects of the whole replay, in one piece.

    Parameters
    ----------
    portfolio : its slices are the parts of the replay
    benchmark : weights on the decision dates
    """
    days = [one.days for one in portfolio.slices if one.days is not None]
    needs = {node.name: tuple(one.name for one in node.slices) for node in (portfolio, benchmark)}
    whole = Slice(ALL, (days[0][0], days[-1][1]), None, needs)
    inputs = {name: name for name in needs}
    return Node("attribution", make_attribution, None, (whole,), inputs, READS, "folders")


def make_attribution(spec: None, inputs: Inputs, task: Task) -> None:
    """Effects by day, by industry and by year, as tables.

    Parameters
    ----------
    spec : nothing
    inputs : ``portfolio`` and ``benchmark``
    task : the whole; its folder takes three Parquet files

    Notes
    -----
    Memory: three columns of float64 for all sessions and stocks of the replay.
    """
    del spec
    assets, benchmark = inputs.assets, inputs.panel(BENCHMARK)
    run = load_run(list(inputs.folders(PORTFOLIO).values()), assets)
    first, last = benchmark.dates[0].item(), run.ledger.daily["date"][-1]
    market = read_daily(inputs.lake, ("close", "preclose"), first, last, assets)
    codes, labels = industry_codes(inputs.lake, benchmark.dates, assets)
    found = attribute(run.ledger, market, benchmark, codes, labels)
    folder = task.folder(ALL)
    found.daily.write_parquet(folder / DAILY)
    found.groups.write_parquet(folder / GROUPS)
    found.yearly().write_parquet(folder / YEARLY)
    task.finish(ALL)
