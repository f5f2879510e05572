"""The node that tells of the replay: effects of the excess return, courses, and holdings."""

from pathlib import Path

import numpy as np
import polars as pl

from intralpha.backtest import Ledger, attribute
from intralpha.backtest.active import Standings, active_table, newest_holdings, size_table
from intralpha.base.node import ALL, Inputs, Node, Read, Task
from intralpha.evaluation.courses import cost_table, courses, drawdown_table, monthly_excess
from intralpha.market import float_cap, industry_codes
from intralpha.pipeline.named_tables import keep_tables, read_tables
from intralpha.pipeline.nodes.replayed import BENCHMARK, replay_market, replayed, whole_replay

DAILY, GROUPS, YEARLY = "daily.parquet", "groups.parquet", "yearly.parquet"
TOLD = "told"  # folder of the further tables, a file each
READS = (Read("daily"), Read("instruments"), Read("industry"), Read("fundamentals"))


def attribution_node(portfolio: Node, benchmark: Node) -> Node:
    """Brinson's effects of the whole replay, in one piece.

    Parameters
    ----------
    portfolio : its slices are the parts of the replay
    benchmark : weights on the decision dates
    """
    whole = whole_replay(portfolio, benchmark)
    inputs = {name: name for name in whole.needs}
    return Node("attribution", make_attribution, None, (whole,), inputs, READS, "folders")


def make_attribution(spec: None, inputs: Inputs, task: Task) -> None:
    """Effects by day, by industry and by year, and what else is told of the replay, as tables.

    Parameters
    ----------
    spec : nothing
    inputs : ``portfolio`` and ``benchmark``
    task : the whole; its folder takes three Parquet files, and a folder of the further ones

    Notes
    -----
    Memory: three columns of float64 for all sessions and stocks of the replay.
    """
    del spec
    assets, benchmark = inputs.assets, inputs.panel(BENCHMARK)
    run = replayed(inputs)
    market = replay_market(inputs, run, benchmark)
    codes, labels = industry_codes(inputs.lake, benchmark.dates, assets)
    found = attribute(run.ledger, market, benchmark, codes, labels)
    folder = task.folder(ALL)
    found.daily.write_parquet(folder / DAILY)
    found.groups.write_parquet(folder / GROUPS)
    found.yearly().write_parquet(folder / YEARLY)
    tables = course_tables(run.ledger)
    standings = Standings.of(run.ledger, benchmark)
    if len(standings.dates):
        caps = float_cap(inputs.lake, standings.dates, assets)["float_cap"]
        tables |= {
            "active": active_table(standings),
            "sizes": size_table(standings, caps.astype(np.float64)),
            "holdings": newest_holdings(standings, codes[-1], labels),
        }
    keep_tables(tables, folder / TOLD)
    task.finish(ALL)


def course_tables(ledger: Ledger) -> dict[str, pl.DataFrame]:
    """Tables of values, falls, months and costs, by name; of a ledger with a benchmark."""
    course = ledger.course()
    both = course.ret, course.benchmark_ret
    by_session = courses(*both, course.cost, course.dates)
    falls = [
        drawdown_table(by_session[name].to_numpy(), course.dates).select(
            pl.lit(name).alias("of"), pl.all()
        )
        for name in ("portfolio", "excess")
    ]
    return {
        "courses": by_session,
        "costs": cost_table(*both, course.cost, course.dates),
        "drawdowns": pl.concat(falls),
        "monthly": monthly_excess(*both, course.dates),
    }


def told_tables(folder: Path) -> dict[str, pl.DataFrame]:
    """The further tables of a finished slice, by name."""
    return read_tables(folder / TOLD)
