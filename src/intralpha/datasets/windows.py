"""Kernels that cut windows out of a time-major array: one pass, one copy, any mixture of dates."""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Shaped
from numba import njit
from numpy import ndarray

from intralpha.base import DataError
from intralpha.base.arrays import check_arrays, check_count, check_shape, read_only
from intralpha.base.compiling import RAISING
from intralpha.base.room import aligned_empty

FLAT = 1e-10

# L for L successive steps, or how many steps before the end each row of a window stands [L].
Rows = int | Int[ndarray, " L"]


class WindowBoundsError(DataError):
    """A window would reach beyond the array it is cut from."""

    def __init__(self, what: str, found: tuple[int, int], allowed: tuple[int, int]) -> None:
        self.what, self.found, self.allowed = what, found, allowed
        super().__init__(
            f"{what} from {found[0]} to {found[1]}; allowed are {allowed[0]} to {allowed[1]}.\n"
            "Hint: a window of L steps ends at step L or later, on an asset of the array."
        )


def gather(
    steps_SAF: Float[ndarray, "S A F"],
    stop_N: Int[ndarray, " N"],
    column_N: Int[ndarray, " N"],
    length: Rows,
) -> Float32[ndarray, "N L F"]:
    """Windows of ``length`` steps that end before ``stop``, one row a sample, oldest step first.

    Parameters
    ----------
    steps_SAF : float32 [S, A, F], steps in time order
    stop_N, column_N : int64 [N], the step after the window and the asset of each sample
    length : L steps in a window; or int64 [L], how many steps before ``stop`` each row stands (1:
        the last one), descending, for windows that leave steps out

    Returns
    -------
    float32 array [N, L, F]
        NaN stays NaN. Known when the step before ``stop`` is.

    Raises
    ------
    ArrayFormError, CountError
        Arrays of another shape or kind; no steps in a window.
    WindowBoundsError
        A window would begin before the first step, end after the last, or name no asset.
    """
    back = rows_back(steps_SAF, stop_N, column_N, length)
    check_arrays(1, column_N=column_N, stop_N=stop_N)
    out = aligned_empty(len(stop_N), len(back), steps_SAF.shape[2])
    steps, stops, columns = read_only(steps_SAF, False), read_only(stop_N), read_only(column_N)
    _gather(steps, stops, columns, read_only(back), out)
    return out


def has_base(
    steps_SAF: Float[ndarray, "S A F"], stop: int, column_N: Int[ndarray, " N"], length: Rows
) -> Bool[ndarray, " N"]:
    """Whether every feature of a window has a value to divide by [Spec 10.3].

    Parameters
    ----------
    steps_SAF : float32 [S, A, F], steps in time order
    stop : the step after the window
    column_N : int64 [N], assets
    length : L steps in the window; or int64 [L] as in :func:`gather`

    Returns
    -------
    bool array [N]
        False where a feature is 0 or NaN in every step. Known when the step before ``stop`` is.

    Raises
    ------
    ArrayFormError, CountError
        Arrays of another shape or kind; no steps in a window.
    WindowBoundsError
        The window would reach beyond the array, or a column is no asset.
    """
    check_count("stop", stop, 0)
    back = rows_back(steps_SAF, np.array([stop]), column_N, length)
    out = np.ones(len(column_N), np.bool_)
    _based(read_only(steps_SAF, False), stop, read_only(column_N), read_only(back), out)
    return out


