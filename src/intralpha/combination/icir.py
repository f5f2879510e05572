"""Weights from how steadily each factor has predicted, by what was known at the time."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base import DataError
from intralpha.base.cross_section import FLAT
from intralpha.base.panel import as_days


class HistoryShapeError(DataError):
    """RankICs, their dates and the factors do not fit each other."""

    def __init__(self, found: str, expected: str) -> None:
        self.found, self.expected = found, expected
        super().__init__(f"RankIC history: found {found}; expected {expected}.")


@dataclass(frozen=True, eq=False)
class RankICHistory:
    """RankICs of factors, and when each of them could be known.

    Parameters
    ----------
    names : the factors
    known_dates : ndarray of datetime64[D], shape [W]
        Session at whose close an observation is complete: the one on which the label window of
        its factor date ends. Ascending.
    rank_ic_WK : ndarray, shape [W, K]
        RankICs, or what else the rule observes (:meth:`CombinerSpec.observed`). One row an
        observation (a week, as a rule), one column a factor; NaN where there is none.

    Raises
    ------
    HistoryShapeError
        The parts do not fit each other, or the dates do not ascend.
    """

    names: tuple[str, ...]
    known_dates: Shaped[ndarray, "W"]
    rank_ic_WK: Float[ndarray, "observations K"]

    def __post_init__(self) -> None:
        expected = (len(self.known_dates), len(self.names))
        if self.rank_ic_WK.shape != expected:
            raise HistoryShapeError(f"shape {self.rank_ic_WK.shape}", f"{expected}")
        if (np.diff(as_days(self.known_dates)) < np.timedelta64(0, "D")).any():
            raise HistoryShapeError("dates out of order", "ascending known_dates")


def icir_weights(
    history: RankICHistory,
    dates: Shaped[ndarray, "D"],
    observations: int = 52,
    min_observations: int = 24,
) -> Float[ndarray, "D K"]:
    r"""Mean over standard deviation of the latest RankICs, negative ones cut to 0 [Spec 16].

    .. math:: w_k \propto \max(\bar{ic}_k / s_k,\; 0), \qquad \sum_k w_k = 1

    Parameters
    ----------
    history : RankICs with the session on which each was complete
    dates : sessions for which weights are wanted
    observations : latest complete RankICs used; s is their sample standard deviation (ddof 1)
    min_observations : a factor with fewer finite ones among them has no weight

    Returns
    -------
    ndarray, shape [D, K]
        Known at the close of each date: only RankICs with ``known_dates`` on or before it are
        used. A row sums to 1, or is 0 where no factor has a positive ICIR.
    """
    complete = np.searchsorted(as_days(history.known_dates), as_days(dates), side="right")
    out = np.zeros((len(dates), len(history.names)))
    for stop in np.unique(complete).tolist():
        past = history.rank_ic_WK[max(stop - observations, 0) : stop]
        out[complete == stop] = _shares(past, min_observations)
    return out


def _shares(past_WK: Float[ndarray, "W K"], min_observations: int) -> Float[ndarray, "K"]:
    ratio = np.zeros(past_WK.shape[1])
    for k, column in enumerate(past_WK.T):
        seen = column[np.isfinite(column)]
        if len(seen) < max(min_observations, 2):
            continue
        mean, std = float(seen.mean()), float(seen.std(ddof=1))
        if std > FLAT * max(abs(mean), FLAT):
            ratio[k] = max(mean / std, 0.0)
    total = ratio.sum()
    return ratio / total if total > 0 else ratio
