"""Order of a batch's samples in their groups."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from intralpha.models.groups import Groups


@dataclass(frozen=True, eq=False)
class Order:
    """Samples sorted by group and, in it, by ascending value.

    Attributes
    ----------
    samples_B : int64 [B], number of the sample that stands at each position
    group_B : int64 [B], its group
    place_B : int64 [B], its place in the group, from 0
    ties : positions grouped by equal values of one group
    """

    samples_B: Int[Tensor, " B"]
    group_B: Int[Tensor, " B"]
    place_B: Int[Tensor, " B"]
    ties: Groups

    @staticmethod
    def of(values: Float[Tensor, " B"], groups: Groups) -> "Order":
        """The order of values.

        Parameters
        ----------
        values : [B]; no gradient flows through their order
        groups : G groups of the B samples
        """
        values = values.detach()
        by_value = torch.argsort(values, stable=True)
        samples = by_value[torch.argsort(groups.of_B[by_value], stable=True)]
        group, value = groups.of_B[samples], values[samples]
        first = groups.sizes.cumsum(0) - groups.sizes
        place = torch.arange(len(samples), device=values.device) - first[group]
        new = (group[1:] != group[:-1]) | (value[1:] != value[:-1])
        number = torch.cat([new.new_zeros(1), new]).cumsum(0)
        return Order(samples, group, place, Groups(number, int(number[-1]) + 1))

    def back(self, sorted_B: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
        """Values at positions, given back to the samples that stand there."""
        return torch.empty_like(sorted_B).index_copy(0, self.samples_B, sorted_B)

    @property
    def last_B(self) -> Int[Tensor, " B"]:
        """Of each position, the place in its group of the last value that equals its own."""
        return self.place_B[self.ties.sizes.cumsum(0) - 1][self.ties.of_B]


def ranks(values: Float[Tensor, " B"], groups: Groups) -> Float[Tensor, " B"]:
    """Rank of each value in its group, from 0.5 to n - 0.5; equal values share their mean rank.

    Parameters
    ----------
    values : [B]
    groups : G groups of the B samples
    """
    order = Order.of(values, groups)
    equal = order.ties.sizes[order.ties.of_B]
    return order.back(order.last_B.to(values.dtype) + 1 - equal / 2)
