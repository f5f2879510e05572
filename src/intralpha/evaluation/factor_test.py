"""The standard test of a factor: RankIC, groups, top group, turnover, decay, by year."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from pydantic import Field

from intralpha.base import Spec
from intralpha.evaluation.groups import (
    quantile_returns,
    top_weights,
    universe_return,
    weighted_return,
)
from intralpha.evaluation.ic import autocorrelation, decay, ic, rank_ic, summarise
from intralpha.evaluation.turnover import turnover


class FactorTestSpec(Spec):
    """Settings of the test."""

    n_groups: int = Field(default=10, gt=1, description="equal-count groups")
    top_share: float = Field(default=0.1, gt=0, le=1, description="share of the top group")
    periods_per_year: float = Field(default=243 / 5, gt=0, description="test dates in a year")
    lags: tuple[int, ...] = Field(default=(0, 1, 2, 3, 4), description="of the decay, test dates")


@dataclass(frozen=True, eq=False)
class FactorReport:
    """What a factor was worth.

    Attributes
    ----------
    name : factor, with its variant
    summary : figure -> value; fractions, not percent
    series : one row a test date: date, rank_ic, universe return, top excess, turnover, group_1..G
    yearly : one row a year: dates, rank_ic, icir, top_excess a year
    decay : lag in test dates -> mean RankIC
    periods_per_year : test dates in a year
    """

    name: str
    summary: dict[str, float]
    series: pl.DataFrame
    yearly: pl.DataFrame
    decay: pl.DataFrame
    periods_per_year: float


def run_factor_test(
    name: str,
    score_DA: np.ndarray,
    fwd_rets: dict[str, np.ndarray],
    mask_DA: np.ndarray,
    dates: np.ndarray,
    spec: FactorTestSpec,
) -> FactorReport:
    """Test one factor on the dates of a grid.

    Parameters
    ----------
    name : shown in tables
    score_DA : float64 [D, A], higher is better, NaN for none
    fwd_rets : horizon -> forward returns [D, A]; the first leads (groups, turnover)
    mask_DA : the cross-section of each date
    dates : datetime64[D]
    spec : settings

    Returns
    -------
    FactorReport
        ``top_excess`` is the mean excess of the top group over the universe's mean times
        ``periods_per_year``, not compounded and before cost; ``top_ir`` its mean over its sample
        standard deviation, annualised by the square root; turnover is two-sided a rebalance without
        drift [Spec 17.1; spec/protocol.md].
    """
    lead = next(iter(fwd_rets.values()))
    daily_ic = rank_ic(score_DA, lead, mask_DA)
    top = top_weights(score_DA, spec.top_share, mask_DA)
    universe = universe_return(lead, mask_DA)
    excess = weighted_return(top, lead) - universe
    groups = quantile_returns(score_DA, lead, spec.n_groups, mask_DA)
    traded = turnover(top)
    main = summarise(daily_ic)
    summary = {
        "dates": float(main.n),
        "stocks": float(mask_DA.sum(axis=1).mean()),
        "rank_ic": main.mean,
        "rank_ic_std": main.std,
        "icir": main.icir,
        "positive_share": main.positive_share,
        "ic": summarise(ic(score_DA, lead, mask_DA)).mean,
    }
    for horizon, fwd in list(fwd_rets.items())[1:]:
        summary[f"rank_ic_{horizon}"] = summarise(rank_ic(score_DA, fwd, mask_DA)).mean
    summary |= _top_figures(excess, spec.periods_per_year)
    summary["turnover_two_sided"] = _mean(traded)
    summary["autocorrelation"] = _mean(autocorrelation(score_DA, 1, mask_DA))
    series = pl.DataFrame(
        {
            "date": dates,
            "rank_ic": daily_ic,
            "universe": universe,
            "top_excess": excess,
            "turnover": traded,
            **{f"group_{g + 1}": groups[:, g] for g in range(spec.n_groups)},
        }
    )
    lagged = decay(score_DA, lead, spec.lags, mask_DA)
    fading = pl.DataFrame(
        {"lag": spec.lags, "rank_ic": [_mean(lagged[:, h]) for h in range(len(spec.lags))]}
    )
    return FactorReport(name, summary, series, _yearly(series, spec), fading, spec.periods_per_year)


def _top_figures(excess: np.ndarray, periods_per_year: float) -> dict[str, float]:
    known = excess[np.isfinite(excess)]
    if len(known) < 2:
        return {"top_excess": np.nan, "top_ir": np.nan}
    std = float(known.std(ddof=1))
    mean = float(known.mean())
    ratio = mean / std * np.sqrt(periods_per_year) if std > 0 else np.nan
    return {"top_excess": mean * periods_per_year, "top_ir": float(ratio)}


def _yearly(series: pl.DataFrame, spec: FactorTestSpec) -> pl.DataFrame:
    known = pl.col("rank_ic").is_finite()
    return (
        series.with_columns(pl.col("date").dt.year().alias("year"))
        .group_by("year", maintain_order=True)
        .agg(
            known.sum().alias("dates"),
            pl.col("rank_ic").filter(known).mean(),
            (pl.col("rank_ic").filter(known).mean() / pl.col("rank_ic").filter(known).std()).alias(
                "icir"
            ),
            (pl.col("top_excess").filter(known).mean() * spec.periods_per_year).alias("top_excess"),
            pl.col("turnover").filter(pl.col("turnover").is_finite()).mean(),
        )
    )


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
