"""rank_ic: minus the correlation of smoothed ranks of scores with ranks of labels."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models import Output
from intralpha.models.groups import OVER, Groups, Over, standardise
from intralpha.training.groups import mean_correlations
from intralpha.training.objective import ObjectiveSpec, Truth, score_and_label
from intralpha.training.order import Order, ranks


class RankICSpec(ObjectiveSpec):
    r"""Minus the correlation of soft ranks of the scores with the ranks of the labels.

    .. math:: r_i = \sum_j F((s_i - s_j) / \tau)

    with the scores s standardised in each group and F the Laplace distribution's CDF: the rank to
    expect if every difference of scores is blurred by noise of scale tau. Soft ranks from pairs
    are those of Qin, Liu and Li (2010), who take the logistic F; with ours the sums are those of a
    linear recurrence over sorted scores, so that n samples cost O(n log n) time and O(n log n)
    memory (5,000 in float32: some MB) instead of O(n^2). As tau falls the loss tends to minus the
    RankIC. Insensitive to level and scale of the scores and to all but the order of the labels.
    """

    kind: Literal["rank_ic"] = "rank_ic"
    temperature: float = Field(
        default=0.1, gt=0, description="tau, blur in standard deviations of the scores"
    )
    over: Over = Field(default="day", description=OVER)

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """Between -1 and 1; 0 for constant scores or labels. A day of one sample is left out.

        See :meth:`ObjectiveSpec.loss`.
        """
        score, label = score_and_label(output, truth)
        groups = Groups.of(truth.days_B, self.over)
        soft = soft_ranks(standardise(score, groups) / self.temperature, groups)
        return -mean_correlations(soft[:, None], ranks(label, groups)[:, None], groups)[0]


def soft_ranks(values: Float[Tensor, " B"], groups: Groups) -> Float[Tensor, " B"]:
    """Sum over each group's samples j of F(v_i - v_j), F the CDF of the standard Laplace law.

    Parameters
    ----------
    values : [B], in units of the blur
    groups : G groups of the B samples

    Returns
    -------
    Tensor [B]
        Between 0.5 and n - 0.5. Far apart values get their ranks, equal ones their mean rank.
    """
    order = Order.of(values, groups)
    v = values[order.samples_B]
    other_day = order.place_B[1:] == 0  # from its last to the next one's first values may fall far
    near = torch.exp((v[:-1] - v[1:]).masked_fill(other_day, -torch.inf))
    none = near.new_zeros(1)
    below = _recurrence(torch.cat([none, near]))
    above = _recurrence(torch.cat([none, near.flip(0)])).flip(0)
    return order.back(order.place_B.to(v.dtype) + 0.5 + (above - below) / 2)


def _recurrence(a: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
    """x_i = a_i (x_{i-1} + 1), by doubling: log2(B) passes over the whole vector."""
    x, shift = a, 1
    while shift < len(a):
        x = torch.cat([x[:shift], x[shift:] + a[shift:] * x[:-shift]])
        a = torch.cat([a[:shift], a[shift:] * a[:-shift]])
        shift *= 2
    return x
