"""Many factors into one: z-scores of each day, weighted."""

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from intralpha.base import ConfigError, Panel, Spec
from intralpha.evaluation import zscore


class EqualSpec(Spec):
    """Mean of the z-scores (dataset_mean, model_mean of Spec 16)."""

    kind: Literal["equal"] = "equal"
    of: tuple[str, ...] = Field(min_length=1, description="names of the factors")


class WeightsSpec(Spec):
    """Fixed weights, such as fusion_1_3: 0.25 high frequency, 0.75 low frequency [Spec 16]."""

    kind: Literal["weights"] = "weights"
    weights: dict[str, float] = Field(min_length=1, description="factor -> weight")


CombinerSpec = Annotated[EqualSpec | WeightsSpec, Field(discriminator="kind")]


class UnknownFactorError(ConfigError):
    """A combination names a factor that the run does not have."""

    def __init__(self, missing: list[str], known: list[str]) -> None:
        self.missing, self.known = missing, known
        super().__init__(
            f"no factor {', '.join(missing)} to combine; there are {', '.join(known)}."
        )


def combine(panels: Mapping[str, Panel], spec: CombinerSpec, mask_DA: np.ndarray) -> Panel:
    """One score from several factors.

    Parameters
    ----------
    panels : factor -> Panel [D, A, 1], all on the same axes
    spec : which factors, with which weights
    mask_DA : ndarray of bool, the cross-section of each day's z-scores

    Returns
    -------
    Panel, float32, shape [D, A, 1], name ``score``
        Weighted mean of the population z-scores over the factors a stock has (weights are
        renormalised); NaN where it has none or lies outside the mask. Known when its inputs are.

    Raises
    ------
    UnknownFactorError
    """
    weights = dict(spec.weights) if isinstance(spec, WeightsSpec) else dict.fromkeys(spec.of, 1.0)
    missing = [name for name in weights if name not in panels]
    if missing:
        raise UnknownFactorError(missing, list(panels))
    first = panels[next(iter(weights))]
    total = np.zeros(mask_DA.shape)
    weight_sum = np.zeros(mask_DA.shape)
    for name, weight in weights.items():
        z = zscore(panels[name].values[:, :, 0].astype(np.float64), mask_DA)
        known = np.isfinite(z)
        total += np.where(known, weight * z, 0.0)
        weight_sum += np.where(known, weight, 0.0)
    usable = weight_sum != 0
    score = np.where(usable, total / np.where(usable, weight_sum, 1.0), np.nan)
    return Panel(score.astype(np.float32)[:, :, None], first.dates, first.assets, ("score",))