def ratio_moments(
    steps_SAF: Float[ndarray, "S A F"], stop: int, column_N: Int[ndarray, " N"], length: Rows
) -> tuple[Float[ndarray, "L F"], Float[ndarray, "L F"]]:
    """Mean and population std over stocks of value / last value, per lag and feature [Spec 10.3].

    Parameters
    ----------
    steps_SAF : float32 [S, A, F], steps in time order
    stop : the step after the window
    column_N : int64 [N], the assets of the cross-section
    length : L steps in the window; or int64 [L] as in :func:`gather`

    Returns
    -------
    mean, inverse std : float64 arrays [L, F]
        The inverse is 0 where the cross-section is flat or empty. NaN is absent. Known when the
        step before ``stop`` is.

    Raises
    ------
    ArrayFormError, CountError
        Arrays of another shape or kind; no steps in a window.
    WindowBoundsError
        The window would reach beyond the array, or a column is no asset.
    """
    check_count("stop", stop, 0)
    back = rows_back(steps_SAF, np.array([stop]), column_N, length)
    shape = (len(back), steps_SAF.shape[2])
    mean, inverse = np.zeros(shape), np.zeros(shape)
    if len(column_N):
        steps, columns = read_only(steps_SAF, False), read_only(column_N)
        _moments(steps, stop, columns, read_only(back), mean, inverse)
    return mean, inverse


def gather_ratio(
    steps_SAF: Float[ndarray, "S A F"],
    stop_N: Int[ndarray, " N"],
    column_N: Int[ndarray, " N"],
    row_N: Int[ndarray, " N"],
    moments: tuple[Float[ndarray, "R L F"], Float[ndarray, "R L F"]],
    clip: float,
    rows: Int[ndarray, " L"] | None = None,
) -> Float32[ndarray, "N L F"]:
    """Windows over their last value, standardised with the moments of their date [Spec 10.3].

    Parameters
    ----------
    steps_SAF : float32 [S, A, F], steps in time order
    stop_N, column_N : int64 [N], the step after the window and the asset of each sample
    row_N : int64 [N], the date of each sample as a row of ``moments``
    moments : two float64 arrays [R, L, F] from :func:`ratio_moments`
    clip : bound of the z-scores; inf for none
    rows : int64 [L], which steps a window holds, as in :func:`gather`; default: the last L

    Returns
    -------
    float32 array [N, L, F]
        A last value that is 0 or NaN is replaced by the last one that is not; NaN became 0, the
        mean. Known when the step before ``stop`` is.

    Raises
    ------
    ArrayFormError
        Arrays of another shape or kind.
    WindowBoundsError
        A window would reach beyond the array, a column is no asset, or a row no date.
    """
    mean, inverse = moments
    check_shape("mean", mean, (None, None, None), "f")
    check_shape("inverse", inverse, mean.shape, "f")
    back = rows_back(steps_SAF, stop_N, column_N, mean.shape[1] if rows is None else rows)
    check_shape("rows", back, (mean.shape[1],), "iu")
    check_shape("mean", mean, (None, None, steps_SAF.shape[2]))
    check_arrays(1, row_N=row_N, stop_N=stop_N, column_N=column_N)
    check_shape("row_N", row_N, (None,), "iu")
    _check_range("rows of moments", row_N, 0, len(mean) - 1)
    out = aligned_empty(len(stop_N), *mean.shape[1:])
    steps, mean, inverse = read_only(steps_SAF, False), read_only(mean), read_only(inverse)
    stop_N, column_N, row_N, back = map(read_only, (stop_N, column_N, row_N, back))
    _gather_ratio(steps, stop_N, column_N, back, row_N, mean, inverse, float(clip), out)
    return out


def rows_back(
    steps_SAF: Shaped[ndarray, "S A F"],
    stop_N: Int[ndarray, " n_stop"],
    column_N: Int[ndarray, " n_column"],
    length: Rows,
    kinds: str = "f",
) -> Int[ndarray, " L"]:
    """How many steps before the end each row stands; all is checked, for compiled code follows it,
    and before rows are made, for a length may be any number.

    Parameters
    ----------
    steps_SAF, stop_N, column_N, length : as of :func:`gather`
    kinds : letters of ``dtype.kind`` that the steps may be of

    Raises
    ------
    ArrayFormError, CountError, WindowBoundsError
        As of :func:`gather`.
    """
    longest = _longest(length)
    check_shape("steps_SAF", steps_SAF, (None, None, None), kinds)
    check_shape("stop_N", stop_N, (None,), "iu")
    check_shape("column_N", column_N, (None,), "iu")
    shape = steps_SAF.shape
    _check_range(f"windows of {longest} steps end", stop_N, longest, shape[0])
    _check_range("assets", column_N, 0, shape[1] - 1)
    return length.astype(np.int64) if isinstance(length, ndarray) else np.arange(length, 0, -1)


