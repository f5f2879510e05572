"""Kernels that cut windows out of a time-major array: one pass, one copy, any mixture of dates."""

from typing import no_type_check

import numpy as np
from numba import njit

FLAT = 1e-10


def gather(
    steps_SAF: np.ndarray, stop_N: np.ndarray, column_N: np.ndarray, length: int
) -> np.ndarray:
    """Windows of ``length`` steps that end before ``stop``, one row a sample, oldest step first.

    Parameters
    ----------
    steps_SAF : float32 [S, A, F], steps in time order
    stop_N, column_N : int64 [N], the step after the window and the asset of each sample

    Returns
    -------
    float32 array [N, L, F]
    """
    out = np.empty((len(stop_N), length, steps_SAF.shape[2]), np.float32)
    _gather(np.asarray(steps_SAF), stop_N, column_N, out)
    return out


def ratio_moments(
    steps_SAF: np.ndarray, stop: int, column_N: np.ndarray, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and population std over stocks of value / last value, per lag and feature [Spec 10.3].

    Returns
    -------
    mean, inverse std : float64 arrays [L, F]
        The inverse is 0 where the cross-section is flat or empty. NaN is absent.
    """
    shape = (length, steps_SAF.shape[2])
    mean, inverse = np.zeros(shape), np.zeros(shape)
    if len(column_N):
        _moments(np.asarray(steps_SAF), stop, column_N, mean, inverse)
    return mean, inverse


def gather_ratio(
    steps_SAF: np.ndarray,
    stop_N: np.ndarray,
    column_N: np.ndarray,
    row_N: np.ndarray,
    moments: tuple[np.ndarray, np.ndarray],
    clip: float,
) -> np.ndarray:
    """Windows over their last value, standardised with the moments of their date [Spec 10.3].

    Parameters
    ----------
    row_N : int64 [N], the date of each sample as a row of ``moments``
    moments : two float64 arrays [R, L, F] from :func:`ratio_moments`
    clip : bound of the z-scores; inf for none

    Returns
    -------
    float32 array [N, L, F]
        A last value that is 0 or NaN is replaced by the last one that is not; NaN became 0, the
        mean.
    """
    mean, inverse = moments
    out = np.empty((len(stop_N), *mean.shape[1:]), np.float32)
    _gather_ratio(np.asarray(steps_SAF), stop_N, column_N, row_N, mean, inverse, clip, out)
    return out


@njit(cache=True, nogil=True)
@no_type_check
def _gather(steps, stop, column, out):
    count, length, width = out.shape
    for n in range(count):
        first, a = stop[n] - length, column[n]
        for step in range(length):
            for f in range(width):
                out[n, step, f] = steps[first + step, a, f]


@njit(cache=True, nogil=True)
@no_type_check
def _base(steps, stop, length, a, f):
    """Last value of the window that is neither 0 nor absent; NaN where there is none."""
    for step in range(stop - 1, stop - length - 1, -1):
        value = np.float64(steps[step, a, f])
        if np.isfinite(value) and value != 0:
            return value
    return np.nan


@njit(cache=True, nogil=True)
@no_type_check
def _moments(steps, stop, column, mean, inverse):
    length, width = mean.shape
    base = np.empty((len(column), width))
    for n in range(len(column)):
        for f in range(width):
            base[n, f] = _base(steps, stop, length, column[n], f)
    total, present = np.empty(width), np.empty(width)
    for step in range(length):
        row = stop - length + step
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


@njit(cache=True, nogil=True)
@no_type_check
def _gather_ratio(steps, stop, column, row, mean, inverse, clip, out):
    count, length, width = out.shape
    base = np.empty(width)
    for n in range(count):
        first, a, r = stop[n] - length, column[n], row[n]
        for f in range(width):
            base[f] = _base(steps, stop[n], length, a, f)
        for step in range(length):
            for f in range(width):
                ratio = steps[first + step, a, f] / base[f]
                z = (ratio - mean[r, step, f]) * inverse[r, step, f]
                out[n, step, f] = min(max(z, -clip), clip) if np.isfinite(ratio) else 0.0
