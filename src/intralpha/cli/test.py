"""`intralpha test`: what is a factor from elsewhere worth?"""

from pathlib import Path
from typing import Annotated

import typer

from intralpha.cli.carry_out import carry_out
from intralpha.cli.options import RUNS, DryRunOption, RunsOption, SetOption


def test(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="csv or Parquet with date, symbol and scores, or folders of saved Panels."
        ),
    ],
    lake: Annotated[Path, typer.Option(help="Folder of the lake with the prices.")],
    column: Annotated[
        list[str] | None,
        typer.Option(help="Column with scores; again for more. Default: score, or all others."),
    ] = None,
    set_: SetOption = None,
    dry_run: DryRunOption = False,
    runs: RunsOption = RUNS,
) -> None:
    """Test factors that another program made: RankIC, groups, turnover, decay, by year, as a page.

    A score of a date must have been known at its close. Returns follow from the next session's
    close on, over the universe and the stocks that can be bought then. Settings are keys of a
    recipe:
    `--set 'test.horizons=[[1, 11]]'`, `--set grid.every=10`, `--set 'test.within=[000905.SH]'`,
    `--set test.factor.n_groups=20`; `intralpha explain test` has all.
    """
    from intralpha import pipeline

    recipe = pipeline.factor_file_recipe(files, lake, column or (), set_ or ())
    plan = pipeline.plan(recipe, runs)
    if dry_run:
        typer.echo(plan.to_text())
        return
    carry_out(plan)
