"""The index of the simulated market: smaller stocks, weighted by float, chosen twice a year."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

INDEX = "000852.SH"
INDEX_START = 6000.0
LARGE_SHARE, MEMBER_SHARE = 0.1, 0.7
REVIEW_MONTHS = (6, 12)


def next_review(after: date) -> date:
    """First Monday in effect after a review: the one behind the second Friday of June, December.

    Examples
    --------
    >>> next_review(date(2023, 1, 3)), next_review(date(2023, 6, 12))
    (datetime.date(2023, 6, 12), datetime.date(2023, 12, 11))
    """
    for year in (after.year, after.year + 1):
        for month in REVIEW_MONTHS:
            first = date(year, month, 1)
            monday = first + timedelta(days=(4 - first.weekday()) % 7 + 10)
            if monday > after:
                return monday
    raise AssertionError("a year has a review")


def choose(cap_yuan: Float[ndarray, "A"], eligible: Bool[ndarray, "A"]) -> Float[ndarray, "A"]:
    """Weights of a new period: the largest tenth is left out, the next seven tenths are members."""
    order = np.flatnonzero(eligible)[np.argsort(-cap_yuan[eligible], kind="stable")]
    skipped = int(LARGE_SHARE * len(order))
    members = order[skipped : skipped + max(int(MEMBER_SHARE * len(order)), 1)]
    weight = np.zeros(len(cap_yuan))
    weight[members] = cap_yuan[members]
    return weight / weight.sum()


@dataclass(frozen=True)
class Member:
    """One row of the membership table.

    Attributes
    ----------
    number : of the stock
    in_date, out_date : both included; the second is the day before the next review
    weight : at the close of the first of them
    """

    number: int
    in_date: date
    out_date: date
    weight: float


@dataclass(eq=False)
class IndexBook:
    """Level and weights of the index as the sessions go by.

    Dividends are reinvested: the level follows closes over precloses. Weights drift with the
    prices between two reviews. A review takes effect with the first session on or after its day
    and uses the closes before it; the day of the next one is known from the calendar.

    Attributes
    ----------
    level : at the last close, points
    weight : at the last close, shape [A], with the sum 1; empty before the first review
    due : day of the next review; None before the first one
    since : first session of the period that began with the last review, until its close
    members : rows of the membership table so far
    """

    level: float = INDEX_START
    weight: ndarray = field(default_factory=lambda: np.zeros(0))
    due: date | None = None
    since: date | None = None
    members: list[Member] = field(default_factory=list)

    def review(self, on: date, cap_yuan: Float[ndarray, "A"], eligible: Bool[ndarray, "A"]) -> None:
        """Choose members if a review is due on that session.

        Parameters
        ----------
        on : session, each later than the one before
        cap_yuan : float capitalisation at the closes before, shape [A]
        eligible : stocks that may be members, shape [A]; at least one of them must be
        """
        if self.due is not None and on < self.due:
            return
        self.weight = choose(cap_yuan, eligible)
        self.due, self.since = next_review(on), on

    def members_weight(self, listed: Bool[ndarray, "A"]) -> Float[ndarray, "A"]:
        """Weights of a session; those of stocks without a row are spread over the rest."""
        weight = np.where(listed, self.weight, 0.0)
        return weight / weight.sum()

    def close(self, weight: Float[ndarray, "A"], ratio: Float[ndarray, "A"]) -> None:
        """End a session: ``ratio`` is close over preclose."""
        self.level = float(np.round(self.level * (weight @ ratio), 2))
        drifted = weight * ratio
        self.weight = drifted / drifted.sum()
        if self.since is not None and self.due is not None:
            last = self.due - timedelta(days=1)
            held = np.flatnonzero(self.weight)
            self.members += [Member(int(i), self.since, last, float(self.weight[i])) for i in held]
            self.since = None
