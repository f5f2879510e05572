"""Names held or not: a mixed-integer program chooses them, a linear one weighs them."""

from copy import copy
from dataclasses import dataclass, replace

import highspy
import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from intralpha.base import ConfigError
from intralpha.portfolio.answer import Answer, SolverFailedError
from intralpha.portfolio.assemble import Arrays, assemble
from intralpha.portfolio.columns import solve_whole
from intralpha.portfolio.highs import pass_model
from intralpha.portfolio.program import LinearProgram

_MOST_NODES = 2_000  # a count, not a time: the same input gives the same answer
_GAP = 1e-6


class CurvedAndCountedError(ConfigError):
    """Names are counted and a variance is bounded or weighed in one problem."""

    def __init__(self) -> None:
        super().__init__(
            "minimum_position and cardinality cannot stand beside tracking_error or risk_aversion: "
            "no solver here takes integers and cones together.\n"
            "Hint: bound the styles and industries instead of the tracking error."
        )


@dataclass(frozen=True, eq=False)
class Chosen:
    """Names that may be held, and how good any choice could be.

    Attributes
    ----------
    held : the names
    bound : no choice has a better objective
    """

    held: Bool[ndarray, "A"]
    bound: float


def solve_counted(program: LinearProgram) -> tuple[Answer | None, LinearProgram, float, int]:
    """Choose names by HiGHS' branch and bound, then solve the linear program of those names.

    The search ends at a relative gap of 1e-6 or after 2,000 nodes; what it may have missed is the
    gap that is returned. Prices and residuals are those of the linear program.

    Returns
    -------
    (Answer or None when infeasible, the linear program of the chosen names, gap, iterations)

    Raises
    ------
    CurvedAndCountedError
        The program has cones or penalties as well.
    SolverFailedError
        No choice was found within the nodes, nor a proof that there is none.
    """
    if program.curved:
        raise CurvedAndCountedError
    chosen = _choose(program)
    if chosen is None:
        return None, program, 0.0, 0
    fixed = copy(program)
    lower, upper, _ = program.box()
    least = np.where(lower > 0, lower, np.minimum(program.least_held, upper))
    fixed.lower = np.where(chosen.held, np.maximum(program.lower, least), program.lower)
    fixed.upper = np.where(chosen.held, program.upper, 0.0)
    answer, work = solve_whole(fixed)
    if answer is None:
        return None, program, 0.0, work
    return answer, fixed, max(chosen.bound - program.value(answer.weights), 0.0), work


def _choose(program: LinearProgram) -> Chosen | None:
    """The names of the best choice found; None if there is none."""
    arrays = assemble(program)
    mixed, at = _with_switches(program, arrays)
    solver = highspy.Highs()
    for option, setting in (
        ("output_flag", False), ("threads", 1), ("mip_rel_gap", _GAP),
        ("mip_max_nodes", _MOST_NODES), ("mip_feasibility_tolerance", 1e-9),
    ):  # fmt: skip
        solver.setOptionValue(option, setting)
    whole = np.zeros(len(mixed.cost), dtype=np.int32)
    whole[at:] = 1
    size = float(np.abs(mixed.cost).max(initial=0.0)) or 1.0
    pass_model(solver, mixed, size, 1.0, whole)
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    if info.primal_solution_status != int(highspy.SolutionStatus.kSolutionStatusFeasible):
        name = solver.modelStatusToString(status)
        raise SolverFailedError(name, len(mixed.cost), len(mixed.row_lower))
    switches = np.asarray(solver.getSolution().col_value)[at:] > 0.5
    still = program.past.copy()
    held = still > 0
    held[np.union1d(arrays.buys, arrays.sells)] = switches
    return Chosen(held, float(info.mip_dual_bound) * size + program.value(still))


def _with_switches(program: LinearProgram, arrays: Arrays) -> tuple[Arrays, int]:
    """One more column a name that moves, 1 if it is held, and the rows that tie it to its weight.

    Returns
    -------
    (Arrays, the first of these columns)
    """
    moving = np.union1d(arrays.buys, arrays.sells)
    lower, upper, _ = (part[moving] for part in program.box())
    count, names = len(arrays.cost), len(moving)
    least = np.where(lower > 0, lower, np.minimum(program.least_held, upper))
    rows, past = _ties(arrays, moving), program.past[moving]
    most = np.inf if program.most_names is None else program.most_names
    most -= int((program.past > 0).sum() - (past > 0).sum())  # those that stay as they are
    lines: list[tuple[ndarray, ndarray, float, float]] = []
    for k, (index, value) in enumerate(rows):
        switch = np.append(index, count + k).astype(np.int32)
        lines.append((switch, np.append(value, -upper[k]), -np.inf, -past[k]))
        lines.append((switch, np.append(value, -least[k]), -past[k], np.inf))
    each = np.arange(count, count + names, dtype=np.int32)
    lines.append((each, np.ones(names), -np.inf, most))
    lengths = np.cumsum([len(line[0]) for line in lines])
    return replace(
        arrays,
        cost=np.concatenate([arrays.cost, np.zeros(names)]),
        lower=np.concatenate([arrays.lower, (lower > 0).astype(np.float64)]),
        upper=np.concatenate([arrays.upper, np.ones(names)]),
        row_lower=np.concatenate([arrays.row_lower, [line[2] for line in lines]]),
        row_upper=np.concatenate([arrays.row_upper, [line[3] for line in lines]]),
        start=np.concatenate([arrays.start, arrays.start[-1] + lengths]).astype(np.int32),
        index=np.concatenate([arrays.index, *(line[0] for line in lines)]).astype(np.int32),
        value=np.concatenate([arrays.value, *(line[1] for line in lines)]),
    ), count


def _ties(arrays: Arrays, moving: ndarray) -> list[tuple[ndarray, ndarray]]:
    """Columns and signs of ``w - w0`` for each name that moves."""
    both = (arrays.buys, 1.0, 0), (arrays.sells, -1.0, len(arrays.buys))
    pairs: dict[int, list[tuple[int, float]]] = {a: [] for a in moving.tolist()}
    for names, sign, first in both:
        for k, a in enumerate(names.tolist()):
            pairs[a].append((first + k, sign))
    return [(np.array([c for c, _ in p]), np.array([s for _, s in p])) for p in pairs.values()]
