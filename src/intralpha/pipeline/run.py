"""Run: make what is missing of a plan, then write the report of what is there."""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from intralpha.base import IntralphaError
from intralpha.base.node import Node
from intralpha.evaluation import FactorReport
from intralpha.executors import Executor
from intralpha.pipeline.dated import dated_folder, keep_newest
from intralpha.pipeline.full_disk import telling
from intralpha.pipeline.ingest import ingested_part, run_ingest
from intralpha.pipeline.jobs import make_node
from intralpha.pipeline.lake_steps import take_steps
from intralpha.pipeline.made import finished_factors
from intralpha.pipeline.mlflow_log import tell_run
from intralpha.pipeline.plan import Plan
from intralpha.pipeline.recipe import dump_recipe
from intralpha.pipeline.report import finished_portfolio, render_report
from intralpha.pipeline.resources import Meter
from intralpha.pipeline.store import DamagedArtifactError
from intralpha.pipeline.turns import in_turn

SHOWN = (
    "rank_ic",
    "rank_ic_std",
    "icir",
    "positive_share",
    "top_excess",
    "top_ir",
    "turnover_two_sided",
)
log = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class RunResult:
    """A finished run.

    Attributes
    ----------
    report : the HTML page
    factors : tests, in the order of the report
    figures : of the portfolio, empty without one
    seconds, peak_gib : of this execution (slices from the store cost nothing)
    made : node -> slices made by this execution
    problems : what failed, in words; what could be made without it is in the report
    mlflow : id of the run of MLflow; empty where the recipe asks for none, or it could not be told
    """

    report: Path
    factors: tuple[FactorReport, ...]
    figures: dict[str, float]
    seconds: float
    peak_gib: float
    made: dict[str, int]
    problems: tuple[IntralphaError, ...] = ()
    mlflow: str = ""

    def __repr__(self) -> str:
        return self.to_text()

    def to_text(self) -> str:
        """The main figures as plain tables."""
        width = max((len(f.name) for f in self.factors), default=0)
        lines = [" " * width + "".join(f"{name:>20}" for name in SHOWN)] if self.factors else []
        for factor in self.factors:
            cells = "".join(f"{factor.summary[name]:>20.4f}" for name in SHOWN)
            lines.append(f"{factor.name:<{width}}{cells}")
        why: dict[str, list[str]] = {}
        for factor in self.factors:
            why.setdefault(factor.without_ic(), []).append(factor.name)
        lines += [f"{', '.join(names)}: {said}" for said, names in why.items() if said]
        lines += [f"portfolio {name:<28}{value:>12.4f}" for name, value in self.figures.items()]
        lines.append(f"{self.seconds:.1f} s, peak memory {self.peak_gib:.2f} GiB")
        return "\n".join(lines)


def execute(planned: Plan, show_progress: bool = True) -> RunResult:
    """Make every slice that is missing, then write the report to a folder of its own.

    The page is ``runs/NAME/TIME/report.html``, with a copy at ``runs/NAME/report.html``; earlier
    ones stay. A node that fails stops what depends on it and nothing else; what is finished is
    reported, with the failure at the top.

    Parameters
    ----------
    planned : what :func:`plan` gives
    show_progress : whether to draw bars on stderr

    Raises
    ------
    NoMlflowError
        The recipe asks for MLflow, which is not there: before any work.
    """
    planned.recipe.demand_extras()
    with Meter() as meter:
        planned = ingested(planned, show_progress)
        made, failed = make_all(planned, planned.nodes, show_progress)
    folder = dated_folder(planned.store.root.parent / planned.recipe.name)
    damaged: set[Path] = set()
    while True:
        try:
            with telling(planned.store.root.parent):
                result = _reported(planned, folder, made, failed, meter)
            return replace(result, mlflow=tell_run(planned, folder))
        except DamagedArtifactError as error:
            _once_more(error, damaged)
            more, failed = make_all(planned, planned.nodes, show_progress)
            made = {name: made.get(name, 0) + count for name, count in more.items()}


