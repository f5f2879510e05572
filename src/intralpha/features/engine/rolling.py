"""Rolling: statistics over the last sessions, and the plan of a set of factors run with them.

A value is made from the rows of its window only, oldest first and in two passes where it needs the
mean: neither what has left the window nor where the array begins changes a digit of it. NaN is no
observation. Inner loops run over stocks, which are neighbours in memory, with one accumulator a
stock; so nothing is reordered and the compiler makes vectors of them all the same.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.base import DataError, thread_count
from intralpha.base.arrays import REAL_KINDS
from intralpha.base.compiling import KERNEL
from intralpha.features.engine import elementwise as el
from intralpha.features.engine.codes import BINARY, CODES, CONSTANT, UNARY
from intralpha.features.engine.statistics import is_flat
from intralpha.features.language.session_plan import SessionOp, SessionPlan

BLOCK_ASSETS = 64  # the rows of a window of 60 sessions then fit the fastest cache


class SessionInputError(DataError):
    """A series that a plan reads is missing or has another shape than the rest."""

    def __init__(self, name: str, found: str, expected: str) -> None:
        self.name, self.found, self.expected = name, found, expected
        super().__init__(
            f"series {name}: found {found}, expected {expected}.\n"
            "Hint: plan.inputs lists the series to pass, all over the same sessions and stocks."
        )


def run_sessions(
    plan: SessionPlan, inputs: dict[str, np.ndarray], threads: int | None = None
) -> np.ndarray:
    """Factors of every stock and session.

    Parameters
    ----------
    plan : what to compute
    inputs : name -> float32, float64 or bool array [D, A], consecutive sessions, oldest first; NaN
        where there is no value. Names that the plan does not read are ignored
    threads : default: :func:`~intralpha.base.thread_count`

    Returns
    -------
    array [D, A, F]
        float64, or float32 if all floating inputs are; sums are in float64 either way. Sessions
        before the first are absent, so that the first ``plan.lookback`` rows know only a part of
        what they are made from.

    Raises
    ------
    SessionInputError
        A series is missing, or the shapes differ.
    """
    shape = _shape(plan, inputs)
    floats = {inputs[name].dtype for name in plan.inputs} - {np.dtype(bool)}
    out = np.empty((*shape, len(plan.outputs)), np.float32 if floats == {np.dtype("f4")} else "f8")
    last = _last_use(plan)

    def work(first: int) -> None:
        columns = slice(first, first + BLOCK_ASSETS)
        block = {name: inputs[name][:, columns] for name in plan.inputs}
        _run_block(plan, last, block, out[:, columns])

    starts = range(0, shape[1], BLOCK_ASSETS)
    threads = max(min(threads or thread_count(), len(starts)), 1)
    if threads == 1:
        for first in starts:
            work(first)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, starts))
    return out


def _shape(plan: SessionPlan, inputs: dict[str, np.ndarray]) -> tuple[int, int]:
    """Sessions and stocks, the same in every series."""
    shape: tuple[int, ...] | None = None
    for name in plan.inputs:
        if name not in inputs:
            raise SessionInputError(name, "nothing", "an array [D, A]")
        found = inputs[name].shape
        if len(found) != 2 or (shape is not None and found != shape):
            raise SessionInputError(name, f"the shape {found}", f"{shape or '[D, A]'}")
        if inputs[name].dtype.kind not in REAL_KINDS:
            raise SessionInputError(name, f"the type {inputs[name].dtype}", "real numbers")
        shape = found
    return (shape[0], shape[1]) if shape else (0, 0)


def _last_use(plan: SessionPlan) -> list[int]:
    """Operation after which nobody reads each operation; the number of them for a factor."""
    last = list(range(len(plan.ops)))
    for i, op in enumerate(plan.ops):
        for a in op.args:
            last[a] = i
    for i in plan.outputs:
        last[i] = len(plan.ops)
    return last


def _run_block(
    plan: SessionPlan, last: list[int], block: dict[str, np.ndarray], out: np.ndarray
) -> None:
    """Factors of some stocks; what nobody reads any more is written over."""
    values: dict[int, np.ndarray] = {}
    free: list[np.ndarray] = []
    for i, op in enumerate(plan.ops):
        target = free.pop() if free else np.empty(out.shape[:2])
        _run(op, [values[a] for a in op.args], block, target)
        values[i] = target
        free += [values.pop(a) for a in dict.fromkeys((*op.args, i)) if last[a] == i]
    for column, i in enumerate(plan.outputs):
        out[:, :, column] = values[i]


def _run(
    op: SessionOp, args: list[np.ndarray], block: dict[str, np.ndarray], out: np.ndarray
) -> None:
    """One operation; ``out`` is none of its arguments."""
    code, flat = op.code, [a.reshape(-1) for a in args]
    if code == "input":
        out[:] = block[op.name]
    elif code == "fill":
        out[:] = op.k
    elif code in BINARY:
        el.binary(CODES[code], flat[0], flat[1], out.reshape(-1))
    elif code in CONSTANT:
        el.with_constant(CODES[code], flat[0], op.k, out.reshape(-1))
    elif code in UNARY:
        el.unary(CODES[code], flat[0], out.reshape(-1))
    elif code == "where":
        el.where(flat[0], flat[1], flat[2], out.reshape(-1))
    elif code == "ago":
        out[: op.days] = np.nan
        out[op.days :] = args[0][: max(len(out) - op.days, 0)]
    else:
        _statistic(op, args, out)


def _statistic(op: SessionOp, args: list[np.ndarray], out: np.ndarray) -> None:
    """A statistic over rows ``stride`` sessions apart, which is one over every such set of rows."""
    if op.stride == 1:
        _over_rows(op, args, out)
        return
    for phase in range(min(op.stride, len(out))):
        rows = [np.ascontiguousarray(a[phase :: op.stride]) for a in args]
        found = np.empty_like(rows[0])
        _over_rows(op, rows, found)
        out[phase :: op.stride] = found


def _over_rows(op: SessionOp, args: list[np.ndarray], out: np.ndarray) -> None:
    if op.code == "corr":
        rolling_corr(args[0], args[1], op.days, op.least, out)
    else:
        STATISTICS[op.code](args[0], op.days, op.least, out)


# --- passes over the rows of one window; one accumulator a stock -------------------------------


@njit(**KERNEL)
@no_type_check
def _tally(x, t, days, count):
    """Keep the number of observations of the window that ends at t; integers, hence exact."""
    new = x[t]
    for j in range(len(count)):
        count[j] += 1.0 if new[j] == new[j] else 0.0
    if t >= days:
        old = x[t - days]
        for j in range(len(count)):
            count[j] -= 1.0 if old[j] == old[j] else 0.0


@njit(**KERNEL)
@no_type_check
def _add_rows(x, first, t, total):
    total[:] = 0.0
    for s in range(first, t + 1):
        row = x[s]
        for j in range(len(total)):
            total[j] += row[j] if row[j] == row[j] else 0.0


@njit(**KERNEL)
@no_type_check
def _add_products(x, y, first, t, mean_x, mean_y, total):
    """Sums of (x - mean_x) (y - mean_y); where one is absent the other is, too."""
    total[:] = 0.0
    for s in range(first, t + 1):
        a, b = x[s], y[s]
        for j in range(len(total)):
            product = (a[j] - mean_x[j]) * (b[j] - mean_y[j])
            total[j] += product if a[j] == a[j] else 0.0


@njit(**KERNEL)
@no_type_check
def _add_powers(x, first, t, mean, fourth, two, high):
    """Sums of the second and of the third or fourth powers of the distances from the mean."""
    two[:] = 0.0
    high[:] = 0.0
    for s in range(first, t + 1):
        row = x[s]
        if fourth:
            for j in range(len(two)):
                d = row[j] - mean[j] if row[j] == row[j] else 0.0
                square = d * d
                two[j] += square
                high[j] += square * square
        else:
            for j in range(len(two)):
                d = row[j] - mean[j] if row[j] == row[j] else 0.0
                square = d * d
                two[j] += square
                high[j] += square * d


# --- statistics: x [D, A] float64, windows of ``days`` rows, ``out`` [D, A] --------------------


@njit(**KERNEL)
@no_type_check
def rolling_count(x, days, least, out):
    """Number of observations in the window.

    Parameters
    ----------
    x : float64 [D, A]
        A session a row, oldest first; NaN is no observation.
    days : int
        Rows of the window that ends on a row; windows at the beginning have fewer.
    least : int
        Windows with fewer observations are NaN.
    out : float64 [D, A]
        Written, row t from the rows of ``x`` up to t, and so known when row t is.
    """
    count = np.zeros(x.shape[1])
    for t in range(len(x)):
        _tally(x, t, days, count)
        for j in range(len(count)):
            out[t, j] = count[j] if count[j] >= least else np.nan


@njit(**KERNEL)
@no_type_check
def rolling_sum(x, days, least, out):
    """Sum; 0 of no observation, if ``least`` is 0.

    Parameters
    ----------
    x, days, least, out : as for :func:`rolling_count`
    """
    count, total = np.zeros(x.shape[1]), np.empty(x.shape[1])
    for t in range(len(x)):
        _tally(x, t, days, count)
        _add_rows(x, max(t - days + 1, 0), t, total)
        for j in range(len(count)):
            out[t, j] = total[j] if count[j] >= least else np.nan


@njit(**KERNEL)
@no_type_check
def rolling_mean(x, days, least, out):
    """Mean.

    Parameters
    ----------
    x, days, least, out : as for :func:`rolling_count`; without an observation always NaN
    """
    count, total = np.zeros(x.shape[1]), np.empty(x.shape[1])
    for t in range(len(x)):
        _tally(x, t, days, count)
        _add_rows(x, max(t - days + 1, 0), t, total)
        for j in range(len(count)):
            out[t, j] = total[j] / count[j] if count[j] >= max(least, 1) else np.nan


@njit(**KERNEL)
@no_type_check
def rolling_std(x, days, least, out):
    """Population standard deviation (ddof 0).

    Parameters
    ----------
    x, days, least, out : as for :func:`rolling_count`; without an observation always NaN
    """
    width = x.shape[1]
    count, mean, two = np.zeros(width), np.empty(width), np.empty(width)
    for t in range(len(x)):
        first = max(t - days + 1, 0)
        _tally(x, t, days, count)
        _add_rows(x, first, t, mean)
        mean /= count
        _add_products(x, x, first, t, mean, mean, two)
        for j in range(width):
            out[t, j] = np.sqrt(two[j] / count[j]) if count[j] >= max(least, 1) else np.nan


@njit(**KERNEL)
@no_type_check
def _shape_of(x, days, least, fourth, out):
    width = x.shape[1]
    count, mean = np.zeros(width), np.empty(width)
    two, high = np.empty(width), np.empty(width)
    for t in range(len(x)):
        first = max(t - days + 1, 0)
        _tally(x, t, days, count)
        _add_rows(x, first, t, mean)
        mean /= count
        _add_powers(x, first, t, mean, fourth, two, high)
        for j in range(width):
            out[t, j] = np.nan
            std = np.sqrt(two[j] / count[j])
            if count[j] >= max(least, 1) and not is_flat(std, mean[j]):
                cube = std * std * std
                moment = high[j] / count[j]
                out[t, j] = moment / (cube * std) - 3.0 if fourth else moment / cube


@njit(**KERNEL)
@no_type_check
def rolling_skew(x, days, least, out):
    """Third central moment over sigma cubed; NaN where flat [Spec 1].

    Parameters
    ----------
    x, days, least, out : as for :func:`rolling_count`; without an observation always NaN
    """
    _shape_of(x, days, least, False, out)


@njit(**KERNEL)
@no_type_check
def rolling_kurt(x, days, least, out):
    """Fourth central moment over sigma to the fourth, less 3; NaN where flat [Spec 1].

    Parameters
    ----------
    x, days, least, out : as for :func:`rolling_count`; without an observation always NaN
    """
    _shape_of(x, days, least, True, out)


@njit(**KERNEL)
@no_type_check
def _extreme(x, days, least, sign, out):
    width = x.shape[1]
    count, best = np.zeros(width), np.empty(width)
    for t in range(len(x)):
        _tally(x, t, days, count)
        best[:] = -np.inf
        for s in range(max(t - days + 1, 0), t + 1):
            row = x[s]
            for j in range(width):
                value = sign * row[j]
                best[j] = value if value > best[j] else best[j]
        for j in range(width):
            out[t, j] = sign * best[j] if count[j] >= max(least, 1) else np.nan


@njit(**KERNEL)
@no_type_check
def rolling_min(x, days, least, out):
    """Smallest value.

    Parameters
    ----------
    x, days, least, out : as for :func:`rolling_count`; without an observation always NaN
    """
    _extreme(x, days, least, -1.0, out)


@njit(**KERNEL)
@no_type_check
def rolling_max(x, days, least, out):
    """Largest value.

    Parameters
    ----------
    x, days, least, out : as for :func:`rolling_count`; without an observation always NaN
    """
    _extreme(x, days, least, 1.0, out)


@njit(**KERNEL)
@no_type_check
def rolling_prod(x, days, least, out):
    """Product; 1 of no observation, if ``least`` is 0.

    Parameters
    ----------
    x, days, least, out : as for :func:`rolling_count`
    """
    count, total = np.zeros(x.shape[1]), np.empty(x.shape[1])
    for t in range(len(x)):
        _tally(x, t, days, count)
        total[:] = 1.0
        for s in range(max(t - days + 1, 0), t + 1):
            row = x[s]
            for j in range(len(total)):
                total[j] *= row[j] if row[j] == row[j] else 1.0
        for j in range(len(count)):
            out[t, j] = total[j] if count[j] >= least else np.nan


@njit(**KERNEL)
@no_type_check
def rolling_last(x, days, least, out):
    """Latest observation.

    Parameters
    ----------
    x, days, least, out : as for :func:`rolling_count`; without an observation always NaN
    """
    count, latest = np.zeros(x.shape[1]), np.empty(x.shape[1])
    for t in range(len(x)):
        _tally(x, t, days, count)
        for j in range(len(count)):
            latest[j] = x[t, j] if x[t, j] == x[t, j] else latest[j]
            out[t, j] = latest[j] if count[j] >= max(least, 1) else np.nan


@njit(**KERNEL)
@no_type_check
def rolling_first(x, days, least, out):
    """Earliest observation.

    Parameters
    ----------
    x, days, least, out : as for :func:`rolling_count`; without an observation always NaN
    """
    count, place = np.zeros(x.shape[1]), np.zeros(x.shape[1], np.int64)
    for t in range(len(x)):
        _tally(x, t, days, count)
        for j in range(len(count)):
            s = max(place[j], t - days + 1)
            while s < t and np.isnan(x[s, j]):
                s += 1
            place[j] = s
            out[t, j] = x[s, j] if count[j] >= max(least, 1) else np.nan


@njit(**KERNEL)
@no_type_check
def _place(kept, n, value):
    """Where a value stands, or belongs, among the first n of an ascending row."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if kept[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@njit(**KERNEL)
