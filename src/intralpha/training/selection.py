"""Selection: which of several networks are kept, by what came after they were trained [15.1]."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray
from pydantic import Field, model_validator

from intralpha.base import Spec
from intralpha.evaluation import rank_ic, summarise
from intralpha.evaluation.ic import MIN_STOCKS
from intralpha.evaluation.order import ordering
from intralpha.evaluation.rank_pairs import rank_correlation


class SelectSpec(Spec):
    """Which candidates are kept: those that were good, steady, and no copies of each other."""

    min_stability: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="share of the judged months with a positive mean RankIC",
    )
    max_correlation: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="mean absolute daily rank correlation with any that is kept",
    )
    at_most: int = Field(default=6, gt=0, description="candidates that are kept")
    at_least: int = Field(
        default=2,
        gt=0,
        description="if fewer remain, as many as this are taken by their ICIR alone",
    )

    @model_validator(mode="after")
    def _in_order(self) -> "SelectSpec":
        if self.at_least > self.at_most:
            raise ValueError(f"at_least {self.at_least} lies above at_most {self.at_most}")
        return self


@dataclass(frozen=True)
class Judged:
    """How good a candidate was on the dates that judge it.

    Attributes
    ----------
    icir : mean of the daily RankIC over its standard deviation (G); NaN where it has none
    stability : share of the calendar months with a positive mean RankIC (S); NaN without a month
    dates : with a RankIC
    """

    icir: float
    stability: float
    dates: int


@dataclass(frozen=True)
class Verdict:
    """What became of a candidate.

    Attributes
    ----------
    kept : whether it counts
    correlation : the largest mean absolute rank correlation with those kept before it; NaN if
        there is none, or if it was not compared
    why : in words
    """

    kept: bool
    correlation: float
    why: str


def judge(
    score_DA: Float[ndarray, "D A"],
    fwd_DA: Float[ndarray, "D A"],
    dates: Shaped[ndarray, " D"],
) -> Judged:
    """ICIR and stability of a candidate's scores [Spec 15.1, step 4].

    Parameters
    ----------
    score_DA : NaN for stocks that are no sample
    fwd_DA : what came of them; NaN where it is not known
    dates : datetime64[D] [D], those that judge it

    Returns
    -------
    Judged
        Known when the last of ``fwd_DA`` is.
    """
    rank_ic_D = rank_ic(score_DA, fwd_DA)
    known = np.isfinite(rank_ic_D)
    months = dates[known].astype("datetime64[M]")
    means = [rank_ic_D[known][months == month].mean() for month in np.unique(months)]
    stability = float(np.mean(np.array(means) > 0)) if means else np.nan
    return Judged(summarise(rank_ic_D).icir, stability, int(known.sum()))


def likeness(
    scores: Sequence[Float[ndarray, "D A"]],
) -> tuple[Float[ndarray, "K K"], Float[ndarray, "K K"]]:
    """How alike candidates order stocks: mean daily rank correlation, and mean of its size.

    Parameters
    ----------
    scores : of K candidates on the same dates and stocks; NaN where one says nothing

    Returns
    -------
    (mean, mean absolute) : ndarrays of float64, symmetric, 1 on the diagonal
        Over the dates on which both say something of 30 stocks; NaN without such a date. Known
        when the scores are.

    Notes
    -----
    Memory: 12 bytes a score.
    """
    count = len(scores)
    sorted_ = [ordering(score) for score in scores]
    mean, size = np.eye(count), np.eye(count)
    for a in range(count):
        for b in range(a):
            mask = np.isfinite(scores[a]) & np.isfinite(scores[b])
            daily = rank_correlation(sorted_[a], sorted_[b], mask, MIN_STOCKS)
            daily = daily[np.isfinite(daily)]
            mean[a, b] = mean[b, a] = daily.mean() if len(daily) else np.nan
            size[a, b] = size[b, a] = np.abs(daily).mean() if len(daily) else np.nan
    return mean, size


def choose(
    judged: Sequence[Judged], alike_KK: Float[ndarray, "K K"], spec: SelectSpec
) -> tuple[Verdict, ...]:
    """Keep the best that are steady and not alike [Spec 15.1, step 5].

    From the highest ICIR down a candidate is kept if its ICIR is above 0, it is steady enough and
    no more alike to any that is kept than allowed, until there are enough. If fewer remain than
    ``at_least``, those with the highest ICIR are taken instead, whatever else they are; one that
    could not be measured yet comes after all others, and the newest of such first.

    Parameters
    ----------
    judged : of K candidates, in time order
    alike_KK : mean absolute rank correlation of each two; NaN: they had no date in common, which
        counts as not alike
    spec : the thresholds
    """
    order = sorted(range(len(judged)), key=lambda k: (_height(judged[k]), k), reverse=True)
    kept: list[int] = []
    verdicts: dict[int, Verdict] = {}
    for k in order:
        verdicts[k] = _verdict(judged[k], [float(alike_KK[k, j]) for j in kept], spec)
        kept += [k] if verdicts[k].kept else []
    if len(kept) < spec.at_least:
        for k in order:
            verdicts[k] = _without_rules(verdicts[k], taken=k in order[: spec.at_least], spec=spec)
    return tuple(verdicts[k] for k in range(len(judged)))


def _height(one: Judged) -> float:
    return one.icir if np.isfinite(one.icir) else -np.inf


def _verdict(one: Judged, alike: list[float], spec: SelectSpec) -> Verdict:
    """What the rules say of a candidate beside those that are kept."""
    if not np.isfinite(one.icir):
        return Verdict(False, np.nan, "no ICIR yet")
    if one.icir <= 0:
        return Verdict(False, np.nan, "ICIR not above 0")
    if one.stability < spec.min_stability:
        return Verdict(False, np.nan, f"stability below {spec.min_stability:g}")
    known = [value for value in alike if np.isfinite(value)]
    nearest = max(known, default=np.nan)
    if nearest > spec.max_correlation:
        return Verdict(False, nearest, f"correlation above {spec.max_correlation:g}")
    if len(alike) == spec.at_most:
        return Verdict(False, nearest, f"{spec.at_most} are kept")
    return Verdict(True, nearest, "kept")


def _without_rules(by_rules: Verdict, taken: bool, spec: SelectSpec) -> Verdict:
    """A candidate where fewer than ``at_least`` passed the rules."""
    why = "passed the rules" if by_rules.kept else by_rules.why
    if taken:
        told = f"one of the {spec.at_least} highest ICIRs, since fewer passed; {why}"
        return Verdict(True, by_rules.correlation, told)
    return Verdict(False, by_rules.correlation, f"not one of the {spec.at_least} highest; {why}")
