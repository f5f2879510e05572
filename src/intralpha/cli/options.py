"""Arguments that several verbs share, described once."""

from pathlib import Path
from typing import Annotated

import typer


def _load(names: list[str] | None) -> list[str] | None:
    from intralpha.base.plugins import load_plugins

    load_plugins(names or ())
    return names


RecipeArgument = Annotated[
    Path, typer.Argument(help="Recipe: a YAML file, or the name of a shipped recipe.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override one key: a.b.c=value. May be given several times."),
]
PluginsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plugins",
        callback=_load,
        is_eager=True,
        help="Kinds of your own: an installed package's name, or a file such as ./mine.py; again "
        "for more, or INTRALPHA_PLUGINS. Nothing is loaded that is not named.",
    ),
]
RunsOption = Annotated[
    Path,
    typer.Option("--runs", envvar="INTRALPHA_RUNS", help="Folder of artifacts and reports."),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Print the plan, with what is there, and stop.")
]
RUNS = Path("runs")
FAIL_ABOVE = 0.01  # share of rows with a fault of values above which data is not fit for use
