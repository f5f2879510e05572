"""HiGHS: a linear program given as arrays, solved or found infeasible, never half-solved."""

from dataclasses import dataclass

import highspy
import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.portfolio.answer import SolverFailedError
from intralpha.portfolio.assemble import Arrays

# Weights are of the order 1e-4 to 1e-2 and the solver's tolerance is absolute (1e-7): solving in
# thousandths makes it 1e-10 in weights.
_PER_UNIT = 1e3


@dataclass(frozen=True, eq=False)
class Optimum:
    """The answer to a linear program, in the units of its arrays.

    Attributes
    ----------
    columns : value of every column
    duals : change of the objective per unit by which a binding row bound is moved up, one a row
    iterations : simplex iterations
    """

    columns: Float[ndarray, "N"]
    duals: Float[ndarray, "R"]
    iterations: int


def maximise(arrays: Arrays) -> tuple[Optimum | None, int]:
    """Solve by the dual simplex method on one thread: the same input gives the same vertex.

    Presolve is off: with fifty rows it costs four times what it saves.

    Returns
    -------
    (Optimum, or None when infeasible; simplex iterations)

    Raises
    ------
    SolverFailedError
        Anything that is neither optimal nor infeasible.
    """
    if len(arrays.cost) == 0:
        return _nothing_moves(arrays), 0
    size = float(np.abs(arrays.cost).max(initial=0.0)) or 1.0
    solver = highspy.Highs()
    for option, setting in (("output_flag", False), ("presolve", "off"), ("solver", "simplex")):
        solver.setOptionValue(option, setting)
    accepted = pass_model(
        solver, arrays, size, _PER_UNIT, np.zeros(len(arrays.cost), dtype=np.int32)
    )
    if accepted == highspy.HighsStatus.kError:
        raise SolverFailedError("model refused", len(arrays.cost), len(arrays.row_lower))
    solver.run()
    status, iterations = solver.getModelStatus(), int(solver.getInfo().simplex_iteration_count)
    if status == highspy.HighsModelStatus.kInfeasible:
        return None, max(iterations, 0)
    if status != highspy.HighsModelStatus.kOptimal:
        name = solver.modelStatusToString(status)
        raise SolverFailedError(name, len(arrays.cost), len(arrays.row_lower))
    solution = solver.getSolution()
    columns = np.asarray(solution.col_value, dtype=np.float64) / _PER_UNIT
    duals = np.asarray(solution.row_dual, dtype=np.float64) * size
    clipped = np.clip(columns, arrays.lower, arrays.upper)
    return Optimum(clipped, duals, iterations), iterations


def _nothing_moves(arrays: Arrays) -> Optimum | None:
    """Answer without columns, which HiGHS calls empty: the rows hold at 0 or they do not."""
    tiny = 1e-10
    holds = bool((arrays.row_lower <= tiny).all() and (arrays.row_upper >= -tiny).all())
    return Optimum(np.zeros(0), np.zeros(len(arrays.row_lower)), 0) if holds else None


def pass_model(
    solver: highspy.Highs, arrays: Arrays, size: float, per_unit: float, whole: Int[ndarray, "N"]
) -> highspy.HighsStatus:
    """Hand the arrays over as they are; a HighsLp object would copy them number by number.

    Parameters
    ----------
    solver : without a model
    arrays : of the program
    size : what costs are divided by
    per_unit : what columns and bounds are multiplied by
    whole : 1 for columns that are whole numbers, 0 for others
    """
    return solver.passModel(
        len(arrays.cost),
        len(arrays.row_lower),
        len(arrays.value),
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize),
        0.0,
        arrays.cost / size,
        arrays.lower * per_unit,
        arrays.upper * per_unit,
        arrays.row_lower * per_unit,
        arrays.row_upper * per_unit,
        arrays.start,
        arrays.index,
        arrays.value,
        whole,
    )
