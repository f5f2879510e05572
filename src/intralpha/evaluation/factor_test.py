"""The standard test of a factor: RankIC, groups, top group, turnover, decay, by year."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import ConfigError, DataError, Panel, Spec
from intralpha.evaluation.factor_report import FEW_STOCKS, FactorReport
from intralpha.evaluation.groups import (
    quantile_returns,
    top_weights,
    universe_return,
    weighted_return,
)
from intralpha.evaluation.ic import MIN_STOCKS, autocorrelation, decay, ic, rank_ic, summarise
from intralpha.evaluation.spacing import periods_per_year
from intralpha.evaluation.turnover import turnover

NO_SPREAD = 1e-12


class FactorTestSpec(Spec):
    """Settings of the test."""

    n_groups: int = Field(default=10, gt=1, description="equal-count groups")
    top_share: float = Field(default=0.1, gt=0, le=1, description="share of the top group")
    periods_per_year: float | None = Field(
        default=None,
        gt=0,
        description="test dates in a year; null: 243 sessions over the median spacing of the dates",
    )
    lags: tuple[int, ...] = Field(default=(0, 1, 2, 3, 4), description="of the decay, test dates")


class FactorPanelError(DataError):
    """Score, returns and universe of a factor test do not belong together."""

    def __init__(self, what: str, found: str, expected: str) -> None:
        self.what, self.found, self.expected = what, found, expected
        super().__init__(f"{what}: found {found}; expected {expected}.")


class TooFewStocksError(ConfigError):
    """No test date has as many stocks as there are groups."""

    def __init__(self, most: int, n_groups: int) -> None:
        self.most, self.n_groups = most, n_groups
        super().__init__(
            f"no test date has more than {most} stocks with a score; {n_groups} groups need at "
            f"least {n_groups}.\nHint: lower n_groups (test.factor.n_groups), or widen the "
            "universe: its min_listed_days counts a stock's rows in the lake."
        )


@dataclass(frozen=True, eq=False)
class _Aligned:
    """Arrays of one test on common axes."""

    dates: Shaped[ndarray, "D"]
    score_DA: Float[ndarray, "D A"]
    fwd_rets: dict[str, Float[ndarray, "D A"]]
    mask_DA: Bool[ndarray, "D A"]


def run_factor_test(
    score: Panel,
    fwd: Panel,
    inside: Panel | None = None,
    spec: FactorTestSpec | None = None,
    name: str = "factor",
) -> FactorReport:
    """Test one factor.

    The Panels are laid on each other by dates and symbols, whatever their order: tested are the
    dates that all of them have, over all their stocks.

    Parameters
    ----------
    score : Panel [D, A, 1]
        Known at the close of each date; higher is better, NaN for none.
    fwd : Panel [D, A, H]
        Forward returns, one name a horizon (``fwd_1_6``); the first leads (groups, turnover).
    inside : Panel [D, A, 1], optional
        The cross-section of each date, above 0 inside; default: every stock with a score or a
        return.
    spec : settings; default: those of :class:`FactorTestSpec`
    name : shown in tables

    Returns
    -------
    FactorReport
        ``top_excess`` is the mean excess of the top group over the universe's mean times
        ``periods_per_year``, not compounded and before cost; ``top_ir`` its mean over its sample
        standard deviation, annualised by the square root (NaN for a score that never differs from
        its universe); turnover is two-sided a rebalance without drift [Spec 17.1;
        spec/protocol.md]. A row of ``series`` is known when its leading return has been
        earned. Dates with fewer than 30 stocks that have a score and a return have no IC; how
        many they are is ``dates_under_30_stocks``, and the report says so.

    Raises
    ------
    FactorPanelError
        A Panel of bars, several names in the score, or no date or stock in common.
    TooFewStocksError
        More groups than any date has stocks.
    """
    spec = FactorTestSpec() if spec is None else spec
    data = _aligned(score, fwd, inside)
    score_DA, mask_DA = data.score_DA, data.mask_DA
    most = int((mask_DA & np.isfinite(score_DA)).sum(axis=1).max())
    if most < spec.n_groups:
        raise TooFewStocksError(most, spec.n_groups)
    per_year = spec.periods_per_year or periods_per_year(data.dates)
    lead = next(iter(data.fwd_rets.values()))
    series = _series(data, lead, spec)
    summary = _summary(data, series, per_year)
    lagged = decay(score_DA, lead, spec.lags, mask_DA)
    faded = [_mean(lagged[:, h]) for h in range(len(spec.lags))]
    fading = pl.DataFrame({"lag": spec.lags, "rank_ic": faded})
    return FactorReport(name, summary, series, _yearly(series, per_year), fading, per_year)


def _aligned(score: Panel, fwd: Panel, inside: Panel | None) -> _Aligned:
    """Everything on the dates in common and on the stocks of score and returns."""
    panels = {"score": score, "fwd": fwd} | ({} if inside is None else {"inside": inside})
    for what, panel in panels.items():
        if panel.times is not None:
            raise FactorPanelError(what, "a Panel of bars", "one value a stock and day")
        if what != "fwd" and len(panel.names) != 1:
            raise FactorPanelError(what, f"names {', '.join(panel.names)}", "one name; use select")
    if not fwd.names:
        raise FactorPanelError("fwd", "no name", "one name a horizon")
    dates = score.dates
    for what, panel in panels.items():
        dates = dates[np.isin(dates, panel.dates)]
        if len(dates) == 0 or not np.isin(score.assets, panel.assets).any():
            raise FactorPanelError(what, _axes(panel), f"some date and stock of {_axes(score)}")
    assets = np.concatenate([score.assets, fwd.assets[~np.isin(fwd.assets, score.assets)]])
    laid = {what: panel.reindex(dates, assets) for what, panel in panels.items()}
    score_DA = np.ascontiguousarray(laid["score"].values[:, :, 0], np.float64)
    rets = {
        n.removeprefix("fwd_"): np.ascontiguousarray(laid["fwd"][n], np.float64) for n in fwd.names
    }
    if inside is None:
        mask_DA = np.isfinite(score_DA) | np.isfinite(next(iter(rets.values())))
    else:
        mask_DA = laid["inside"].values[:, :, 0] > 0
    return _Aligned(dates, score_DA, rets, mask_DA)


def _axes(panel: Panel) -> str:
    days = f"{panel.dates[0]} to {panel.dates[-1]}" if len(panel.dates) else "no date"
    symbols = ", ".join(map(str, panel.assets[:3]))
    return f"{days}, {len(panel.assets)} stocks ({symbols}, ...)"


def _series(data: _Aligned, lead: Float[ndarray, "D A"], spec: FactorTestSpec) -> pl.DataFrame:
    """One row a test date."""
    score_DA, mask_DA = data.score_DA, data.mask_DA
    top = top_weights(score_DA, spec.top_share, mask_DA)
    universe = universe_return(lead, mask_DA)
    groups = quantile_returns(score_DA, lead, spec.n_groups, mask_DA)
    return pl.DataFrame(
        {
            "date": data.dates,
            "rank_ic": rank_ic(score_DA, lead, mask_DA),
            "universe": universe,
            "top_excess": weighted_return(top, lead) - universe,
            "turnover": turnover(top),
            **{f"group_{g + 1}": groups[:, g] for g in range(spec.n_groups)},
        }
    )


def _summary(data: _Aligned, series: pl.DataFrame, per_year: float) -> dict[str, float]:
    """The figures of the whole test."""
    score_DA, mask_DA = data.score_DA, data.mask_DA
    main = summarise(series["rank_ic"].to_numpy())
    (_, lead), *others = data.fwd_rets.items()
    pairs = (mask_DA & np.isfinite(score_DA) & np.isfinite(lead)).sum(axis=1)
    out = {
        "dates": float(main.n),
        FEW_STOCKS: float((pairs < MIN_STOCKS).sum()),
        "stocks": float(mask_DA.sum(axis=1).mean()),
        "rank_ic": main.mean,
        "rank_ic_std": main.std,
        "icir": main.icir,
        "positive_share": main.positive_share,
        "ic": summarise(ic(score_DA, lead, mask_DA)).mean,
    }
    for horizon, fwd in others:
        out[f"rank_ic_{horizon}"] = summarise(rank_ic(score_DA, fwd, mask_DA)).mean
    out |= _top_figures(series["top_excess"].to_numpy(), per_year)
    out["turnover_two_sided"] = _mean(series["turnover"].to_numpy())
    out["autocorrelation"] = _mean(autocorrelation(score_DA, 1, mask_DA))
    return out


def _top_figures(excess: Float[ndarray, "D"], per_year: float) -> dict[str, float]:
    known = excess[np.isfinite(excess)]
    if len(known) < 2:
        return {"top_excess": np.nan, "top_ir": np.nan}
    mean, std = float(known.mean()), float(known.std(ddof=1))
    ratio = mean / std * np.sqrt(per_year) if std > NO_SPREAD else np.nan
    return {"top_excess": mean * per_year, "top_ir": float(ratio)}


def _yearly(series: pl.DataFrame, per_year: float) -> pl.DataFrame:
    known = pl.col("rank_ic").is_finite()
    rank_ic_known = pl.col("rank_ic").filter(known)
    excess_known = pl.col("top_excess").filter(pl.col("top_excess").is_finite())
    return (
        series.with_columns(pl.col("date").dt.year().alias("year"))
        .group_by("year", maintain_order=True)
        .agg(
            known.sum().alias("dates"),
            rank_ic_known.mean(),
            (rank_ic_known.mean() / rank_ic_known.std()).alias("icir"),
            (excess_known.mean() * per_year).alias("top_excess"),
            pl.col("turnover").filter(pl.col("turnover").is_finite()).mean(),
        )
    )


def _mean(values: Float[ndarray, "n"]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
