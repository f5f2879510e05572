"""`intralpha explore`: what are the stylised facts of the bars in a lake?"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

DAY = ["%Y-%m-%d"]


def explore(
    lake: Annotated[Path, typer.Argument(help="Folder of the lake.")],
    freq: Annotated[
        int | None, typer.Option(help="Minutes of the bars; default: the shortest there.")
    ] = None,
    start: Annotated[datetime | None, typer.Option(formats=DAY, help="First session.")] = None,
    end: Annotated[datetime | None, typer.Option(formats=DAY, help="Last session.")] = None,
    lags: Annotated[int, typer.Option(min=1, help="Longest lag of the memory of returns.")] = 100,
    stock: Annotated[
        list[str] | None,
        typer.Option(
            help="Whose memory is drawn, such as 600000.SH; again for more. Default: all."
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="HTML file to write.")] = Path("explore.html"),
) -> None:
    """Write a page of stylised facts and print its figures.

    The shape of the day, the spread, autocorrelation, tails, common moves, volume, and what simple
    scores order: the same page for a real and for a simulated market, to lay beside each other.
    The page opens offline.
    """
    from intralpha.explore import explore as facts_of
    from intralpha.market import Lake
    from intralpha.report import render_exploration

    first, last = (None if day is None else day.date() for day in (start, end))
    exploration = facts_of(Lake(lake), freq, first, last, lags=lags, stocks=stock or ())
    typer.echo(exploration.to_text())
    typer.echo(f"page: {render_exploration(exploration, output)}")
