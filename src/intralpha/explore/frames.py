"""Tables of `explore`: from the sums of the pass over the bars to frames that a page shows."""

from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha.evaluation.stylised import first_component_share, lead_lag, mean_pair_correlation
from intralpha.evaluation.stylised_returns import LaggedSums, mean_of_known, pacf
from intralpha.evaluation.stylised_volume import (
    corwin_schultz_spread,
    paired_correlation,
    roll_spread,
)
from intralpha.explore.bars import BarPass, SeriesSums
from intralpha.explore.exploration import RETURNS, SQUARES, VOLUME
from intralpha.market import bar_times
from intralpha.market.limits import TICK_YUAN

VOLUME_LAGS = 60
DAILY_LEAD_LAGS = 5
BAR_LEAD_LAGS = 10
EDGE_MINUTES = 30

Row = tuple[str, str, float, str]
_HISTOGRAM = {"series": pl.String, "z": pl.Float64, "density": pl.Float64}


def curve_frame(bars: BarPass) -> pl.DataFrame:
    """Mean over stock-days of every bar's volume share, size of return and quoted spread."""
    return pl.DataFrame(
        {
            "time": bar_times(bars.freq),
            "volume_share": bars.volume_share.mean_over(axis=1),
            "abs_ret": bars.size.mean_over(axis=1),
            "spread": bars.spread.mean_over(axis=1),
        }
    )


def correlation_frame(bars: BarPass) -> pl.DataFrame:
    """ACF and PACF of returns, squared returns, volume and realised volatility."""
    series = _series(bars)
    rows = [_acf_rows(RETURNS, name, one.returns) for name, one in series.items()]
    rows.append(_acf_rows(RETURNS, "rolling one-day", bars.rolling, _overlap(bars)))
    rows += [_acf_rows(SQUARES, name, one.squares) for name, one in series.items()]
    volumes = {"log daily volume": log_volume(bars), "log realised volatility": log_realised(bars)}
    rows += [_acf_rows(VOLUME, name, _daily_sums(v, VOLUME_LAGS)) for name, v in volumes.items()]
    return pl.concat(rows)


def histogram_frame(bars: BarPass) -> pl.DataFrame:
    """Densities of the pooled returns of every series."""
    frames = []
    for name, one in _series(bars).items():
        z, height = one.tails.histogram()
        frames.append(pl.DataFrame({"series": [name] * len(z), "z": z, "density": height}))
    return pl.concat([pl.DataFrame(schema=_HISTOGRAM), *frames])


def lead_lag_frame(bars: BarPass) -> pl.DataFrame:
    """Correlation of liquid with illiquid stocks, inside the session and from day to day."""
    per_day = bars.groups_GDT.shape[2]
    made = {
        f"{bars.freq}-minute": lead_lag(
            bars.groups_GDT[0], bars.groups_GDT[1], min(BAR_LEAD_LAGS, per_day - 1)
        ),
        "daily": lead_lag(*_daily_groups(bars), DAILY_LEAD_LAGS),
    }
    return pl.concat(
        pl.DataFrame(
            {
                "series": [name] * len(values),
                "lag": np.arange(len(values)) - len(values) // 2,
                "correlation": values,
            }
        )
        for name, values in made.items()
    )


