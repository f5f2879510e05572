"""The report of a plan: sections made from the artifacts that are there."""

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import polars as pl

from intralpha import __version__
from intralpha.backtest import PortfolioRun, load_run
from intralpha.base import ConfigError, spec_hash
from intralpha.base.plugins import loaded
from intralpha.combination import weights_over_time
from intralpha.datasets.timeline import timeline
from intralpha.evaluation.figures import Course, mixture
from intralpha.evaluation.figures.beside import side_by_side
from intralpha.pipeline.beside import MAIN
from intralpha.pipeline.code import git_commit
from intralpha.pipeline.head import head_of
from intralpha.pipeline.ingest import quality_counts
from intralpha.pipeline.made import (
    attribution_tables,
    date_weights,
    explored_tables,
    finished_beside,
    finished_factors,
    finished_sets,
    finished_tracking,
    replay_tables,
    training_history,
)
from intralpha.pipeline.nodes.active_risk import FACTORS, FITS, TOLD
from intralpha.pipeline.nodes.active_risk import YEARLY as BY_YEAR
from intralpha.pipeline.nodes.combination import COMBINATION
from intralpha.pipeline.plan import Plan
from intralpha.pipeline.recipe import dump_recipe
from intralpha.report import PortfolioRecord, RiskRecord, SelectionRecord, TearSheet, render
from intralpha.report.portfolios import beside_sections
from intralpha.report.section import Section
from intralpha.report.sets import set_sections
from intralpha.training import seed_spread


class NothingMadeError(ConfigError):
    """A report was asked for, but nothing that it could show is made."""

    def __init__(self, plan_text: str) -> None:
        self.plan_text = plan_text
        super().__init__(f"no test is made yet:\n{plan_text}\nHint: `intralpha run` makes it.")


def render_report(
    planned: Plan,
    path: Path,
    more_facts: dict[str, str] | None = None,
    problems: tuple[str, ...] = (),
) -> Path:
    """Write the page of whatever is made.

    Parameters
    ----------
    planned : the run
    path : file to write
    more_facts : of this execution
    problems : what failed, shown at the top

    Raises
    ------
    NothingMadeError
        Nothing is made, and nothing failed.
    """
    factors = finished_factors(planned)
    if not factors and not problems:
        raise NothingMadeError(planned.to_text())
    history = training_history(planned)
    sheet = TearSheet(
        title=planned.recipe.name,
        about=planned.recipe.about,
        facts=facts_of(planned) | (more_facts or {}),
        head=head_of(planned.recipe, factors),
        factors=factors,
        portfolio=finished_portfolio(planned),
        risk=_risk(planned),
        training=history,
        seeds=None if history is None else seed_spread(history),
        date_weights=date_weights(planned),
        schedules=_schedules(planned),
        selections=selections(planned),
        weights=weights_over_time(planned.folders(COMBINATION)),
        quality=quality_counts(planned.recipe, planned.store) if not planned.pending else {},
        recipe=dump_recipe(planned.recipe),
        problems=problems,
        known_until=planned.recipe.fwd_known_until,
        more=(*_beside(planned), *(s for one in finished_sets(planned) for s in set_sections(one))),
        tracking=finished_tracking(planned),
        explored=explored_tables(planned),
        plugins=tuple((p.name, p.version, p.digest) for p in loaded()),
    )
    return render(sheet, path)


def finished_portfolio(planned: Plan) -> PortfolioRecord | None:
    """What the report shows of the replay; None if there is none, or it is not made.

    None, too, where no session follows the first decision: there are target weights and no return.
    """
    run = finished_run(planned)
    return portfolio_record(planned, run) if run and len(run.ledger.daily) else None


def portfolio_record(planned: Plan, run: PortfolioRun) -> PortfolioRecord:
    """What the report shows of a replay that is there.

    Parameters
    ----------
    planned : with the nodes that tell of it
    run : the replay
    """
    more = _figures(planned, run) | attribution_tables(planned)
    made_of = _benchmark(planned)
    if made_of is not None:
        more["Benchmark"] = made_of
    return PortfolioRecord.of(run, more, replay_tables(planned))


