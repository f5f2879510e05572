"""One pass over the bars of a lake: everything of `explore` that is summed session by session."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float, Int, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.evaluation.stylised_returns import LaggedSums, TailSums, bar_log_returns
from intralpha.evaluation.stylised_volume import RunningMean, volume_shares
from intralpha.explore.memory import COARSE_MINUTES, LAGS, ReturnMemory, bars_of_sessions
from intralpha.market import Lake, bar_times

FINE_LAGS = 30
DAILY_LAGS = 20
ROLLING_DAYS = 3
GROUP_SHARE = 0.2
MS_A_MINUTE = 60_000
OPEN, NOON, AFTERNOON, CLOSING_AUCTION = 570, 690, 780, 897  # minutes since midnight


@dataclass(frozen=True, eq=False)
class Daily:
    """Daily data of the stocks, on all sessions from the first to the last day of bars.

    Attributes
    ----------
    panel : columns of ``read_daily``; NaN outside days with a row
    ret_DA : log return of the adjusted close on days with trades; the first return after days
        without trades spans them; else NaN
    scale_A : standard deviation of ``ret_DA``; NaN if it is 0 or unknown
    """

    panel: Panel
    ret_DA: Float[ndarray, "D A"]
    scale_A: Float[ndarray, "A"]

    def traded(self, name: str) -> Float[ndarray, "D A"]:
        """A column on days with trades, else NaN."""
        return np.where(self.panel["traded"] == 1.0, self.panel[name], np.nan)

    def by_amount(self) -> tuple[Int[ndarray, "G"], Int[ndarray, "G"]]:
        """Positions of the fifth of the stocks with the largest and with the smallest amount."""
        amount = self.traded("amount_proxy")
        known = np.isfinite(amount)
        total, count = np.where(known, amount, 0.0).sum(axis=0), known.sum(axis=0)
        order = np.argsort(total / np.maximum(count, 1), kind="stable")
        order = order[count[order] > 0]
        size = max(int(len(order) * GROUP_SHARE), 1)
        return order[-size:], order[:size]


class SeriesSums:
    """Autocorrelation of returns and of their squares, and tails, of one kind of returns.

    Parameters
    ----------
    scale_A : fixed size of each stock's returns, by which they are divided, shape [A]; NaN leaves
        the stock out
    max_lag : longest lag, in rows
    n_rows : rows of returns that will come, on all sessions together
    """

    def __init__(self, scale_A: Float[ndarray, "A"], max_lag: int, n_rows: int) -> None:
        assets = len(scale_A)
        self.scale_A = scale_A
        self.returns, self.squares = LaggedSums(assets, max_lag), LaggedSums(assets, max_lag)
        self.tails = TailSums(assets, n_rows * assets)

    def add(self, ret_TA: Float[ndarray, "T A"]) -> None:
        """Count the returns of one session, or all daily ones at once."""
        scaled = ret_TA / self.scale_A
        self.returns.add(scaled)
        self.squares.add(scaled**2)
        self.tails.add(scaled)


class BarPass:
    """What is known of the bars so far.

    Bars without trades have no return here (see ``bar_log_returns``): they are in no
    autocorrelation, no mean size and no tail; their zero volume is in the volume curve. Returns
    are divided by a fixed scale of their stock, which changes no correlation.

    Parameters
    ----------
    daily : on the sessions that will be added
    freq : minutes of one bar
    lags : of the memory of returns
    """

    def __init__(self, daily: Daily, freq: int, lags: int = LAGS) -> None:
        days, assets = daily.ret_DA.shape
        bars, self.coarse = len(bar_times(freq)), max(freq, COARSE_MINUTES)
        blocks = len(bar_times(self.coarse))
        self.daily, self.freq = daily, freq
        self.volume_share, self.size = RunningMean((bars, assets)), RunningMean((bars, assets))
        self.spread = RunningMean((bars, assets))
        scale = daily.scale_A
        self.fine = SeriesSums(scale / np.sqrt(bars), min(FINE_LAGS, bars - 1), days * bars)
        self.blocks = SeriesSums(scale / np.sqrt(blocks), blocks - 1, days * blocks)
        self.days = SeriesSums(scale, min(DAILY_LAGS, max(days // 4, 1)), days)
        self.days.add(daily.ret_DA)
        self.rolling = LaggedSums(assets, ROLLING_DAYS * blocks, carry=True)
        self.memory = ReturnMemory(assets, freq, lags)
        self.memory.add_daily(daily.ret_DA)
        self.realised_DA = np.full((days, assets), np.nan)
        self.liquid, self.illiquid = daily.by_amount()
        self.groups_GDT = np.full((2, days, bars), np.nan)
        self.silent = self.unchanged = self.cells = 0

    def add(self, day: int, bars: Panel) -> None:
        """Count session number ``day``: ``open``, ``close`` and ``volume`` of one day."""
        open_TA, close_TA, volume_TA = (bars[n][0] for n in ("open", "close", "volume"))
        ret = bar_log_returns(open_TA, close_TA, volume_TA)
        known = np.isfinite(ret)
        self.volume_share.add(volume_shares(volume_TA))
        self.size.add(np.abs(ret))
        self.fine.add(ret)
        self.cells += int(np.isfinite(close_TA).sum())
        self.silent += int((volume_TA == 0).sum())
        self.unchanged += int((ret == 0).sum())
        squares = np.where(known, ret, 0.0) ** 2
        self.realised_DA[day] = np.where(known.any(axis=0), np.sqrt(squares.sum(axis=0)), np.nan)
        for g, members in enumerate((self.liquid, self.illiquid)):
            self.groups_GDT[g, day] = _row_mean(ret[:, members])
        block_TA, rolling_TA = self.memory.add(bars, self.daily.panel["adj_factor"][day])
        self.blocks.add(block_TA)
        self.rolling.add(rolling_TA / self.daily.scale_A)

    def skip(self) -> None:
        """A session without bars."""
        self.memory.skip()
        self.rolling.add(np.full((self.memory.n_bars, len(self.daily.scale_A)), np.nan))


def pass_over_bars(lake: Lake, daily: Daily, freq: int, lags: int = LAGS) -> BarPass:
    """Read every session of bars once, and its snapshots if there are any.

    Parameters
    ----------
    lake : with ``bars`` of that frequency; ``snapshots`` give the quoted spread
    daily : daily data of the stocks, on the sessions to be read; those without bars are skipped
    freq : minutes of one bar
    lags : of the memory of returns

    Returns
    -------
    BarPass
        Of the whole period, so known at the close of its last session.

    Raises
    ------
    IncompleteDayError
        A day of bars is not a full grid.

    Notes
    -----
    Memory: one session of bars or of the best quotes, the tail (1 % of the bar returns, 8 bytes
    each), and a few [D, A] arrays.
    """
    done = BarPass(daily, freq, lags)
    panel = daily.panel
    with_quotes = set(lake.dates("snapshots").tolist()) if lake.has("snapshots") else set()
    sessions = bars_of_sessions(lake, panel.dates, panel.assets, freq)
    for i, (day, bars) in enumerate(zip(panel.dates.tolist(), sessions, strict=True)):
        if bars is None:
            done.skip()
            continue
        done.add(i, bars)
        if day in with_quotes:
            done.spread.add(quoted_spread(lake, day, freq, panel.assets))
    return done


def quoted_spread(
    lake: Lake, day: date, freq: int, assets: Shaped[ndarray, "A"]
) -> Float[ndarray, "T A"]:
    r"""Mean quoted spread of the snapshots inside every bar.

    .. math:: (a_1 - b_1) \big/ \tfrac12 (a_1 + b_1)

    Only continuous trading counts (from 09:30 until 11:30, from 13:00 until 14:57, the ends not
    included) and only snapshots with both best quotes and ask above bid. Snapshots count alike,
    however long they stood.

    Parameters
    ----------
    lake : with ``snapshots`` of the session
    day : session
    freq : minutes of one bar
    assets : symbols, shape [A]; others are left out

    Returns
    -------
    ndarray of float64, shape [T, A]
        A share of the mid price, known at the bar's end; NaN for a bar without such a snapshot.
    """
    minute = pl.col("time") // MS_A_MINUTE
    morning = minute.is_between(OPEN, NOON, closed="left")
    open_now = morning | minute.is_between(AFTERNOON, CLOSING_AUCTION, closed="left")
    bid, ask = pl.col("bid_price1"), pl.col("ask_price1")
    passed = pl.when(morning).then(minute - OPEN).otherwise(minute - AFTERNOON + NOON - OPEN)
    rows = (
        lake.scan("snapshots", day, day)
        .filter(open_now, bid > 0, ask > bid)
        .group_by("symbol", bar=passed // freq)
        .agg(spread=((ask - bid) / (0.5 * (ask + bid))).mean())
        .collect(engine="streaming")
    )
    place = {symbol: i for i, symbol in enumerate(assets.tolist())}
    rows = rows.filter(pl.col("symbol").is_in(list(place)))
    out = np.full((len(bar_times(freq)), len(assets)), np.nan)
    columns = np.array([place[s] for s in rows["symbol"]], dtype=np.int64)
    out[rows["bar"].to_numpy(), columns] = rows["spread"].to_numpy()
    return out


def _row_mean(values_TA: Float[ndarray, "T A"]) -> Float[ndarray, "T"]:
    mean = RunningMean(values_TA.shape)
    mean.add(values_TA)
    return mean.mean_over(axis=1)
