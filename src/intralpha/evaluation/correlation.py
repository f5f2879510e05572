"""How alike several factors are: mean over dates of their cross-sectional correlation."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from intralpha.base import ConfigError
from intralpha.base.arrays import check_arrays
from intralpha.base.cross_section import check_mask
from intralpha.evaluation.ic import MIN_STOCKS, ic, rank_correlation
from intralpha.evaluation.order import ordering
from intralpha.evaluation.ranks import as_mask


class MethodError(ConfigError):
    """A correlation of another name than those we have."""

    def __init__(self, found: str) -> None:
        self.found = found
        super().__init__(f"method is {found!r}; expected pearson or spearman")


def correlation_table(
    score_DAF: Float[ndarray, "D A F"],
    mask_DA: Bool[ndarray, "D A"] | None = None,
    method: Literal["pearson", "spearman"] = "spearman",
    min_stocks: int = MIN_STOCKS,
) -> Float[ndarray, "F F"]:
    """Symmetric table of the mean daily correlation between factors.

    Parameters
    ----------
    score_DAF : ndarray of float
        One factor per last index; what is not finite is absent. Every pair is correlated over
        the stocks that have both.
    mask_DA : ndarray of bool, optional
        Universe of each day.
    method : "pearson" or "spearman"
    min_stocks : int
        Days with fewer pairs are left out of the mean.

    Returns
    -------
    ndarray of float64, shape [F, F]
        1 on the diagonal; NaN for a pair that no day can be computed for. Spec 17.1.

    Raises
    ------
    ArrayFormError, CountError, MethodError
    """
    check_arrays(3, score_DAF=score_DAF)
    if method not in ("pearson", "spearman"):
        raise MethodError(method)
    count = score_DAF.shape[2]
    scores = [np.ascontiguousarray(score_DAF[:, :, k]) for k in range(count)]
    check_mask(mask_DA, score_DAF.shape[:2])
    mask = np.ones(score_DAF.shape[:2], np.bool_) if mask_DA is None else mask_DA
    sorted_ = [ordering(s) for s in scores] if method == "spearman" else []
    out = np.eye(count)
    for a in range(count):
        for b in range(a):
            daily = (
                rank_correlation(sorted_[a], sorted_[b], as_mask(mask, scores[a]), min_stocks)
                if method == "spearman"
                else ic(scores[a], scores[b], mask, min_stocks)
            )
            kept = daily[np.isfinite(daily)]
            out[a, b] = out[b, a] = kept.mean() if len(kept) else np.nan
    return out


def mixed_table(
    pearson_FF: Float[ndarray, "F F"], spearman_FF: Float[ndarray, "F F"]
) -> Float[ndarray, "F F"]:
    """Pearson above the diagonal and Spearman below it, as broker reports print them.

    Returns
    -------
    ndarray of float64, shape [F, F]

    Raises
    ------
    ArrayFormError
        If the tables differ in shape.
    """
    check_arrays(pearson_FF=pearson_FF, spearman_FF=spearman_FF)
    return np.triu(pearson_FF) + np.tril(spearman_FF, -1)
