"""Spearman correlation of two finished sorts, with a lag between them."""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import check_arrays, check_count
from intralpha.base.compiling import RAISING
from intralpha.base.cross_section import check_mask
from intralpha.evaluation.days import over_days
from intralpha.evaluation.order import Ordering
from intralpha.evaluation.ranks import ranks_of_day

MIN_STOCKS = 30


def rank_correlation(
    score: Ordering,
    fwd: Ordering,
    mask_DA: Bool[ndarray, "D A"],
    min_stocks: int,
    lag: int = 0,
) -> Float[ndarray, "D"]:
    """Spearman correlation of ``score[t - lag]`` and ``fwd[t]`` from two finished sorts.

    Parameters
    ----------
    score, fwd : sorts of :func:`intralpha.evaluation.ranks.ordering`, same shape
    mask_DA : universe of the date of ``fwd``
    min_stocks : days with fewer pairs are NaN
    lag : rows, 0 or more

    Returns
    -------
    ndarray of float64, shape [D]; the first ``lag`` rows are NaN

    Raises
    ------
    ArrayFormError, MaskShapeError, CountError
        Arrays that do not fit each other; a negative lag or number of stocks.
    """
    check_arrays(score=score.value, fwd=fwd.value)
    check_mask(mask_DA, score.value.shape)
    check_count("min_stocks", min_stocks, 0)
    check_count("lag", lag, 0)
    out = np.empty(len(mask_DA))

    def work(start: int, stop: int) -> None:
        pair_days(parts_of(score), parts_of(fwd), mask_DA, (min_stocks, lag, start, stop), out)

    over_days(work, len(mask_DA), mask_DA.size)
    return out


def parts_of(sorted_: Ordering) -> tuple[ndarray, ndarray, ndarray, ndarray]:
    """What compiled code reads of a sort: values, order, count and ties."""
    return sorted_.value, sorted_.order, sorted_.count, sorted_.tied


@njit(**RAISING)
@no_type_check
def pair_days(x, y, mask, settings, out):
    """Write the Spearman correlation of ``x[d - lag]`` and ``y[d]`` for some days.

    Parameters
    ----------
    x, y : values, order, count and ties of a sort, each [D, A] or [D]
    mask : bool [D, A]
    settings : fewest stocks, lag, first day and the day after the last
    out : float64 [D]

    Notes
    -----
    Without ties ranks are whole numbers and their sums exact, as they are with ties in float64.
    """
    x_value, x_order, x_count, x_tied = x
    y_value, y_order, y_count, y_tied = y
    min_stocks, lag, start, stop = settings
    assets = mask.shape[1]
    place, rank = np.empty(assets, np.int32), np.empty(assets)
    keep = np.empty(assets, np.bool_)
    for d in range(start, stop):
        out[d] = np.nan
        if d < lag:
            continue
        p = d - lag
        if x_tied[p] or y_tied[d]:
            both_present(x_value[p], y_value[d], mask[d], keep)
            n, x_squares = ranks_of_day(x_value[p], x_order[p], x_count[p], keep, rank)
            y_squares, product = _rank_products(y_value[d], y_order[d], y_count[d], keep, rank)
        else:
            both_present(x_value[p], y_value[d], mask[d], place)
            n = _number(x_order[p], x_count[p], place)
            product = float(_number_products(y_order[d], y_count[d], place))
            x_squares = y_squares = n * (n + 1.0) * (2.0 * n + 1.0) / 6.0
        if n >= max(min_stocks, 2):
            out[d] = _of_sums(n, x_squares, y_squares, product)


@njit(**RAISING)
@no_type_check
def both_present(x, y, mask, keep):
    """Write 1 where both values are finite and the mask holds, 0 elsewhere.

    Parameters
    ----------
    x, y : float64 [A]
    mask : bool [A]
    keep : bool or whole numbers [A], written
    """
    for i in range(len(keep)):
        keep[i] = mask[i] & (abs(x[i]) < np.inf) & (abs(y[i]) < np.inf)


@njit(**RAISING)
@no_type_check
def _number(order, count, place):
    """Replace each 1 by its rank, in ascending order; how many there are."""
    n = np.int32(0)
    for j in range(count):
        i = order[j]
        kept = place[i]
        n += kept
        place[i] = n * kept
    return n


@njit(**RAISING)
@no_type_check
def _number_products(order, count, place):
    """Sum of the ranks in ``place`` times the ranks in this order; 0 is no rank."""
    n, product = 0, 0
    for j in range(count):
        rank = np.int64(place[order[j]])
        n += rank > 0
        product += n * rank
    return product


@njit(**RAISING)
@no_type_check
def _of_sums(n, x_squares, y_squares, product):
    centre = 0.25 * n * (n + 1.0) * (n + 1.0)
    x_var, y_var = x_squares - centre, y_squares - centre
    if x_var > 0.0 and y_var > 0.0:
        return (product - centre) / (np.sqrt(x_var) * np.sqrt(y_var))
    return np.nan


@njit(**RAISING)
@no_type_check
def _rank_products(value, order, count, keep, rank):
    """Sum of squared ranks of ``value`` and of its ranks times ``rank``, over the kept assets."""
    n, j = 0, 0
    squares, product = 0.0, 0.0
    while j < count:
        if not keep[order[j]]:
            j += 1
            continue
        level = value[order[j]]
        tied, partner = 0, 0.0
        while j < count and value[order[j]] == level:
            if keep[order[j]]:
                tied += 1
                partner += rank[order[j]]
            j += 1
        mean_rank = n + 0.5 * (tied + 1)
        squares += tied * mean_rank * mean_rank
        product += mean_rank * partner
        n += tied
    return squares, product
