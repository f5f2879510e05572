"""The standard test of a factor: RankIC, groups, top group, turnover, decay, by year."""

import re
from dataclasses import dataclass
from math import ceil
from typing import Annotated, Literal

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field, model_validator

from intralpha.base import ConfigError, DataError, Panel, Spec
from intralpha.evaluation.evidence import evidence
from intralpha.evaluation.factor_report import FEW_STOCKS, FactorReport
from intralpha.evaluation.ic import MIN_STOCKS, summarise
from intralpha.evaluation.leg_figures import LEG, OF_IC, ic_figures, in_rows, leg_figures
from intralpha.evaluation.overlap import overlap_of
from intralpha.evaluation.spacing import calendar_periods, periods_per_year
from intralpha.evaluation.sweep import Sweep, sweep

NO_SPREAD = 1e-12
LEGS = ("top", "bottom", "long_short")
SIDES = ("turnover_one_sided", "turnover_two_sided")
FIGURES = (
    *(f"{kind}_{name}" for kind in ("rank_ic", "ic") for name in OF_IC),
    *(f"{leg}_{name}" for leg in LEGS for name in (*LEG, "win")),
    *SIDES,
    "autocorrelation",
)  # that `columns` may name


class FactorTestSpec(Spec):
    """Settings of the test."""

    n_groups: int = Field(default=10, gt=1, description="equal-count groups")
    top_share: float = Field(default=0.1, gt=0, le=1, description="share of the top group")
    periods_per_year: Annotated[float, Field(gt=0)] | Literal["calendar"] | None = Field(
        default=None,
        description="test dates in a year; null: 243 sessions over the median spacing of the "
        "dates; calendar: as many as there are in the calendar years that they span",
    )
    lags: tuple[int, ...] = Field(default=(0, 1, 2, 3, 4), description="of the decay, test dates")
    ic_every: int = Field(
        default=1, gt=0, description="test dates from one IC to the next; groups use all of them"
    )
    ic_per_year: float | None = Field(
        default=None, gt=0, description="ICs in a year, for the annualised ICIR; null: by the dates"
    )
    held: tuple[int, int] | None = Field(
        default=None,
        description="(a, b) of the return that groups earn; null: the first horizon. With a "
        "horizon longer than the spacing of the dates give the one from a trade to the next",
    )
    win: Literal["date", "week", "month"] = Field(
        default="month", description="what the win rate of a leg counts"
    )
    columns: tuple[str, ...] = Field(
        default=(), description="figures that a report's table prints, in its order"
    )

    @property
    def held_name(self) -> str | None:
        """Name of the return that groups earn, among the horizons; None: the first."""
        return None if self.held is None else f"{self.held[0]}_{self.held[1]}"

    @model_validator(mode="after")
    def _known_columns(self) -> "FactorTestSpec":
        odd = sorted(set(self.columns) - set(FIGURES))
        if odd:
            raise ValueError(f"no figure {', '.join(odd)}; there are {', '.join(FIGURES)}")
        return self


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
    most = int((data.mask_DA & np.isfinite(data.score_DA)).sum(axis=1).max())
    if most < spec.n_groups:
        raise TooFewStocksError(most, spec.n_groups)
    found = _swept(data, spec)
    per_year = _per_year(data.dates, spec)
    series = _series(data, found)
    summary = _summary(data, found, series, per_year)
    faded = [_mean(found.decay_DL[:, h]) for h in range(len(spec.lags))]
    fading = pl.DataFrame({"lag": spec.lags, "rank_ic": faded})
    more = _tables(data, found, per_year, spec) | evidence(series, per_year)
    return FactorReport(name, summary, series, _yearly(series, per_year), fading, per_year, more)


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


def _swept(data: _Aligned, spec: FactorTestSpec) -> Sweep:
    """One pass; without the ICs of dates between those that count."""
    held = spec.held_name
    if held is not None and held not in data.fwd_rets:
        raise FactorPanelError("fwd", f"names {', '.join(data.fwd_rets)}", f"fwd_{held}, too")
    found = sweep(
        data.score_DA,
        data.fwd_rets,
        data.mask_DA,
        spec.n_groups,
        spec.top_share,
        spec.lags,
        held,
        pearson=True,
    )
    between = np.arange(len(data.dates)) % spec.ic_every != 0
    for ic_D in (*found.rank_ic.values(), found.ic_D, found.decay_DL):
        assert ic_D is not None
        ic_D[between] = np.nan
    return found


