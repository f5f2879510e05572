"""A replay as files, and what a report shows of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.backtest.closed_loop import PortfolioRun
from intralpha.backtest.ledger import Ledger
from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.evaluation import yearly_table
from intralpha.portfolio import Solution
from intralpha.portfolio.certificate import Residuals
from intralpha.portfolio.solution import RowState

TABLES = tuple(f.name for f in fields(Ledger))
DECISIONS, SOLVER = "decisions.parquet", "solver.json"
_WEIGHTS = {"date": pl.Date, "symbol": pl.String, "weight": pl.Float64, "exact": pl.Float64}
_IN_TABLE = ("date", "assets", "weights", "exact", "prices")  # prices are not kept


@dataclass(frozen=True, eq=False)
class PortfolioRecord:
    """The replay of a portfolio, as far as a reader wants to see it.

    Attributes
    ----------
    daily : date, ret, benchmark_ret, and optional turnover_one_sided, cost_yuan, nav_yuan
    figures : name -> value, fractions
    yearly : one row a year
    notes : tables by title: attribution, what the benchmark is made of, relaxations, blocked
        orders, events
    tables : further tables by name, as the nodes of the attribution keep them: courses, costs,
        drawdowns, monthly, active, sizes, holdings, style_factors, style_years, style_courses,
        hedge_figures, hedge_years, hedge_courses
    """

    daily: pl.DataFrame
    figures: dict[str, float]
    yearly: pl.DataFrame
    notes: dict[str, pl.DataFrame] = field(default_factory=dict)
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        run: PortfolioRun,
        more: Mapping[str, pl.DataFrame] | None = None,
        tables: Mapping[str, pl.DataFrame] | None = None,
    ) -> "PortfolioRecord":
        """What a report shows of a run.

        Parameters
        ----------
        run : the replay
        more : further notes by title, such as what the benchmark is made of
        tables : what is kept of the whole replay, by name
        """
        ledger = run.ledger
        kinds = ledger.events.group_by("kind").agg(
            pl.len().alias("events"), pl.col("cash_yuan", "lost_yuan").sum()
        )
        blocked = ledger.blocked.group_by("side", "reason").len("orders")
        notes = dict(more or {}) | {
            "Relaxed constraints": run.relaxations(),
            "Events": kinds.sort("kind"),
            "Blocked orders": blocked.sort("side", "reason"),
        }
        return cls(
            daily=ledger.daily,
            figures=ledger.figures(),
            yearly=yearly_table(*ledger.returns()),
            notes={title: frame for title, frame in notes.items() if frame.height},
            tables=dict(tables or {}),
        )


def save_run(run: PortfolioRun, folder: Path) -> None:
    """Write a replay, or a part of one: the ledger's tables, the decisions, the solver's reports.

    Parameters
    ----------
    run : what is written
    folder : exists; files of the same names are replaced
    """
    for name in TABLES:
        getattr(run.ledger, name).write_parquet(folder / f"{name}.parquet")
    weights = [_weights(solution) for solution in run.solutions]
    pl.concat([pl.DataFrame(schema=_WEIGHTS), *weights]).write_parquet(folder / DECISIONS)
    (folder / SOLVER).write_text(json.dumps([_report(s) for s in run.solutions], indent=1))


def load_run(folders: Sequence[Path], assets: Shaped[ndarray, "A"] | None = None) -> PortfolioRun:
    """One run of the parts that :func:`save_run` wrote.

    Parameters
    ----------
    folders : of parts that follow each other
    assets : axis of the target weights; default: every stock that a decision knew, sorted
    """
    tables = {n: pl.read_parquet([f / f"{n}.parquet" for f in folders]) for n in TABLES}
    weights = pl.read_parquet([f / DECISIONS for f in folders])
    reports = [r for f in folders for r in json.loads((f / SOLVER).read_text())]
    parts = weights.partition_by("date", maintain_order=True)
    solutions = tuple(_solution(*pair) for pair in zip(parts, reports, strict=True))
    symbols = weights["symbol"].unique().sort().to_numpy().astype(str) if assets is None else assets
    days = as_days([solution.date for solution in solutions])
    targets = Panel.from_polars(weights, ("weight",), days, symbols, dtype=np.float64)
    np.nan_to_num(targets.values, copy=False)
    return PortfolioRun(Ledger(**tables), targets, solutions)


def _weights(solution: Solution) -> pl.DataFrame:
    """Weights of a decision as a table."""
    columns = {
        "date": [solution.date.item()] * len(solution.assets),
        "symbol": solution.assets.tolist(),
        "weight": solution.weights,
        "exact": solution.exact,
    }
    return pl.DataFrame(columns, schema=_WEIGHTS)


def _report(solution: Solution) -> dict[str, object]:
    """All of a solution that is not in the table."""
    named = {f.name: getattr(solution, f.name) for f in fields(Solution)}
    plain = {name: value for name, value in named.items() if name not in _IN_TABLE}
    residuals = None if solution.residuals is None else asdict(solution.residuals)
    rows = [asdict(row) for row in solution.rows]
    return plain | {"date": str(solution.date), "rows": rows, "residuals": residuals}


def _solution(weights: pl.DataFrame, report: dict[str, Any]) -> Solution:
    """The solution of a table and a report."""
    facts = dict[str, Any](report)
    facts |= {name: tuple(report[name]) for name in ("relaxed", "forced")}
    facts["rows"] = tuple(RowState(**row) for row in report["rows"])
    if report.get("residuals"):
        facts["residuals"] = Residuals(**report["residuals"])
    facts["date"] = as_days([report["date"]])[0]
    facts["assets"] = weights["symbol"].to_numpy().astype(str)
    facts |= {"weights": weights["weight"].to_numpy(), "exact": weights["exact"].to_numpy()}
    return Solution(**facts)
