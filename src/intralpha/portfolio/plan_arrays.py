"""Several trades as one program in weights, purchases and sales, and how far an answer is off."""

from collections.abc import Sequence

import numpy as np
from numpy import ndarray
from scipy import sparse
from scipy.sparse import coo_array, csr_array, vstack

from intralpha.portfolio.assemble import Arrays
from intralpha.portfolio.certificate import Residuals, violators_of
from intralpha.portfolio.highs import maximise as maximise_linear
from intralpha.portfolio.priced import Priced
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.spread import Spread
from intralpha.portfolio.squares import Curved, CurvedOptimum, Squares


def solve_stages(stages: Sequence[LinearProgram]) -> tuple[CurvedOptimum | None, Curved, int]:
    """Best columns of several trades: HiGHS, or Clarabel if any of them is curved.

    Parameters
    ----------
    stages : what the problem says of each trade

    Returns
    -------
    (columns and duals, or None when infeasible; what was solved; iterations)

    Raises
    ------
    SolverFailedError
    """
    arrays = arrays_of(stages)
    balls, weighed = [], []
    for s, stage in enumerate(stages):
        balls += [(_squares(c.spread, s, len(arrays.cost)), c.radius) for c in stage.cones]
        weighed += [(_squares(p.spread, s, len(arrays.cost)), p.factor) for p in stage.penalties]
    curved = Curved(arrays, tuple(balls), tuple(weighed))
    if balls or weighed:
        from intralpha.portfolio.clarabel import maximise

        best, work = maximise(curved)
    else:
        found, work = maximise_linear(arrays)
        best = None if found is None else CurvedOptimum(found.columns, found.duals, np.zeros(0))
    if best is None:
        return None, curved, work
    clipped = np.clip(best.columns, arrays.lower, arrays.upper)
    return CurvedOptimum(clipped, best.duals, best.ball_duals), curved, work


def residuals_of(curved: Curved, best: CurvedOptimum, missed: float, scale: float) -> Residuals:
    r"""How far columns can be from the best ones, by their own prices.

    As :func:`intralpha.portfolio.certificate.certify` proves it of one trade: with prices of all
    rows, the ties of the trades among them, every column is by itself, and no columns that meet
    the rows are worth more than the sum of what each is worth at its best.

    Parameters
    ----------
    curved : the program
    best : columns and duals
    missed : largest violation of a constraint
    scale : largest gain per unit of weight
    """
    arrays, z = curved.arrays, best.columns
    matrix = csr_array((arrays.value, arrays.index, arrays.start), (len(arrays.row_lower), len(z)))
    duals = np.where(
        np.isinf(np.where(best.duals > 0, arrays.row_upper, arrays.row_lower)), 0.0, best.duals
    )
    worth, bend = arrays.cost - matrix.T @ duals, np.zeros(len(z))
    binding = np.where(duals > 0, arrays.row_upper, arrays.row_lower)
    gap = float(np.sum(duals * np.where(duals != 0, binding - matrix @ z, 0.0)))
    bends = [max(d, 0.0) / radius if radius > 0 else 0.0
             for d, (_, radius) in zip(best.ball_duals, curved.balls, strict=True)]  # fmt: skip
    for b, (square, radius) in zip(bends, curved.balls, strict=True):
        gap += 0.5 * b * (radius**2 - square.variance(z))
    bends += [2 * factor for _, factor in curved.weighed]
    for b, (square, _) in zip(bends, (*curved.balls, *curved.weighed), strict=True):
        exposed = square.at_zero_K + square.factors_KN @ z
        worth -= b * (square.factors_KN.T @ (square.cov_KK @ exposed))
        worth -= b * (square.specific.T @ square.specific_at_zero)
        bend += b * np.asarray(square.specific.multiply(square.specific).sum(axis=0)).ravel()
    nothing = np.zeros(len(z))
    priced = Priced(worth, bend, nothing, nothing, nothing)
    top = priced.value(priced.best(arrays.lower, arrays.upper))
    adds = np.maximum(top - priced.value(z), 0.0)
    most, count = float(adds.max(initial=0.0)), violators_of(adds, scale)
    return Residuals(missed, most, gap + float(adds.sum()), count, scale)


