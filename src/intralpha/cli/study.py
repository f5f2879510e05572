"""`intralpha study`: a recipe with other settings, every combination compared."""

from typing import Annotated

import typer

from intralpha.cli.options import (
    RUNS,
    DryRunOption,
    PluginsOption,
    RecipeArgument,
    RunsOption,
    SetOption,
)


def study(
    recipe: RecipeArgument,
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            help="What is varied: a.b.c=[value, ...], or for a search a.b.c={low: NUMBER, high: "
            "NUMBER}. Again for another key. Default: `study` of the recipe.",
        ),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(
            "--search",
            help="How settings are chosen, such as {kind: tpe, trials: 30}. Default: every "
            "combination.",
        ),
    ] = None,
    factor: Annotated[
        str | None,
        typer.Option(
            "--factor",
            help="Which is compared; default: that of `study`, the signal, or the only one.",
        ),
    ] = None,
    set_: SetOption = None,
    dry_run: DryRunOption = False,
    runs: RunsOption = RUNS,
    plugins: PluginsOption = None,
) -> None:
    """Run a recipe with many settings, all combinations or a search, and compare them in one table.

    Choose by the validation RankIC: test dates have not seen it. The best of many trials looks good
    by luck, too; how good, and what is left of the best one, stands below the table. What trials
    have in common is made once; a study that was stopped goes on, and one more value costs its
    trials only. A search asks for a batch of trials by the validation RankIC of those before. The
    page is RUNS/NAME/TIME/report.html, its newest copy RUNS/NAME/study.html; the same in figures is
    study.json beside it. Portfolios are left out.

    Example: **intralpha study demo --over 'factors.gru_bars.training.learning_rate=[0.001, 0.01]'
    --over 'factors.gru_bars.model.hidden=[16, 32]' --factor gru_bars**
    """
    from intralpha import pipeline

    del plugins
    planned = pipeline.plan_study(recipe, tuple(set_ or ()), tuple(over or ()), runs, search)
    if dry_run:
        for at, trial in enumerate(planned.trials):
            told = ", ".join(f"{key} = {value}" for key, value in trial.settings.items())
            todo = trial.plan.to_text().splitlines()[-1].strip()
            typer.echo(f"trial {at}: {told}: {todo}")
        if later := planned.size - len(planned.trials):
            typer.echo(f"{later} more are chosen by what these reach")
        return
    result = pipeline.run_study(planned, factor)
    typer.echo(result.to_text())
    folder = pipeline.file_study(planned, result)
    typer.echo(f"page: {folder / 'report.html'}")
