"""`intralpha run`: execute a recipe, or show what would be done."""

import typer

from intralpha.cli.carry_out import carry_out
from intralpha.cli.options import (
    RUNS,
    DryRunOption,
    PluginsOption,
    RecipeArgument,
    RunsOption,
    SetOption,
)


def run(
    recipe: RecipeArgument,
    set_: SetOption = None,
    dry_run: DryRunOption = False,
    runs: RunsOption = RUNS,
    plugins: PluginsOption = None,
) -> None:
    """Run a recipe from raw files to the HTML report.

    What was made from the same settings, code and data is taken from the store, slice by slice: a
    day of features, a training, a date's scores. A killed run continues where it stopped, and a new
    day costs a day. `--dry-run` shows the time line of every training, what there is to do, and
    dates of the recipe that its data do not reach.

    Each run has a report of its own, NAME/TIME/report.html; NAME/report.html is the newest. If a
    part fails, what could be made is in the report and the exit code is the failure's.
    """
    from intralpha import pipeline

    del plugins
    plan = pipeline.plan(pipeline.open_recipe(recipe, tuple(set_ or ())), runs)
    if dry_run:
        typer.echo("\n\n".join(part for part in (plan.timelines(), plan.to_text()) if part))
        plan.demand_period()
        return
    carry_out(plan)
