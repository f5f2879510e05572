"""Portfolios straight from ranks: equal-count groups, the top share, and their returns.

Membership is decided by the score alone, never by whether a forward return happens to exist, and
never by where a stock stands on the axis: equal scores that straddle a border are shared by both
sides, each stock with the same fraction. That is the mean over all ways of breaking the tie, so a
score that says nothing has no spread between its groups.
"""

from math import floor
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit
from numpy import ndarray

from intralpha.base import ConfigError
from intralpha.base.arrays import check_arrays
from intralpha.base.compiling import RAISING
from intralpha.base.cross_section import check_mask
from intralpha.evaluation.days import over_days
from intralpha.evaluation.group_kernels import group_days, members, tie
from intralpha.evaluation.order import Ordering, ordering
from intralpha.evaluation.rank_pairs import parts_of
from intralpha.evaluation.ranks import as_mask

MOST_GROUPS = 10_000
ROUNDING = 1e-9


class GroupCountError(ConfigError):
    """A quantile test was asked for an impossible number of groups."""

    def __init__(self, found: object) -> None:
        self.found = found
        wanted = f"at least 2 groups and has at most {MOST_GROUPS:,}"
        super().__init__(f"n_groups is {found!r}; a quantile test needs {wanted}")


class ShareError(ConfigError):
    """A top share lies outside (0, 1]."""

    def __init__(self, found: object) -> None:
        self.found = found
        super().__init__(f"the top share is {found!r}; expected a fraction above 0 and at most 1")


def quantile_groups(
    score_DA: Float[ndarray, "D A"], n_groups: int, mask_DA: Bool[ndarray, "D A"] | None = None
) -> Int[ndarray, "D A"]:
    r"""Equal-count group of every stock, 1 = smallest scores, ``n_groups`` = largest = TOP.

    The stock at ascending position :math:`i = 0..n-1` of n falls into group
    :math:`1 + \lfloor i\,G/n \rfloor`. Without ties sizes differ by one at most and the top group
    holds exactly :math:`\lfloor n/G \rfloor` stocks, as :func:`top_weights` with share 1/G does.
    Equal scores stay together, in the group of the middle of their positions, so that a label
    never depends on the order of the axis; a tie that straddles a border makes sizes unequal
    (:func:`quantile_returns` shares such a tie out instead).

    Parameters
    ----------
    score_DA : ndarray of float
        What is not finite is absent.
    n_groups : int
        G, at least 2.
    mask_DA : ndarray of bool, optional
        Universe; default: everything present.

    Returns
    -------
    ndarray of int32
        0 where absent, outside the mask, or on a day with fewer than G stocks. Known when the
        score is. Spec 17.1.

    Raises
    ------
    GroupCountError
        If ``n_groups`` is below 2, above 10,000 or no whole number.
    MaskShapeError
        If the mask does not fit the score.

    Examples
    --------
    >>> quantile_groups(np.array([[0.3, 0.1, 0.4, 0.2]]), 2).tolist()
    [[2, 1, 2, 1]]
    """
    check_groups(n_groups)
    score, mask = ordering(score_DA), as_mask(mask_DA, score_DA)
    out = np.zeros(score_DA.shape, np.int32)

    def work(start: int, stop: int) -> None:
        _group_days(score.value, score.order, score.count, mask, n_groups, start, stop, out)

    over_days(work, *_size(mask))
    return out


def quantile_returns(
    score_DA: Float[ndarray, "D A"],
    fwd_ret_DA: Float[ndarray, "D A"],
    n_groups: int,
    mask_DA: Bool[ndarray, "D A"] | None = None,
) -> Float[ndarray, "D G"]:
    r"""Equal-weight forward return of each of G equal-count groups.

    The stock at ascending position i = 0..n-1 of n belongs to group
    :math:`1 + \lfloor i\,G/n \rfloor`. Where equal scores fill positions of several groups, each of
    these stocks belongs to each of the groups with the share of the tie's positions there.

    Parameters
    ----------
    score_DA : ndarray of float
        Known at the close of each day.
    fwd_ret_DA : ndarray of float
        Simple return earned afterwards. A member without one is left out of its group's mean;
        its place is not taken by another.
    n_groups : int
        G, at least 2.
    mask_DA : ndarray of bool, optional
        Universe; default: every stock with a score.

    Returns
    -------
    ndarray of float64, shape [D, G]
        Last column = largest scores. NaN on days with fewer than G stocks and for a group whose
        members all lack a return. Known when the return has been earned. Spec 17.1.

    Raises
    ------
    GroupCountError
        If ``n_groups`` is below 2, above 10,000 or no whole number.
    ArrayFormError, MaskShapeError
        If return or mask do not fit the score.

    Examples
    --------
    Two of three positions of the tie lie in the lower group:

    >>> score, fwd = np.array([[1.0, 1.0, 1.0, 2.0]]), np.array([[0.3, 0.0, 0.0, 0.5]])
    >>> quantile_returns(score, fwd, 2).round(6).tolist()
    [[0.1, 0.3]]
    """
    check_groups(n_groups)
    check_arrays(score_DA=score_DA, fwd_ret_DA=fwd_ret_DA)
    return sorted_group_returns(
        ordering(score_DA), fwd_ret_DA, n_groups, as_mask(mask_DA, score_DA)
    )


