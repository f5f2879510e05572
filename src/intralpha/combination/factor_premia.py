"""Expected returns: exposures times what a unit of each has earned lately."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Real, Shaped
from numpy import ndarray
from pydantic import Field, model_validator

from intralpha.base.cross_section import zscore
from intralpha.combination.icir import RankICHistory
from intralpha.combination.icir_weight import MissingHistoryError
from intralpha.combination.premia import mean_premia, premia
from intralpha.combination.spec import CombinerSpec, Evidence, FactorNamesError


class FactorPremiaSpec(CombinerSpec):
    r"""Expected return by factor premia, :math:`\mu_i = \sum_k \lambda_k z_{i,k}` [Spec 18.3].

    Premia are the coefficients of a regression of forward returns across stocks, one a date of the
    portfolio's grid (without a portfolio of that of the tests); :math:`\lambda` is the mean of the
    latest that are over, z the newest z-scores. The score is a return over the horizon, and a stock
    without a factor counts with its mean. Weekly dates make 52 of them the twelve months of
    report 004.
    """

    kind: Literal["factor_premia"] = "factor_premia"
    horizon: tuple[int, int] = Field(
        default=(1, 6), description="forward return close(t+a) -> close(t+b) that is explained"
    )
    observations: int = Field(default=52, ge=1, description="latest premia whose mean counts")
    min_observations: int = Field(
        default=24, ge=1, description="a factor with fewer counts with a premium of 0"
    )

    @model_validator(mode="after")
    def _possible(self) -> "FactorPremiaSpec":
        if not 0 <= self.horizon[0] < self.horizon[1]:
            raise ValueError(f"horizon {self.horizon}: expected 0 <= first < last, sessions")
        if self.min_observations > self.observations:
            raise ValueError("min_observations is larger than observations")
        return self

    def evidence(self) -> Evidence:
        """See :meth:`CombinerSpec.evidence`."""
        return Evidence(self.horizon, self.observations)

    def observed(
        self,
        scores: Sequence[Real[ndarray, "D A"]],
        matured_ret_DA: Float[ndarray, "D A"],
        mask_DA: Bool[ndarray, "D A"],
    ) -> Float[ndarray, "D K"]:
        """:func:`premia`; see :meth:`CombinerSpec.observed`."""
        return premia(scores, matured_ret_DA, mask_DA)

    def weigh(
        self,
        names: tuple[str, ...],
        dates: Shaped[ndarray, "D"],
        history: RankICHistory | None = None,
    ) -> Float[ndarray, "D K"]:
        """:func:`mean_premia`, return per standard deviation; see :meth:`CombinerSpec.weigh`.

        Raises
        ------
        MissingHistoryError
        FactorNamesError
            The history has other factors.
        """
        if history is None:
            raise MissingHistoryError(self.kind)
        if set(history.names) != set(names):
            raise FactorNamesError(names, f"those with premia: {', '.join(history.names)}")
        found = mean_premia(history, dates, self.observations, self.min_observations)
        return found[:, [history.names.index(name) for name in names]]

    def weighed(
        self,
        scores: Sequence[Real[ndarray, "D A"]],
        weights_DK: Float[ndarray, "D K"],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Float[ndarray, "D A"]:
        """Sum of premium times z-score, not scaled; see :meth:`CombinerSpec.weighed`.

        NaN on dates without a premium, and for stocks that no factor with one has.
        """
        total, known = np.zeros(scores[0].shape), np.zeros(scores[0].shape, dtype=bool)
        for score, weight_D in zip(scores, weights_DK.T, strict=True):
            z_DA = zscore(score.astype(np.float64), mask_DA)
            there = np.isfinite(z_DA) & (weight_D != 0)[:, None]
            total += np.where(there, weight_D[:, None] * z_DA, 0.0)
            known |= there
        return np.where(known, total, np.nan)
