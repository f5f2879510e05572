"""Groups of the samples of a day, and scores that are standardised by day."""

from jaxtyping import Float, Int
from torch import Tensor

from intralpha.models.groups import Groups, standardise


def day_groups(x: Float[Tensor, "B N"], days_B: Int[Tensor, " B"] | None) -> Groups:
    """The samples of each day as a group.

    Parameters
    ----------
    x : [B, N], of the samples
    days_B : int64 [B], ascending, the number of each sample's day; None: all are of one day
    """
    return Groups.whole(x) if days_B is None else Groups.of(days_B, "day")


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
    return standardise(x.double(), day_groups(x, days_B)).to(x.dtype)
