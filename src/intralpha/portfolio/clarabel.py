"""Clarabel: columns with bounded and weighed variances, solved or found infeasible."""

from importlib import import_module
from typing import Any

import numpy as np
from numpy import ndarray
from scipy import sparse

from intralpha.portfolio.answer import SolverFailedError
from intralpha.portfolio.squares import Curved, CurvedOptimum

# A compiled module without types.
clarabel: Any = import_module("clarabel")

# Weights are solved in hundredths: Clarabel's tolerances are relative to numbers of the order 1.
_PER_UNIT = 1e2
_TOLERANCE = 1e-9


def maximise(curved: Curved, miss: bool = False) -> tuple[CurvedOptimum | None, int]:
    """Solve by an interior point method on one thread.

    Each variance has K columns of its own for the factors' exposures, so that no matrix over the
    assets is ever written out.

    Parameters
    ----------
    curved : what is solved
    miss : look instead for the least by which the radii must grow, everything else standing; the
        answer's gain is minus that

    Returns
    -------
    (CurvedOptimum, or None when infeasible; iterations)

    Raises
    ------
    SolverFailedError
        Anything that is neither solved nor proved infeasible.
    """
    problem = _Form(curved, miss)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = _TOLERANCE
    solver = clarabel.DefaultSolver(*problem.matrices(), settings)
    solution = solver.solve()
    status, work = str(solution.status), int(solution.iterations)
    if status in ("PrimalInfeasible", "AlmostPrimalInfeasible"):
        return None, work
    if status == "NumericalError" and not miss and _misses(curved):
        return None, work
    # Almost, or too slow at the end: the residuals of the answer tell whether it will do.
    if status not in ("Solved", "AlmostSolved", "InsufficientProgress"):
        raise SolverFailedError(status, problem.count, problem.rows, solver="Clarabel")
    return problem.answer(np.array(solution.x), np.array(solution.z)), work


def _misses(curved: Curved) -> bool:
    """Whether nothing comes as near as every radius asks; the solver may stall at the edge."""
    nearest, _ = maximise(curved, miss=True)
    if nearest is None:
        return True
    return any(s.variance(nearest.columns) ** 0.5 > r * (1 + 1e-6) for s, r in curved.balls)


