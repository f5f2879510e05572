"""`intralpha quality`: what is wrong with the data in a lake?"""

from pathlib import Path
from typing import Annotated

import typer


def quality(
    lake: Annotated[Path, typer.Argument(help="Folder of the lake.")],
    freq: Annotated[int | None, typer.Option(help="Minutes of the bars to check.")] = None,
) -> None:
    """Compare bars with daily rows and list missing days, zero prices, broken ticks and more."""
    from intralpha import pipeline

    typer.echo(pipeline.quality_text(lake, freq))
