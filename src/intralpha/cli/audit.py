"""`intralpha audit`: proof that a recipe does not look ahead."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from intralpha.cli.options import PluginsOption, RecipeArgument, SetOption

FUTURES = ("noise", "removed", "shifted", "noon")  # of intralpha.audit, which is heavy to import


def _known(names: list[str] | None) -> list[str] | None:
    for name in names or ():
        if name not in FUTURES:
            raise typer.BadParameter(f"{name}: expected one of {', '.join(FUTURES)}")
    return names


def audit(
    recipe: RecipeArgument,
    after: Annotated[
        list[datetime] | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Change everything after this date; again for more dates."
        ),
    ] = None,
    dates: Annotated[
        int | None, typer.Option(min=1, help="So many dates, spread over what is scored.")
    ] = None,
    future: Annotated[
        list[str] | None,
        typer.Option(
            callback=_known,
            help="What becomes of all that is later: noise, removed, "
            "shifted (by a session), noon (noise from the date's own noon on); again for "
            "more. Default: all of them, one after the other.",
        ),
    ] = None,
    set_: SetOption = None,
    folder: Annotated[Path, typer.Option(help="Where the worlds are run.")] = Path("audit"),
    plugins: PluginsOption = None,
) -> None:
    """Give the recipe other futures, run it in each of them and compare the past.

    Features, scores and target weights up to the date must be the same number for number. Exit
    code 3 and the first difference if they are not. A page in the folder tells what was compared.
    """
    from intralpha import pipeline

    del plugins
    if bool(after) == bool(dates):
        raise typer.BadParameter("give either --after DATE (again for more), or --dates N")
    spec = pipeline.open_recipe(recipe, tuple(set_ or ()))
    chosen = dates or [day.date() for day in after or ()]
    found = pipeline.certify(spec, chosen, folder, tuple(future or FUTURES))
    for day, findings in found.items():
        for finding in findings:
            where = f"{day} " if len(found) > 1 else ""
            typer.echo(f"{where}{finding.what}: {finding.compared:,} values compared, none changed")
    typer.echo(f"certificate: {folder / 'certificate.html'}")
