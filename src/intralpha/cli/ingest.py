"""`intralpha ingest`: vendor files into a lake."""

from pathlib import Path
from typing import Annotated

import typer

from intralpha.cli.options import PluginsOption


def ingest(
    sources: Annotated[
        Path,
        typer.Argument(
            help="YAML: a recipe (its data.sources) or a list of sources; or a shipped recipe."
        ),
    ],
    lake: Annotated[
        Path | None, typer.Option(help="Folder of the lake; default: the recipe's.")
    ] = None,
    on_conflict: Annotated[
        str, typer.Option(help="Same key, other values: error, keep (the lake's) or replace.")
    ] = "error",
    plugins: PluginsOption = None,
) -> None:
    """Read vendor files into a lake and print what was read, repaired and set aside.

    Ingesting the same files twice changes nothing. Rows that cannot be used go to the lake's
    quarantine with file, line and reason. Afterwards bars are compared with daily rows.

    A new vendor needs no code: a source of kind `mapping` describes its columns and units, one of
    kind `level2` its orders, trades and snapshots.
    """
    from intralpha import pipeline

    del plugins
    typer.echo(pipeline.ingest_files(pipeline.find_recipe(sources), lake, on_conflict))
