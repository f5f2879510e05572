"""`intralpha level2`: orders and trades of a lake into snapshots, minutes, and their check."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intralpha.base import ConfigError

if TYPE_CHECKING:
    from numpy import ndarray

DAY = ["%Y-%m-%d"]

level2 = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Level-2: minutes with active sides, big orders and the book, made of trades.

First **intralpha ingest** puts `trades` (and `orders`, `snapshots`, `daily`) of some days into a
lake. If the vendor has no snapshots, **snapshots** rebuilds them from orders and trades. Then
**enrich** makes the minutes and **check** holds a day's trades against its daily rows.""",
)


StartOption = Annotated[
    datetime | None,
    typer.Option("--from", formats=DAY, help="First session; default: all."),
]
EndOption = Annotated[
    datetime | None,
    typer.Option("--to", formats=DAY, help="Last session; default: all."),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be done with each day, and stop.")
]


class UnknownRuleError(ConfigError):
    """There is no such rule for big orders."""

    def __init__(self, rule: str, known: Sequence[str]) -> None:
        self.rule = rule
        super().__init__(f"no rule {rule}; expected one of {', '.join(known)}.")


@level2.command()
def snapshots(
    lake: Annotated[Path, typer.Argument(help="Folder of the lake, with tables orders, trades.")],
    start: StartOption = None,
    end: EndOption = None,
    symbols: Annotated[
        list[str] | None,
        typer.Option("--symbol", help="A stock, such as 600519.SH; again for more; default: all."),
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Seconds between snapshots.")] = 3,
    fill: Annotated[
        bool,
        typer.Option(
            "--fill", help="Where a day has published snapshots, rebuild those of other stocks."
        ),
    ] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Rebuild the order book from orders and trades, and write it as snapshots.

    For a vendor that publishes no snapshots. Every order, cancel and trade is replayed by number; a
    row is what stood in ten levels at its time, with last price and sums of the day. There are rows
    from 09:15 to 09:25, 09:30 to 11:30 and 13:00 to 15:00; call auctions show no levels.

    Rows go to table `snapshots`. Published ones are never overwritten: a day that has some is
    refused, or with --fill gets only those of the stocks that have none. A day that is done is left
    alone, so a stopped run goes on; when its orders or trades change, it is made anew.

    At 3 seconds a stock and day is 5,003 rows, 60 seconds are enough for **enrich**'s minutes of
    spread and depth to have values, and take a twentieth.

    Example: **intralpha level2 snapshots lake --from 2024-01-02 --to 2024-01-31 --dry-run**
    """
    from intralpha.market import Lake
    from intralpha.sources.replay.rebuild import plan_rebuild, rebuild

    source, wanted = Lake(lake), tuple(sorted({*symbols})) if symbols else None
    dates = _between(source.dates("orders"), start, end)
    if dry_run:
        for p in plan_rebuild(source, dates, every * 1000, wanted):
            rows = f"{p.orders:>14,} orders{p.trades:>14,} trades{p.snapshots:>14,} snapshots"
            typer.echo(f"{p.on}  {p.state:10}{rows}")
        return
    typer.echo(rebuild(source, dates, every * 1000, wanted, fill).to_text())


@level2.command()
def enrich(
    lake: Annotated[Path, typer.Argument(help="Folder of the lake, with table trades.")],
    start: StartOption = None,
    end: EndOption = None,
    rule: Annotated[
        str,
        typer.Option(
            help="An order is big at or above: log_sigma, exp(mean + std) of ln amount of the "
            "sessions before; q90, what a tenth of their orders exceed; fixed_200k, CNY 200,000; "
            "day_mean, the mean order of the day itself (known after the close only)."
        ),
    ] = "log_sigma",
    days: Annotated[
        int, typer.Option(min=1, max=250, help="Sessions before the day that log_sigma, q90 use.")
    ] = 20,
    min_days: Annotated[
        int,
        typer.Option(min=1, help="Traded ones among them; below, stocks of like size stand in."),
    ] = 5,
    dry_run: DryRunOption = False,
) -> None:
    """Make the 240 enriched minutes of every stock-day from its trades and snapshots.

    A minute gets open, high, low, close, volume, amount and trades; active_buy_* and
    active_sell_* volume, amount and trades by aggressor side; big_buy_amount and big_sell_amount,
    what orders that were big in the whole day filled in it; and from snapshots net_bid_amount
    (CNY put into the best bid less the best ask), spread (share of the mid price),
    depth_imbalance (-1 to 1, ten levels) and quotes (snapshots with both sides).

    Rows go to table `bars`, freq 1, the opening auction to table `auctions`. Minutes of another
    source are replaced where a stock has trades; other stocks and longer bars stay.

    A day that is done is left alone, so a stopped run goes on and a new day costs a day. What
    orders looked like on a day is kept in the lake's folder .cache, which may be deleted.

    Example: **intralpha level2 enrich lake --from 2024-01-02 --to 2024-01-31 --dry-run**
    """
    from intralpha.features.level2.enrich import enrich as enrich_days
    from intralpha.features.level2.enrich import plan_days
    from intralpha.features.level2.thresholds import RULES, BigOrderSpec
    from intralpha.market import Lake

    if rule not in RULES:
        raise UnknownRuleError(rule, RULES)
    given = {"rule": rule, "days": days, "min_days": min_days}
    source, spec = Lake(lake), BigOrderSpec.model_validate(given)
    dates = _between(source.dates("trades"), start, end)
    if dry_run:
        for p in plan_days(source, dates, spec):
            typer.echo(f"{p.on}  {p.state:6}{p.trades:>14,} trades{p.snapshots:>14,} snapshots")
        return
    typer.echo(enrich_days(source, dates, spec).to_text())


@level2.command()
def check(
    lake: Annotated[Path, typer.Argument(help="Folder of the lake, with tables trades, daily.")],
    day: Annotated[datetime, typer.Argument(formats=DAY, help="Session, such as 2024-01-02.")],
) -> None:
    """Hold a day's trades against its daily rows.

    Open, high, low, close, volume and amount of every stock are made of its trades, auctions
    included, and must equal table `daily`; what differs is listed. Below: the share of trades
    without an order id (they cannot be merged to orders), the shares of active buys and sells, and
    how many sides contradict the rule that the later order is the active one.
    """
    from intralpha.market import Lake
    from intralpha.sources.level2.day_check import check_day

    typer.echo(check_day(Lake(lake), day.date()).to_text())


def _between(sessions: "ndarray", start: datetime | None, end: datetime | None) -> "ndarray":
    """Sessions from the first to the last one wanted."""
    import numpy as np

    if start is not None:
        sessions = sessions[sessions >= np.datetime64(start.date())]
    if end is not None:
        sessions = sessions[sessions <= np.datetime64(end.date())]
    return sessions
