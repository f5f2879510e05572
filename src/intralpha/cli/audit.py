"""`intralpha audit`: proof that a recipe does not look ahead."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from intralpha.cli.options import PluginsOption, RecipeArgument, SetOption


def audit(
    recipe: RecipeArgument,
    after: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Scramble everything after this date.")
    ],
    set_: SetOption = None,
    folder: Annotated[Path, typer.Option(help="Where the two worlds are run.")] = Path("audit"),
    plugins: PluginsOption = None,
) -> None:
    """Replace all data after a date by noise, run the recipe twice and compare the past.

    Features, scores and target weights up to the date must be the same number for number. Exit
    code 3 and the first difference if they are not.
    """
    from intralpha import pipeline

    del plugins
    spec = pipeline.open_recipe(recipe, tuple(set_ or ()))
    for finding in pipeline.audit_recipe(spec, after.date(), folder):
        typer.echo(f"{finding.what}: {finding.compared:,} values compared, none changed")
