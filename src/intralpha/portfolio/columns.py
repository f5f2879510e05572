"""Column generation: solve on some names, price all of them, add those that would still gain."""

from copy import copy
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.portfolio.answer import Answer
from intralpha.portfolio.assemble import assemble
from intralpha.portfolio.certificate import certify
from intralpha.portfolio.highs import maximise
from intralpha.portfolio.prices import Prices
from intralpha.portfolio.program import LinearProgram

_FEW = 400  # below this many names there is nothing to save
_MOST_ROUNDS = 12
# A name is added if it could still gain this share of the largest gain per unit of weight.
_GAIN = 1e-10


def solve_program(program: LinearProgram, start: Prices | None) -> tuple[Answer | None, int]:
    """Best weights of a program.

    Parameters
    ----------
    program : no name's bounds leave it no weight
    start : prices of an earlier solution; without them a linear program is solved on all names
        at once, and a curved one starts from the prices of its linear part

    Returns
    -------
    (Answer, or None when infeasible; iterations of the solvers)
    """
    work = 0
    if len(program.past) < _FEW or (start is None and not program.curved):
        return solve_whole(program)
    if start is None:
        linear, work = solve_whole(without_curves(program))
        if linear is None:
            return None, work
        start = Prices.of(program, replace(linear, cone_duals=np.zeros(len(program.cones))))
    order, count, weights = rank(program, start)
    chosen = np.sort(order[:count])
    for _ in range(_MOST_ROUNDS):
        if 2 * len(chosen) > len(weights):
            break
        part, more = solve_whole(program.only(chosen, weights))
        work += more
        if part is None:  # of so few names that tells nothing
            count = 2 * len(chosen)
            chosen = np.union1d(chosen, order[:count])
            continue
        weights = weights.copy()
        weights[chosen] = part.weights
        answer = Answer(weights, part.duals, part.cone_duals, work)
        residuals, adds = certify(program, answer)
        violators = adds > _GAIN * residuals.scale
        violators[chosen] = False
        if not violators.any():
            return answer, work
        chosen = np.union1d(chosen, np.flatnonzero(violators))
    answer, more = solve_whole(program)
    return answer, work + more


def without_curves(program: LinearProgram) -> LinearProgram:
    """The same program without cones and penalties."""
    flat = copy(program)
    flat.cones, flat.penalties = [], []
    return flat


def rank(
    program: LinearProgram, start: Prices
) -> tuple[Int[ndarray, "A"], int, Float[ndarray, "A"]]:
    """Names in the order in which prices would have to change before they move.

    Returns
    -------
    (places of the names, how many of them a reduced problem begins with, weights of all)
        It begins with those that stand between their bounds at the earlier prices, and those that
        are next to leave theirs: a twentieth of all names.
    """
    weights, margins = start.settle(program)
    lower, upper, _ = program.box()
    margins = np.where(upper > lower, margins, np.inf)
    count = int((margins == 0).sum()) + max(_FEW // 4, len(weights) // 20)
    return np.argsort(margins, kind="stable"), count, weights


def solve_whole(program: LinearProgram) -> tuple[Answer | None, int]:
    """Best weights of a program, on all of its names: HiGHS, or Clarabel if it is curved."""
    if program.curved:
        from intralpha.portfolio.curved import maximise_curved

        return maximise_curved(program)
    arrays = assemble(program)
    best, work = maximise(arrays)
    if best is None:
        return None, work
    weights = program.past.copy()
    weights[arrays.buys] += best.columns[: len(arrays.buys)]
    weights[arrays.sells] -= best.columns[len(arrays.buys) :]
    lower, upper, _ = program.box()
    return Answer(np.clip(weights, lower, upper), best.duals, np.zeros(0), work), work
