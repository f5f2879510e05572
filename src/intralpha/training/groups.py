"""Groups of a batch's samples that a loss measures apart: each day, or the batch as one."""

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
            return Groups(torch.zeros_like(days_B), 1)
        days, of_B = torch.unique(days_B, return_inverse=True)
        return Groups(of_B, len(days))

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

    @property
    def sizes(self) -> Int[Tensor, " G"]:
        """Samples of each group."""
        return torch.bincount(self.of_B, minlength=self.count)


def correlations(
    x_BN: Float[Tensor, "B N"],
    y_BN: Float[Tensor, "B N"],
    groups: Groups,
    known_BN: Bool[Tensor, "B N"] | None = None,
) -> tuple[Float[Tensor, "G N"], Bool[Tensor, "G N"]]:
    """Pearson correlations of columns, in each group.

    Parameters
    ----------
    x_BN, y_BN : [B, N], finite where known
    groups : G groups of the B samples
    known_BN : bool [B, N], what is compared; None: everything

    Returns
    -------
    correlations : [G, N]
        0 for constant columns, with a finite gradient. What is not known changes nothing.
    measured : bool [G, N]
        Whether at least two samples were compared.
    """
    w = torch.ones_like(x_BN) if known_BN is None else known_BN.to(x_BN.dtype)
    n = groups.sums(w)
    at_least_one = n.clamp(min=1)
    x = (x_BN - groups.spread(groups.sums(x_BN * w) / at_least_one)) * w
    y = (y_BN - groups.spread(groups.sums(y_BN * w) / at_least_one)) * w
    scale = (groups.sums(x * x) / at_least_one + EPSILON**2).rsqrt()
    scale = scale * (groups.sums(y * y) / at_least_one + EPSILON**2).rsqrt()
    return groups.sums(x * y) / at_least_one * scale, n >= 2


def mean_correlations(
    x_BN: Float[Tensor, "B N"],
    y_BN: Float[Tensor, "B N"],
    groups: Groups,
    known_BN: Bool[Tensor, "B N"] | None = None,
) -> Float[Tensor, " N"]:
    """Means over groups of :func:`correlations`; a group of which nothing is measured is left out.

    Parameters
    ----------
    x_BN, y_BN : [B, N]
    groups : G groups of the B samples
    known_BN : bool [B, N], what is compared; None: everything

    Returns
    -------
    Tensor [N]
        0 for a column of which nothing is measured.
    """
    found, measured = correlations(x_BN, y_BN, groups, known_BN)
    return (found * measured).sum(0) / measured.sum(0).clamp(min=1)


def standardise(
    values: Float[Tensor, "B *N"], groups: Groups | None = None
) -> Float[Tensor, "B *N"]:
    """Batch norm without parameters: population z-score; constant values become 0.

    Parameters
    ----------
    values : [B] or [B, N]
    groups : each is standardised apart; None: the batch is one
    """
    if groups is None:
        groups = Groups(torch.zeros(len(values), dtype=torch.int64, device=values.device), 1)
    centred = values - groups.spread(groups.means(values))
    scale = (groups.means(centred.square()) + EPSILON**2).sqrt()
    return centred / groups.spread(scale)
