"""Estimates of many dates outside a recipe."""

from collections import deque
from collections.abc import Iterator

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.market import Lake
from intralpha.risk.estimate import RiskEstimate
from intralpha.risk.model import RiskModelSpec, SessionReturns


def rolling_estimates(
    spec: RiskModelSpec, lake: Lake, dates: Shaped[ndarray, "D"], inside: Panel
) -> Iterator[tuple[SessionReturns, RiskEstimate | None]]:
    """Every session explained, and the estimate where it is a date that is asked for.

    Parameters
    ----------
    spec : the model
    lake : with ``daily``
    dates : sessions with an estimate, ascending
    inside : universe of every session without gaps, 1 or 0; the first of them is not explained

    Returns
    -------
    iterator over the sessions of ``inside`` without the first, up to the last of the dates
    """
    upto = inside.dates <= as_days(dates)[-1]
    days, mask = inside.dates[upto], inside.values[upto, :, 0] > 0
    wanted = np.isin(days, as_days(dates))
    wanted[:1] = False
    past: deque[SessionReturns] = deque(maxlen=spec.past_days)
    asked: deque[tuple[SessionReturns, ...]] = deque()
    each = iter(asked.popleft, None)
    made = spec.estimates(lake, days[wanted], inside.assets, mask[wanted], each)
    sessions = spec.explain(lake, days[1:], inside.assets, mask[:-1])
    for one, estimated in zip(sessions, wanted[1:].tolist(), strict=True):
        past.append(one)
        if estimated:
            asked.append(tuple(past))
        yield one, next(made) if estimated else None
