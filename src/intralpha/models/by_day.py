"""Moments of each day's samples, and scores that are standardised by day."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

EPSILON = 1e-8


def day_places(
    size: int, days_B: Int[Tensor, " B"] | None, device: torch.device
) -> tuple[Int[Tensor, " B"], Int[Tensor, " D"]]:
    """Which day of the batch each sample is of, 0 to D - 1, and how many samples a day has.

    Parameters
    ----------
    size : B
    days_B : int64 [B], ascending, the number of each sample's day; None: all are of one day
    device : of both, where there is no ``days_B``
    """
    if days_B is None:
        days_B = torch.zeros(size, dtype=torch.int64, device=device)
    _, place, count = torch.unique_consecutive(days_B, return_inverse=True, return_counts=True)
    return place, count


def day_moments(
    x: Float[Tensor, "B N"], place: Int[Tensor, " B"], count: Int[Tensor, " D"]
) -> tuple[Float[Tensor, "D N"], Float[Tensor, "D N"]]:
    """Mean and population variance of each column on each day, [D, N] each.

    Parameters
    ----------
    x : [B, N], no NaN
    place : int64 [B], from :func:`day_places`
    count : int64 [D], likewise
    """
    size = count[:, None].to(x.dtype)
    mean = x.new_zeros(len(count), x.shape[1]).index_add(0, place, x) / size
    square = (x - mean[place]).square()
    return mean, x.new_zeros(len(count), x.shape[1]).index_add(0, place, square) / size


def standardised_by_day(
    x: Float[Tensor, "B N"], days_B: Int[Tensor, " B"] | None
) -> Float[Tensor, "B N"]:
    """(x - mean) / std of each column over the samples of a day, std of the population.

    Parameters
    ----------
    x : [B, N], no NaN
    days_B : int64 [B], ascending, the number of each sample's day; None: all are of one day

    Returns
    -------
    Tensor [B, N], float32 or float64 as ``x``
        A column that is constant on a day becomes 0. Differentiable. Computed in float64: what is
        standardised may have any level and scale, as losses of correlation leave both free.
    """
    wide = x.double()
    place, count = day_places(len(x), days_B, x.device)
    mean, variance = day_moments(wide, place, count)
    return ((wide - mean[place]) / (variance + EPSILON**2).sqrt()[place]).to(x.dtype)
