"""Why a problem has no solution: the smallest violations, and the rows and bounds that conflict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from intralpha.base import SolverError
from intralpha.portfolio.answer import SolverFailedError
from intralpha.portfolio.assemble import Arrays, assemble
from intralpha.portfolio.highs import maximise
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot

_SEEN = 1e-9
_SHOWN = 10


@dataclass(frozen=True)
class Violation:
    """One row, or the weight of one stock, that would have to leave its bounds.

    Attributes
    ----------
    name : of the row; ``weight of 600519.SH`` where a stock's own bounds leave no weight at all
    by : how far it must leave them
    lower, upper : those bounds; lower above upper where they leave nothing
    """

    name: str
    by: float
    lower: float
    upper: float

    def __str__(self) -> str:
        return f"{self.name} would miss [{self.lower:.6g}, {self.upper:.6g}] by {self.by:.6g}"


@dataclass(frozen=True)
class Bound:
    """Bounds of single stocks' weights that stand in the way, by the constraint that set them.

    Attributes
    ----------
    constraint : its kind; ``no view`` for stocks that are not bought without a signal
    side : whether it keeps their weights from being lower or higher
    assets : the stocks
    """

    constraint: str
    side: Literal["at least", "at most"]
    assets: tuple[str, ...]

    def __str__(self) -> str:
        count = len(self.assets)
        return f"{self.constraint}, {self.side}, on {count:,} ({_listed(self.assets, ', ')})"


class InfeasibleError(SolverError):
    """No weights meet the constraints, not even after every declared relaxation.

    Attributes
    ----------
    date, relaxed, violations, conflicting : facts of the failure
    box : sums of the lowest and of the highest weights that the names' own bounds allow
    bounds : the names' own bounds that conflict with the rows or with each other; that no weight
        is below 0 or above 1 is not among them
    """

    def __init__(
        self,
        date: np.datetime64,
        relaxed: Sequence[str],
        violations: Sequence[Violation],
        conflicting: Sequence[str],
        box: tuple[float, float],
        bounds: Sequence[Bound] = (),
    ) -> None:
        self.date, self.relaxed = date, tuple(relaxed)
        self.violations, self.conflicting, self.box = tuple(violations), tuple(conflicting), box
        self.bounds = tuple(bounds)
        super().__init__(
            f"no weights meet the constraints on {date}, after relaxing: "
            f"{', '.join(relaxed) or 'nothing (no declared step applied)'}.\n"
            f"Smallest violations: {_listed(violations, '; ') or 'none found'}.\n"
            f"In conflict: {', '.join(conflicting) or 'unknown'}; the names' own bounds allow a "
            f"total weight from {box[0]:.6g} to {box[1]:.6g}.\n"
            f"Bounds of single names in the way: {_listed(bounds, '; ') or 'none'}.\n"
            "Hint: widen one of these constraints, or admit more names that can be traded."
        )


def _listed(things: Sequence[object], between: str) -> str:
    """The first of them, and how many more there are."""
    more = len(things) - _SHOWN
    return between.join([*map(str, things[:_SHOWN]), *([f"{more:,} more"] if more > 0 else [])])


def explain(
    snapshot: Snapshot,
    relaxed: Sequence[str],
    program: LinearProgram,
    parts: Sequence[tuple[str, LinearProgram]],
) -> InfeasibleError:
    """The error for an infeasible program.

    Stocks whose bounds leave no weight are the reason, if there are any. Otherwise every row may be
    missed at a price of one per unit while the bounds of single names stay: the rows missed in the
    cheapest solution are the violations, the rows and bounds with a price there conflict.

    Parameters
    ----------
    snapshot : of the decision
    relaxed : steps of relaxation that were tried
    program : the program after them
    parts : name and program of each part of the problem alone, to tell which of them set a bound

    Returns
    -------
    InfeasibleError, to be raised

    Raises
    ------
    SolverFailedError
        Not even the elastic program could be solved.
    """
    lower, upper, _ = program.box()
    empty = program.emptied()
    if empty.any():
        violations = [
            Violation(f"weight of {snapshot.assets[i]}", *map(float, (low - high, low, high)))
            for i, low, high in zip(*np.nonzero(empty), lower[empty], upper[empty], strict=True)
        ]
        bounds = _set_by(snapshot, program, parts, empty, empty)
        conflicting = list(dict.fromkeys(bound.constraint for bound in bounds))
    else:
        missed, prices = _cheapest_miss(program)
        violations = [
            Violation(row.name, float(by), float(row.lower), float(row.upper))
            for row, by in zip(program.rows, missed, strict=True)
            if by > _SEEN
        ]
        bounds = _set_by(snapshot, program, parts, *_priced_bounds(program, prices))
        rows = zip(program.rows, prices, strict=True)
        conflicting = [row.name for row, price in rows if abs(price) > _SEEN]
        if not violations and program.cones:
            violations = _missed_cones(program)
            conflicting += [violation.name for violation in violations]
        if not violations and program.counted:
            conflicting.append("minimum position or cardinality")
    box = float(lower.sum()), float(upper.sum())
    return InfeasibleError(snapshot.date, relaxed, violations, conflicting, box, bounds)


def _cheapest_miss(program: LinearProgram) -> tuple[Float[ndarray, "R"], Float[ndarray, "R"]]:
    """How far each row is missed, at least, and its price there."""
    arrays = assemble(program)
    count, rows = len(arrays.cost), len(program.rows)
    best, _ = maximise(_elastic(arrays))
    if best is None:
        raise SolverFailedError("elastic program infeasible", count + 2 * rows, rows)
    slack = best.columns[count:]
    return slack[:rows] + slack[rows:], best.duals


def _missed_cones(program: LinearProgram) -> list[Violation]:
    """How far standard deviations must exceed their bounds where all rows hold."""
    from intralpha.portfolio.curved import maximise_curved

    answer, _ = maximise_curved(program, miss=True)
    if answer is None:
        return []
    found = [(c, c.spread.variance(answer.weights) ** 0.5) for c in program.cones]
    return [Violation(c.name, sd - c.radius, 0.0, c.radius) for c, sd in found if sd > c.radius]


def _priced_bounds(
    program: LinearProgram, prices: Float[ndarray, "R"]
) -> tuple[Bool[ndarray, "A"], Bool[ndarray, "A"]]:
    """Names whose lower, and whose upper, bound has a price in the elastic program.

    With y the prices, buying a name gains ``-(y_w + y_t) . x`` and selling it ``(y_w - y_t) . x``,
    where w are rows on weights and t rows on trades. What gains and yet is not done further, or
    loses and yet is done, is so because of a bound.
    """
    on_weights, on_trades = np.zeros((2, len(program.past)))
    for row, price in zip(program.rows, prices, strict=True):
        side = on_weights if row.on == "weights" else on_trades
        side += price * row.coefficients
    bought, sold = -(on_weights + on_trades), on_weights - on_trades
    lower, upper, _ = program.box()
    held_up = (sold > _SEEN) | ((bought < -_SEEN) & (lower > program.past))
    held_down = (bought > _SEEN) | ((sold < -_SEEN) & (upper < program.past))
    return held_up, held_down


def _set_by(
    snapshot: Snapshot,
    program: LinearProgram,
    parts: Sequence[tuple[str, LinearProgram]],
    held_up: Bool[ndarray, "A"],
    held_down: Bool[ndarray, "A"],
) -> list[Bound]:
    """The parts that set these lower and upper bounds: alone, they are as tight as all together.

    Comparisons are turned round so that a NaN is found, too.
    """
    lower, upper, _ = program.box()
    bounds = []
    for name, part in parts:
        low, high, _ = part.box()
        least = held_up & ~(low <= 0) & ~(low < lower)
        most = held_down & ~(high >= 1) & ~(high > upper)
        if least.any():
            bounds.append(Bound(name, "at least", _names(snapshot, least)))
        if most.any():
            bounds.append(Bound(name, "at most", _names(snapshot, most)))
    return bounds


def _names(snapshot: Snapshot, which: Bool[ndarray, "A"]) -> tuple[str, ...]:
    return tuple(map(str, snapshot.assets[which]))


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
