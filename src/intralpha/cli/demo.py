"""`intralpha demo`: the whole road on a simulated market."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    folder: Annotated[
        Path, typer.Option(help="Where the lake, the artifacts and the report go.")
    ] = Path("demo"),
    fresh: Annotated[bool, typer.Option(help="Forget what an earlier demo left there.")] = False,
) -> None:
    """Simulate a market and run the main job on it: factors, a network, a portfolio, a report.

    The market is made from a seed, so two runs give the same numbers. Nothing is downloaded.
    """
    from intralpha import pipeline

    result = pipeline.run_demo(folder, fresh=fresh)
    typer.echo(result.to_text())
    typer.echo(f"report: {result.report.resolve()}")
    for problem in result.problems:
        raise problem
    typer.echo("Open it in a browser; `intralpha ls --recipes` shows where to go from here.")
