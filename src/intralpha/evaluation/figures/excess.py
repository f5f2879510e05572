"""Excess over a benchmark: four ways in which two series of returns are compared over time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.evaluation.nav import annualised_return, nav

Form = Literal["difference", "ratio", "less", "sum"]
_Two = Callable[[ndarray, ndarray], ndarray]
_Rate = Callable[[ndarray, ndarray, float], float]


@dataclass(frozen=True)
class Excess:
    """One way of comparing. Rows without either return are to be left out before.

    Attributes
    ----------
    path : returns and benchmark's returns -> value of the excess after each row, 1 at the start
    rate : the two and rows a year -> excess a year, of at least one row
    compounds : whether a loss is a share of the path, and not of the money of the start
    """

    path: _Two
    rate: _Rate
    compounds: bool

    def total(self, ret_D: Float[ndarray, "D"], benchmark_D: Float[ndarray, "D"]) -> float:
        """Excess over all rows; NaN without any."""
        return float(self.path(ret_D, benchmark_D)[-1] - 1.0) if len(ret_D) else np.nan

    def annualised(
        self, ret_D: Float[ndarray, "D"], benchmark_D: Float[ndarray, "D"], rows_a_year: float
    ) -> float:
        """Excess a year; NaN without any row.

        Parameters
        ----------
        ret_D, benchmark_D : simple returns a row
        rows_a_year : A
        """
        return self.rate(ret_D, benchmark_D, rows_a_year) if len(ret_D) else np.nan

    def max_drawdown(self, ret_D: Float[ndarray, "D"], benchmark_D: Float[ndarray, "D"]) -> float:
        """Largest loss of the path from a high, the start included; NaN without any row."""
        if not len(ret_D):
            return np.nan
        path = self.path(ret_D, benchmark_D)
        high = np.maximum.accumulate(np.maximum(path, 1.0))
        return float(((high - path) / (high if self.compounds else 1.0)).max())


def excess_form(name: Form) -> Excess:
    r"""A form by its name.

    Parameters
    ----------
    name : ``difference``
        :math:`\prod_d (1 + r_d - b_d)`, which the printed figures of 002 and 003 are
        [Spec 17.6 item 1]; ``ratio`` :math:`\prod_d (1 + r_d) / (1 + b_d)`; ``less``
        :math:`1 + \prod_d (1 + r_d) - \prod_d (1 + b_d)`, whose rate a year is the difference of
        the two rates; ``sum`` :math:`1 + \sum_d (r_d - b_d)`, of report 000 [item 5]

    Examples
    --------
    >>> r, b = np.array([0.10, 0.10]), np.array([0.05, -0.05])
    >>> [round(excess_form(n).total(r, b), 6) for n in ("difference", "ratio", "less", "sum")]
    [0.2075, 0.213033, 0.2125, 0.2]
    """
    return _FORMS[name]


def _difference(ret_D: ndarray, benchmark_D: ndarray) -> ndarray:
    return nav(ret_D - benchmark_D)


def _difference_rate(ret_D: ndarray, benchmark_D: ndarray, rows_a_year: float) -> float:
    return annualised_return(ret_D - benchmark_D, rows_a_year)


def _ratio(ret_D: ndarray, benchmark_D: ndarray) -> ndarray:
    return nav(ret_D) / nav(benchmark_D)


def _ratio_rate(ret_D: ndarray, benchmark_D: ndarray, rows_a_year: float) -> float:
    return annualised_return((1.0 + ret_D) / (1.0 + benchmark_D) - 1.0, rows_a_year)


def _less(ret_D: ndarray, benchmark_D: ndarray) -> ndarray:
    return 1.0 + nav(ret_D) - nav(benchmark_D)


def _less_rate(ret_D: ndarray, benchmark_D: ndarray, rows_a_year: float) -> float:
    return annualised_return(ret_D, rows_a_year) - annualised_return(benchmark_D, rows_a_year)


def _sum(ret_D: ndarray, benchmark_D: ndarray) -> ndarray:
    return 1.0 + np.cumsum(ret_D - benchmark_D)


def _sum_rate(ret_D: ndarray, benchmark_D: ndarray, rows_a_year: float) -> float:
    return annualised_return(ret_D - benchmark_D, rows_a_year, compound=False)


_FORMS: dict[str, Excess] = {
    "difference": Excess(_difference, _difference_rate, compounds=True),
    "ratio": Excess(_ratio, _ratio_rate, compounds=True),
    "less": Excess(_less, _less_rate, compounds=False),
    "sum": Excess(_sum, _sum_rate, compounds=False),
}
