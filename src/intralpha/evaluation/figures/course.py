"""Course: a portfolio's way through the sessions, beside its benchmark."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base.arrays import check_arrays
from intralpha.base.years import years_of
from intralpha.evaluation.nav import check_series


@dataclass(frozen=True, eq=False)
class Course:
    """Returns of a portfolio and of its benchmark, and what was traded and paid.

    Parameters
    ----------
    dates : datetime64[D], sessions, ascending, shape [D]
    ret : simple returns of the portfolio, after cost, shape [D]
    benchmark_ret : of the benchmark; NaN where there is none
    traded : bought plus sold on the session over the value at the close before, shape [D]
    cost : charges of the session over the value at the close before, shape [D]

    Raises
    ------
    ArrayFormError
        They differ in length.
    """

    dates: Shaped[ndarray, "_"]
    ret: Float[ndarray, "_"]
    benchmark_ret: Float[ndarray, "_"]
    traded: Float[ndarray, "_"]
    cost: Float[ndarray, "_"]

    def __post_init__(self) -> None:
        check_arrays(
            1,
            ret=self.ret,
            benchmark_ret=self.benchmark_ret,
            traded=self.traded,
            cost=self.cost,
        )
        check_series(self.ret, self.dates)

    @property
    def compared(self) -> bool:
        """Whether there is a benchmark."""
        return bool(np.isfinite(self.benchmark_ret).any())

    @property
    def years(self) -> list[int]:
        """Calendar years that have a session."""
        return np.unique(years_of(self.dates)).tolist()

    def in_year(self, year: int) -> "Course":
        """The sessions of a calendar year."""
        return self.part(years_of(self.dates) == year)

    def part(self, kept: Bool[ndarray, "_"]) -> "Course":
        """Some of the sessions."""
        arrays = (self.dates, self.ret, self.benchmark_ret, self.traded, self.cost)
        return Course(*(array[kept] for array in arrays))

    def before_cost(self) -> "Course":
        """The cost-free twin: the same fills, each session without what it was charged.

        A session's return is (value + charges of the session) / value before - 1. Nothing is
        traded anew, so the twin differs from the portfolio by its charges alone; what a cheaper
        portfolio would have decided otherwise is not in it.
        """
        return replace(self, ret=self.ret + self.cost, cost=np.zeros(len(self.cost)))

    def turnover(self, sides: int) -> float:
        """Mean turnover of a rebalance, the first purchase left out; NaN without another.

        Parameters
        ----------
        sides : 2 counts purchases and sales together, 1 their mean
        """
        later = self.traded[self.traded > 0][1:]
        return float(later.mean()) * sides / 2 if len(later) else np.nan

    def turnover_a_session(self, sides: int) -> float:
        """Mean turnover of a session, with those on which nothing is traded.

        Parameters
        ----------
        sides : 2 counts purchases and sales together, 1 their mean
        """
        return float(self.traded.mean()) * sides / 2 if len(self.traded) else np.nan