def _figures(planned: Plan, run: PortfolioRun) -> dict[str, pl.DataFrame]:
    """Figures as a certain report counts them, if the recipe asks for one."""
    spec = planned.recipe.portfolio
    figures = None if spec is None else spec.figures
    return {} if figures is None else figures.tables(run.ledger.course())


def _risk(planned: Plan) -> RiskRecord | None:
    """What the risk model said and what came, if that is made."""
    for folder in planned.folders("active_risk").values():
        return RiskRecord(
            *(pl.read_parquet(folder / name) for name in (FITS, FACTORS, TOLD, BY_YEAR))
        )
    return None


def _benchmark(planned: Plan) -> pl.DataFrame | None:
    """What the weights of the benchmark are made of, if they are there and there is a word to say.

    A plan with a replay has a portfolio, and its node.
    """
    portfolio = planned.recipe.portfolio
    if portfolio is None or planned.missing(planned.node("benchmark")):
        return None
    return portfolio.benchmark.told(planned.lake, planned.panel("benchmark"))


def finished_run(planned: Plan) -> PortfolioRun | None:
    """The replay, joined of its slices; None if there is none, or not all of it is made."""
    folders = planned.folders("portfolio")
    return load_run(list(folders.values()), planned.axes.assets) if folders else None


def finished_courses(planned: Plan) -> dict[str, Course]:
    """Every portfolio that is made, and the mixtures of such, by name; the recipe's own first."""
    run = finished_run(planned)
    return courses_of(planned, ({} if run is None else {MAIN: run}) | finished_beside(planned))


def courses_of(planned: Plan, runs: Mapping[str, PortfolioRun]) -> dict[str, Course]:
    """Courses of replays that were read, and of the recipe's mixtures of such, by name.

    Parameters
    ----------
    planned : names the mixtures
    runs : by name
    """
    out = {name: run.ledger.course() for name, run in runs.items() if len(run.ledger.daily)}
    for name, one in planned.recipe.portfolios.items():
        if one.mixture and {*one.mixture} <= {*out}:
            out[name] = mixture([out[part] for part in one.mixture], list(one.mixture.values()))
    return out


def _beside(planned: Plan) -> list[Section]:
    """Portfolios side by side, where the recipe has several."""
    if not planned.recipe.portfolios:
        return []
    courses = finished_courses(planned)
    return beside_sections(courses, beside_tables(planned, courses))


def beside_tables(planned: Plan, courses: Mapping[str, Course]) -> dict[str, pl.DataFrame]:
    """Figures of several portfolios and mixtures by heading, a line each; empty for one alone.

    Parameters
    ----------
    planned : a recipe, which says how its own portfolio's figures are counted
    courses : of its portfolios
    """
    own = planned.recipe.portfolio
    if own is None or not planned.recipe.portfolios:
        return {}
    return side_by_side(courses, own.figures)


def facts_of(planned: Plan) -> dict[str, str]:
    """Data, code and libraries of a run."""
    axes = planned.axes
    libraries = ", ".join(f"{n} {version(n)}" for n in ("torch", "polars", "numpy", "numba"))
    part = planned.part
    own = part is not None and part.symbols is not None
    return {
        "sessions": f"{axes.dates[0]} to {axes.dates[-1]} ({len(axes.dates):,})",
        "stocks": f"{len(axes.assets):,}",
        "part of the lake": "what the recipe's own sources brought" if own else "all of it",
        "data version": planned.data_version,
        "recipe hash": spec_hash(planned.recipe),
        "code": f"intralpha {__version__}, commit {git_commit()}",
        "libraries": f"{libraries}, Python {platform.python_version()}",
        "rendered": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _schedules(planned: Plan) -> dict[str, pl.DataFrame]:
    """Factor -> the dates of its trainings."""
    return {name: timeline(folds, planned.axes.dates) for name, folds in planned.folds.items()}


def selections(planned: Plan) -> dict[str, SelectionRecord]:
    """Factor -> what was chosen from on every decision, of the factors where all of it is made."""
    out = {}
    for node in planned.nodes:
        name = node.name.partition("/")[2]
        decided = planned.folders(node.name) if node.kind == "selected" else {}
        if decided:
            similar = planned.folders(f"similarity/{name}").values()
            out[name] = SelectionRecord.read(tuple(decided.values()), tuple(similar))
    return out
