"""A slower factor: the decaying mean of another factor's z-scores over its last dates."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel
from intralpha.base.cross_section import mean_zscore
from intralpha.base.node import Inputs, Node, Task, day_slices
from intralpha.base.panel import as_days
from intralpha.factors.factor import UNIVERSE, FactorSpec, Ground, days_of

SCORE = "score"


class SmoothedSpec(FactorSpec):
    r"""Another factor made slower, with the same stocks on each date.

    .. math:: s_t = \sum_{l=0}^{L-1} w_l z_{t-l} \Big/ \sum_{l=0}^{L-1} w_l,
              \qquad w_l = 2^{-l / h}

    over the dates on which the other has a z-score of the stock. Dates are those on which scores
    are asked for: sessions in most recipes, decisions where the grid has these alone.
    """

    kind: Literal["smoothed"] = "smoothed"
    of: str = Field(description="the factor, which stands before it")
    half_life: float = Field(
        default=4.0, gt=0, description="dates after which a z-score counts half"
    )
    dates: int = Field(default=16, ge=1, description="z-scores that count, the newest included")

    def made_of(self) -> tuple[str, ...]:
        """The other factor."""
        return (self.of,)

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        """The score on every date of the other factor, from its last scores."""
        other = ground.scores[self.of]
        days = as_days([one.name for one in other.slices])
        needs = {
            SCORE: lambda at: days[max(at - self.dates + 1, 0) : at + 1],
            UNIVERSE: lambda at: days[at : at + 1],
        }
        inputs = {SCORE: other.name, UNIVERSE: ground.universe}
        return (Node(f"score/{name}", make_score, self, day_slices(days, False, needs), inputs),)


def make_score(spec: SmoothedSpec, inputs: Inputs, task: Task) -> None:
    """The decaying mean of each date.

    Parameters
    ----------
    spec : half-life, and how many dates count
    inputs : ``score`` of the other factor on the dates that count, and the mask ``universe``
    task : slices are dates of the other factor; ``panel`` becomes the Panel ``score`` [D, A, 1],
        known when the other's is. NaN outside the universe, and where the other has no score on
        the date itself: what it said before is no view of today.
    """
    days = days_of(task)
    inside_DA = inputs.panel(UNIVERSE).reindex(days, inputs.assets)[UNIVERSE] > 0
    out = Panel.full(days, inputs.assets, (SCORE,))
    for d, one in enumerate(task.slices):
        known = inputs.panel(SCORE).reindex(as_days(one.needs[SCORE]), inputs.assets)[SCORE]
        out.values[d, :, 0] = smoothed(known, spec.half_life)
    out.values[~inside_DA] = np.nan
    out.save(task.folder("panel"))


def smoothed(score_LA: Float[ndarray, "L A"], half_life: float) -> Float[ndarray, "A"]:
    """Decaying mean of the z-scores of some dates; NaN where the last has none.

    Parameters
    ----------
    score_LA : oldest first, NaN where absent
    half_life : dates after which a z-score counts half

    Examples
    --------
    >>> smoothed(np.array([[1.0, 3.0], [3.0, 1.0]]), 1.0).round(6).tolist()
    [0.333333, -0.333333]
    """
    weights_L = 0.5 ** (np.arange(len(score_LA))[::-1] / half_life)
    parts = [one[None].astype(np.float64) for one in score_LA]
    found = mean_zscore(parts, weights_L[None])[0]
    return np.where(np.isfinite(score_LA[-1]), found, np.nan)
