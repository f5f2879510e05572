"""ccc: minus the concordance of scores and labels."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models import Output
from intralpha.models.groups import EPSILON, OVER, Groups, Over
from intralpha.training.objective import ObjectiveSpec, Truth, score_and_label


class CccSpec(ObjectiveSpec):
    r"""Minus Lin's concordance correlation coefficient (1989) [Spec 13; 001 §1.1].

    .. math:: -2 \sigma_{sy} / (\sigma_s^2 + \sigma_y^2 + (\mu_s - \mu_y)^2)

    A correlation that counts level and scale too; with standardised scores and labels it is
    ``neg_ic``. Insensitive to a shift or a scale only if scores and labels have it both.
    """

    kind: Literal["ccc"] = "ccc"
    over: Over = Field(default="batch", description=OVER)

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """Between -1 and 1; 0 for constant scores or labels. A day of one sample is left out.

        See :meth:`ObjectiveSpec.loss`.
        """
        score, label = score_and_label(output, truth)
        groups = Groups.of(truth.days_B, self.over)
        level, aim = groups.means(score), groups.means(label)
        s, y = score - groups.spread(level), label - groups.spread(aim)
        spread = groups.means(s * s) + groups.means(y * y) + (level - aim).square()
        return -groups.mean_of(2 * groups.means(s * y) / (spread + EPSILON**2))
