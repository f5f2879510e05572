"""`intralpha compare`: finished runs side by side on one page."""

from pathlib import Path
from typing import Annotated

import typer

from intralpha.cli.options import RUNS, RunsOption


def compare(
    wanted: Annotated[
        list[str],
        typer.Argument(help="Folders of finished runs, or names, of which the newest is taken."),
    ],
    to: Annotated[Path, typer.Option("--to", help="HTML file to write.")] = Path("compare.html"),
    runs: RunsOption = RUNS,
) -> None:
    """Show runs side by side: settings that differ, tests and portfolios, as they were filed."""
    from intralpha import pipeline

    typer.echo(f"report: {pipeline.compare_runs(wanted, runs, to)}")
