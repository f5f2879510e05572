"""`intralpha simulate`: files of a simulated market, in the layouts of the exchanges or vendors."""

import logging
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from intralpha.cli.options import PluginsOption

log = logging.getLogger(__name__)
DAY = ["%Y-%m-%d"]


def simulate(
    folder: Annotated[Path, typer.Argument(help="Gets the files.")],
    preset: Annotated[
        str | None, typer.Option(help="tiny, demo or market: 12, 300 or 4,995 stocks.")
    ] = None,
    layout: Annotated[
        str, typer.Option(help="Whose files to write; `list` tells which there are.")
    ] = "exchanges",
    symbols: Annotated[
        list[str] | None, typer.Option("--symbol", help="A stock to write; again for more.")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(formats=DAY, help="First session; another start is another market."),
    ] = None,
    end: Annotated[datetime | None, typer.Option(formats=DAY, help="Last session.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same market.")] = 0,
    plugins: PluginsOption = None,
) -> None:
    """Write the files of a simulated market, in a vendor's layout.

    Without --layout: what the exchanges publish. Shanghai: entrust.csv lists only what rests in
    the book, trade.csv has the active side. Shenzhen: order.csv lists every order, trade.csv has
    the cancels. A session that is there is kept, so a stopped run goes on. To get bars, or the
    true orders beside them, into a lake, use **intralpha ingest** with a source of kind simulated.
    """
    from intralpha.base.progress import progress
    from intralpha.sources import SimulatedMarket, SimulatedSpec
    from intralpha.sources.exchange.layouts.layout import layout_of, layouts

    del plugins
    if layout == "list":
        typer.echo("\n".join(f"{name:12} {about}" for name, about in layouts().items()))
        return
    form = layout_of(layout)
    if preset is None:
        raise typer.BadParameter("expected one of tiny, demo, market", param_hint="--preset")
    limits = {"start": start, "end": end}
    given = {k: day.date() for k, day in limits.items() if day is not None}
    given |= {"freq": form.freq} if form.freq else {}
    spec = SimulatedSpec.model_validate({"preset": preset, "seed": seed, **given})
    market = SimulatedMarket(spec)
    with progress(wanted=True) as bar:
        task = bar.add_task("sessions", total=len(market.sessions))
        written = 0
        for day, stocks in form.write(market, folder, symbols):
            written += stocks
            bar.advance(task)
            log.info("wrote %s: %d stocks", day, stocks)
    typer.echo(f"{written:,} stock-days written, {len(market.sessions)} sessions in {folder}")
