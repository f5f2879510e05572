"""list_mle: likelihood of the labels' order under the scores."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models import Output
from intralpha.models.groups import OVER, Groups, Over
from intralpha.training.objective import ObjectiveSpec, Truth, score_and_label
from intralpha.training.order import Order


class ListMleSpec(ObjectiveSpec):
    r"""Minus the log-likelihood of each day's order, a sample (Xia et al. 2008, ListMLE).

    .. math:: \frac1n \sum_i \big( \log \sum_{j: y_j \le y_i} e^{s_j} - s_i \big)

    The best stock is drawn first with chances exp(s), then the next of the rest, and so on
    (Plackett-Luce); equal labels share their term, as in Breslow's likelihood. Insensitive to the
    level of each group's scores and to all but the order of the labels.
    """

    kind: Literal["list_mle"] = "list_mle"
    over: Over = Field(default="day", description=OVER)

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """At least 0; log(n!) / n for constant scores of n samples. A day of one is left out.

        See :meth:`ObjectiveSpec.loss`.
        """
        score, label = score_and_label(output, truth)
        groups = Groups.of(truth.days_B, self.over)
        return groups.mean_of(groups.means(_log_rest(score, label, groups) - score))


def _log_rest(
    score: Float[Tensor, " B"], label: Float[Tensor, " B"], groups: Groups
) -> Float[Tensor, " B"]:
    """Of each sample, the log of the sum of exp(s) over its group's samples with no higher label.

    Parameters
    ----------
    score, label : [B]
    groups : G groups of the B samples
    """
    order = Order.of(label, groups)
    table = score.new_full((groups.count, int(groups.sizes.max())), -torch.inf)
    table = table.index_put((order.group_B, order.place_B), score[order.samples_B])
    return order.back(table.logcumsumexp(1)[order.group_B, order.last_B])
