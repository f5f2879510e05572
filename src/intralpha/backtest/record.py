"""PortfolioRecord: a replay as files, and what a report shows of it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from intralpha.backtest.closed_loop import PortfolioRun
from intralpha.evaluation import yearly_table

TABLES = ("daily", "fills", "blocked", "holdings", "events")


@dataclass(frozen=True, eq=False)
class PortfolioRecord:
    """The replay of a portfolio, as far as a reader wants to see it.

    Attributes
    ----------
    daily : date, ret, benchmark_ret, and optional turnover_one_sided, cost_yuan, nav_yuan
    figures : name -> value, fractions
    yearly : one row a year
    notes : tables by title: relaxations, blocked orders, events
    """

    daily: pl.DataFrame
    figures: dict[str, float]
    yearly: pl.DataFrame
    notes: dict[str, pl.DataFrame] = field(default_factory=dict)


def save_run(run: PortfolioRun, folder: Path) -> None:
    """Write a replay: the ledger's tables, targets, figures, years and relaxations.

    Parameters
    ----------
    run : with a benchmark
    folder : exists; files of the same names are replaced
    """
    for name in TABLES:
        getattr(run.ledger, name).write_parquet(folder / f"{name}.parquet")
    run.targets.save(folder / "targets")
    (folder / "figures.json").write_text(json.dumps(run.ledger.figures(), indent=1))
    yearly_table(*run.ledger.returns()).write_parquet(folder / "yearly.parquet")
    run.relaxations().write_parquet(folder / "relaxed.parquet")


def load_record(folder: Path) -> PortfolioRecord:
    """What a report shows of a replay that :func:`save_run` wrote."""
    blocked = pl.read_parquet(folder / "blocked.parquet")
    events = pl.read_parquet(folder / "events.parquet")
    notes = {
        "Relaxed constraints": pl.read_parquet(folder / "relaxed.parquet"),
        "Events": events.group_by("kind")
        .agg(pl.len().alias("events"), pl.col("cash_yuan", "lost_yuan").sum())
        .sort("kind"),
        "Blocked orders": blocked.group_by("side", "reason").len("orders").sort("side", "reason"),
    }
    return PortfolioRecord(
        daily=pl.read_parquet(folder / "daily.parquet"),
        figures=json.loads((folder / "figures.json").read_text()),
        yearly=pl.read_parquet(folder / "yearly.parquet"),
        notes={title: frame for title, frame in notes.items() if frame.height},
    )
