"""Correlations in groups of a batch's samples."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from intralpha.models.groups import EPSILON, Groups


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

    def centred(v_BN: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return (v_BN - groups.spread(groups.sums(v_BN * w) / at_least_one)) * w

    # Twice: the mean of constant values is rounded, and what is left would look like a forecast.
    x, y = (centred(centred(v_BN)) for v_BN in (x_BN, y_BN))
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
    return groups.mean_of(found, measured)
