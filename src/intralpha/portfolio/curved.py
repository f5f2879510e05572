"""A program with cones or penalties, in purchases and sales, solved or found infeasible."""

import numpy as np
from numpy import ndarray
from scipy import sparse

from intralpha.portfolio.answer import Answer
from intralpha.portfolio.assemble import Arrays, assemble
from intralpha.portfolio.clarabel import maximise
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.spread import Spread
from intralpha.portfolio.squares import Curved, Squares


def maximise_curved(program: LinearProgram, miss: bool = False) -> tuple[Answer | None, int]:
    """Solve a program with cones or penalties.

    Parameters
    ----------
    program : what is solved
    miss : see :func:`~intralpha.portfolio.clarabel.maximise`

    Returns
    -------
    (Answer, or None when infeasible; iterations)

    Raises
    ------
    SolverFailedError
        Anything that is neither solved nor proved infeasible.
    """
    arrays = assemble(program)
    balls = [(_squares(program, arrays, c.spread), c.radius) for c in program.cones]
    weighed = [(_squares(program, arrays, p.spread), p.factor) for p in program.penalties]
    best, work = maximise(Curved(arrays, tuple(balls), tuple(weighed)), miss)
    if best is None:
        return None, work
    weights = _weights(program, arrays, best.columns)
    return Answer(weights, best.duals, best.ball_duals, work), work


def _weights(program: LinearProgram, arrays: Arrays, columns: ndarray) -> ndarray:
    weights = program.past.copy()
    weights[arrays.buys] += columns[: len(arrays.buys)]
    weights[arrays.sells] -= columns[len(arrays.buys) :]
    lower, upper, _ = program.box()
    return np.clip(weights, lower, upper)


def _squares(program: LinearProgram, arrays: Arrays, spread: Spread) -> Squares:
    """A spread in terms of purchases and sales; names that do not move are a constant."""
    buys, sells = arrays.buys, arrays.sells
    loadings = sparse.csr_matrix(spread.loadings_AK)
    active = program.past - spread.centre
    moving = np.union1d(buys, sells)
    sd = np.sqrt(spread.specific_var_A)
    place = np.full(len(active), -1)
    place[moving] = np.arange(len(moving))
    rows = np.concatenate([place[buys], place[sells]])
    values = np.concatenate([sd[buys], -sd[sells]])
    still = np.ones(len(active), dtype=bool)
    still[moving] = False
    return Squares(
        factors_KN=sparse.vstack([loadings[buys], -loadings[sells]]).T.tocsr(),  # type: ignore[operator]
        at_zero_K=spread.exposed(program.past),
        cov_KK=spread.factor_cov_KK,
        specific=sparse.csr_matrix(
            (values, (rows, np.arange(len(rows)))), shape=(len(moving), len(rows))
        ),
        specific_at_zero=(sd * active)[moving],
        still=spread.fixed_var + float(spread.specific_var_A[still] @ active[still] ** 2),
    )
