"""Explore: the stylised facts of any lake with bars, real or simulated."""

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha import labels
from intralpha.base import ConfigError, DataError, Panel
from intralpha.base.panel import as_days
from intralpha.evaluation.ic import MIN_STOCKS
from intralpha.evaluation.stylised import horizon_rank_ic
from intralpha.explore.bars import Daily, pass_over_bars
from intralpha.explore.exploration import Exploration
from intralpha.explore.frames import (
    correlation_frame,
    curve_frame,
    figure_frame,
    histogram_frame,
    lead_lag_frame,
)
from intralpha.explore.memory import LAGS, daily_log_returns, places_of
from intralpha.features import LibrarySpec
from intralpha.features.trailing import trailing_mean
from intralpha.market import Lake, fill_forward, read_daily

HORIZONS = (1, 5, 10, 20)
SIMPLE = LibrarySpec(library="price_volume", names=("ret20", "vol20", "ln_amount20"))
LOOK_BACK = 20
REVERSAL_DAYS = 5
COLUMNS = ("adj_close", "adj_high", "adj_low", "adj_volume", "close", "volume", "amount_proxy")
COLUMNS += ("adj_factor", "float_shares", "traded")


class NoBarsError(DataError):
    """A lake has no bars of that frequency in that period, or no daily rows beside them."""

    def __init__(
        self, lake: Lake, table: str, freq: int | None, start: date | None, end: date | None
    ) -> None:
        self.table, self.freq, self.start, self.end = table, freq, start, end
        kind = f"{table} of {freq} minutes" if freq else table
        have = ", ".join(str(f) for f in lake.freqs()) or "none"
        super().__init__(
            f"{lake.root} has no {kind} from {start or 'its first day'} to {end or 'its last'}; "
            f"bars there (minutes): {have}.\nHint: `intralpha ingest` adds bars and daily rows."
        )


