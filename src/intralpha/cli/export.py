"""`intralpha export`: every table of a finished run as csv, Parquet and one workbook."""

from pathlib import Path
from typing import Annotated

import typer

from intralpha.cli.options import RUNS, PluginsOption, RecipeArgument, RunsOption, SetOption


def export(
    recipe: RecipeArgument,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder; default: `tables` beside the report.")
    ] = None,
    form: Annotated[
        list[str] | None,
        typer.Option("--form", help="csv, parquet or xlsx; again for another. Default: all."),
    ] = None,
    set_: SetOption = None,
    runs: RunsOption = RUNS,
    plugins: PluginsOption = None,
) -> None:
    """Write every table of a recipe's run from what is made; nothing is computed again."""
    from intralpha import pipeline

    del plugins
    spec = pipeline.open_recipe(recipe, tuple(set_ or ()))
    folder = to or runs / spec.name / "tables"
    forms = pipeline.known_forms(form or [])
    tables = pipeline.run_tables(pipeline.plan(spec, runs))
    written = pipeline.export_tables(tables, folder, forms)
    typer.echo(f"{len(tables)} tables, {len(written)} files: {folder}")
