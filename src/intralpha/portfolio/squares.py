"""Curved: a linear program in columns with variances in factor form, and its answer."""

from dataclasses import dataclass

from jaxtyping import Float
from numpy import ndarray
from scipy import sparse

from intralpha.portfolio.assemble import Arrays


@dataclass(frozen=True, eq=False)
class Squares:
    """A variance in columns z: ``y'Fy + e'e + v0`` with exposures y = y0 + G z and e = e0 + H z.

    Attributes
    ----------
    factors_KN : G
    at_zero_K : y0
    cov_KK : F
    specific : H, a row for each name that moves
    specific_at_zero : e0
    still : v0
    """

    factors_KN: sparse.csr_matrix
    at_zero_K: Float[ndarray, "K"]
    cov_KK: Float[ndarray, "K K"]
    specific: sparse.csr_matrix
    specific_at_zero: Float[ndarray, "M"]
    still: float

    def variance(self, columns: Float[ndarray, "N"]) -> float:
        """At some columns."""
        y = self.at_zero_K + self.factors_KN @ columns
        e = self.specific_at_zero + self.specific @ columns
        return float(y @ self.cov_KK @ y + e @ e + self.still)


@dataclass(frozen=True, eq=False)
class Curved:
    """A linear program some of whose variances are bounded or weighed.

    Attributes
    ----------
    arrays : the linear part
    balls : variances and the radii that their roots may have
    weighed : variances and what a unit of them takes from the objective
    """

    arrays: Arrays
    balls: tuple[tuple[Squares, float], ...]
    weighed: tuple[tuple[Squares, float], ...]


@dataclass(frozen=True, eq=False)
class CurvedOptimum:
    """The answer, in the units of the arrays.

    Attributes
    ----------
    columns : value of every column, inside its bounds up to the solver's tolerance
    duals : change of the objective per unit by which a binding row bound is moved up, one a row
    ball_duals : the same for every radius
    """

    columns: Float[ndarray, "N"]
    duals: Float[ndarray, "R"]
    ball_duals: Float[ndarray, "C"]
