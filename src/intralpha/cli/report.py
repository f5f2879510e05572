"""`intralpha report`: render the report of a finished run again."""

import typer

from intralpha.cli.options import RUNS, PluginsOption, RecipeArgument, RunsOption, SetOption


def report(
    recipe: RecipeArgument,
    set_: SetOption = None,
    runs: RunsOption = RUNS,
    plugins: PluginsOption = None,
) -> None:
    """Render the HTML report of a recipe from what is made.

    Nothing is computed again: if nothing is there, the plan is printed and the exit code is 2.
    """
    from intralpha import pipeline

    del plugins
    spec = pipeline.open_recipe(recipe, tuple(set_ or ()))
    path = pipeline.render_report(pipeline.plan(spec, runs), runs / spec.name / "report.html")
    typer.echo(f"report: {path}")
