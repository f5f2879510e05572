"""Audit of a whole recipe: two worlds that share only their past must agree on it."""

import logging
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from intralpha.audit import Finding, assert_same_past, compare_panels, scramble
from intralpha.audit.probe import NothingComparedError
from intralpha.base import Panel
from intralpha.market import Lake
from intralpha.pipeline.ingest import run_ingest
from intralpha.pipeline.nodes.portfolio import END
from intralpha.pipeline.plan import Plan, plan
from intralpha.pipeline.recipe import Recipe
from intralpha.pipeline.report import finished_run
from intralpha.pipeline.run import execute
from intralpha.pipeline.store import Store

log = logging.getLogger(__name__)
COMPARED = ("universe", "features", "seen", "score", "signal", "benchmark", "exposures")
PORTFOLIO = "portfolio"


def audit_recipe(
    recipe: Recipe, after: date, folder: Path, show_progress: bool = True
) -> tuple[Finding, ...]:
    """Prove that nothing dated up to ``after`` depends on later data.

    The recipe runs on its lake and on a copy in which everything later is noise. Compared are the
    universe, every feature, every score, the signal, the benchmark, the exposures and the target
    weights up to the date. Nobody has to be able to trade the noise: there the portfolio ends at
    the date, and a failure of what is not compared is logged and does not count.

    Parameters
    ----------
    recipe : what to audit
    after : last date of the common past; must lie inside the scored period
    folder : both worlds are run here; the scrambled one is made anew
    show_progress : draw bars on stderr

    Returns
    -------
    tuple of Finding, in the order of the flow, all clean

    Raises
    ------
    FutureLeakError
        Something changed: the first finding names the place.
    NothingComparedError, NoFutureError
        The check would prove nothing.
    IntralphaError
        A part of the recipe could not be made, or in the noise a part of what is compared.
    """
    true = plan(recipe, folder / "true")
    if true.pending:
        true = replace(true, part=run_ingest(recipe, true.store, show_progress))
    for error in execute(true, show_progress).problems:
        raise error  # half a result proves nothing
    assert_same_past(compare_runs(true, true, after), after)  # there is something to compare
    shutil.rmtree(folder / "scrambled", ignore_errors=True)
    noisy = scramble(Lake(true.lake_root), after, folder / "scrambled" / "lake")
    other = replace(
        true,
        recipe=_on_noise(recipe, after),
        store=Store(folder / "scrambled" / "artifacts"),
        lake_root=noisy.root,
    )
    _run_on_noise(other, after, show_progress)
    findings = compare_runs(true, other, after)
    assert_same_past(findings, after)
    return findings


def _on_noise(recipe: Recipe, after: date) -> Recipe:
    """The recipe, ending its tests and its portfolio at a date; nothing is ingested again."""
    last = max(after, recipe.test.start or after)
    test = recipe.test.model_copy(update={"end": min(last, recipe.test.end or last)})
    data = recipe.data.model_copy(update={"sources": ()})
    return recipe.model_copy(update={"data": data, "test": test})


def _run_on_noise(planned: Plan, upto: date, show_progress: bool) -> None:
    """Execute; only failures that leave a gap in what is compared up to the date count."""
    problems = execute(planned, show_progress).problems
    gaps = [
        one
        for node in planned.nodes
        if node.kind in COMPARED or node.name == PORTFOLIO
        for one in planned.missing(node)
        if one.name == END or date.fromisoformat(one.name) <= upto
    ]
    for error in problems:
        if gaps:
            raise error
        log.warning("in the noise after %s, and not compared: %s", upto, error)


def compare_runs(true: Plan, other: Plan, upto: date) -> tuple[Finding, ...]:
    """Compare every Panel of two executed plans that must not look ahead.

    Parameters
    ----------
    true : plan of the recipe on its lake
    other : plan of the same recipe in the other world
    upto : last session compared, included

    Returns
    -------
    tuple of Finding, in the order of the flow
        One a node of a kind in ``COMPARED`` and, if the recipe has a portfolio, one for its target
        weights. They may have found differences: :func:`intralpha.audit.assert_same_past` judges.

    Raises
    ------
    UnknownArtifactError
        A plan was not executed, or not to its end.
    """
    out = []
    for node in true.nodes:
        if node.kind in COMPARED:
            a, b = (_panel(p, node.name, upto) for p in (true, other))
            out.append(compare_panels(node.name, a, b, upto))
        elif node.name == PORTFOLIO:
            old, new = (_targets(p) for p in (true, other))
            out.append(compare_panels("target weights", old, _of_all(new, old.assets), upto))
    return tuple(out)


def _panel(planned: Plan, name: str, upto: date) -> Panel:
    """Everything that a node made up to a date, on the axis of the stocks known by then."""
    keys = [
        (date.fromisoformat(s), key)
        for s, key in planned.addresses[name].items()
        if date.fromisoformat(s) <= upto
    ]
    if not keys:
        raise NothingComparedError(upto, name)
    assets = planned.axes.known(np.datetime64(upto, "D"))
    return planned.store.panel(planned.node(name).kind, keys, assets)


def _targets(planned: Plan) -> Panel:
    run = finished_run(planned)
    assert run is not None  # all of it has just been made
    return run.targets


def _of_all(targets: Panel, assets: np.ndarray) -> Panel:
    """Target weights on an axis with stocks that came later, of which nothing is wanted."""
    laid = targets.reindex(targets.dates, assets)
    return replace(laid, values=np.nan_to_num(laid.values))
