"""mse_bn_orth: squared error of the mean of K units, with a penalty on units that are alike."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models import Output
from intralpha.models.groups import standardise
from intralpha.training.objective import ObjectiveSpec, Truth, part_of, score_and_label


class MseBnOrthSpec(ObjectiveSpec):
    r"""Squared error of the standardised score plus a penalty on correlated units [Spec 13].

    .. math:: \frac1N \sum_i (BN(c_i) - y_i)^2 + \frac{\lambda}{N K^2} \lVert Z^T Z \rVert_F

    with the units Z, ``[N, K]``, standardised over the batch, so that :math:`Z^T Z` is N times
    their correlation matrix. Insensitive to level and scale of the score and of each unit.
    """

    kind: Literal["mse_bn_orth"] = "mse_bn_orth"
    penalty: float = Field(default=20.0, ge=0, description="lambda, weight of the penalty")

    @property
    def needs(self) -> tuple[str, ...]:
        """Part ``unit``."""
        return ("unit",)

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """The penalty without lambda lies between K^-1.5 (uncorrelated) and 1/K (all alike).

        See :meth:`ObjectiveSpec.loss`.
        """
        score, label = score_and_label(output, truth)
        error = (standardise(score) - label).square().mean()
        return error + self.penalty * alikeness(part_of(output, "unit"))


def alikeness(unit_BK: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    r"""The penalty :math:`\lVert Z^T Z \rVert_F / (N K^2)` of units, standardised to Z first.

    Parameters
    ----------
    unit_BK : [B, K]

    Returns
    -------
    scalar between K^-1.5 and 1/K, less where units are constant
    """
    z = standardise(unit_BK)
    n, k = z.shape
    return (z.T @ z).norm() / (n * k**2)
