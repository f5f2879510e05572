"""`intralpha gc`: delete what no run needs any more."""

from typing import Annotated

import typer

from intralpha.cli.options import RUNS, RunsOption


def gc(
    runs: RunsOption = RUNS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be deleted, and stop.")
    ] = False,
) -> None:
    """Delete artifacts that no run and no study under the folder was made of.

    A folder NAME/TIME says what it needs; delete the folders that you do without first.
    Not while a run is going on: what it has finished so far belongs to no run yet.
    """
    from intralpha import pipeline

    typer.echo(pipeline.collect_garbage(runs, dry_run))
