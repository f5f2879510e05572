"""What a rule learns, date by date, from nothing that was not over by then."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base.panel import as_days
from intralpha.combination.past import Past
from intralpha.combination.spec import CombinerSpec, Learned


def learned_on(
    spec: CombinerSpec, names: tuple[str, ...], past: Past | None, days: Shaped[ndarray, "R"]
) -> list[Learned]:
    """What a rule knows at the close of some days.

    Parameters
    ----------
    spec : the rule
    names : the factors
    past : everything that :func:`intralpha.combination.observe` saw; of it each day uses what is
        complete at its close. None for a rule without evidence
    days : sessions on which is learned

    Returns
    -------
    list, one entry a day
    """
    wanted = spec.evidence()
    if wanted is None or past is None:
        return [spec.learn(names, past)] * len(days)
    return [spec.learn(names, past.until(day, wanted.observations)) for day in as_days(days)]


def refreshes(
    spec: CombinerSpec, sessions: Shaped[ndarray, "N"], dates: Shaped[ndarray, "D"]
) -> Shaped[ndarray, "D"]:
    """The session on which each date's weights are learned: the latest of the rule's grid.

    Parameters
    ----------
    spec : a rule with evidence
    sessions : all, ascending, from a fixed first one on
    dates : among the sessions

    Returns
    -------
    ndarray of datetime64[D], shape [D]
        On or before each date; the date itself before the grid's first.
    """
    wanted = spec.evidence()
    days = as_days(dates)
    grid = as_days(wanted.refresh.dates(sessions)) if wanted else days
    at = np.searchsorted(grid, days, side="right") - 1
    return np.where(at >= 0, grid[np.maximum(at, 0)] if len(grid) else days, days)


def spread_over(
    learned: Sequence[Learned], on: Shaped[ndarray, "R"], dates: Shaped[ndarray, "D"]
) -> list[Learned]:
    """For each date what was learned last.

    Parameters
    ----------
    learned : one entry a day of ``on``
    on : days of learning, ascending, the first not after the first date
    dates : ascending
    """
    at = np.searchsorted(as_days(on), as_days(dates), side="right") - 1
    return [learned[i] for i in at.tolist()]
