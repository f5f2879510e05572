"""Arguments that several verbs share, described once."""

from pathlib import Path
from typing import Annotated

import typer

RecipeArgument = Annotated[
    Path, typer.Argument(help="Recipe: a YAML file, or the name of a shipped recipe.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override one key: a.b.c=value. May be given several times."),
]
RunsOption = Annotated[
    Path,
    typer.Option("--runs", envvar="INTRALPHA_RUNS", help="Folder of artifacts and reports."),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Print the plan, with what is cached, and stop.")
]
RUNS = Path("runs")
