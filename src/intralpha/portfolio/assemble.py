"""From statements about weights to the arrays of a linear program in purchases and sales."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.portfolio.program import LinearProgram


@dataclass(frozen=True, eq=False)
class Arrays:
    """A linear program in purchases b and sales s, ``w = w0 + b - s``; N columns, R rows.

    Only names that can move have a column, which is what keeps it small: a name that is not held
    cannot be sold. The matrix is stored by rows.

    Attributes
    ----------
    buys, sells : index of the asset behind each purchase column, then each sale column
    cost : objective per column, to be maximised
    lower, upper : bounds of the columns
    row_lower, row_upper : bounds of the rows
    start, index, value : compressed rows
    """

    buys: Int[ndarray, "P"]
    sells: Int[ndarray, "Q"]
    cost: Float[ndarray, "N"]
    lower: Float[ndarray, "N"]
    upper: Float[ndarray, "N"]
    row_lower: Float[ndarray, "R"]
    row_upper: Float[ndarray, "R"]
    start: Int[ndarray, "R1"]
    index: Int[ndarray, "Z"]
    value: Float[ndarray, "Z"]


def assemble(program: LinearProgram) -> Arrays:
    """Arrays of a program.

    The box of a weight becomes two boxes: at least ``(l - w0)+`` and at most ``(u - w0)+`` is
    bought, at least ``(w0 - u)+`` and at most ``(w0 - l)+`` is sold. A row on weights loses its
    value at w0 from its bounds.
    """
    past = program.past
    lower, upper, _ = program.box()
    most_bought, most_sold = np.maximum(upper - past, 0.0), np.maximum(past - lower, 0.0)
    buys, sells = np.flatnonzero(most_bought > 0), np.flatnonzero(most_sold > 0)
    least_bought = np.maximum(lower - past, 0.0)[buys]
    least_sold = np.maximum(past - upper, 0.0)[sells]
    start, index, value = _compress(program, buys, sells)
    at_past = np.array([r.coefficients @ past if r.on == "weights" else 0.0 for r in program.rows])
    return Arrays(
        buys=buys,
        sells=sells,
        cost=np.concatenate(
            [
                program.gain[buys] - program.buy_cost[buys],
                -program.gain[sells] - program.sell_cost[sells],
            ]
        ),
        lower=np.concatenate([least_bought, least_sold]),
        upper=np.concatenate([most_bought[buys], most_sold[sells]]),
        row_lower=np.array([r.lower for r in program.rows], dtype=np.float64) - at_past,
        row_upper=np.array([r.upper for r in program.rows], dtype=np.float64) - at_past,
        start=start,
        index=index,
        value=value,
    )


def _compress(
    program: LinearProgram, buys: ndarray, sells: ndarray
) -> tuple[ndarray, ndarray, ndarray]:
    """Rows of the matrix without their zeros."""
    counts, indices, values = [0], [], []
    columns = np.arange(len(buys) + len(sells), dtype=np.int32)
    for row in program.rows:
        sign = -1.0 if row.on == "weights" else 1.0
        line = np.concatenate([row.coefficients[buys], sign * row.coefficients[sells]])
        present = line != 0
        indices.append(columns[present])
        values.append(line[present])
        counts.append(len(values[-1]))
    start = np.cumsum(counts).astype(np.int32)
    if not indices:
        return start, np.zeros(0, np.int32), np.zeros(0)
    return start, np.concatenate(indices), np.concatenate(values)