def figure_frame(bars: BarPass) -> pl.DataFrame:
    """The table of figures."""
    rows = [*_day_rows(bars), *_spread_rows(bars), *_memory_rows(bars), *_tail_rows(bars)]
    rows += [*_common_rows(bars), *_volume_rows(bars)]
    schema = {"topic": pl.String, "figure": pl.String, "value": pl.Float64, "unit": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def log_volume(bars: BarPass) -> Float[ndarray, "D A"]:
    """Log of the day's shares in units of the first share; NaN without trades."""
    return np.log(bars.daily.traded("adj_volume"))


def log_realised(bars: BarPass) -> Float[ndarray, "D A"]:
    """Log of the root of the day's summed squared bar returns; NaN where it is 0 or unknown."""
    realised = bars.realised_DA
    return np.log(np.where(realised > 0, realised, np.nan))


def _day_rows(bars: BarPass) -> list[Row]:
    topic, half_hour = "The day", max(EDGE_MINUTES // bars.freq, 1)
    volume = bars.volume_share.mean_over(axis=1)
    size = bars.size.mean_over(axis=1)
    # The minutes of the closing auction before 15:00 never trade and have no size.
    parts = (size[:half_hour], size[half_hour:-half_hour], size[-half_hour:])
    first, middle, last = (float(mean_of_known(part[None])[0]) for part in parts)
    middle = middle if middle > 0 else np.nan
    traded = bars.cells - bars.silent
    return [
        (topic, "volume in the first half hour", float(volume[:half_hour].sum()), "share"),
        (topic, "volume in the last half hour", float(volume[-half_hour:].sum()), "share"),
        (topic, "size of returns, first half hour / middle", first / middle, ""),
        (topic, "size of returns, last half hour / middle", last / middle, ""),
        (topic, "realised variance of the bars / daily variance", _inside_share(bars), ""),
        (topic, "bars without trades", bars.silent / max(bars.cells, 1), "share"),
        (topic, "bars with trades that do not move", bars.unchanged / max(traded, 1), "share"),
        (topic, "daily volatility, median stock", _median(bars.daily.scale_A), "share"),
    ]


def _inside_share(bars: BarPass) -> float:
    """Sum of squared bar returns over that of daily returns, on the same stock-days."""
    realised, ret = bars.realised_DA, bars.daily.ret_DA
    both = np.isfinite(realised) & np.isfinite(ret)
    total = float((ret[both] ** 2).sum())
    return float((realised[both] ** 2).sum()) / total if total > 0 else np.nan


def _spread_rows(bars: BarPass) -> list[Row]:
    topic = "Bid-ask spread, median over stocks"
    daily, fine = bars.daily, bars.fine
    covariance = fine.returns.autocovariance()[1] * fine.scale_A**2
    pairs = corwin_schultz_spread(*(daily.traded(f"adj_{n}") for n in ("high", "low", "close")))
    estimates = {
        "quoted, from snapshots": bars.spread.mean_over(axis=0),
        f"Roll's estimate from {bars.freq}-minute bars": roll_spread(covariance),
        "Corwin and Schultz's estimate from daily bars": mean_of_known(pairs.T),
        "one tick of 0.01 CNY over the mean price": TICK_YUAN
        / mean_of_known(daily.traded("close").T),
    }
    if not np.isfinite(bars.spread.mean_over(axis=0)).any():
        del estimates["quoted, from snapshots"]
    return [(topic, name, _median(values), "bps") for name, values in estimates.items()]


def _memory_rows(bars: BarPass) -> list[Row]:
    topic = "Autocorrelation, mean over stocks"
    wanted = [(f"{n} returns", one.returns, 1) for n, one in _series(bars).items()]
    wanted.append(("rolling one-day returns, a day apart,", bars.rolling, _bars_a_day(bars)))
    wanted += [(f"squared {n} returns", one.squares, 1) for n, one in _series(bars).items()]
    wanted += [("squared daily returns", bars.days.squares, lag) for lag in (5, 10)]
    return [(topic, f"{name} lag {lag}", _at(sums, lag), "") for name, sums, lag in wanted]


def _tail_rows(bars: BarPass) -> list[Row]:
    rows: list[Row] = []
    for name, one in _series(bars).items():
        kurtosis = _median(one.tails.kurtosis())
        rows.append(("Tails", f"excess kurtosis of {name} returns", kurtosis, ""))
        rows.append(("Tails", f"Hill's tail index of {name} returns", one.tails.hill(), ""))
    return rows


def _common_rows(bars: BarPass) -> list[Row]:
    topic = "Common moves"
    ret = bars.daily.ret_DA
    share, noise = first_component_share(ret)
    rows: list[Row] = [
        (topic, "mean pairwise correlation of daily returns", mean_pair_correlation(ret), ""),
        (topic, "variance of the first component", share, "share"),
        (topic, "the same for independent returns", noise, "share"),
    ]
    words = {1: "liquid stocks, then illiquid ones", -1: "illiquid stocks, then liquid ones"}
    for name, lag, value in lead_lag_frame(bars).iter_rows():
        if lag in words:
            rows.append((topic, f"{words[lag]}, next {name} bar", value, ""))
    return rows


def _volume_rows(bars: BarPass) -> list[Row]:
    topic = "Volume and volatility, mean over stocks"
    volume, realised = log_volume(bars), log_realised(bars)
    sizes = np.abs(bars.daily.ret_DA)
    rows: list[Row] = []
    for name, series in (("log daily volume", volume), ("log realised volatility", realised)):
        sums = _daily_sums(series, VOLUME_LAGS)
        rows += [(topic, f"{name}, autocorrelation, lag {k}", _at(sums, k), "") for k in (1, 20)]
    for name, other in (("log realised volatility", realised), ("size of the daily return", sizes)):
        value = float(mean_of_known(paired_correlation(volume, other)[None])[0])
        rows.append((topic, f"correlation of log volume with {name}", value, ""))
    return rows


def _series(bars: BarPass) -> dict[str, SeriesSums]:
    """Kinds of returns from the shortest to the longest; the same bars do not stand twice."""
    made = {f"{bars.freq}-minute": bars.fine, f"{bars.coarse}-minute": bars.blocks}
    return made | {"daily": bars.days}


def _daily_sums(values_DA: Float[ndarray, "D A"], max_lag: int) -> LaggedSums:
    """One block; no more lags than a quarter of the days."""
    sums = LaggedSums(values_DA.shape[1], min(max_lag, max(len(values_DA) // 4, 1)))
    sums.add(values_DA)
    return sums


def _daily_groups(bars: BarPass) -> tuple[Float[ndarray, "1 D"], Float[ndarray, "1 D"]]:
    """Mean daily return of the liquid and of the illiquid stocks, one row each."""
    ret = bars.daily.ret_DA
    return mean_of_known(ret[:, bars.liquid])[None], mean_of_known(ret[:, bars.illiquid])[None]


def _overlap(bars: BarPass) -> Float[ndarray, "K"]:
    """Autocorrelation of rolling one-day returns when the returns below them are independent."""
    return np.maximum(1.0 - np.arange(bars.rolling.max_lag + 1) / _bars_a_day(bars), 0.0)


def _bars_a_day(bars: BarPass) -> int:
    return len(bar_times(bars.coarse))


def _acf_rows(
    kind: str, name: str, sums: LaggedSums, reference: Float[ndarray, "K"] | None = None
) -> pl.DataFrame:
    acf = sums.mean_acf()
    columns: dict[str, Any] = {
        "kind": [kind] * len(acf),
        "series": [name] * len(acf),
        "lag": np.arange(len(acf)),
        "acf": acf,
        "pacf": pacf(acf),
        "reference": np.full(len(acf), np.nan) if reference is None else reference,
    }
    return pl.DataFrame(columns)


def _at(sums: LaggedSums, lag: int) -> float:
    acf = sums.mean_acf()
    return float(acf[lag]) if lag < len(acf) else np.nan


def _median(values_A: Float[ndarray, "A"]) -> float:
    kept = values_A[np.isfinite(values_A)]
    return float(np.median(kept)) if len(kept) else np.nan
