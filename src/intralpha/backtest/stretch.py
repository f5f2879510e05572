"""Stretch: a piece of a replay between two decisions, what decides it, and what it brought."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.backtest.closed_loop import PortfolioRun
from intralpha.backtest.standing import Standing
from intralpha.base import Panel
from intralpha.portfolio import RiskOf


@dataclass(frozen=True)
class Stretch:
    """The sessions after a decision date, up to and with the next one or the end.

    Attributes
    ----------
    after : the decision date before; None for the first one
    upto : last session; with ``decides`` the decision date, else the end of the replay
    decides : whether a decision is made at its close
    """

    after: date | None
    upto: date
    decides: bool = True

    @property
    def start(self) -> date:
        """First session that is looked at."""
        return self.after or self.upto


def stretches(dates: Shaped[ndarray, "D"], last: date) -> tuple[Stretch, ...]:
    """One stretch a decision date, and the end.

    Parameters
    ----------
    dates : decision dates, ascending
    last : last session of the replay
    """
    days = [day.item() for day in dates]
    before = [None, *days[:-1]]
    made = [Stretch(after, upto) for after, upto in zip(before, days, strict=True)]
    return (*made, Stretch(days[-1], last, decides=False))


def scored(dates: Shaped[ndarray, "D"], universe: Panel, signal: Panel) -> Shaped[ndarray, "N"]:
    """Those of the dates on which any stock of the universe has a score.

    Parameters
    ----------
    dates : datetime64[D] [D]
    universe : Panel, name ``universe``, with all of the dates
    signal : Panel, name ``score``
    """
    score = signal.reindex(dates, universe.assets)["score"]
    inside = universe.at(dates)["universe"] > 0
    return dates[(inside & np.isfinite(score)).any(axis=1)]


@dataclass(frozen=True, eq=False)
class Known:
    """What decisions are made of besides holdings and prices; dates beyond theirs do not matter.

    Attributes
    ----------
    universe : Panel, name ``universe``, above 0 inside; its assets may be held
    signal : Panel, name ``score``
    benchmark : Panel, name ``weight``: weights of the benchmark; ``member`` above 0 for its
        constituents, without which they are those with a weight
    styles : Panel of the style exposures
    risk : decision date -> covariance of returns; None: none is estimated
    sequence : Panel, names ``h01``, ``h02``, ...: predicted returns of the next sessions, each
        standardised over the stocks of its date; None: none are planned over
    """

    universe: Panel
    signal: Panel
    benchmark: Panel
    styles: Panel
    risk: RiskOf | None = None
    sequence: Panel | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """What a stretch brought.

    Attributes
    ----------
    run : the books of its sessions, and its decision if there was one
    standing : after its last close; None if no date had a score until then
    """

    run: PortfolioRun
    standing: Standing | None