class HorizonNameError(ConfigError):
    """A name of the oracle does not end in its horizon."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"oracle: {name!r} does not end in a number of sessions, such as fwd_expected_h5."
        )


def explore(
    lake: Lake,
    freq: int | None = None,
    start: date | None = None,
    end: date | None = None,
    oracle: Panel | None = None,
    min_stocks: int = MIN_STOCKS,
    lags: int = LAGS,
    stocks: Sequence[str] = (),
) -> Exploration:
    """Stylised facts of the stocks that have bars.

    Parameters
    ----------
    lake : with ``bars`` and ``daily``; ``snapshots`` give the quoted spread, without them it is
        estimated from prices; ``float_shares`` give the turnover factor
    freq : minutes of one bar; default: the shortest the lake has
    start, end : first and last session, both included; default: all with bars
    oracle : true expected returns, known at the close of each date; one name a horizon h, ending
        in h, for the return from the close of t+1 to that of t+1+h
    min_stocks : days with fewer stocks have no RankIC
    lags : longest lag of ``memory``, in rows
    stocks : whose memory is told; empty for the median of all

    Returns
    -------
    Exploration
        Log returns of adjusted closes. Days and bars without trades are in no statistic of
        returns; the first return after them spans them. 30-minute and rolling one-day returns
        are made from the bars; rolling ones are sampled every 30 minutes, from one session to
        the next, on stocks that trade on both. Bars longer than 30 minutes stand for 30.

    Raises
    ------
    NoBarsError, HorizonNameError, UnknownStocksError
    IncompleteDayError
        A day of bars is not a full grid.

    Notes
    -----
    RankIC looks forward, up to 21 sessions past ``end`` if the lake has them. Indices are left out.
    Memory: one session of bars (or its best quotes), 1 % of the bar returns, and about forty
    float64 arrays [D, A].
    """
    freq = freq or min(lake.freqs(), default=None)
    daily = _read(lake, freq, start, end)
    assert freq is not None
    places = places_of(stocks, daily.panel.assets)
    bars = pass_over_bars(lake, daily, freq, lags)
    fwd = _forward(lake, daily.panel, HORIZONS)
    mask = daily.panel["traded"] == 1.0
    dates = daily.panel.dates
    return Exploration(
        title=f"Stylised facts of {lake.root.name}",
        facts={
            "lake": str(lake.root.resolve()),
            "content": lake.version(),
            "period": f"{dates[0]} to {dates[-1]}, {len(dates):,} sessions",
            "stocks": f"{len(daily.panel.assets):,}",
            "bars": f"{freq} minutes",
        },
        figures=figure_frame(bars),
        curves=curve_frame(bars),
        correlations=correlation_frame(bars),
        histogram=histogram_frame(bars),
        lead_lag=lead_lag_frame(bars),
        memory=bars.memory.table(places),
        rank_ic=horizon_rank_ic(simple_scores(lake, daily.panel), fwd, mask, min_stocks),
        oracle=None if oracle is None else _oracle(lake, daily.panel, oracle, min_stocks),
    )


def simple_scores(lake: Lake, panel: Panel) -> dict[str, Float[ndarray, "D A"]]:
    """The scores that need no model, known at the close, none with its sign turned but one.

    ``ret20``, ``vol20``, ``ln_amount20`` (see the library ``price_volume``), ``reversal5`` (minus
    the return of five sessions), and ``turnover20`` (mean of shares / float shares over the days
    with trades among the last 20 sessions) if float shares are there.
    """
    base = SIMPLE.make().compute(lake, panel.dates, panel.assets)
    scores = {name: base[name] for name in base.names}
    wide = _read_daily(lake, panel.dates, panel.assets, LOOK_BACK - 1)
    lead = len(wide.dates) - len(panel.dates)
    close = fill_forward(wide["adj_close"])
    five = np.full(close.shape, np.nan)
    five[REVERSAL_DAYS:] = 1.0 - close[REVERSAL_DAYS:] / close[:-REVERSAL_DAYS]
    scores["reversal5"] = five[lead:]
    turnover = wide["volume"] / wide["float_shares"]
    if np.isfinite(turnover).any():
        rows = np.full((LOOK_BACK - 1 - lead, turnover.shape[1]), np.nan)
        rows = np.concatenate([rows, turnover])
        counted = np.isfinite(rows) & (rows > 0)
        scores["turnover20"] = trailing_mean(rows, counted, LOOK_BACK, least=1)
    return scores


def _read(lake: Lake, freq: int | None, start: date | None, end: date | None) -> Daily:
    """Daily data of the stocks with bars, on all sessions of the period."""
    days = lake.dates("bars", freq) if freq else as_days([])
    lo, hi = as_days([start or date.min, end or date.max])
    days = days[(days >= lo) & (days <= hi)]
    if not len(days):
        raise NoBarsError(lake, "bars", freq, start, end)
    first, last = days[0].item(), days[-1].item()
    rows = lake.scan("bars", first, last, freq).select(pl.col("symbol").unique())
    symbols = rows.collect(engine="streaming")["symbol"].sort()
    indices = lake.scan("instruments").filter(pl.col("board") == "index").collect()["symbol"]
    assets = symbols.filter(~symbols.is_in(indices.to_list())).to_numpy().astype(str)
    sessions = lake.dates("daily")
    inside = sessions[(sessions >= days[0]) & (sessions <= days[-1])]
    if not len(inside):
        raise NoBarsError(lake, "daily", None, first, last)
    wide = _read_daily(lake, inside, assets, 1)
    ret = daily_log_returns(wide["adj_close"], wide["traded"])
    panel, ret = wide.at(inside), ret[len(wide.dates) - len(inside) :]
    return Daily(panel, ret, _scale(ret))


def _read_daily(lake: Lake, dates: ndarray, assets: ndarray, look_back: int) -> Panel:
    """The columns on these sessions and up to ``look_back`` before the first."""
    sessions = lake.dates("daily")
    first = max(int(np.searchsorted(sessions, dates[0])) - look_back, 0)
    return read_daily(lake, COLUMNS, sessions[first].item(), dates[-1].item(), assets)


def _scale(ret_DA: Float[ndarray, "D A"]) -> Float[ndarray, "A"]:
    """Standard deviation over time (ddof 0); NaN where it is 0 or has no two values."""
    known = np.isfinite(ret_DA)
    count = np.where(known.sum(axis=0) > 1, known.sum(axis=0), np.nan)
    value = np.where(known, ret_DA, 0.0)
    variance = (value**2).sum(axis=0) / count - (value.sum(axis=0) / count) ** 2
    return np.sqrt(np.where(variance > 1e-20, variance, np.nan))


def _forward(
    lake: Lake, panel: Panel, horizons: tuple[int, ...]
) -> dict[int, Float[ndarray, "D A"]]:
    """Returns from the close of t+1 over so many sessions."""
    made = {h: labels.fwd_return(lake, panel.dates, panel.assets, 1, 1 + h) for h in horizons}
    return {h: one.values[..., 0] for h, one in made.items()}


def _oracle(lake: Lake, panel: Panel, oracle: Panel, min_stocks: int) -> pl.DataFrame:
    """RankIC of the true expected return of every horizon with the return of that horizon."""
    aligned = oracle.reindex(panel.dates, panel.assets)
    mask = panel["traded"] == 1.0
    frames = []
    for name in oracle.names:
        found = re.search(r"(\d+)$", name)
        if found is None or int(found[1]) < 1:
            raise HorizonNameError(name)
        fwd = _forward(lake, panel, (int(found[1]),))
        frames.append(horizon_rank_ic({"oracle": aligned[name]}, fwd, mask, min_stocks))
    return pl.concat(frames)
