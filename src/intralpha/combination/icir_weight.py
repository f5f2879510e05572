"""Weights in proportion to how steadily each factor has predicted."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.base.cross_section import FLAT
from intralpha.combination.learning import ReturnRuleSpec
from intralpha.combination.past import Past
from intralpha.combination.spec import shares
from intralpha.datasets import EverySpec, GridSpec


class ICIRWeightSpec(ReturnRuleSpec):
    r"""Weights in proportion to the ICIR of each factor's latest matured RankICs [Spec 16].

    .. math:: w_k \propto \max(\bar{ic}_k / s_k,\; 0), \qquad \sum_k w_k = 1
    """

    kind: Literal["icir_weight"] = "icir_weight"
    observations: int = Field(default=52, ge=2, description="latest RankICs used")
    min_observations: int = Field(default=24, ge=2, description="fewer give the factor no weight")
    refresh: GridSpec = Field(
        default=EverySpec(every=1), description="on which sessions is weighed anew"
    )

    def found(self, past: Past) -> Float[ndarray, "K"]:
        """See :meth:`ReturnRuleSpec.found`."""
        return shares(icir(past, self.min_observations))


def icir(past: Past, least: int, horizon: int = 0) -> Float[ndarray, "K"]:
    """Mean over sample standard deviation of each factor's RankICs.

    Parameters
    ----------
    past : its RankICs of one horizon are used
    least : a factor with fewer finite ones is NaN
    horizon : place of the horizon

    Returns
    -------
    ndarray of float64, shape [K]
        NaN, too, where the RankICs do not vary.
    """
    out = np.full(len(past.names), np.nan)
    for k, column in enumerate(past.rank_ic_WHK[:, horizon].T):
        seen = column[np.isfinite(column)]
        if len(seen) < max(least, 2):
            continue
        mean, std = float(seen.mean()), float(seen.std(ddof=1))
        if std > FLAT * max(abs(mean), FLAT):
            out[k] = mean / std
    return out
