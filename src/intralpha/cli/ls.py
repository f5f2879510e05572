"""`intralpha ls`: runs, artifacts and shipped recipes."""

from typing import Annotated

import typer

from intralpha.cli.options import RUNS, RunsOption


def ls(
    recipes: Annotated[bool, typer.Option("--recipes", help="List the shipped recipes.")] = False,
    artifacts: Annotated[
        bool, typer.Option("--artifacts", help="List every artifact with its making.")
    ] = False,
    runs: RunsOption = RUNS,
) -> None:
    """List finished runs and studies, or with an option shipped recipes or artifacts."""
    from intralpha import pipeline

    if recipes:
        typer.echo(pipeline.list_recipes())
    elif artifacts:
        typer.echo(pipeline.list_artifacts(runs))
    else:
        typer.echo(pipeline.list_runs(runs))