def sorted_group_returns(
    score: Ordering,
    fwd_ret_DA: Float[ndarray, "D A"],
    n_groups: int,
    mask_DA: Bool[ndarray, "D A"],
) -> Float[ndarray, "D G"]:
    """The same as :func:`quantile_returns` from a finished sort.

    Parameters
    ----------
    score : sort of :func:`intralpha.evaluation.ranks.ordering`
    fwd_ret_DA, n_groups, mask_DA : as in :func:`quantile_returns`

    Returns
    -------
    ndarray of float64, shape [D, G]
    """
    check_groups(n_groups)
    check_arrays(score_DA=score.value, fwd_ret_DA=fwd_ret_DA)
    check_mask(mask_DA, score.value.shape)
    fwd = np.ascontiguousarray(fwd_ret_DA, dtype=np.float64)
    out = np.empty((len(fwd), n_groups))

    def work(start: int, stop: int) -> None:
        group_days(parts_of(score), fwd, mask_DA, (start, stop), out)

    over_days(work, *_size(fwd))
    return out


def universe_return(
    fwd_ret_DA: Float[ndarray, "D A"], mask_DA: Bool[ndarray, "D A"] | None = None
) -> Float[ndarray, "D"]:
    """Equal-weight forward return of each day's universe; NaN on a day without any.

    A stock without a forward return is left out of the mean. Known when the return has been
    earned. Spec 17.1.

    Raises
    ------
    MaskShapeError
        If the mask does not fit the return.
    """
    check_arrays(fwd_ret_DA=fwd_ret_DA)
    present = np.isfinite(fwd_ret_DA) & as_mask(mask_DA, fwd_ret_DA)
    count = present.sum(axis=1)
    total = np.where(present, fwd_ret_DA, 0.0).sum(axis=1, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def group_excess(
    group_ret_DG: Float[ndarray, "D G"], universe_ret_D: Float[ndarray, "D"]
) -> Float[ndarray, "D G"]:
    """Group return minus the equal-weight return of the universe, row by row. Spec 17.1.

    Raises
    ------
    ArrayFormError
        If the rows differ in number.
    """
    check_arrays(group_ret_DG=group_ret_DG)
    check_arrays(1, group_ret_D=group_ret_DG[:, 0], universe_ret_D=universe_ret_D)
    return group_ret_DG - universe_ret_D[:, None]


def top_weights(
    score_DA: Float[ndarray, "D A"],
    share: float = 0.1,
    mask_DA: Bool[ndarray, "D A"] | None = None,
) -> Float[ndarray, "D A"]:
    r"""Equal weights on the :math:`\lfloor n \cdot share \rfloor` highest scores of each day.

    Equal scores at the edge share the places that are left, each with the same weight.

    Parameters
    ----------
    score_DA : ndarray of float
        What is not finite is absent.
    share : float
        Fraction of the n stocks present, above 0 and at most 1.
    mask_DA : ndarray of bool, optional
        Universe; default: everything present.

    Returns
    -------
    ndarray of float64
        Weights that add up to 1 and are 0 for what is not held; a whole day is NaN when the
        share holds no stock. Known when the score is. Spec 17.1 and the real-data protocol
        (floor(n/10)).

    Raises
    ------
    ShareError
        If the share is not in (0, 1].
    MaskShapeError
        If the mask does not fit the score.

    Examples
    --------
    >>> top_weights(np.array([[0.3, 0.1, 0.3, 0.2]]), share=0.5).tolist()
    [[0.5, 0.0, 0.5, 0.0]]
    >>> top_weights(np.array([[0.3, 0.1, 0.3, 0.2]]), share=0.25).tolist()
    [[0.5, 0.0, 0.5, 0.0]]
    """
    return sorted_top_weights(ordering(score_DA), share, as_mask(mask_DA, score_DA))


def sorted_top_weights(
    score: Ordering, share: float, mask_DA: Bool[ndarray, "D A"]
) -> Float[ndarray, "D A"]:
    """The same as :func:`top_weights` from a finished sort.

    Parameters
    ----------
    score : sort of :func:`intralpha.evaluation.ranks.ordering`
    share, mask_DA : as in :func:`top_weights`

    Returns
    -------
    ndarray of float64, shape [D, A]
    """
    check_mask(mask_DA, score.value.shape)
    held_of = held_counts(mask_DA.shape[1], share)
    out = np.empty(mask_DA.shape)

    def work(start: int, stop: int) -> None:
        _top_days(score.value, score.order, score.count, mask_DA, held_of, start, stop, out)

    over_days(work, *_size(mask_DA))
    return out


def top_count(n_stocks: int, share: float) -> int:
    """Number of stocks in the top share: floor(n * share), free of binary rounding.

    Examples
    --------
    >>> top_count(29, 0.1), top_count(30, 0.1), top_count(70, 0.7)
    (2, 3, 49)
    """
    return floor(n_stocks * share + ROUNDING)


def held_counts(assets: int, share: float) -> Int[ndarray, "N"]:
    """:func:`top_count` of 0, 1, ... ``assets`` stocks.

    Raises
    ------
    ShareError
        If the share is not in (0, 1].
    """
    if not (isinstance(share, int | float | np.number) and 0.0 < share <= 1.0):
        raise ShareError(share)
    return np.floor(np.arange(assets + 1) * share + ROUNDING).astype(np.int64)


def weighted_return(
    weights_DA: Float[ndarray, "D A"], fwd_ret_DA: Float[ndarray, "D A"]
) -> Float[ndarray, "D"]:
    """Forward return of a portfolio; names without a return are replaced by the others.

    Weights are rescaled over the names that have a return, so that a gap in the data is not
    counted as a return of zero. NaN when none has one or the weights are absent. Known when the
    return has been earned.

    Raises
    ------
    ArrayFormError
        If return and weights differ in shape.
    """
    check_arrays(weights_DA=weights_DA, fwd_ret_DA=fwd_ret_DA)
    weight = np.where(np.isfinite(fwd_ret_DA), weights_DA, 0.0)
    total = weight.sum(axis=1)
    earned = (weight * np.nan_to_num(fwd_ret_DA, posinf=0.0, neginf=0.0)).sum(axis=1)
    invested = np.where(np.isfinite(weights_DA), weights_DA, 0.0).sum(axis=1)
    usable = total > 0
    return np.where(usable, earned * invested / np.where(usable, total, 1.0), np.nan)


def check_groups(n_groups: object) -> None:
    """Refuse an impossible number of groups.

    Raises
    ------
    GroupCountError
    """
    if not isinstance(n_groups, int | np.integer) or not 2 <= n_groups <= MOST_GROUPS:
        raise GroupCountError(n_groups)


def _size(value_DA: ndarray) -> tuple[int, int]:
    return len(value_DA), value_DA.size


@njit(**RAISING)
@no_type_check
def _group_days(value, order, count, mask, n_groups, start, stop, out):
    for d in range(start, stop):
        n = members(value[d], mask[d])
        if n < n_groups:
            continue
        position, j = 0, 0
        while j < count[d]:
            end, tied = tie(value[d], order[d], count[d], mask[d], j)
            group = 1 + (2 * position + max(tied - 1, 0)) * n_groups // (2 * n)
            for k in range(j, end):
                if mask[d, order[d, k]]:
                    out[d, order[d, k]] = group
            position, j = position + tied, end


@njit(**RAISING)
@no_type_check
def _top_days(value, order, count, mask, held_of, start, stop, out):
    for d in range(start, stop):
        held = held_of[members(value[d], mask[d])]
        out[d] = 0.0 if held > 0 else np.nan
        left, j = held, count[d]
        while j > 0 and left > 0:
            level, begin, tied = value[d, order[d, j - 1]], j, 0
            while begin > 0 and value[d, order[d, begin - 1]] == level:
                begin -= 1
                tied += mask[d, order[d, begin]]
            taken = min(tied, left)
            weight = 1.0 / held if taken == tied else taken / tied / held
            for k in range(begin, j):
                if mask[d, order[d, k]]:
                    out[d, order[d, k]] = weight
            left, j = left - taken, begin
