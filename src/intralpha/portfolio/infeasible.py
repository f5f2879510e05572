"""Why a problem has no solution: the smallest violations and the rows that conflict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from intralpha.base import SolverError
from intralpha.portfolio.assemble import Arrays, assemble
from intralpha.portfolio.highs import SolverFailedError, maximise
from intralpha.portfolio.program import LinearProgram

_SEEN = 1e-9


@dataclass(frozen=True)
class Violation:
    """One row that would have to give way.

    Attributes
    ----------
    name : of the row
    by : how far the row's value must leave its bounds
    lower, upper : those bounds
    """

    name: str
    by: float
    lower: float
    upper: float


class InfeasibleError(SolverError):
    """No weights meet the constraints, not even after every declared relaxation.

    Attributes
    ----------
    date, relaxed, violations, conflicting : facts of the failure
    box : sums of the lowest and of the highest weights that the names' own bounds allow
    """

    def __init__(
        self,
        date: np.datetime64,
        relaxed: Sequence[str],
        violations: Sequence[Violation],
        conflicting: Sequence[str],
        box: tuple[float, float],
    ) -> None:
        self.date, self.relaxed = date, tuple(relaxed)
        self.violations, self.conflicting, self.box = tuple(violations), tuple(conflicting), box
        gives = "; ".join(
            f"{v.name} would miss [{v.lower:.6g}, {v.upper:.6g}] by {v.by:.6g}" for v in violations
        )
        super().__init__(
            f"no weights meet the constraints on {date}, after relaxing: "
            f"{', '.join(relaxed) or 'nothing (no declared step applied)'}.\n"
            f"Smallest violations: {gives or 'none found'}.\n"
            f"In conflict: {', '.join(conflicting) or 'unknown'}; the names' own bounds allow a "
            f"total weight from {box[0]:.6g} to {box[1]:.6g}.\n"
            "Hint: widen one of these constraints, or admit more names that can be traded."
        )


def explain(date: np.datetime64, relaxed: Sequence[str], program: LinearProgram) -> InfeasibleError:
    """The error for an infeasible program.

    Every row may be missed at a price of one per unit; the bounds of single names stay. The rows
    missed in the cheapest solution are the violations, the rows with a price there conflict.

    Parameters
    ----------
    date : of the decision
    relaxed : steps of relaxation that were tried
    program : the program after them

    Returns
    -------
    InfeasibleError, to be raised

    Raises
    ------
    SolverFailedError
        Not even the elastic program could be solved.
    """
    arrays = assemble(program)
    count, rows = len(arrays.cost), len(program.rows)
    best, _ = maximise(_elastic(arrays))
    if best is None:
        raise SolverFailedError("elastic program infeasible", count + 2 * rows, rows)
    slack = best.columns[count:]
    violations = [
        Violation(row.name, float(by), float(row.lower), float(row.upper))
        for row, by in zip(program.rows, slack[:rows] + slack[rows:], strict=True)
        if by > _SEEN
    ]
    priced = [r.name for r, d in zip(program.rows, best.duals, strict=True) if abs(d) > _SEEN]
    lower, upper, _ = program.box()
    return InfeasibleError(
        date, relaxed, violations, priced, (float(lower.sum()), float(upper.sum()))
    )


def _elastic(arrays: Arrays) -> Arrays:
    """The same rows with two more columns each: one raises the row's value, one lowers it."""
    count, rows = len(arrays.cost), len(arrays.row_lower)
    each = np.arange(rows, dtype=np.int32)
    ends = np.repeat(arrays.start[1:], 2)
    more = np.column_stack([count + each, count + rows + each]).ravel().astype(np.int32)
    return replace(
        arrays,
        cost=np.concatenate([np.zeros(count), -np.ones(2 * rows)]),
        lower=np.concatenate([arrays.lower, np.zeros(2 * rows)]),
        upper=np.concatenate([arrays.upper, np.full(2 * rows, np.inf)]),
        start=(arrays.start + 2 * np.arange(rows + 1)).astype(np.int32),
        index=np.insert(arrays.index, ends, more),
        value=np.insert(arrays.value, ends, np.tile([1.0, -1.0], rows)),
    )
