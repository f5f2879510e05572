"""The checks of a lake, put together."""

import numpy as np
import polars as pl

from intralpha.market import Calendar, Lake
from intralpha.market.calendar import CalendarCheck
from intralpha.sources.quality.bars import bar_faults, sum_faults
from intralpha.sources.quality.coverage import coverage_faults
from intralpha.sources.quality.daily import daily_faults
from intralpha.sources.quality.report import Fault, QualityReport


def quality(
    lake: Lake,
    freq: int | None = None,
    calendar: Calendar | None = None,
    tick_yuan: float | None = None,
    level2: bool = True,
) -> QualityReport:
    """Check daily rows, and bars of one frequency against them.

    Parameters
    ----------
    lake : the data
    freq : minutes of the bars, of which there may be none; default: the first frequency of the
        lake, if any
    calendar : sessions; default: Shanghai's
    tick_yuan : price step that closes must be a multiple of; default: of each code's range
    level2 : look at the coverage of orders, trades and snapshots, too, if there are any; every row
        of them is read

    Returns
    -------
    QualityReport
        Of the calendar; of daily rows (ticks, limits, previous closes, adjusted returns, amount
        against volume and prices, volume and amount against their own past, float shares, opens
        against closes); of bars (grid, spacing, amount against volume and prices); of stock-days on
        which bars differ from the daily row in open, high, low, close (any difference), volume or
        amount (above 0.5 %); and of Level-2 streams that begin late, stop early, have a hole or are
        not there.

    Notes
    -----
    Reads daily rows by month and bars by day; memory is that of a month, of about 20 numbers a
    stock-day of bars, and of the rows that show a fault.
    """
    sessions = calendar or Calendar.xshg()
    checked: dict[str, int] = {}
    found: dict[str, Fault] = {}
    if lake.has("daily"):
        checked["daily rows"] = lake.scan("daily").select(pl.len()).collect().item()
        found |= _calendar_faults("daily", sessions.check(lake.dates("daily")))
        found |= daily_faults(lake, tick_yuan)
    freqs = lake.freqs()
    wanted = freq or next(iter(freqs), None)
    if wanted is not None and wanted in freqs:
        bars = lake.scan("bars", freq=wanted)
        checked[f"{wanted}-minute bars"] = bars.select(pl.len()).collect().item()
        found |= _calendar_faults("bars", sessions.check(lake.dates("bars", wanted)))
        of_bars, days = bar_faults(lake, wanted, tick_yuan)
        checked["stock-days of bars"] = days.height
        found |= of_bars
        if lake.has("daily"):
            found |= sum_faults(lake, days, checked)
    if level2:
        found |= coverage_faults(lake, checked)
    return QualityReport(checked, found)


def _calendar_faults(table: str, check: CalendarCheck) -> dict[str, Fault]:
    named = {"sessions missing": check.missing, "days off the calendar": check.extra}
    named["days past the calendar's end"] = check.beyond
    frames = {f"{table}: {k}": pl.DataFrame({"date": np.asarray(v)}) for k, v in named.items()}
    return {name: Fault(frame, frame.height) for name, frame in frames.items()}
