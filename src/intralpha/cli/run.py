"""`intralpha run`: execute a recipe, or show what would be done."""

import typer

from intralpha import pipeline
from intralpha.cli.options import RUNS, DryRunOption, RecipeArgument, RunsOption, SetOption


def run(
    recipe: RecipeArgument,
    set_: SetOption = None,
    dry_run: DryRunOption = False,
    runs: RunsOption = RUNS,
) -> None:
    """Run a recipe from raw files to the HTML report.

    Steps whose inputs, settings and code have not changed are taken from the store; a killed run
    continues where it stopped. `--dry-run` shows which steps those are.
    """
    spec = pipeline.load_recipe(pipeline.find_recipe(recipe), tuple(set_ or ()))
    plan = pipeline.plan(spec, runs)
    if dry_run:
        typer.echo(plan.to_text())
        return
    result = pipeline.execute(plan)
    typer.echo(result.to_text())
    typer.echo(f"report: {result.report}")
