"""Certificate: an audit as a page, whether it found something or not."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from intralpha.audit import Finding
from intralpha.audit.probe import CHANGES, FutureLeakError
from intralpha.pipeline.audit_run import ALL_FUTURES, audit_dates
from intralpha.pipeline.plan import plan
from intralpha.pipeline.recipe import Recipe, dump_recipe
from intralpha.pipeline.report import facts_of
from intralpha.report import TearSheet, render
from intralpha.report.certificate import audit_sections

PAGE = "certificate.html"
COLUMNS = {"date": pl.Date, "what": pl.String, "compared": pl.Int64, "changed": pl.Int64}
COLUMNS |= {"differing_later": pl.Int64}


def certify(
    recipe: Recipe, dates: Sequence[date] | int, folder: Path, futures: Sequence[str] = ALL_FUTURES
) -> dict[date, tuple[Finding, ...]]:
    """:func:`audit_dates`, and ``certificate.html`` in its folder of what it compared.

    Parameters
    ----------
    recipe, dates, folder, futures : as there

    Raises
    ------
    FutureLeakError
        Something looked ahead; the page says what and where.
    IntralphaError
        As in :func:`audit_dates`; there is no page.
    """
    try:
        found = audit_dates(recipe, dates, folder, futures=futures)
    except FutureLeakError as error:
        _write(recipe, {error.date: error.findings}, folder, futures, str(error))
        raise
    _write(recipe, found, folder, futures)
    return found


def _write(
    recipe: Recipe,
    found: Mapping[date, tuple[Finding, ...]],
    folder: Path,
    futures: Sequence[str],
    leak: str = "",
) -> Path:
    rows = [(day, f.what, f.compared, f.changed, f.later) for day, fs in found.items() for f in fs]
    worlds = "; ".join(f"{name}: {CHANGES[name]}" for name in futures)
    facts = facts_of(plan(recipe, folder / "true")) | {"what became of the future": worlds}
    sections = audit_sections(pl.DataFrame(rows, schema=COLUMNS, orient="row"), leak)
    text = dump_recipe(recipe)
    sheet = TearSheet(
        f"Audit of {recipe.name}", recipe.about, facts, recipe=text, more=tuple(sections)
    )
    return render(sheet, folder / PAGE)
