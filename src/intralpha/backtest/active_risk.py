"""What a risk model expected of the active weights that were held, and what came."""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.backtest.attribution import EFFECTS
from intralpha.backtest.ledger import Ledger
from intralpha.backtest.weights_before import weights_held
from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.base.years import ALL
from intralpha.evaluation.nav import SESSIONS_PER_YEAR
from intralpha.risk import RiskEstimate, SessionReturns, bias_statistic

RiskAt = Callable[[np.datetime64], RiskEstimate]


def active_risk(
    ledger: Ledger, effects: pl.DataFrame, benchmark: Panel, risk: RiskAt
) -> pl.DataFrame:
    r"""Tracking error forecast at each decision, and the active return of what came of it.

    The active weights are those held at the close of the rebalance less the benchmark's of the
    decision; the forecast is that of the decision's estimate, :math:`n\,a^\top \Sigma a` for the n
    sessions after the rebalance up to and with the next one.

    Parameters
    ----------
    ledger : with holdings at the close of each rebalance
    effects : ``daily`` of :class:`intralpha.backtest.attribution.Attribution`: what the weights at
        the close before earned over the benchmark's, without trading, cost and benchmark gap
    benchmark : Panel, ``weight``, of the decision dates
    risk : estimate of a decision date

    Returns
    -------
    DataFrame, one row a rebalance
        ``date`` (of the rebalance), ``sessions``, ``expected_tracking_error`` (a year of 244
        sessions), ``factor_share`` of the variance expected, ``active_ret`` and ``surprise``: that
        in units of the volatility expected. Known after the last of its sessions; nothing is
        decided by it.
        Rebalances without a decision date before them, or without sessions after, are left out.
    """
    active = _of_weights(effects)
    days, moved = as_days(active["date"]), active["ret"].to_numpy()
    weights = np.nan_to_num(benchmark["weight"].astype(np.float64))
    held = dict(sorted(weights_held(ledger, benchmark.assets).items()))
    begins = as_days(list(held))
    ends = [*begins[1:], days[-1]] if len(days) else []
    rows = []
    for begin, end, own in zip(begins, ends, held.values(), strict=True):
        at = int(np.searchsorted(benchmark.dates, begin)) - 1
        inside = (days > begin) & (days <= end)
        if at < 0 or not inside.any() or not weights[at].any():
            continue
        one = risk(benchmark.dates[at])
        factor, whole = _variance(one, own - weights[at], benchmark.assets)
        n, ret = int(inside.sum()), float(moved[inside].sum())
        rows.append(
            {
                "date": begin.item(),
                "sessions": n,
                "expected_tracking_error": np.sqrt(whole * SESSIONS_PER_YEAR),
                "factor_share": factor / whole if whole > 0 else np.nan,
                "active_ret": ret,
                "surprise": ret / np.sqrt(n * whole) if whole > 0 else np.nan,
            }
        )
    schema = {"date": pl.Date, "sessions": pl.Int64} | dict.fromkeys(
        ("expected_tracking_error", "factor_share", "active_ret", "surprise"), pl.Float64
    )
    return pl.DataFrame(rows, schema=schema)


def risk_by_year(told: pl.DataFrame, effects: pl.DataFrame) -> pl.DataFrame:
    """Forecast and realised tracking error, their ratio and the bias statistic, by year.

    Parameters
    ----------
    told : of :func:`active_risk`
    effects : as there

    Returns
    -------
    DataFrame
        ``year`` (or all), ``rebalances``, ``expected_tracking_error`` (root mean square),
        ``realised_tracking_error`` (of daily active returns of the weights, a year of 244
        sessions), ``realised_over_expected``, ``bias_statistic`` (standard deviation of the
        surprises) and ``bias_error``, its standard error were returns normal. Nothing of no
        rebalance.
    """
    if told.is_empty():
        return pl.DataFrame()
    first = told["date"].min()
    daily = _of_weights(effects).filter(pl.col("date") > first)
    years = sorted(set(told["date"].dt.year().to_list()))
    out = []
    for year in (*years, None):
        mine = told if year is None else told.filter(pl.col("date").dt.year() == year)
        days = daily if year is None else daily.filter(pl.col("date").dt.year() == year)
        surprise = mine["surprise"].to_numpy()
        expected = float(np.sqrt((mine["expected_tracking_error"].to_numpy() ** 2).mean()))
        realised = float(days["ret"].to_numpy().std() * np.sqrt(SESSIONS_PER_YEAR))
        out.append(
            {
                "year": ALL if year is None else str(year),
                "rebalances": mine.height,
                "expected_tracking_error": expected,
                "realised_tracking_error": realised,
                "realised_over_expected": realised / expected if expected > 0 else np.nan,
                "bias_statistic": bias_statistic(surprise, np.ones(len(surprise))),
                "bias_error": 1 / np.sqrt(2 * mine.height),
            }
        )
    return pl.DataFrame(out)


def factor_history(past: Sequence[SessionReturns]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """R-squared by session, and the returns of the factors added up.

    Parameters
    ----------
    past : explained sessions, ascending

    Returns
    -------
    (fits, factors) : DataFrames
        ``date``, ``r2``, ``r2_mean`` (of the last 60 sessions); ``date``, ``factor``, ``ret``,
        ``sum_ret`` (simple returns added up, not compounded; sessions without one add nothing).
    """
    fits = pl.DataFrame(
        {"date": [one.date.item() for one in past], "r2": [one.r2 for one in past]},
        schema={"date": pl.Date, "r2": pl.Float64},
    )
    mean = pl.col("r2").rolling_mean(60, min_samples=1)
    rows = {
        "date": [one.date.item() for one in past for _ in one.names],
        "factor": [name for one in past for name in one.names],
        "ret": [float(value) for one in past for value in one.returns_K],
    }
    factors = pl.DataFrame(rows, schema={"date": pl.Date, "factor": pl.String, "ret": pl.Float64})
    added = pl.col("ret").fill_nan(0.0).cum_sum().over("factor").alias("sum_ret")
    return fits.with_columns(r2_mean=mean), factors.with_columns(added)


def _of_weights(effects: pl.DataFrame) -> pl.DataFrame:
    """Active return of each session by weights alone: ``date``, ``ret``."""
    return effects.select("date", ret=pl.sum_horizontal(*EFFECTS))


def _variance(
    one: RiskEstimate, active_A: Float[ndarray, "A"], assets: Shaped[ndarray, "A"]
) -> tuple[float, float]:
    """Of factors and of all; a stock that the model does not know counts nothing."""
    known = np.isin(assets, one.assets)
    one, active = one.on(assets[known]), active_A[known]
    exposed = active @ one.loadings_AK
    return float(exposed @ one.factor_cov_KK @ exposed), one.variance(active)
