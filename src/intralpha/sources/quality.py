"""Quality: what is wrong with the data in a lake, counted and listed."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from intralpha.market import Calendar, Lake, bar_times
from intralpha.market.calendar import CalendarCheck
from intralpha.sources.tick import tick_of

PRICES = ("open", "high", "low", "close")
SHOWN = 5


@dataclass(frozen=True, repr=False)
class QualityReport:
    """Faults of a lake, each a count and a table.

    Attributes
    ----------
    checked : what was looked at -> how many
    faults : name of the fault -> rows that show it
    """

    checked: dict[str, int]
    faults: dict[str, pl.DataFrame]

    def summary(self) -> dict[str, int]:
        """Fault -> number of rows."""
        return {name: rows.height for name, rows in self.faults.items()}

    def __repr__(self) -> str:
        return self.to_text()

    def to_text(self, shown: int = SHOWN) -> str:
        """Counts, and the first rows of every fault."""
        lines = [f"checked {n:>12,}  {what}" for what, n in self.checked.items()]
        for name, rows in self.faults.items():
            lines.append(f"found   {rows.height:>12,}  {name}")
            shown_rows = rows.head(shown).iter_rows(named=True)
            lines += [" " * 24 + ", ".join(f"{k} {v}" for k, v in r.items()) for r in shown_rows]
        return "\n".join(lines)


def quality(
    lake: Lake,
    freq: int | None = None,
    calendar: Calendar | None = None,
    tick_yuan: float | None = None,
) -> QualityReport:
    """Check daily rows, and bars of one frequency against them.

    Parameters
    ----------
    lake : the data
    freq : minutes of the bars; default: the first frequency of the lake, if any
    calendar : sessions; default: Shanghai's
    tick_yuan : price step that closes must be a multiple of; default: of each code's range

    Returns
    -------
    QualityReport
        Faults of the calendar, of daily rows, and of stock-days on which bars differ from the
        daily row in open, high, low, close (any difference) or volume (above 0.5 %).
    """
    sessions = calendar or Calendar.xshg()
    checked: dict[str, int] = {}
    faults: dict[str, pl.DataFrame] = {}
    daily = lake.scan("daily")
    if lake.has("daily"):
        checked["daily rows"] = daily.select(pl.len()).collect().item()
        faults |= _calendar_faults("daily", sessions.check(lake.dates("daily")))
        faults |= _daily_faults(daily, tick_yuan)
    freqs = lake.freqs()
    if freqs:
        wanted = freq or freqs[0]
        bars = lake.scan("bars", freq=wanted)
        checked[f"{wanted}-minute bars"] = bars.select(pl.len()).collect().item()
        faults |= _calendar_faults("bars", sessions.check(lake.dates("bars", wanted)))
        days = _bar_days(lake, wanted)
        checked["stock-days of bars"] = days.height
        faults |= _bar_faults(days, len(bar_times(wanted)))
        if lake.has("daily"):
            faults |= _against_daily(days, daily, checked)
    return QualityReport(checked, faults)


def _calendar_faults(table: str, check: CalendarCheck) -> dict[str, pl.DataFrame]:
    named = {"sessions missing": check.missing, "days off the calendar": check.extra}
    named["days past the calendar's end"] = check.beyond
    return {f"{table}: {k}": pl.DataFrame({"date": np.asarray(v)}) for k, v in named.items()}


def _daily_faults(daily: pl.LazyFrame, given: float | None) -> dict[str, pl.DataFrame]:
    key = ["date", "symbol"]
    symbols = daily.select(pl.col("symbol").unique()).collect()["symbol"]
    steps = [tick_of(symbol, given) for symbol in symbols]
    tick_yuan = pl.col("symbol").replace_strict(symbols, steps, return_dtype=pl.Float64())
    ticks = pl.col("close") / tick_yuan
    broken = daily.filter((ticks - ticks.round()).abs() > 1e-4).select(*key, "close")
    beyond = daily.filter(
        (pl.col("high") > pl.col("up_limit") + tick_yuan / 2)
        | (pl.col("low") < pl.col("down_limit") - tick_yuan / 2)
    ).select(*key, "high", "low", "up_limit", "down_limit")
    gap = daily.sort("symbol", "date").with_columns(
        last=pl.col("close").shift(1).over("symbol"),
        step=(pl.col("adj_factor") / pl.col("adj_factor").shift(1)).over("symbol"),
    )
    jumps = gap.filter(
        ((pl.col("close") * pl.col("step") / pl.col("last")).log().abs() > 0.5)
        & (pl.col("volume") > 0)
    ).select(*key, "last", "close")
    return {
        "daily: close is not a multiple of the tick": broken.collect(),
        "daily: prices beyond the day's limits": beyond.collect(),
        "daily: adjusted close moved by more than 50 log points": jumps.collect(),
    }


def _bar_days(lake: Lake, freq: int) -> pl.DataFrame:
    """One row a stock-day of bars; a day at a time keeps memory small."""
    pieces = []
    for day in lake.dates("bars", freq):
        rows = lake.scan("bars", day.item(), day.item(), freq)
        pieces.append(
            rows.group_by("symbol")
            .agg(
                pl.col("date").first(),
                pl.len().alias("bars"),
                pl.col("open").first(),
                pl.col("high").max(),
                pl.col("low").min(),
                pl.col("close").last(),
                pl.col("volume").sum(),
                (pl.col("volume") == 0).sum().alias("empty"),
                pl.col("close").null_count().alias("unpriced"),
            )
            .collect()
        )
    return pl.concat(pieces).sort("date", "symbol")


def _bar_faults(days: pl.DataFrame, expected: int) -> dict[str, pl.DataFrame]:
    key = ["date", "symbol"]
    traded = (pl.col("volume") > 0) & (pl.col("empty") > 0)
    return {
        "bars: incomplete days": days.filter(pl.col("bars") != expected).select(*key, "bars"),
        "bars: days without any trade": days.filter(pl.col("volume") == 0).select(key),
        "bars: traded days with empty bars": days.filter(traded).select(*key, "empty"),
        "bars: days with bars before any price": days.filter(pl.col("unpriced") > 0).select(
            *key, "unpriced"
        ),
    }


def _against_daily(
    days: pl.DataFrame, daily: pl.LazyFrame, checked: dict[str, int]
) -> dict[str, pl.DataFrame]:
    key = ["date", "symbol"]
    span: tuple[date, date] = (days["date"].min(), days["date"].max())  # type: ignore[assignment]
    official = daily.filter(
        pl.col("date").is_between(*span), pl.col("symbol").is_in(days["symbol"].unique().to_list())
    ).select(*key, *PRICES, "volume")
    rows = official.collect()
    both = days.join(rows, on=key, suffix="_daily").filter(pl.col("volume_daily") > 0)
    checked["stock-days with bars and a daily row that traded"] = both.height
    faults = {}
    for price in PRICES:
        off = both.filter((pl.col(price) - pl.col(f"{price}_daily")).abs() > 1e-6)
        faults[f"bars: {price} is not the daily {price}"] = off.select(
            *key, price, f"{price}_daily"
        )
    share = (pl.col("volume") / pl.col("volume_daily") - 1).alias("volume_off")
    off = both.filter(share.abs() > 0.005).select(*key, "volume", "volume_daily", share)
    faults["bars: volume over 0.5 % off the daily volume"] = off
    faults["bars: stock-days without a daily row"] = days.join(rows, on=key, how="anti").select(key)
    faults["daily: traded stock-days without bars"] = (
        rows.filter(pl.col("volume") > 0).join(days, on=key, how="anti").select(key)
    )
    return faults
