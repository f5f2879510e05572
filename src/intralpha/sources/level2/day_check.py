"""Day check: a session's trades against its daily rows, and what its trades do not say."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from intralpha.base import DataError
from intralpha.market.hours import AFTER_HOURS_MS, CLOSE_MS, MORNING_MS
from intralpha.market.lake import Lake
from intralpha.market.limits import HALF_TICK_YUAN
from intralpha.market.tick_blocks import read_ticks
from intralpha.market.ticks import Ticks

COLUMNS = ("time", "price", "volume", "buy_id", "sell_id", "side")
COMPARED = ("open", "high", "low", "close", "volume", "amount")
SHOWN = 20
FLOAT32 = 2.0**-23  # of a volume: a vendor that keeps it and a factor in float32 rounds twice


class NoTradesError(DataError):
    """The lake has no trades of a session."""

    def __init__(self, on: date) -> None:
        self.on = on
        super().__init__(
            f"no trades of {on} in the lake; expected a session that was ingested.\n"
            "Hint: `intralpha ingest` with a source that has table trades."
        )


@dataclass(frozen=True)
class DayCheck:
    """A session's trades beside its daily rows.

    Attributes
    ----------
    on : session
    stocks, trades : with and of trades
    differences : one row a stock and column that differs: symbol, column, from_trades, daily
    only_trades, only_daily : stocks with trades but no daily row; with a daily volume but no trades
    without_buy_id, without_sell_id : trades
    active_buys, active_sells, no_side : trades of continuous trading by ``side``
    contradicted : trades whose side is not that of the later (larger) order id [Spec 2.4]
    after_hours : trades from 15:05 on, which should not be in the table
    """

    on: date
    stocks: int
    trades: int
    differences: pl.DataFrame
    only_trades: tuple[str, ...]
    only_daily: tuple[str, ...]
    without_buy_id: int
    without_sell_id: int
    active_buys: int
    active_sells: int
    no_side: int
    contradicted: int
    after_hours: int

    def to_text(self) -> str:
        """A paragraph, and the first differences."""
        cont = max(self.active_buys + self.active_sells + self.no_side, 1)
        sided = max(self.active_buys + self.active_sells, 1)
        wrong = self.differences["symbol"].n_unique()
        lines = [
            f"{self.on}: {self.trades:,} trades of {self.stocks:,} stocks",
            f"equal to daily   {self.stocks - len(self.only_trades) - wrong:,} stocks, "
            f"{wrong:,} differ; {len(self.only_trades):,} have no daily row, "
            f"{len(self.only_daily):,} only that",
            f"without an id    buy {self.without_buy_id / self.trades:.2%}, "
            f"sell {self.without_sell_id / self.trades:.2%} of trades",
            f"active side      buy {self.active_buys / cont:.2%}, sell "
            f"{self.active_sells / cont:.2%}, none {self.no_side / cont:.2%} of continuous trades; "
            f"{self.contradicted / sided:.2%} contradict the ids",
            f"after hours      {self.after_hours:,} trades",
        ]
        lines += [
            f"    {r['symbol']} {r['column']:7}{r['from_trades']:18,.2f} from trades"
            f"{r['daily']:18,.2f} daily"
            for r in self.differences.head(SHOWN).iter_rows(named=True)
        ]
        left = self.differences.height - SHOWN
        return "\n".join(lines + ([f"    and {left:,} more"] if left > 0 else []))


def check_day(lake: Lake, on: date, amount_tolerance_yuan: float = 1.0) -> DayCheck:
    """Compare open, high, low, close, volume and amount from trades with table ``daily``.

    Parameters
    ----------
    lake : with ``trades`` and ``daily``
    on : session
    amount_tolerance_yuan : amounts may differ by so much; vendors round them

    Returns
    -------
    DayCheck
        Prices are equal within half a tick, volumes within half a share, or what float32 rounds
        off them (1 share in 8 million). Known exceptions that are no faults: a vendor's volume and
        amount with after-hours trading in it, and a close that is the mean price of the last minute
        where a day had no closing auction [Spec 2.1].

    Raises
    ------
    NoTradesError
        The lake has no trades of the session.

    Notes
    -----
    Memory: a block of :func:`~intralpha.market.ticks.read_ticks`.
    """
    parts, counts = [], np.zeros(7, np.int64)
    for block in read_ticks(lake, "trades", on, COLUMNS):
        parts.append(_totals(block))
        counts += _faults(block)
    if not parts:
        raise NoTradesError(on)
    totals = pl.concat(parts)
    indices = lake.scan("instruments").filter(pl.col("board") == "index").select("symbol")
    daily = lake.scan("daily", on, on).join(indices, on="symbol", how="anti")
    daily = daily.select("symbol", *COMPARED).collect()
    trading = daily.filter(pl.col("volume") > 0)["symbol"]
    return DayCheck(
        on,
        totals.height,
        int(totals["trades"].sum()),
        _differences(totals, daily, amount_tolerance_yuan),
        tuple(sorted(set(totals["symbol"]) - set(daily["symbol"]))),
        tuple(sorted(set(trading) - set(totals["symbol"]))),
        *counts.tolist(),
    )


def _totals(trades: Ticks) -> pl.DataFrame:
    """The day of each stock of a block."""
    first, last = trades.bounds[:-1], trades.bounds[1:] - 1
    price, volume = trades["price"], trades["volume"]
    return pl.DataFrame(
        {
            "symbol": pl.Series(trades.symbols.tolist(), dtype=pl.String),
            "open": price[first],
            "high": np.maximum.reduceat(price, first),
            "low": np.minimum.reduceat(price, first),
            "close": price[last],
            "volume": np.add.reduceat(volume, first).astype(np.float64),
            "amount": np.add.reduceat(price * volume, first),
            "trades": last - first + 1,
        }
    )


def _faults(trades: Ticks) -> np.ndarray:
    """The last seven counts of a DayCheck."""
    time, side, buy, sell = (trades[n] for n in ("time", "side", "buy_id", "sell_id"))
    inside = (time >= MORNING_MS) & (time < CLOSE_MS)
    known = inside & (buy > 0) & (sell > 0) & (side != 0)
    counted = (
        buy <= 0,
        sell <= 0,
        inside & (side > 0),
        inside & (side < 0),
        inside & (side == 0),
        known & ((side > 0) != (buy > sell)),
        time >= AFTER_HOURS_MS,
    )
    return np.array([int(c.sum()) for c in counted])


def _differences(totals: pl.DataFrame, daily: pl.DataFrame, yuan: float) -> pl.DataFrame:
    """Rows of what differs by more than it may; an unknown daily value differs from nothing."""
    may = dict.fromkeys(COMPARED, pl.lit(HALF_TICK_YUAN)) | {"amount": pl.lit(yuan)}
    may["volume"] = pl.max_horizontal(pl.lit(0.5), pl.col("volume") * FLOAT32)
    joined = totals.join(daily, on="symbol", suffix="_daily")
    parts = [
        joined.filter((pl.col(name) - pl.col(f"{name}_daily")).abs() > may[name]).select(
            "symbol",
            column=pl.lit(name),
            from_trades=pl.col(name),
            daily=pl.col(f"{name}_daily").cast(pl.Float64),
        )
        for name in COMPARED
    ]
    return pl.concat(parts).sort("symbol", maintain_order=True)