@no_type_check
def rolling_median(x, days, least, out):
    """Median, the mean of the middle two of an even number; the window is kept sorted.

    Parameters
    ----------
    x, days, least, out : as for :func:`rolling_count`; without an observation always NaN
    """
    kept = np.empty(min(days, len(x)) + 1)
    for j in range(x.shape[1]):
        n = 0
        for t in range(len(x)):
            if t >= days and x[t - days, j] == x[t - days, j]:
                n -= 1
                for i in range(_place(kept, n, x[t - days, j]), n):
                    kept[i] = kept[i + 1]
            value = x[t, j]
            if not np.isnan(value):
                at = _place(kept, n, value)
                for i in range(n, at, -1):
                    kept[i] = kept[i - 1]
                kept[at] = value
                n += 1
            middle = 0.5 * (kept[(n - 1) // 2] + kept[n // 2]) if n > 0 else np.nan
            out[t, j] = middle if n >= least else np.nan


@njit(**KERNEL)
@no_type_check
def _paired(x, y):
    """The series where the other one has a value, too."""
    out = np.empty_like(x)
    for t in range(len(x)):
        for j in range(x.shape[1]):
            out[t, j] = x[t, j] if y[t, j] == y[t, j] else np.nan
    return out


@njit(**KERNEL)
@no_type_check
def rolling_corr(x, y, days, least, out):
    """Pearson over the sessions that have both; NaN where either is flat over them [Spec 1].

    Parameters
    ----------
    x, y : float64 [D, A], as ``x`` of :func:`rolling_count`
    days : rows of the window
    least : fewest sessions with both; fewer, or none, give NaN
    out : float64 [D, A], written; in [-1, 1]
    """
    x, y = _paired(x, y), _paired(y, x)
    width = x.shape[1]
    count, mx, my = np.zeros(width), np.empty(width), np.empty(width)
    xx, yy, xy = np.empty(width), np.empty(width), np.empty(width)
    for t in range(len(x)):
        first = max(t - days + 1, 0)
        _tally(x, t, days, count)
        _add_rows(x, first, t, mx)
        _add_rows(y, first, t, my)
        mx /= count
        my /= count
        _add_products(x, x, first, t, mx, mx, xx)
        _add_products(y, y, first, t, my, my, yy)
        _add_products(x, y, first, t, mx, my, xy)
        for j in range(width):
            sx, sy = np.sqrt(xx[j] / count[j]), np.sqrt(yy[j] / count[j])
            out[t, j] = np.nan
            if count[j] >= max(least, 1) and not is_flat(sx, mx[j]) and not is_flat(sy, my[j]):
                out[t, j] = min(max(xy[j] / count[j] / (sx * sy), -1.0), 1.0)


STATISTICS = {
    "count": rolling_count,
    "sum": rolling_sum,
    "mean": rolling_mean,
    "std": rolling_std,
    "skew": rolling_skew,
    "kurt": rolling_kurt,
    "min": rolling_min,
    "max": rolling_max,
    "prod": rolling_prod,
    "first": rolling_first,
    "last": rolling_last,
    "median": rolling_median,
}
