"""Groups of factors that are alike share one vote."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.combination.learning import PastRuleSpec
from intralpha.combination.past import Past


class ClusterSpec(PastRuleSpec):
    """Equal weights of clusters, and inside each of its factors [Spec 16].

    Clusters grow by average linkage: the two with the smallest mean distance, 1 less the mean
    correlation over the latest dates, are joined while it is at most ``cut``.
    """

    kind: Literal["cluster"] = "cluster"
    cut: float = Field(default=0.3, ge=0, le=2, description="largest distance inside a cluster")

    def weigh(self, names: tuple[str, ...], past: Past | None = None) -> Float[ndarray, "K"]:
        """See :meth:`CombinerSpec.weigh`; equal weights where nothing is known.

        Raises
        ------
        MissingPastError, FactorNamesError
        """
        clusters = linked(1 - self._past(names, past).mean_corr(), self.cut)
        out = np.zeros(len(names))
        for members in clusters:
            out[members] = 1 / len(clusters) / len(members)
        return out


def linked(distance_KK: Float[ndarray, "K K"], cut: float) -> list[list[int]]:
    """Clusters by average linkage.

    Parameters
    ----------
    distance_KK : symmetric
    cut : the largest mean distance at which two clusters are joined

    Returns
    -------
    list of lists of int
        Places of the members, ascending, clusters by their first. Of pairs that are equally near
        the first is joined first.
    """
    clusters = [[k] for k in range(len(distance_KK))]
    between = (distance_KK + distance_KK.T) / 2  # the same to the last bit in both directions
    np.fill_diagonal(between, np.inf)
    while len(clusters) > 1:
        a, b = divmod(int(np.argmin(between)), len(clusters))
        if between[a, b] > cut:
            break
        n_a, n_b = len(clusters[a]), len(clusters[b])
        joined = (n_a * between[a] + n_b * between[b]) / (n_a + n_b)
        joined[a] = np.inf
        between[a], between[:, a] = joined, joined
        between = np.delete(np.delete(between, b, axis=0), b, axis=1)
        clusters[a] += clusters.pop(b)
    return sorted(sorted(members) for members in clusters)
