"""Groups of a batch's samples that are measured apart: each day, or the batch as one."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

EPSILON = 1e-8
Over = Literal["batch", "day"]
OVER = "batch: all samples of a batch are one group; day: each day's apart, then the mean over days"


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group each sample is in.

    Attributes
    ----------
    of_B : int64 [B], 0 to count - 1
    count : G, groups
    """

    of_B: Int[Tensor, " B"]
    count: int

    @staticmethod
    def of(days_B: Int[Tensor, " B"], over: Over) -> "Groups":
        """Groups of samples.

        Parameters
        ----------
        days_B : int64 [B], the number of each sample's day
        over : ``batch`` for one group; ``day`` for one a day
        """
        if over == "batch":
            return Groups.whole(days_B)
        days, of_B = torch.unique(days_B, return_inverse=True)
        return Groups(of_B, len(days))

    @staticmethod
    def whole(values: Shaped[Tensor, "B *N"]) -> "Groups":
        """All samples as one group, on the device where their values are."""
        return Groups(torch.zeros(len(values), dtype=torch.int64, device=values.device), 1)

    def sums(self, values: Shaped[Tensor, "B *N"]) -> Shaped[Tensor, "G *N"]:
        """Sums over the samples of each group."""
        if self.count == 1:  # summed in pairs, which is more exact
            return values.sum(0, keepdim=True)
        empty = values.new_zeros((self.count, *values.shape[1:]))
        return empty.index_add(0, self.of_B, values)

    def means(self, values: Float[Tensor, "B *N"]) -> Float[Tensor, "G *N"]:
        """Means over the samples of each group."""
        shape = (self.count, *[1] * (values.dim() - 1))
        return self.sums(values) / self.sizes.view(shape)

    def spread(self, values: Shaped[Tensor, "G *N"]) -> Shaped[Tensor, "B *N"]:
        """To each sample what is its group's."""
        if self.count == 1:
            return values.expand(len(self.of_B), *values.shape[1:])
        return values[self.of_B]

    def mean_of(
        self, by_group: Float[Tensor, "G *N"], measured: Bool[Tensor, "G *N"] | None = None
    ) -> Float[Tensor, "*N"]:
        """The mean over groups in which something could be compared.

        Parameters
        ----------
        by_group : [G] or [G, N]
        measured : bool of the same shape; None: groups of at least two samples

        Returns
        -------
        Tensor [] or [N]
            0 where no group counts, with a gradient of 0.
        """
        counts = self.sizes >= 2 if measured is None else measured
        return (by_group * counts).sum(0) / counts.sum(0).clamp(min=1)

    @property
    def sizes(self) -> Int[Tensor, " G"]:
        """Samples of each group."""
        return torch.bincount(self.of_B, minlength=self.count)


def standardise(
    values: Float[Tensor, "B *N"], groups: Groups | None = None
) -> Float[Tensor, "B *N"]:
    """Batch norm without parameters: population z-score; constant values become 0.

    Parameters
    ----------
    values : [B] or [B, N]
    groups : each is standardised apart; None: the batch is one
    """
    groups = groups or Groups.whole(values)
    centred = values - groups.spread(groups.means(values))
    # The mean is rounded: of constant values a rest would be left, and blown up to 1.
    centred = centred - groups.spread(groups.means(centred))
    scale = (groups.means(centred.square()) + EPSILON**2).sqrt()
    return centred / groups.spread(scale)
