"""Mixtures: several portfolios held together, as 003 holds two half and half."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.base import ConfigError
from intralpha.base.years import years_of
from intralpha.evaluation.figures.course import Course


class MixtureError(ConfigError):
    """Portfolios that cannot be held together."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(
            f"{fault}; expected a positive share of each portfolio, with sum 1, and the same "
            "sessions and benchmark for all of them."
        )


def mixture(
    courses: Sequence[Course],
    shares: Sequence[float],
    rebalanced: Literal["session", "year", "never"] = "session",
) -> Course:
    """The course of several portfolios that money is spread over.

    Parameters
    ----------
    courses : of portfolios that were replayed each for itself, over the same sessions
    shares : of the money, one a portfolio, sum 1
    rebalanced : when the shares are restored: before every session, before the first of a
        calendar year, or only at the start

    Returns
    -------
    Course
        Returns, turnover and cost weighed by what each portfolio is worth before the session. What
        is moved between the portfolios is neither counted as turnover nor charged, and orders of
        one are not netted against those of another.

    Raises
    ------
    MixtureError

    Notes
    -----
    003 F44 prints yearly returns of the mixture that are the mean of the two, within 0.13 points
    [Spec 17.6 item 7]; when it restores the halves is not said.

    Examples
    --------
    >>> import numpy as np
    >>> days, none = np.array(["2024-01-02", "2024-01-03"], "datetime64[D]"), np.zeros(2)
    >>> one = Course(days, np.array([1.0, 0.5]), none, none, none)
    >>> two = Course(days, none, none, none, none)
    >>> [mixture((one, two), (0.5, 0.5), how).ret.round(4).tolist() for how in ("session", "never")]
    [[0.5, 0.25], [0.5, 0.3333]]
    """
    _check(courses, shares)
    days, start = courses[0].dates, np.array(shares)
    years = years_of(days)
    out, held = np.zeros((3, len(days))), start.copy()
    columns = np.array([[c.ret, c.traded, c.cost] for c in courses])
    for d in range(len(days)):
        if rebalanced == "session" or (rebalanced == "year" and d and years[d] > years[d - 1]):
            held = start * held.sum()
        weight = held / held.sum()
        out[:, d] = weight @ columns[:, :, d]
        held = held * (1.0 + columns[:, 0, d])
    return Course(days, out[0], courses[0].benchmark_ret, out[1], out[2])


def _check(courses: Sequence[Course], shares: Sequence[float]) -> None:
    """Refuse shares that are none, and portfolios of different times or benchmarks."""
    if len(courses) != len(shares) or not len(courses):
        raise MixtureError(f"{len(shares)} shares for {len(courses)} portfolios")
    if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        raise MixtureError(f"shares {', '.join(f'{s:g}' for s in shares)}")
    first = courses[0]
    for other in courses[1:]:
        if not np.array_equal(first.dates, other.dates):
            raise MixtureError("the portfolios have other sessions")
        if not _same(first.benchmark_ret, other.benchmark_ret):
            raise MixtureError("the portfolios have other benchmarks")


def _same(one: Float[ndarray, "D"], two: Float[ndarray, "D"]) -> bool:
    return bool(np.allclose(one, two, rtol=0, atol=1e-12, equal_nan=True))
