"""Observe: what dates said about factors, from scores and the returns that followed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Float32, Real, Shaped
from numpy import ndarray

from intralpha.base.cross_section import FLAT, zscore
from intralpha.combination.past import Past
from intralpha.evaluation import rank_ic
from intralpha.evaluation.ic import MIN_STOCKS


def observe(
    names: tuple[str, ...],
    dates: Shaped[ndarray, "D"],
    known_dates: Shaped[ndarray, "D"],
    parts: Sequence[Real[ndarray, "D A"]],
    inside_DA: Bool[ndarray, "D A"],
    rets: Sequence[Float[ndarray, "D A"]] = (),
    counted_DA: Bool[ndarray, "D A"] | None = None,
    samples: bool = False,
) -> Past:
    """RankICs, correlations and sums of products of each date.

    Parameters
    ----------
    names : the K factors
    dates : of the scores
    known_dates : sessions at whose close the date is complete, ascending
    parts : K scores; what is not finite is absent
    inside_DA : the universe, over which factors are standardised
    rets : forward returns, one array a horizon; none: correlations of scores alone
    counted_DA : stocks of the universe whose returns count; default: all
    samples : whether to keep the stocks of each date, too

    Returns
    -------
    Past
        float64. Products are computed over the stocks that are there and no others, so that a
        date's numbers do not depend on which stocks stand on the axis.
    """
    counted = inside_DA if counted_DA is None else inside_DA & counted_DA
    scores = [np.ascontiguousarray(part, np.float64) for part in parts]
    rank_ic_WHK = np.full((len(dates), len(rets), len(names)), np.nan)
    for h, ret_DA in enumerate(rets):
        for k, score_DA in enumerate(scores):
            rank_ic_WHK[:, h, k] = rank_ic(score_DA, ret_DA, counted)
    lead = rets[0] if len(rets) else None
    days = [
        _Date.of(
            np.stack([score_DA[d] for score_DA in scores], axis=-1),
            inside_DA[d],
            counted[d],
            None if lead is None else lead[d],
        )
        for d in range(len(dates))
    ]
    square, row = (-1, len(names), len(names)), (-1, len(names))
    return Past(
        names=names,
        dates=dates,
        known_dates=known_dates,
        rank_ic_WHK=rank_ic_WHK,
        corr_WKK=np.array([one.corr_KK() for one in days], np.float64).reshape(square),
        gram_WKK=np.array([one.gram_KK() for one in days], np.float64).reshape(square),
        cross_WK=np.array([one.cross_K() for one in days], np.float64).reshape(row),
        spread_W=np.array([one.spread() for one in days], np.float64),
        count_W=np.array([len(one.ret_N) for one in days], np.float64),
        samples=tuple(one.sample() for one in days) if samples else (),
    )


@dataclass(frozen=True, eq=False)
class _Date:
    """The stocks of one date: z-scores of those in the universe, and who of them has a return."""

    z_AK: Float[ndarray, "A K"]
    kept_A: Bool[ndarray, "A"]
    ret_N: Float[ndarray, "N"]  # of those kept, less their mean; 0 where none is asked for

    @classmethod
    def of(
        cls,
        score_AK: Float[ndarray, "A K"],
        inside_A: Bool[ndarray, "A"],
        counted_A: Bool[ndarray, "A"],
        ret_A: Float[ndarray, "A"] | None,
    ) -> "_Date":
        z_AK = zscore(score_AK[inside_A], axis=0)
        kept_A = np.asarray(np.isfinite(z_AK).any(axis=1))
        if ret_A is None:
            return cls(z_AK, kept_A, np.zeros(int(kept_A.sum())))
        kept_A &= counted_A[inside_A] & np.isfinite(ret_A[inside_A])
        ret_N = ret_A[inside_A][kept_A].astype(np.float64)
        return cls(z_AK, kept_A, ret_N - ret_N.mean() if len(ret_N) else ret_N)

    def _enough(self) -> bool:
        return len(self.ret_N) >= MIN_STOCKS

    @cached_property
    def _centred(self) -> Float[ndarray, "N K"]:
        z_NK = np.nan_to_num(self.z_AK[self.kept_A])
        return z_NK - z_NK.mean(axis=0)

    def corr_KK(self) -> Float[ndarray, "K K"]:
        return _pairwise(self.z_AK, np.isfinite(self.z_AK))

    def gram_KK(self) -> Float[ndarray, "K K"]:
        if not self._enough():
            return np.full((self.z_AK.shape[1],) * 2, np.nan)
        z_NK = self._centred
        return z_NK.T @ z_NK / len(z_NK)

    def cross_K(self) -> Float[ndarray, "K"]:
        if not self._enough():
            return np.full(self.z_AK.shape[1], np.nan)
        return self._centred.T @ self.ret_N / len(self.ret_N)

    def spread(self) -> float:
        return float(np.sqrt((self.ret_N**2).mean())) if self._enough() else np.nan

    def sample(self) -> tuple[Float32[ndarray, "N K"], Float32[ndarray, "N"]]:
        spread = self.spread()
        if not spread > FLAT:
            return np.empty((0, self.z_AK.shape[1]), np.float32), np.empty(0, np.float32)
        return self.z_AK[self.kept_A].astype(np.float32), (self.ret_N / spread).astype(np.float32)


def _pairwise(z_AK: Float[ndarray, "A K"], there: Bool[ndarray, "A K"]) -> Float[ndarray, "K K"]:
    """Pearson correlation of every two factors over the stocks that have both."""
    z, one = np.nan_to_num(z_AK), there.astype(np.float64)
    count, total, squares = one.T @ one, z.T @ one, (z**2).T @ one
    known = np.maximum(count, 1.0)
    cov = z.T @ z / known - total * total.T / known**2
    var = np.maximum(squares / known - (total / known) ** 2, 0.0)
    size = np.sqrt(var * var.T)
    told = (count >= MIN_STOCKS) & (size > 1e-12)
    return np.divide(cov, size, out=np.full(cov.shape, np.nan), where=told)