def _squares(spread: Spread, s: int, width: int) -> Squares:
    """A spread of the weights after a trade, in the columns of all trades."""
    count = len(spread.centre)
    sd = np.sqrt(spread.specific_var_A)
    first = 3 * count * s
    shape = (width, len(spread.fixed_K))
    loadings = sparse.csr_matrix(spread.loadings_AK).tocoo()
    placed = (loadings.data, (loadings.row + first, loadings.col))
    names = np.arange(count)
    own = sparse.csr_matrix((sd, (names, names + first)), shape=(count, width))
    return Squares(
        factors_KN=sparse.csr_matrix(placed, shape=shape).T.tocsr(),
        at_zero_K=spread.exposed(np.zeros(count)),
        cov_KK=spread.factor_cov_KK,
        specific=own,
        specific_at_zero=-sd * spread.centre,
        still=spread.fixed_var,
    )


def arrays_of(stages: Sequence[LinearProgram]) -> Arrays:
    """Columns of a trade: weights, purchases, sales; trades are tied by :func:`_ties`.

    Parameters
    ----------
    stages : what the problem says of each trade

    Returns
    -------
    Arrays
        Rows: the ties of all trades, then the rows of each trade in turn.
    """
    count, bounds = len(stages[0].past), [_bounds(stages, s) for s in range(len(stages))]
    none = np.zeros(count)
    parts = [_ties(len(stages), count)]
    lows, highs = [stages[0].past, *[none] * (len(stages) - 1)], []
    highs += lows
    for s, stage in enumerate(stages):
        for row in stage.rows:
            one, nothing = row.coefficients, none
            line = [one, nothing, nothing] if row.on == "weights" else [nothing, one, one]
            wide = np.zeros(3 * count * len(stages))
            wide[3 * count * s : 3 * count * (s + 1)] = np.concatenate(line)
            parts.append(csr_array(wide[None]))
            lows.append(np.array([row.lower]))
            highs.append(np.array([row.upper]))
    matrix = csr_array(vstack(parts))
    nobody = np.zeros(0, dtype=np.int64)
    return Arrays(
        buys=nobody,
        sells=nobody,
        cost=np.concatenate([c for g in stages for c in (g.gain, -g.buy_cost, -g.sell_cost)]),
        lower=np.concatenate([side for least, _, _, _ in bounds for side in (least, none, none)]),
        upper=np.concatenate([side for _, *sides in bounds for side in sides]),
        row_lower=np.concatenate(lows),
        row_upper=np.concatenate(highs),
        start=matrix.indptr.astype(np.int32),
        index=matrix.indices.astype(np.int32),
        value=matrix.data.astype(np.float64),
    )


def _ties(trades: int, count: int) -> csr_array:
    """Rows ``w_s - w_{s-1} - b_s + l_s``: weights after a trade, before it, purchases, sales."""
    at = np.arange(trades * count)
    own = 3 * count * (at // count) + at % count  # columns of the weights
    later = at[count:]
    rows = np.concatenate([at, at, at, later])
    columns = np.concatenate([own, own + count, own + 2 * count, own[:-count]])
    values = np.repeat([1.0, -1.0, 1.0, -1.0], [len(at)] * 3 + [len(later)])
    shape = (trades * count, 3 * trades * count)
    return coo_array((values, (rows, columns)), shape=shape).tocsr()


def _bounds(stages: Sequence[LinearProgram], s: int) -> tuple[ndarray, ndarray, ndarray, ndarray]:
    """Least and most of each weight, most of each purchase and sale.

    A name that tradability keeps outside its band now may come back later, but need not.
    """
    stage, (least, most, _) = stages[s], stages[0].box()
    at_most = np.minimum(stage.most_traded, 1.0)
    if s == 0:
        return least, most, np.ones(len(least)), np.ones(len(least))
    grows = np.where(stage.wanted, at_most, np.minimum(at_most, np.maximum(stage.lower, 0.0)))
    return np.minimum(stage.lower, least), np.maximum(stage.upper, most), grows, at_most
