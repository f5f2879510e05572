"""The risk model: each session taken apart once, and an estimate for each decision date."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy import ndarray

from intralpha.base.node import Inputs, Node, Slice, Task, day_slices
from intralpha.base.panel import as_days
from intralpha.pipeline.nodes.desk import READS, UNIVERSE
from intralpha.risk import (
    RiskHistoryError,
    RiskModelSpec,
    SessionReturns,
    load_session,
    save_estimate,
    save_session,
)

RETURNS = "risk_returns"
# Slices of one job: each job reads two years of sessions before its first again.
SESSIONS_AT_ONCE, DATES_AT_ONCE = 125, 50


def risk_nodes(
    spec: RiskModelSpec, dates: ndarray, sessions: ndarray, replayed: ndarray
) -> list[Node]:
    """Factor returns of every session that an estimate looks at or that is replayed, and estimates.

    Parameters
    ----------
    spec : the model
    dates : datetime64[D], decision dates
    sessions : datetime64[D], all that the recipe is about; the first is not taken apart, as nothing
        is known of the close before it
    replayed : datetime64[D], sessions of the replay

    Raises
    ------
    RiskHistoryError
        A decision lies so early that no estimate can be made, whatever the sessions before say.
    """
    upto = np.searchsorted(sessions, dates, side="right") - 1
    firsts = np.maximum(upto - spec.past_days + 1, 1)
    _check_past(spec, dates, upto - firsts + 1)
    chosen = np.zeros(len(sessions), dtype=bool)
    for first, last in zip(firsts, upto, strict=True):
        chosen[first : last + 1] = True
    chosen |= np.isin(sessions, replayed)
    places = np.flatnonzero(chosen)

    def before(at: int) -> ndarray:
        return sessions[places[at] - 1 : places[at]]

    def past(at: int) -> ndarray:
        return sessions[firsts[at] : upto[at] + 1]

    taken = day_slices(sessions[chosen], True, {UNIVERSE: before})
    needs = {UNIVERSE: lambda at: dates[at : at + 1], RETURNS: past}
    made = day_slices(dates, True, needs)
    inputs = {UNIVERSE: UNIVERSE}
    both = inputs | {RETURNS: RETURNS}
    return [
        Node(
            RETURNS,
            make_risk_returns,
            spec,
            taken,
            inputs,
            READS,
            "folders",
            at_once=SESSIONS_AT_ONCE,
        ),
        Node("risk", make_risk, spec, made, both, READS, "folders", at_once=DATES_AT_ONCE),
    ]


def _check_past(spec: RiskModelSpec, dates: ndarray, count: ndarray) -> None:
    """Told before anything is made; that the universe was empty for some time is seen later."""
    enough = count >= spec.least_days
    if enough.all():
        return
    later = f"test.start: {dates[enough][0]} or later" if enough.any() else "test.start"
    raise RiskHistoryError(
        dates[0],
        f"found {count[0]} sessions of returns up to it, expected {spec.least_days} at least",
        f"decide later ({later}; sessions on which universe.min_listed_days leaves nobody do not "
        "count), begin the data earlier (data.start), or lower portfolio.risk.min_days",
    )


def make_risk_returns(spec: RiskModelSpec, inputs: Inputs, task: Task) -> None:
    """Factor returns and what they leave, of each session; known at its close.

    Parameters
    ----------
    spec : the model
    inputs : ``universe`` of the session before each
    task : sessions
    """
    days = as_days([one.name for one in task.slices])
    before = as_days([one.needs[UNIVERSE][0] for one in task.slices])
    inside = inputs.panel(UNIVERSE).at(before)[UNIVERSE] > 0
    for one in spec.explain(inputs.lake, days, inputs.assets, inside):
        save_session(one, task.folder(str(one.date)))
        task.finish(str(one.date))


def make_risk(spec: RiskModelSpec, inputs: Inputs, task: Task) -> None:
    """Exposures, covariance of the factors and specific variances, known at each date's close.

    Parameters
    ----------
    spec : the model
    inputs : ``universe`` of each date, and ``risk_returns`` of the sessions up to it
    task : decision dates
    """
    folders, past = inputs.folders(RETURNS), _Past()
    days = as_days([one.name for one in task.slices])
    inside = inputs.panel(UNIVERSE).at(days)[UNIVERSE] > 0
    pasts = (past.of(one, folders) for one in task.slices)
    made = spec.estimates(inputs.lake, days, inputs.assets, inside, pasts)
    for one, found in zip(task.slices, made, strict=True):
        save_estimate(found, task.folder(one.name))
        task.finish(one.name)


class _Past:
    """Sessions that are read once, and forgotten when no later date needs them."""

    def __init__(self) -> None:
        self._read: dict[str, SessionReturns] = {}

    def of(self, one: Slice, folders: Mapping[str, Path]) -> Sequence[SessionReturns]:
        """Sessions that a date needs, in order."""
        names = one.needs.get(RETURNS, ())
        self._read = {name: self._read.get(name) or load_session(folders[name]) for name in names}
        return tuple(self._read.values())
