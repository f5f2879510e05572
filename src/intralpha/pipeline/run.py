"""Plan and execute a recipe, render its report."""

import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import polars as pl

from intralpha import __version__
from intralpha.base import ConfigError, spec_hash
from intralpha.evaluation import FactorReport
from intralpha.market import Lake
from intralpha.pipeline.artifacts import Store
from intralpha.pipeline.code_version import git_commit
from intralpha.pipeline.plan import PENDING, Plan, Step, Workshop, assemble, execute_steps
from intralpha.pipeline.recipe import Recipe, dump_recipe
from intralpha.pipeline.resources import Meter
from intralpha.pipeline.steps_data import (
    INGEST,
    axes_step,
    forward_step,
    ingest_key,
    ingested_version,
    run_ingest,
)
from intralpha.pipeline.steps_factor import factor_steps, signal_step
from intralpha.pipeline.steps_portfolio import load_portfolio_record, portfolio_step
from intralpha.pipeline.steps_test import factor_test_step, load_factor_reports
from intralpha.report import TearSheet, render

SHOWN = (
    "rank_ic",
    "rank_ic_std",
    "icir",
    "positive_share",
    "top_excess",
    "top_ir",
    "turnover_two_sided",
)


class MissingStepsError(ConfigError):
    """A report was asked for, but steps of the recipe are not done."""

    def __init__(self, plan_text: str) -> None:
        self.plan_text = plan_text
        super().__init__(f"not all steps are done:\n{plan_text}\nHint: `intralpha run` does them.")


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    Attributes
    ----------
    report : the HTML page
    factors : tests, in the order of the report
    figures : of the portfolio, empty without one
    seconds, peak_gib : of this execution (steps from the store cost nothing)
    """

    report: Path
    factors: tuple[FactorReport, ...]
    figures: dict[str, float]
    seconds: float
    peak_gib: float

    def to_text(self) -> str:
        """The main figures as plain tables."""
        width = max(len(f.name) for f in self.factors)
        lines = [" " * width + "".join(f"{name:>20}" for name in SHOWN)]
        for factor in self.factors:
            cells = "".join(f"{factor.summary[name]:>20.4f}" for name in SHOWN)
            lines.append(f"{factor.name:<{width}}{cells}")
        lines += [f"portfolio {name:<28}{value:>12.4f}" for name, value in self.figures.items()]
        lines.append(f"{self.seconds:.1f} s, peak memory {self.peak_gib:.2f} GiB")
        return "\n".join(lines)


def plan(recipe: Recipe, runs: Path) -> Plan:
    """The steps of a recipe and which of them are in the store already."""
    store = Store(runs / "artifacts")
    return assemble(recipe, store, ingested_version(recipe, store) or PENDING, _steps(recipe))


def execute(planned: Plan, show_progress: bool = True) -> RunResult:
    """Do every step that is missing, then write the report to ``runs/<name>/report.html``."""
    recipe, store = planned.recipe, planned.store
    with Meter() as meter:
        if planned.data_version == PENDING:
            data_version = run_ingest(recipe, store, show_progress)
            planned = assemble(recipe, store, data_version, planned.steps)
        made = execute_steps(planned, Lake(planned.lake_root), show_progress)
        seconds = dict(made)
    facts = {
        "wall time of this execution": f"{meter.seconds:.1f} s",
        "peak memory of this execution": f"{meter.peak_gib:.2f} GiB",
        "steps made": ", ".join(f"{n} {s:.1f} s" for n, s in seconds.items()) or "none, all cached",
    }
    path = render_report(planned, facts)
    shop = Workshop(planned, Lake(planned.lake_root), False)
    reports = load_factor_reports(shop.artifact("test").path)
    record = load_portfolio_record(shop)
    figures = record.figures if record else {}
    return RunResult(path, reports, figures, meter.seconds, meter.peak_gib)


def render_report(planned: Plan, more_facts: dict[str, str] | None = None) -> Path:
    """Write the report of a plan whose steps are all done.

    Raises
    ------
    MissingStepsError
    """
    if not all(planned.cached(step) for step in planned.steps):
        raise MissingStepsError(planned.to_text())
    shop = Workshop(planned, Lake(planned.lake_root), False)
    recipe = planned.recipe
    folder = planned.store.root.parent / recipe.name
    sheet = TearSheet(
        title=recipe.name,
        about=recipe.about,
        facts=_facts(shop) | (more_facts or {}),
        factors=load_factor_reports(shop.artifact("test").path),
        portfolio=load_portfolio_record(shop),
        training=_training(shop),
        quality=_quality(shop),
        recipe=dump_recipe(recipe),
    )
    path = render(sheet, folder / "report.html")
    (folder / "recipe.yaml").write_text(sheet.recipe, encoding="utf-8")
    return path


def _steps(recipe: Recipe) -> tuple[Step, ...]:
    steps = [axes_step(recipe), forward_step(recipe)]
    for name, spec in recipe.factors.items():
        steps += factor_steps(recipe, name, spec)
    steps += [signal_step(recipe), factor_test_step(recipe)]
    if recipe.portfolio is not None:
        steps.append(portfolio_step(recipe))
    return tuple(steps)


def _facts(shop: Workshop) -> dict[str, str]:
    axes = shop.panel("axes")
    libraries = ", ".join(f"{n} {version(n)}" for n in ("torch", "polars", "numpy", "numba"))
    return {
        "sessions": f"{axes.dates[0]} to {axes.dates[-1]} ({len(axes.dates):,})",
        "stocks": f"{len(axes.assets):,}",
        "data version": shop.plan.data_version,
        "recipe hash": spec_hash(shop.recipe),
        "code": f"intralpha {__version__}, commit {git_commit()}",
        "libraries": f"{libraries}, Python {platform.python_version()}",
        "rendered": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _training(shop: Workshop) -> pl.DataFrame | None:
    rows = []
    for name in shop.recipe.factors:
        path = shop.artifact(f"score/{name}").path / "history.parquet"
        if path.is_file():
            rows.append(pl.read_parquet(path).with_columns(factor=pl.lit(name)))
    return pl.concat(rows) if rows else None


def _quality(shop: Workshop) -> dict[str, int]:
    if not shop.recipe.data.sources:
        return {}
    path = shop.plan.store.get(INGEST, ingest_key(shop.recipe)).path / "quality.json"
    return json.loads(path.read_text())
