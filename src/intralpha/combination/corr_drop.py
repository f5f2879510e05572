"""Factors that say the same as a better one are left out."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.combination.icir_weight import icir
from intralpha.combination.learning import ReturnRuleSpec
from intralpha.combination.past import Past
from intralpha.combination.spec import shares


class CorrDropSpec(ReturnRuleSpec):
    """Equal weights of the factors that are not too like a better one [Spec 16].

    In the order of their ICIR a factor is kept unless its correlation with one that is kept, plus
    or minus, lies above ``limit``. One whose ICIR is negative or unknown is not kept.
    """

    kind: Literal["corr_drop"] = "corr_drop"
    limit: float = Field(default=0.8, gt=0, le=1, description="largest correlation, plus or minus")

    def found(self, past: Past) -> Float[ndarray, "K"]:
        """See :meth:`ReturnRuleSpec.found`."""
        rate_K, corr_KK = icir(past, self.min_observations), np.abs(past.mean_corr())
        kept: list[int] = []
        for k in np.argsort(-rate_K, kind="stable").tolist():
            if rate_K[k] > 0 and (corr_KK[k, kept] <= self.limit).all():
                kept.append(k)
        return shares(np.isin(np.arange(len(rate_K)), kept).astype(np.float64))
