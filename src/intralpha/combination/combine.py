"""Combine: z-score each factor by day, then average what is there."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from intralpha.base import ConfigError, DataError, Panel
from intralpha.combination.icir import RankICHistory, icir_weights
from intralpha.combination.spec import (
    CombinerSpec,
    EqualSpec,
    ICIRWeightSpec,
    SingleSpec,
    WeightsSpec,
)
from intralpha.evaluation import zscore

SCORE = "score"


class AxesDifferError(DataError):
    """Factors, or a factor and the mask, do not have the same dates and assets."""

    def __init__(self, factor: str, found: str, expected: str) -> None:
        self.factor, self.found, self.expected = factor, found, expected
        super().__init__(
            f"{factor} has {found}; expected {expected}.\n"
            "Hint: lay every factor onto the same axes with Panel.reindex."
        )


class FactorNamesError(ConfigError):
    """The spec asks for factors that are not there, or leaves open which is meant."""

    def __init__(self, found: Sequence[str], expected: str) -> None:
        self.found, self.expected = list(found), expected
        super().__init__(f"factors given: {', '.join(found) or 'none'}; expected {expected}.")


class MissingHistoryError(ConfigError):
    """Weights from RankICs were asked for without RankICs."""

    def __init__(self) -> None:
        super().__init__(
            "icir_weight needs the RankICs of the factors.\n"
            "Hint: pass history=RankICHistory(names, known_dates, rank_ic)."
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
    K_i are the factors that have a value for stock i.

    Parameters
    ----------
    panels : factors by name, or a tuple of factors (named by their only name, or by their place
        from ``0`` on where names repeat, as the seeds of one model do); each has one name, and all
        have the same dates and assets
    spec : the weights
    mask_DA : stocks that count on each day; default: all that have a value
    history : RankICs with the dates at which they were complete, for ``icir_weight`` only

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
    MissingHistoryError
    """
    named = _named(panels)
    first = next(iter(named.values()))
    _check_axes(named, mask_DA)
    weights_DK = _weights(spec, tuple(named), first.dates, history)
    total = np.zeros(first.values.shape[:2])
    share = np.zeros(first.values.shape[:2])
    for k, panel in enumerate(named.values()):
        if not weights_DK[:, k].any():
            continue
        z_DA = zscore(panel.values[:, :, 0].astype(np.float64), mask_DA)
        weight = weights_DK[:, k, None] * np.isfinite(z_DA)
        total += weight * np.nan_to_num(z_DA)
        share += weight
    score = np.divide(total, share, out=np.full(total.shape, np.nan), where=share > 0)
    return Panel(score[:, :, None].astype(np.float32), first.dates, first.assets, (SCORE,))


def seed_mean(
    panels: Mapping[str, Panel] | tuple[Panel, ...],
    mask_DA: Bool[ndarray, "mask_D mask_A"] | None = None,
) -> Panel:
    """Mean of the z-scores that several seeds of one model give: :func:`combine`, all equal."""
    return combine(panels, EqualSpec(kind="seed_mean"), mask_DA)


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


def _weights(
    spec: CombinerSpec, names: tuple[str, ...], dates: ndarray, history: RankICHistory | None
) -> Float[ndarray, "D K"]:
    """Weight of each factor on each day; rows sum to 1, or to 0 where there is no score."""
    if isinstance(spec, ICIRWeightSpec):
        return _by_icir(spec, names, dates, history)
    if isinstance(spec, WeightsSpec):
        one = _fixed(spec, names)
    elif isinstance(spec, SingleSpec):
        one = _single(spec, names)
    else:
        one = np.ones(len(names))
    return np.broadcast_to(one / one.sum(), (len(dates), len(names)))


def _fixed(spec: WeightsSpec, names: tuple[str, ...]) -> Float[ndarray, "K"]:
    if set(spec.weights) != set(names):
        raise FactorNamesError(names, f"those with weights: {', '.join(spec.weights)}")
    return np.array([spec.weights[name] for name in names])


def _single(spec: SingleSpec, names: tuple[str, ...]) -> Float[ndarray, "K"]:
    only = names[0] if len(names) == 1 else None
    wanted = spec.name if spec.name is not None else only
    if wanted not in names:
        raise FactorNamesError(
            names, f"one named {wanted}" if wanted else "a single factor, or a name"
        )
    return np.array([float(name == wanted) for name in names])


def _by_icir(
    spec: ICIRWeightSpec, names: tuple[str, ...], dates: ndarray, history: RankICHistory | None
) -> Float[ndarray, "D K"]:
    if history is None:
        raise MissingHistoryError
    if set(history.names) != set(names):
        raise FactorNamesError(names, f"those with RankICs: {', '.join(history.names)}")
    found = icir_weights(history, dates, spec.observations, spec.min_observations)
    weights = found[:, [history.names.index(name) for name in names]]
    if spec.without_evidence == "equal":
        weights[weights.sum(axis=1) == 0] = 1 / len(names)
    return weights
