"""Combine: z-score each factor by day, then average what is there."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from intralpha.base import DataError, Panel
from intralpha.combination.icir import RankICHistory
from intralpha.combination.spec import CombinerSpec, FactorNamesError

SCORE = "score"


class AxesDifferError(DataError):
    """Factors, or a factor and the mask, do not have the same dates and assets."""

    def __init__(self, factor: str, found: str, expected: str) -> None:
        self.factor, self.found, self.expected = factor, found, expected
        super().__init__(
            f"{factor} has {found}; expected {expected}.\n"
            "Hint: lay every factor onto the same axes with Panel.reindex."
        )


def combine(
    panels: Mapping[str, Panel] | tuple[Panel, ...],
    spec: CombinerSpec,
    mask_DA: Bool[ndarray, "mask_D mask_A"] | None = None,
    history: RankICHistory | None = None,
) -> Panel:
    r"""One score from many factors [Spec 16].

    .. math:: s_i = \sum_{k \in K_i} w_k z_{i,k} \Big/ \sum_{k \in K_i} w_k

    where z is the z-score of factor k over the day's mask (population standard deviation) and
    K_i are the factors that have a value for stock i; a rule may weigh otherwise, see
    :meth:`CombinerSpec.weighed`.

    Parameters
    ----------
    panels : factors by name, or a tuple of factors (named by their only name, or by their place
        from ``0`` on where names repeat, as the seeds of one model do); each has one name, and all
        have the same dates and assets
    spec : the weights
    mask_DA : stocks that count on each day; default: all that have a value
    history : RankICs (premia for ``factor_premia``) with the dates at which they were complete,
        for rules that weigh by them

    Returns
    -------
    Panel, float32, name ``score``
        Known when the last of the factors is known. NaN outside the mask, and for stocks that no
        factor with a positive weight has; a factor that does not vary on a day counts as absent
        on it. Where factors are missing the remaining weights are scaled up to 1, so such a stock
        is neither pulled to 0 nor shrunk, but its score rests on fewer factors.

    Raises
    ------
    FactorNamesError
        No factor, a factor that the spec does not weight, or a weight without a factor.
    AxesDifferError
        Other dates or assets, several names, bars, or a mask of another shape.
    MissingHistoryError
    """
    named = _named(panels)
    first = next(iter(named.values()))
    _check_axes(named, mask_DA)
    weights_DK = spec.weigh(tuple(named), first.dates, history)
    score = spec.weighed([p.values[:, :, 0] for p in named.values()], weights_DK, mask_DA)
    return Panel(score[:, :, None].astype(np.float32), first.dates, first.assets, (SCORE,))


def _named(panels: Mapping[str, Panel] | tuple[Panel, ...]) -> dict[str, Panel]:
    if isinstance(panels, Mapping):
        named = dict(panels)
    else:
        names = [p.names[0] for p in panels]
        repeated = len(set(names)) < len(names)
        places = [str(i) for i in range(len(names))]
        named = dict(zip(places if repeated else names, panels, strict=True))
    if not named:
        raise FactorNamesError([], "at least one factor")
    for name, panel in named.items():
        if len(panel.names) != 1 or panel.times is not None:
            found = f"names {panel.names}" + (" and bars" if panel.times else "")
            raise AxesDifferError(name, found, "one name and no bars")
    return named


def _check_axes(named: dict[str, Panel], mask_DA: ndarray | None) -> None:
    first_name, first = next(iter(named.items()))
    for name, panel in named.items():
        for axis in ("dates", "assets"):
            found, expected = getattr(panel, axis), getattr(first, axis)
            if not np.array_equal(found, expected):
                raise AxesDifferError(name, _described(axis, found), _described(axis, expected))
    if mask_DA is not None and mask_DA.shape != first.values.shape[:2]:
        found, expected = f"a mask of shape {mask_DA.shape}", str(first.values.shape[:2])
        raise AxesDifferError(first_name, found, expected)


def _described(axis: str, labels: ndarray) -> str:
    ends = f" from {labels[0]} to {labels[-1]}" if len(labels) else ""
    return f"{len(labels)} {axis}{ends}"
