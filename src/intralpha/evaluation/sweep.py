"""Sweep: every figure of a factor test in one pass over the days, each sorted once.

A block of days is sorted and measured while it is in cache: RankIC at every horizon, groups and the
universe's mean. What looks at two days (turnover, decay, autocorrelation) goes back to the sorts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import check_arrays, check_count
from intralpha.base.compiling import RAISING
from intralpha.evaluation.days import over_days
from intralpha.evaluation.group_kernels import group_days, universe_day
from intralpha.evaluation.groups import check_groups
from intralpha.evaluation.ic import autocorrelation, ic
from intralpha.evaluation.legs import Leg, sorted_leg
from intralpha.evaluation.order import BLOCK_DAYS, Ordering, empty_ordering, sort_days
from intralpha.evaluation.rank_pairs import MIN_STOCKS, pair_days, parts_of, rank_correlation
from intralpha.evaluation.ranks import as_mask


@dataclass(frozen=True, eq=False)
class Sweep:
    """What one pass finds, a row a day; NaN where there is no figure.

    Parameters
    ----------
    rank_ic : horizon -> [D]
    groups_DG : mean return of the held horizon by group, lowest scores first
    universe_D : mean return of the held horizon
    top, bottom : legs of the held horizon
    members_D : stocks inside the universe with a score
    pairs_D : those that have a return of the leading horizon, too
    decay_DL : RankIC of the score of each lag ago; empty without lags
    ic_D, autocorrelation_D : Pearson figures; None unless asked for
    """

    rank_ic: dict[str, Float[ndarray, "D"]]
    groups_DG: Float[ndarray, "D G"]
    universe_D: Float[ndarray, "D"]
    top: Leg
    bottom: Leg
    members_D: Int[ndarray, "D"]
    pairs_D: Int[ndarray, "D"]
    decay_DL: Float[ndarray, "D L"]
    ic_D: Float[ndarray, "D"] | None
    autocorrelation_D: Float[ndarray, "D"] | None


def sweep(
    score_DA: Float[ndarray, "D A"],
    fwd_rets: Mapping[str, Float[ndarray, "D A"]],
    mask_DA: Bool[ndarray, "D A"] | None = None,
    n_groups: int = 10,
    share: float = 0.1,
    lags: tuple[int, ...] = (),
    held: str | None = None,
    pearson: bool = False,
    min_stocks: int = MIN_STOCKS,
    after: Ordering | None = None,
) -> Sweep:
    """Measure a score against the returns that follow.

    Parameters
    ----------
    score_DA : ndarray of float
        Known at the close of each day. What is not finite is absent.
    fwd_rets : horizon -> ndarray of float [D, A], at least one
        Simple returns earned afterwards; the first leads decay and IC.
    mask_DA : ndarray of bool, optional
        Universe of each day; default: everything present.
    n_groups, share : equal-count groups; fraction of the universe in a leg
    lags : of the decay, in rows
    held : the horizon over which groups, legs and universe earn; default: the first
    pearson : whether IC and the autocorrelation at one row are measured, too
    min_stocks : days with fewer pairs have no correlation
    after : sort of the leading return, if there is one: several scores share it

    Returns
    -------
    Sweep
        The same numbers as :func:`rank_ic`, :func:`quantile_returns`, :func:`top_weights` with
        :func:`weighted_return` and :func:`turnover`, :func:`decay`, :func:`ic` and
        :func:`autocorrelation` give one by one. Spec 17.1.

    Raises
    ------
    ArrayFormError, MaskShapeError, GroupCountError, ShareError, CountError

    Notes
    -----
    Peak memory beside the inputs: 4 bytes a cell for the sort of the score; 4 more with lags above
    0. Inputs that are not contiguous float64 are copied.
    """
    check_count("horizons", len(fwd_rets), 1)
    for fwd in fwd_rets.values():
        check_arrays(score_DA=score_DA, fwd_ret_DA=fwd)
    check_count("min_stocks", min_stocks, 0)
    check_groups(n_groups)
    mask = as_mask(mask_DA, score_DA)
    score = empty_ordering(score_DA)
    fwds = [np.ascontiguousarray(fwd, np.float64) for fwd in fwd_rets.values()]
    earned = fwds[0 if held is None else list(fwd_rets).index(held)]
    again = any(lag > 0 for lag in lags)
    lead = empty_ordering(fwds[0]) if again and after is None else after
    out = _Arrays.empty(len(mask), len(fwds), n_groups)

    def work(start: int, stop: int) -> None:
        keeps = (lead, after is None)
        _block(score, (fwds, earned), keeps, mask, min_stocks, out, slice(start, stop))

    over_days(work, len(mask), mask.size, BLOCK_DAYS)
    fading = np.empty((len(mask), len(lags)))
    for at, lag in enumerate(lags):
        fading[:, at] = (
            out.rank_ic_DH[:, 0]
            if lag == 0 or lead is None
            else rank_correlation(score, lead, mask, min_stocks, lag)
        )
    legs = [sorted_leg(score, earned, out.members_D, share, mask, top) for top in (True, False)]
    return Sweep(
        rank_ic={name: out.rank_ic_DH[:, h] for h, name in enumerate(fwd_rets)},
        groups_DG=out.groups_DG,
        universe_D=out.universe_D,
        top=legs[0],
        bottom=legs[1],
        members_D=out.members_D,
        pairs_D=out.pairs_D,
        decay_DL=fading,
        ic_D=ic(score.value, fwds[0], mask, min_stocks) if pearson else None,
        autocorrelation_D=autocorrelation(score.value, 1, mask, min_stocks) if pearson else None,
    )


@dataclass(frozen=True, eq=False)
class _Arrays:
    """What a block of days writes its rows of."""

    rank_ic_DH: Float[ndarray, "D H"]
    groups_DG: Float[ndarray, "D G"]
    universe_D: Float[ndarray, "D"]
    members_D: Int[ndarray, "D"]
    pairs_D: Int[ndarray, "D"]

    @classmethod
    def empty(cls, days: int, horizons: int, n_groups: int) -> "_Arrays":
        return cls(
            np.empty((days, horizons)),
            np.empty((days, n_groups)),
            np.empty(days),
            np.empty(days, np.int64),
            np.empty(days, np.int64),
        )


def _block(
    score: Ordering,
    rets: tuple[list[Float[ndarray, "D A"]], Float[ndarray, "D A"]],
    keeps: tuple[Ordering | None, bool],
    mask_DA: Bool[ndarray, "D A"],
    min_stocks: int,
    out: _Arrays,
    rows: slice,
) -> None:
    """Sort some days and measure them; the leading return's sort is kept, or read, where given."""
    some, mask, (fwds, earned), (lead, to_sort) = score.rows(rows), mask_DA[rows], rets, keeps
    days = (0, len(mask))
    sort_days(some)
    for h, fwd in enumerate(fwds):
        kept = h == 0 and lead is not None
        after = lead.rows(rows) if h == 0 and lead is not None else empty_ordering(fwd[rows])
        if to_sort or not kept:
            sort_days(after)
        found = np.empty(len(mask))
        pair_days(parts_of(some), parts_of(after), mask, (min_stocks, 0, *days), found)
        out.rank_ic_DH[rows, h] = found
    group_days(parts_of(some), earned[rows], mask, days, out.groups_DG[rows])
    _universe_days(
        some.value,
        (fwds[0][rows], earned[rows]),
        mask,
        out.universe_D[rows],
        out.members_D[rows],
        out.pairs_D[rows],
    )


@njit(**RAISING)
@no_type_check
def _universe_days(value, rets, mask, universe, inside, pairs):
    for d in range(len(universe)):
        total, known, inside[d], _ = universe_day(rets[1][d], value[d], mask[d])
        pairs[d] = universe_day(rets[0][d], value[d], mask[d])[3]
        universe[d] = total / known if known > 0 else np.nan
