"""Weights of least variance: what says the same as others counts less."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.combination.learning import PastRuleSpec
from intralpha.combination.past import Past
from intralpha.combination.spec import shares


class CorrWeightSpec(PastRuleSpec):
    r"""Weights from correlations of the factors, without returns [Spec 16].

    .. math:: w \propto \max(C^{-1} 1,\; 0), \qquad C = (1 - \delta)\,R + \delta I

    with R the mean over the latest dates of the factors' correlations.
    """

    kind: Literal["corr_weight"] = "corr_weight"
    shrink: float = Field(default=0.3, gt=0, le=1, description="delta, towards no correlation")

    def weigh(self, names: tuple[str, ...], past: Past | None = None) -> Float[ndarray, "K"]:
        """See :meth:`CombinerSpec.weigh`; equal weights where nothing is known.

        Raises
        ------
        MissingPastError, FactorNamesError
        """
        corr_KK = self._past(names, past).mean_corr()
        mixed_KK = (1 - self.shrink) * corr_KK + self.shrink * np.eye(len(names))
        return shares(np.linalg.solve(mixed_KK, np.ones(len(names))))
