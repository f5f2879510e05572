"""`intralpha ingest`: vendor files into a lake."""

from pathlib import Path
from typing import Annotated

import typer

from intralpha.cli.options import FAIL_ABOVE, PluginsOption


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
    fail_above: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Share of the rows looked at that a fault of values may reach; above it the exit "
            "code is 3. 1: never. Default: the recipe's quality.fail_above, else 0.01.",
        ),
    ] = None,
    plugins: PluginsOption = None,
) -> None:
    """Read vendor files into a lake and print what was read, repaired and set aside.

    Ingesting the same files twice changes nothing. Rows that cannot be used go to the lake's
    quarantine with file, line and reason. Afterwards the whole lake is checked as by
    `intralpha quality`, and the exit code is 3 where too much is wrong, or most rows of a source
    were set aside; the others are in it then.

    A new vendor needs no code: a source of kind `mapping` describes its columns and units, one of
    kind `level2` its orders, trades and snapshots.
    """
    from intralpha import pipeline

    del plugins
    done = pipeline.ingest_files(pipeline.find_recipe(sources), lake, on_conflict)
    typer.echo(done.to_text())
    most = next(m for m in (fail_above, done.fail_above, FAIL_ABOVE) if m is not None)
    done.report.demand(most)
    done.found.demand(most)
