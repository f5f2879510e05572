"""Answer: what a solver found, in weights and prices, whichever solver it was."""

from dataclasses import dataclass

from jaxtyping import Float
from numpy import ndarray

from intralpha.base import SolverError


class SolverFailedError(SolverError):
    """A solver returned neither a solution that holds nor a proof that there is none.

    Attributes
    ----------
    status, columns, rows : facts of the failure
    solver : HiGHS or Clarabel
    """

    def __init__(self, status: str, columns: int, rows: int, solver: str = "HiGHS") -> None:
        self.status, self.columns, self.rows, self.solver = status, columns, rows, solver
        super().__init__(
            f"{solver} ended with status {status!r} on {columns} columns and {rows} rows; expected "
            "Optimal or Infeasible.\nHint: look for extreme coefficients in the exposures."
        )


@dataclass(frozen=True, eq=False)
class Answer:
    """Weights and prices of a program.

    Attributes
    ----------
    weights : of every asset, inside its box
    duals : change of the objective per unit by which a binding row bound is moved up, one a row
    cone_duals : the same for the radius of every cone
    iterations : of the solver
    """

    weights: Float[ndarray, "A"]
    duals: Float[ndarray, "R"]
    cone_duals: Float[ndarray, "C"]
    iterations: int