def _longest(length: Rows) -> int:
    """Steps from the first row of a window to the step after it."""
    if not isinstance(length, ndarray):
        check_count("length", length, 1)
        return int(length)
    check_shape("rows of a window", length, (None,), "iu")
    check_count("rows of a window", len(length), 1)
    _check_range("rows of a window", length, 1, np.iinfo(np.int64).max)
    return int(length.max())


def _check_range(what: str, values: Int[ndarray, " N"], low: int, high: int) -> None:
    """Compiled code reads whatever memory it is sent to."""
    if len(values) and not low <= values.min() <= values.max() <= high:
        raise WindowBoundsError(what, (int(values.min()), int(values.max())), (low, high))


@njit(**RAISING)
@no_type_check
def _gather(steps, stop, column, back, out):
    count, length, width = out.shape
    for n in range(count):
        end, a = stop[n], column[n]
        for step in range(length):
            row = end - back[step]
            for f in range(width):
                out[n, step, f] = steps[row, a, f]


@njit(**RAISING)
@no_type_check
def _base(steps, stop, back, a, f):
    """Last value of the window that is neither 0 nor absent; NaN where there is none."""
    for step in range(len(back) - 1, -1, -1):
        value = np.float64(steps[stop - back[step], a, f])
        if np.isfinite(value) and value != 0:
            return value
    return np.nan


@njit(**RAISING)
@no_type_check
def _based(steps, stop, column, back, out):
    for n in range(len(column)):
        for f in range(steps.shape[2]):
            if np.isnan(_base(steps, stop, back, column[n], f)):
                out[n] = False
                break


@njit(**RAISING)
@no_type_check
def _moments(steps, stop, column, back, mean, inverse):
    length, width = mean.shape
    base = np.empty((len(column), width))
    for n in range(len(column)):
        for f in range(width):
            base[n, f] = _base(steps, stop, back, column[n], f)
    total, present = np.empty(width), np.empty(width)
    for step in range(length):
        row = stop - back[step]
        total[:], present[:] = 0, 0
        for n in range(len(column)):
            for f in range(width):
                ratio = steps[row, column[n], f] / base[n, f]
                if np.isfinite(ratio):
                    total[f] += ratio
                    present[f] += 1
        for f in range(width):
            mean[step, f] = total[f] / max(present[f], 1)
        total[:] = 0
        for n in range(len(column)):
            for f in range(width):
                ratio = steps[row, column[n], f] / base[n, f]
                if np.isfinite(ratio):
                    total[f] += (ratio - mean[step, f]) ** 2
        for f in range(width):
            std = np.sqrt(total[f] / max(present[f], 1))
            flat = std <= FLAT * max(abs(mean[step, f]), FLAT)
            inverse[step, f] = 0.0 if flat else 1 / std


@njit(**RAISING)
@no_type_check
def _gather_ratio(steps, stop, column, back, row, mean, inverse, clip, out):
    count, length, width = out.shape
    base = np.empty(width)
    for n in range(count):
        end, a, r = stop[n], column[n], row[n]
        for f in range(width):
            base[f] = _base(steps, stop[n], back, a, f)
        for step in range(length):
            for f in range(width):
                ratio = steps[end - back[step], a, f] / base[f]
                z = (ratio - mean[r, step, f]) * inverse[r, step, f]
                out[n, step, f] = min(max(z, -clip), clip) if np.isfinite(ratio) else 0.0
