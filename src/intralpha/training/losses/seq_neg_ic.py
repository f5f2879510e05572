"""seq_neg_ic: minus the correlation of each step of a sequence with its label."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models import Output
from intralpha.models.groups import OVER, Groups, Over
from intralpha.training.groups import correlations
from intralpha.training.objective import ObjectiveSpec, Truth, horizons_of


class SeqNegICSpec(ObjectiveSpec):
    r"""Minus the mean over H steps of the Pearson correlation [Spec 13].

    .. math:: -\frac1H \sum_k \rho_k

    For the return sequence of research system 003 [003 F36]. The score itself is not
    trained. Insensitive to level and scale of each step's predictions.
    """

    kind: Literal["seq_neg_ic"] = "seq_neg_ic"
    over: Over = Field(default="batch", description=OVER)

    @property
    def needs(self) -> tuple[str, ...]:
        """Part ``h``."""
        return ("h",)

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """Between -1 and 1. A step of which no day has two labels is left out of the mean.

        See :meth:`ObjectiveSpec.loss`.
        """
        step = horizons_of(output, truth)
        groups = Groups.of(truth.days_B, self.over)
        found, measured = correlations(step, truth.label_BH, groups, truth.known_BH)
        by_step = groups.mean_of(found, measured)
        return -by_step.sum() / measured.any(0).sum().clamp(min=1)
