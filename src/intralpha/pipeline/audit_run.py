"""Audit of a whole recipe: two worlds that share only their past must agree on it."""

import shutil
from datetime import date
from pathlib import Path

from intralpha.audit import Finding, assert_same_past, compare_panels, scramble
from intralpha.market import Lake
from intralpha.pipeline.artifacts import Store
from intralpha.pipeline.plan import PENDING, Plan, Workshop
from intralpha.pipeline.recipe import Recipe
from intralpha.pipeline.run import execute, plan
from intralpha.pipeline.steps_data import ingested_version, run_ingest


def audit_recipe(
    recipe: Recipe, after: date, folder: Path, show_progress: bool = True
) -> tuple[Finding, ...]:
    """Prove that nothing dated up to ``after`` depends on later data.

    The recipe runs on its lake and on a copy in which everything later is noise. Compared are the
    universe, every feature, every score, the signal and the target weights up to the date.

    Parameters
    ----------
    recipe : what to audit
    after : last date of the common past; must lie inside the scored period
    folder : both worlds are run here; the scrambled one is made anew

    Returns
    -------
    tuple of Finding, in the order of the flow, all clean

    Raises
    ------
    FutureLeakError
        Something changed: the first finding names the place.
    NothingComparedError, NoFutureError
        The check would prove nothing.
    """
    store = Store(folder / "true" / "artifacts")
    if ingested_version(recipe, store) in {None, PENDING}:
        run_ingest(recipe, store, show_progress)
    true = plan(recipe, folder / "true")
    execute(true, show_progress)
    shutil.rmtree(folder / "scrambled", ignore_errors=True)
    noisy = scramble(Lake(true.lake_root), after, folder / "scrambled" / "lake")
    data = recipe.data.model_copy(update={"lake": str(noisy.root), "sources": ()})
    other_recipe = recipe.model_copy(update={"data": data})
    other = plan(other_recipe, folder / "scrambled")
    execute(other, show_progress)
    findings = compare_runs(true, other, after)
    assert_same_past(findings, after)
    return findings


def compare_runs(true: Plan, other: Plan, upto: date) -> tuple[Finding, ...]:
    """Compare every Panel of two executed plans that must not look ahead."""
    a, b = (Workshop(p, Lake(p.lake_root), False) for p in (true, other))
    universes = (s.panel("axes").select(("universe",)) for s in (a, b))
    out = [compare_panels("universe", next(universes), next(universes), upto)]
    for step in true.steps:
        if step.kind in {"features", "score", "signal"}:
            out.append(compare_panels(step.name, a.panel(step.name), b.panel(step.name), upto))
        elif step.kind == "portfolio":
            old, new = a.panel(step.name, "targets"), b.panel(step.name, "targets")
            out.append(compare_panels("target weights", old, new, upto))
    return tuple(out)