def _reported(
    planned: Plan,
    folder: Path,
    made: dict[str, int],
    failed: dict[str, IntralphaError],
    meter: Meter,
) -> RunResult:
    """Write the report of what is there into the folder of the run."""
    counted = ", ".join(f"{name} {n}" for name, n in made.items() if n)
    facts = {
        "wall time of this execution": f"{meter.seconds:.1f} s",
        "peak memory of this execution": f"{meter.peak_gib:.2f} GiB",
        "slices made": counted or "none, all there",
    }
    problems = tuple(failed.values())
    told = tuple(f"{name}: {error}" for name, error in failed.items())
    path = render_report(planned, folder / "report.html", facts, told)
    keep_run(planned, folder)
    record = finished_portfolio(planned)
    return RunResult(
        path,
        finished_factors(planned),
        record.figures if record else {},
        meter.seconds,
        meter.peak_gib,
        made,
        problems,
    )


def _once_more(error: DamagedArtifactError, damaged: set[Path]) -> None:
    """What is damaged is no longer in the store, and so is missing: what made it makes it again.

    Parameters
    ----------
    error : what was found; raised where it was found before, for then it could not be taken out
    damaged : files found so far
    """
    if error.path in damaged:
        raise error
    damaged.add(error.path)
    log.warning("made again: %s", error)


def ingested(planned: Plan, show_progress: bool) -> Plan:
    """The plan, its sources in the lake, and made of them what the recipe asks for.

    Parameters
    ----------
    planned : before or after its sources were ingested, by itself or by another of the same data
    show_progress : whether to draw bars on stderr

    Raises
    ------
    NoAssetsError
        The lake knows no member of an index that the recipe names.
    LakeWriteError, StoreWriteError
        The disk is full or refuses; what was finished is kept.
    """
    if not planned.pending:
        return planned
    recipe, store = planned.recipe, planned.store
    with telling(store.root), in_turn(store.root, ("ingest",)):
        part = ingested_part(recipe, store) or run_ingest(recipe, store, show_progress)
        take_steps(recipe, store, part, show_progress)
    planned = replace(planned, part=part, waiting=())
    planned.check_indices()
    return planned


def make_all(
    planned: Plan, nodes: Sequence[Node], show_progress: bool
) -> tuple[dict[str, int], dict[str, IntralphaError]]:
    """Make what is missing of some nodes; one that fails stops what depends on it, nothing else.

    Parameters
    ----------
    planned : addresses and store
    nodes : of the plan, inputs first, with the slices that are wanted
    show_progress : whether to draw bars on stderr

    Returns
    -------
    (made, failed)
        Slices made by node, and the errors of those that failed.
    """
    made: dict[str, int] = {}
    damaged: set[Path] = set()
    with planned.recipe.executor.open(planned.recipe.workers) as executor:
        while True:
            failed: dict[str, IntralphaError] = {}
            try:
                for name, count in _made_once(planned, nodes, executor, show_progress, failed):
                    made[name] = made.get(name, 0) + count
            except DamagedArtifactError as error:
                _once_more(error, damaged)
            else:
                return made, failed


def _made_once(
    planned: Plan,
    nodes: Sequence[Node],
    executor: Executor,
    show_progress: bool,
    failed: dict[str, IntralphaError],
) -> Iterator[tuple[str, int]]:
    """Node -> slices made of what was missing; failures are added to ``failed``."""
    stopped: set[str] = set()
    for node in nodes:
        if not stopped.isdisjoint(node.inputs.values()):
            stopped.add(node.name)
            continue
        missing = len(planned.missing(node)) if log.isEnabledFor(logging.INFO) else 0
        if missing:
            log.info("make    %s: %d of %d", node.name, missing, len(node.slices))
        try:
            yield node.name, make_node(planned, node, executor, show_progress)
        except DamagedArtifactError:
            raise
        except IntralphaError as error:
            log.error("%s failed: %s", node.name, error)
            failed[node.name] = error
            stopped.add(node.name)


def keep_run(planned: Plan, folder: Path) -> None:
    """File what a run was made of beside its report, and make it the newest of its name."""
    (folder / "recipe.yaml").write_text(dump_recipe(planned.recipe), encoding="utf-8")
    nodes = {
        node.name: {"kind": node.kind, "slices": planned.addresses[node.name]}
        for node in planned.nodes
    }
    (folder / "run.json").write_text(json.dumps({"name": planned.recipe.name, "nodes": nodes}))
    for name in ("report.html", "recipe.yaml"):
        keep_newest(folder / name, name)
