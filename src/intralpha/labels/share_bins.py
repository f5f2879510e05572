"""y_bin_share: classes of the return over h sessions with cuts that follow its distribution."""

from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field, field_validator

from intralpha.labels.span_label import HorizonLabel


class ShareBinsSpec(HorizonLabel):
    """y_bin_share: the sign of the excess return times the rank class of its size [gaps C-6].

    On each date the excess (over the mean of the cross-section, as of y_bin) is ordered by its
    absolute value: the first of the ``shares`` of the stocks, those nearest the mean, get 0; those
    up to the next share get 1 or -1, by their sign; and so on, beyond the last n or -n. So a date
    of small moves has as many labels that say something as one of large moves. Where fewer than
    ``least`` labels other than 0 would remain, the band of 0 is narrowed until that many do (or,
    on dates with fewer stocks than that, all). For the head ``classes`` and the objective
    ``cross_entropy``.
    """

    kind: Literal["y_bin_share"] = "y_bin_share"
    shares: tuple[float, ...] = Field(
        default=(0.4, 0.8),
        min_length=1,
        description="shares of the stocks of a date, ascending, by the absolute excess return, "
        "where classes meet; the first is what becomes 0",
    )
    least: int = Field(
        default=100, ge=0, description="labels other than 0 that remain on a date, if it has them"
    )

    @field_validator("shares")
    @classmethod
    def _ascend(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        inside = all(0.0 <= share < 1.0 for share in shares)
        if not inside or not all(low < high for low, high in pairwise(shares)):
            raise ValueError(
                f"found shares {shares}; expected numbers from 0 to below 1, each above the last"
            )
        return shares

    @property
    def classes(self) -> tuple[int, ...]:
        """As many on either side of 0 as there are shares."""
        return tuple(range(-len(self.shares), len(self.shares) + 1))

    def of_returns(self, returns_DA: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
        """Classes, whole numbers; a stock on the mean of its date is always 0."""
        out = np.full(returns_DA.shape, np.nan)
        for row, target in zip(returns_DA, out, strict=True):
            known = np.isfinite(row)
            target[known] = share_classes(row[known], self.shares, self.least)
        return out


def share_classes(
    returns: Float[ndarray, " N"], shares: tuple[float, ...], least: int
) -> Float[ndarray, " N"]:
    """Sign of the excess over the mean times how many of the shares its size lies beyond.

    Parameters
    ----------
    returns : float, shape [N]; finite, those of one date
    shares : ascending, from 0 to below 1
    least : that many lie beyond the first share, if there are so many

    Returns
    -------
    ndarray of float64, shape [N]
        Whole numbers. Equal sizes have equal classes: the one that the largest of them would have.

    Examples
    --------
    >>> share_classes(np.array([0.05, 0.01, -0.01, -0.03, -0.02]), (0.4,), 1).tolist()
    [1.0, 0.0, 0.0, -1.0, -1.0]
    >>> share_classes(np.array([0.05, 0.01, -0.01, -0.03, -0.02]), (0.4,), 5).tolist()
    [1.0, 1.0, -1.0, -1.0, -1.0]
    """
    if len(returns) == 0:
        return np.zeros(0)
    excess = returns - returns.mean()
    size = np.abs(excess)
    ordered = np.sort(size)
    band = max(min(int(shares[0] * len(size)), len(size) - least), 0)
    firsts = [band, *(max(int(share * len(size)), band) for share in shares[1:])]
    # Plus 0: of a small loss the product is -0.
    return np.sign(excess) * np.searchsorted(ordered[firsts], size, side="right") + 0.0
