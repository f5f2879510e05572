"""How alike a network's units are: the mean absolute correlation between them."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def unit_correlation(units_BK: Float[Tensor, "B K"]) -> float:
    r"""Mean absolute Pearson correlation between the units of one day [001 figure 11].

    .. math:: \frac{2}{K (K - 1)} \sum_{j < k} |\rho(z_j, z_k)|

    Parameters
    ----------
    units_BK : [B, K], units of a day's stocks

    Returns
    -------
    float
        Over the pairs of units that vary (by more than 1e-10 of their largest value); NaN when
        none does.
    """
    z = units_BK.detach().double().cpu()
    centred = z - z.mean(0)
    size = centred.norm(dim=0)
    varies = size > 1e-10 * len(z) ** 0.5 * z.abs().amax(0)
    unit = centred[:, varies] / size[varies]
    count = unit.shape[1]
    if count < 2:
        return math.nan
    total = (unit.T @ unit).abs().sum() - count
    return float(torch.clamp(total / (count * (count - 1)), max=1.0))
