"""`intralpha quality`: what is wrong with the data in a lake?"""

from pathlib import Path
from typing import Annotated

import typer

from intralpha.cli.options import FAIL_ABOVE


def quality(
    lake: Annotated[Path, typer.Argument(help="Folder of the lake.")],
    freq: Annotated[int | None, typer.Option(help="Minutes of the bars to check.")] = None,
    fail_above: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Share of the rows looked at that a fault of values may reach; above it the exit "
            "code is 3. 1: never.",
        ),
    ] = FAIL_ABOVE,
    export: Annotated[
        Path | None, typer.Option(help="Write the faulty rows to this .csv or .parquet file.")
    ] = None,
    by: Annotated[
        str, typer.Option(help="What a row of the export is: row (a faulty one), month or stock.")
    ] = "row",
) -> None:
    """Check units, previous closes, limits, spacing of bars and their sums; list what is wrong."""
    from intralpha import pipeline

    found = pipeline.lake_quality(lake, freq)
    typer.echo(found.to_text())
    if export is not None:
        typer.echo(f"written {found.save(export, by)}")
    found.demand(fail_above)
