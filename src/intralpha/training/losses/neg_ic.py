"""neg_ic: minus the correlation of scores and labels."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models import Output
from intralpha.models.groups import OVER, Groups, Over
from intralpha.training.groups import mean_correlations
from intralpha.training.objective import ObjectiveSpec, Truth, score_and_label


class NegICSpec(ObjectiveSpec):
    """Minus the Pearson correlation of scores and labels [Spec 13: neg_ic, rnn_neg_ic].

    Insensitive to level and scale of scores and labels; with ``over: day`` to those of each day.
    """

    kind: Literal["neg_ic"] = "neg_ic"
    over: Over = Field(default="batch", description=OVER)

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """Between -1 and 1; 0 for constant scores or labels. A day of one sample is left out.

        See :meth:`ObjectiveSpec.loss`.
        """
        score, label = score_and_label(output, truth)
        groups = Groups.of(truth.days_B, self.over)
        return -mean_correlations(score[:, None], label[:, None], groups)[0]
