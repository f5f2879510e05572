"""ReturnMemory: autocorrelations of daily, half-hourly and rolling one-day returns [000]."""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float, Int, Shaped
from numpy import ndarray

from intralpha.base import ConfigError, Panel
from intralpha.evaluation.memory import memory_table
from intralpha.evaluation.stylised_returns import LaggedSums, bar_log_returns
from intralpha.market import Lake, aggregate_bars, bar_times, fill_forward, read_bars, read_daily

COARSE_MINUTES = 30
LAGS = 100
BARS = ("open", "close", "volume")
DAILY = ("adj_close", "adj_factor", "traded")


class UnknownStocksError(ConfigError):
    """Stocks were named that are not among those that are looked at."""

    def __init__(self, lost: Sequence[str], known: int) -> None:
        self.lost = list(lost)
        super().__init__(
            f"no {', '.join(lost)} among the {known:,} stocks that are looked at.\n"
            "Hint: symbols are written like 600000.SH."
        )


def places_of(stocks: Sequence[str], assets: Shaped[ndarray, "A"]) -> Int[ndarray, "G"] | None:
    """Positions of named stocks; None without names.

    Raises
    ------
    UnknownStocksError
    """
    if not stocks:
        return None
    known = {symbol: i for i, symbol in enumerate(assets.tolist())}
    lost = [one for one in stocks if one not in known]
    if lost:
        raise UnknownStocksError(lost, len(assets))
    return np.array([known[one] for one in stocks])


class ReturnMemory:
    """Sums from which the page of report 000 follows, taken session by session.

    Log returns of adjusted prices. A bar's is from the close before it, the first one's from its
    open: the move over night is in no bar, and pairs reach from session to session. Rolling one-day
    returns end at every bar and begin at the same bar of the session before, so that they overlap.

    Parameters
    ----------
    n_assets : stocks
    freq : minutes of the bars that come; shorter ones are joined to 30
    lags : longest lag, in rows of each series

    Notes
    -----
    Memory: 96 bytes a lag and stock.
    """

    def __init__(self, n_assets: int, freq: int, lags: int = LAGS) -> None:
        self.freq = max(freq, COARSE_MINUTES)
        self.n_bars = len(bar_times(self.freq))
        self._bars = LaggedSums(n_assets, lags, carry=True)
        self._rolling = LaggedSums(n_assets, lags, carry=True)
        self._daily = LaggedSums(n_assets, lags)
        self._before_TA = np.full((self.n_bars, n_assets), np.nan)

    def add(
        self, bars: Panel, factor_A: Float[ndarray, "A"]
    ) -> tuple[Float[ndarray, "T A"], Float[ndarray, "T A"]]:
        """Count one session.

        Parameters
        ----------
        bars : ``open``, ``close``, ``volume`` of it, [1, T, A, F]
        factor_A : ``adj_factor`` of the session

        Returns
        -------
        (returns of the bars, rolling one-day returns)
            NaN for a bar without trades, and around a session without any.
        """
        some = aggregate_bars(bars, self.freq)
        open_TA, close_TA, volume_TA = (some[name][0] for name in BARS)
        ret_TA = bar_log_returns(open_TA, close_TA, volume_TA)
        factor_A = np.where((volume_TA > 0).any(axis=0), factor_A, np.nan)
        now_TA = np.log(close_TA * factor_A)
        rolling_TA, self._before_TA = now_TA - self._before_TA, now_TA
        self._bars.add(ret_TA)
        self._rolling.add(rolling_TA)
        return ret_TA, rolling_TA

    def skip(self) -> None:
        """A session without bars: no pair reaches it, and lags count it."""
        self._before_TA = np.full_like(self._before_TA, np.nan)
        for sums in (self._bars, self._rolling):
            sums.add(self._before_TA)

    def add_daily(self, ret_DA: Float[ndarray, "D A"]) -> None:
        """Count all daily returns at once; NaN on days without trades."""
        self._daily.add(ret_DA)

    def table(self, of_G: Int[ndarray, "G"] | None = None) -> pl.DataFrame:
        """All three, by :func:`intralpha.evaluation.memory.memory_table`; without bars daily alone.

        Of rolling returns ``reference`` is what unpredictable ones give: 1 less a bar's share of
        the day a lag, until nothing overlaps.

        Parameters
        ----------
        of_G : positions of the stocks that are told of; default: all
        """
        overlap = np.maximum(1.0 - np.arange(self._rolling.max_lag + 1) / self.n_bars, 0.0)
        made = [memory_table("daily", self._daily, None, of_G)]
        if self._bars.counts().any():
            made.append(memory_table(f"{self.freq}-minute", self._bars, None, of_G))
            made.append(memory_table("rolling one-day", self._rolling, overlap, of_G))
        return pl.concat(made)


def return_memory(
    lake: Lake,
    dates: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
    freq: int | None = None,
    lags: int = LAGS,
) -> pl.DataFrame:
    """:class:`ReturnMemory` of some sessions of a lake.

    Parameters
    ----------
    lake : with ``daily``, and ``bars`` where a frequency is given
    dates : datetime64[D], sessions, at least one
    assets : symbols; one alone, or those whose median is told
    freq : minutes of the bars; None: daily returns alone
    lags : longest lag

    Raises
    ------
    IncompleteDayError
        A day of bars is not a full grid.

    Notes
    -----
    Of the whole period, so known at the close of its last session. Memory: one session of bars, and
    four float64 arrays [D, A].
    """
    daily = read_daily(lake, DAILY, dates[0].item(), dates[-1].item(), assets).at(dates)
    memory = ReturnMemory(len(assets), freq or COARSE_MINUTES, lags)
    memory.add_daily(daily_log_returns(daily["adj_close"], daily["traded"]))
    if freq is None:
        return memory.table()
    for i, bars in enumerate(bars_of_sessions(lake, dates, assets, freq)):
        if bars is None:
            memory.skip()
        else:
            memory.add(bars, daily["adj_factor"][i])
    return memory.table()


def bars_of_sessions(
    lake: Lake, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"], freq: int
) -> Iterator[Panel | None]:
    """Bars of one session after the other; None for one without.

    Parameters
    ----------
    lake : with ``bars`` of that frequency
    dates : datetime64[D], sessions
    assets : symbols
    freq : minutes of the bars

    Yields
    ------
    Panel of ``open``, ``close``, ``volume``, [1, T, A, 3]

    Raises
    ------
    IncompleteDayError
        A day of bars is not a full grid.
    """
    with_bars = set(lake.dates("bars", freq).tolist())
    sessions: list[date] = dates.tolist()
    for day in sessions:
        yield read_bars(lake, day, freq, BARS, assets) if day in with_bars else None


def daily_log_returns(
    adj_close_DA: Float[ndarray, "D A"], traded_DA: Float[ndarray, "D A"]
) -> Float[ndarray, "D A"]:
    """Log returns on days with trades, else NaN; the first after days without spans them.

    Parameters
    ----------
    adj_close_DA : CNY, adjusted; NaN is filled with the close before
    traded_DA : 1 on days with trades
    """
    close = fill_forward(adj_close_DA)
    before = np.concatenate([np.full((1, close.shape[1]), np.nan), close[:-1]])
    return np.where(traded_DA == 1.0, np.log(close / before), np.nan)