class _Form:
    """``min x'Px/2 + q'x`` with ``Ax + s = b``, s in cones, for one program."""

    def __init__(self, curved: Curved, miss: bool) -> None:
        self.curved, self.arrays, self.miss = curved, curved.arrays, miss
        self.count, self.rows = len(self.arrays.cost), len(self.arrays.row_lower)
        self.size = float(np.abs(self.arrays.cost).max(initial=0.0)) or 1.0
        self.squares = [square for square, _ in (*curved.balls, *curved.weighed)]
        factors = [len(s.at_zero_K) for s in self.squares]
        self.starts = self.count + np.concatenate([[0], np.cumsum(factors)]).astype(int)
        self.width = int(self.starts[-1]) + miss

    def matrices(self) -> tuple[Any, ...]:
        """P, q, A, b and the cones, as the solver takes them."""
        blocks, right, kinds = [], [], []

        def put(block: Any, bound: ndarray, kind: Any) -> None:
            if len(bound):
                blocks.append(block)
                right.append(bound)
                kinds.append(kind(len(bound)))

        a, low, up = self.arrays, self.arrays.row_lower, self.arrays.row_upper
        shape = (self.rows, self.width)
        lines = sparse.csr_matrix((a.value, a.index, a.start), shape=shape)
        same = low == up
        self.equal = np.flatnonzero(same)
        self.below = np.flatnonzero(~same & np.isfinite(up))
        self.above = np.flatnonzero(~same & np.isfinite(low))
        put(lines[self.equal], up[self.equal] * _PER_UNIT, clarabel.ZeroConeT)
        for first, square in zip(self.starts, self.squares, strict=False):
            k = len(square.at_zero_K)
            rest = self.width - first - k
            own = [square.factors_KN]
            if first > self.count:
                own.append(sparse.csr_matrix((k, first - self.count)))
            own.append(-sparse.identity(k))
            if rest:
                own.append(sparse.csr_matrix((k, rest)))
            put(sparse.hstack(own), -square.at_zero_K * _PER_UNIT, clarabel.ZeroConeT)
        put(lines[self.below], up[self.below] * _PER_UNIT, clarabel.NonnegativeConeT)
        above = -low[self.above] * _PER_UNIT
        put(-lines[self.above], above, clarabel.NonnegativeConeT)  # type: ignore[operator]
        each = sparse.identity(self.count, format="csr")
        each.resize((self.count, self.width))
        put(each, a.upper * _PER_UNIT, clarabel.NonnegativeConeT)
        put(-each, -a.lower * _PER_UNIT, clarabel.NonnegativeConeT)
        if self.miss:
            last = sparse.csr_matrix(([-1.0], ([0], [self.width - 1])), shape=(1, self.width))
            put(last, np.zeros(1), clarabel.NonnegativeConeT)
        self.first_cone = sum(map(len, right))
        for i, (_, radius) in enumerate(self.curved.balls):
            put(*self._cone(i, radius), clarabel.SecondOrderConeT)
        self.cone_sizes = [k.dim for k in kinds[len(kinds) - len(self.curved.balls) :]]
        matrix = sparse.vstack(blocks, format="csc")
        quadratic, linear = self._objective()
        return quadratic, linear, matrix, np.concatenate(right), kinds

    def _cone(self, i: int, radius: float) -> tuple[Any, ndarray]:
        """``(radius, R'y, e, sqrt(v0))`` in the second-order cone, F = RR', over the radius."""
        square, first = self.squares[i], int(self.starts[i])
        k, m = len(square.at_zero_K), len(square.specific_at_zero)
        top = sparse.csr_matrix((1, self.width))
        if self.miss:
            top = sparse.csr_matrix(([-1.0], ([0], [self.width - 1])), shape=(1, self.width))
        ends = sparse.csr_matrix((k, first)), sparse.csr_matrix((k, self.width - first - k))
        values, vectors = np.linalg.eigh(square.cov_KK)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        middle = sparse.hstack([ends[0], sparse.csr_matrix(-root.T), ends[1]])
        specific = square.specific.copy()
        specific.resize((m, self.width))
        parts, bounds = [top, middle, -specific], [[radius], np.zeros(k), square.specific_at_zero]
        if square.still > 0:
            parts.append(sparse.csr_matrix((1, self.width)))
            bounds.append([np.sqrt(square.still)])
        unit = _unit(radius)
        return sparse.vstack(parts) / unit, np.concatenate(bounds) * _PER_UNIT / unit

    def _objective(self) -> tuple[Any, ndarray]:
        """P (its upper triangle) and q; the objective in units of the largest cost."""
        linear, quadratic = np.zeros(self.width), sparse.csc_matrix((self.width, self.width))
        if self.miss:
            linear[-1] = 1.0
            return quadratic, linear
        linear[: self.count] = -self.arrays.cost / self.size
        for i, (square, factor) in enumerate(self.curved.weighed, start=len(self.curved.balls)):
            first, k = int(self.starts[i]), len(square.at_zero_K)
            twice = 2 * factor / self.size
            rows, columns = first + np.indices((k, k)).reshape(2, -1)
            shape = (self.width, self.width)
            values = square.cov_KK.ravel() * twice / _PER_UNIT
            quadratic += sparse.csc_matrix((values, (rows, columns)), shape=shape)
            gram = (square.specific.T @ square.specific).tocsc() * (twice / _PER_UNIT)
            gram.resize(shape)
            quadratic += gram
            linear[: self.count] += twice * (square.specific.T @ square.specific_at_zero)
        return sparse.triu(quadratic, format="csc"), linear

    def answer(self, x: ndarray, z: ndarray) -> CurvedOptimum:
        """Columns, and duals in the units of the program.

        Parameters
        ----------
        x : columns, [N]
        z : duals of the rows in the order of :meth:`matrices`
        """
        duals = np.zeros(self.rows)
        at = len(self.equal)
        duals[self.equal] = z[:at]
        at += sum(len(s.at_zero_K) for s in self.squares)
        duals[self.below] += z[at : at + len(self.below)]
        at += len(self.below)
        duals[self.above] -= z[at : at + len(self.above)]
        balls, at = np.zeros(len(self.cone_sizes)), self.first_cone
        for i, (size, (_, radius)) in enumerate(
            zip(self.cone_sizes, self.curved.balls, strict=True)
        ):
            balls[i] = z[at] / _unit(radius)
            at += size
        return CurvedOptimum(x[: self.count] / _PER_UNIT, duals * self.size, balls * self.size)


def _unit(radius: float) -> float:
    """What a cone's lines are divided by, so that its radius is 1 in the solver."""
    return radius * _PER_UNIT if radius > 0 else 1.0
