"""What verbs that execute a recipe have in common: the run, what they print of it, how they end."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from intralpha.pipeline import Plan


def carry_out(plan: "Plan") -> None:
    """Execute a plan, print its figures and where the report is; what failed is raised at last.

    Raises
    ------
    IntralphaError
        The first thing that failed; the rest is in the report.
    """
    from intralpha import pipeline

    result = pipeline.execute(plan)
    typer.echo(result.to_text())
    typer.echo(f"report: {result.report}")
    if result.mlflow:
        typer.echo(f"mlflow: run {result.mlflow}")
    for problem in result.problems:
        raise problem
