"""Factors made uncorrelated, each moved as little as possible."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.combination.learning import PastRuleSpec
from intralpha.combination.past import Past
from intralpha.datasets import EverySpec, GridSpec

LEAST = 1e-6


class OrthogonalSpec(PastRuleSpec):
    r"""Sum of the factors after symmetric orthogonalisation [Spec 16].

    .. math:: w = R^{-1/2} 1

    with R the mean over the latest dates of the factors' correlations: :math:`z R^{-1/2}` are
    uncorrelated and of all such nearest to z. Eigenvalues below 1e-6 count as that.
    """

    kind: Literal["orthogonal"] = "orthogonal"
    signed: ClassVar[bool] = True
    observations: int = Field(default=1, ge=1, description="latest dates; 1: the date's own")
    refresh: GridSpec = Field(
        default=EverySpec(every=1), description="on which sessions is weighed anew"
    )

    def weigh(self, names: tuple[str, ...], past: Past | None = None) -> Float[ndarray, "K"]:
        """See :meth:`CombinerSpec.weigh`; equal weights where nothing is known.

        Raises
        ------
        MissingPastError, FactorNamesError
        """
        values, vectors = np.linalg.eigh(self._past(names, past).mean_corr())
        root = np.sqrt(np.maximum(values, LEAST))
        return vectors @ (vectors.T @ np.ones(len(names)) / root)