def _per_year(dates: Shaped[ndarray, "D"], spec: FactorTestSpec) -> float:
    if spec.periods_per_year == "calendar":
        return calendar_periods(dates)
    return spec.periods_per_year or periods_per_year(dates)


def _series(data: _Aligned, found: Sweep) -> pl.DataFrame:
    """One row a test date."""
    groups = found.groups_DG
    return pl.DataFrame(
        {
            "date": data.dates,
            "rank_ic": next(iter(found.rank_ic.values())),
            "universe": found.universe_D,
            "top_excess": found.top.ret_D - found.universe_D,
            "turnover": found.top.turnover_D,
            **{f"group_{g + 1}": groups[:, g] for g in range(groups.shape[1])},
        }
    )


def _summary(
    data: _Aligned, found: Sweep, series: pl.DataFrame, per_year: float
) -> dict[str, float]:
    """The figures of the whole test."""
    main = summarise(series["rank_ic"].to_numpy())
    assert found.ic_D is not None
    out = {
        "dates": float(main.n),
        FEW_STOCKS: float((found.pairs_D < MIN_STOCKS).sum()),
        "stocks": float(data.mask_DA.sum(axis=1).mean()),
        "rank_ic": main.mean,
        "rank_ic_std": main.std,
        "icir": main.icir,
        "positive_share": main.positive_share,
        "ic": summarise(found.ic_D).mean,
    }
    for horizon, rank_ic_D in list(found.rank_ic.items())[1:]:
        out[f"rank_ic_{horizon}"] = summarise(rank_ic_D).mean
    out |= _top_figures(series["top_excess"].to_numpy(), per_year)
    out["turnover_two_sided"] = _mean(series["turnover"].to_numpy())
    out["autocorrelation"] = _mean(found.autocorrelation_D)
    return out


def _tables(
    data: _Aligned, found: Sweep, per_year: float, spec: FactorTestSpec
) -> dict[str, pl.DataFrame]:
    """Legs, coefficients, horizons, and the columns that a report prints."""
    ic_per_year = spec.ic_per_year or per_year / spec.ic_every
    dates, used = data.dates, data.dates[:: spec.ic_every]
    excess = {"top": found.top.ret_D - found.universe_D}
    excess["bottom"] = found.bottom.ret_D - found.universe_D
    excess["long_short"] = found.top.ret_D - found.bottom.ret_D
    legs = {name: leg_figures(one, dates, per_year) for name, one in excess.items()}
    traded = {"top": _mean(found.top.turnover_D), "bottom": _mean(found.bottom.turnover_D)}
    for name, two_sided in traded.items():
        legs[name] |= {"turnover_one_sided": two_sided / 2, "turnover_two_sided": two_sided}
    spans = {h: overlap_of(used, _sessions(h)) for h in found.rank_ic}
    horizons = {h: ic_figures(one, ic_per_year, spans[h]) for h, one in found.rank_ic.items()}
    (lead, of_ranks), assured = next(iter(horizons.items())), found.ic_D
    assert assured is not None
    both = {"rank_ic": of_ranks, "ic": ic_figures(assured, ic_per_year, spans[lead])}
    out = {
        "legs": in_rows(legs, "leg"),
        "coefficients": in_rows(both, "coefficient"),
        "horizons": in_rows(horizons, "horizon"),
    }
    if spec.columns:
        known = {f"{kind}_{n}": v for kind, row in both.items() for n, v in row.items()}
        known |= {f"{leg}_{n}": v for leg, row in legs.items() for n, v in row.items()}
        known |= {f"{leg}_win": row[f"win_{spec.win}"] for leg, row in legs.items()}
        known |= {side: legs["top"][side] for side in SIDES}
        known["autocorrelation"] = _mean(found.autocorrelation_D)
        out["printed"] = pl.DataFrame([{name: known[name] for name in spec.columns}])
    return out


def _sessions(horizon: str) -> int:
    """Sessions of a return's name, ``1_6`` or ``bar03_40_of_8``; another counts as one."""
    if known := re.fullmatch(r"(\d+)_(\d+)", horizon):
        return int(known[2]) - int(known[1])
    bars = re.fullmatch(r"bar\d+_(\d+)_of_(\d+)", horizon)
    return ceil(int(bars[1]) / int(bars[2])) if bars else 1


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


def _mean(values: Float[ndarray, "n"] | None) -> float:
    if values is None:
        return float("nan")
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
