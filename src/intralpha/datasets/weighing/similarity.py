"""similarity: dates count by how much their market was like that of today."""

from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base.node import Read
from intralpha.datasets.market_state import market_states
from intralpha.datasets.weighing_spec import WeighingSpec
from intralpha.market import Lake


class SimilaritySpec(WeighingSpec):
    r"""A Gaussian kernel of the distance between the market's state then and now.

    .. math:: w_d = \exp\!\Big(-\frac{1}{2 h^2 K} \sum_k
              \Big(\frac{s_{d,k} - s_{T,k}}{\sigma_k}\Big)^2\Big)

    with the K numbers of :func:`~intralpha.datasets.market_state.market_states`, T the last session
    before the first predicted date, :math:`\sigma_k` the deviation of a number over the training
    dates, and the bandwidth h. Numbers that do not vary, or are not known on T, are left out; a
    date of which one is not known gets the mean weight of the others. It is the idea of DDG-DA
    [arXiv 2201.04038], train on what is like the period to come, with a kernel in place of a
    learned weighing.
    """

    kind: Literal["similarity"] = "similarity"
    bandwidth: float = Field(default=1.0, gt=0, description="h, in deviations of the states")
    state_days: int = Field(
        default=20, gt=1, description="sessions up to and with a date that its state is made of"
    )

    def reads(self) -> tuple[Read, ...]:
        """``daily``, from the first training date's state on."""
        return (Read("daily"),)

    def weigh(
        self,
        lake: Lake | None,
        sessions: Shaped[ndarray, " S"],
        dates: Shaped[ndarray, " D"],
        assets: Shaped[ndarray, " A"] | None = None,
    ) -> Float[ndarray, " D"]:
        """Weights, 1 for the date most alike.

        Parameters and returns as in :meth:`WeighingSpec.weigh`.
        """
        assert lake is not None
        first = max(int(np.searchsorted(sessions, dates[0])) - self.state_days + 1, 0)
        states_SK = market_states(lake, sessions[first:], self.state_days, assets)
        then_DK = states_SK[np.searchsorted(sessions[first:], dates)]
        return kernel(then_DK, states_SK[-1], self.bandwidth)


def kernel(
    then_DK: Float[ndarray, "D K"], now_K: Float[ndarray, " K"], bandwidth: float
) -> Float[ndarray, " D"]:
    """The weights of :class:`SimilaritySpec`.

    Parameters
    ----------
    then_DK : states of the training dates, NaN where unknown
    now_K : state that they are compared with
    bandwidth : h

    Examples
    --------
    >>> kernel(np.array([[0.0], [2.0]]), np.array([0.0]), 2.0).round(4).tolist()
    [1.0, 0.6065]
    """
    there = np.isfinite(then_DK)
    count_K = there.sum(axis=0)
    mean_K = np.where(there, then_DK, 0.0).sum(axis=0) / np.maximum(count_K, 1)
    gaps_DK = np.where(there, then_DK - mean_K, 0.0)
    std_K = np.sqrt((gaps_DK**2).sum(axis=0) / np.maximum(count_K, 1))
    told = np.isfinite(now_K) & (std_K > 1e-12 * np.maximum(np.abs(mean_K), 1.0))
    if not told.any():
        return np.ones(len(then_DK))
    square_D = (((then_DK[:, told] - now_K[told]) / std_K[told]) ** 2).mean(axis=1)
    known = np.isfinite(square_D)
    if not known.any():
        return np.ones(len(then_DK))
    # From the nearest on, so that the sum of the weights is never 0.
    weights_D = np.exp(-(square_D - square_D[known].min()) / (2 * bandwidth**2))
    return np.where(known, weights_D, weights_D[known].mean())
