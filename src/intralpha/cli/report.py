"""`intralpha report`: render the report of a finished run again."""

import typer

from intralpha import pipeline
from intralpha.cli.options import RUNS, RecipeArgument, RunsOption, SetOption


def report(recipe: RecipeArgument, set_: SetOption = None, runs: RunsOption = RUNS) -> None:
    """Render the HTML report of a recipe whose steps are all done.

    Nothing is computed again: if a step is missing, the plan is printed and the exit code is 2.
    """
    spec = pipeline.load_recipe(pipeline.find_recipe(recipe), tuple(set_ or ()))
    typer.echo(f"report: {pipeline.render_report(pipeline.plan(spec, runs))}")
