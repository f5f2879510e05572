"""Surprise: what weekday, half hour and the return before leave of a minute's return.

One regression a stock over the minutes of 20 sessions, kept as sums of products of each session, so
that a new day costs a day and no minute is read twice.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32, Float64, Shaped
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import check_count, check_places, check_shape, read_only
from intralpha.features.engine.compiling import INNER, KERNEL

SURPRISE_DAYS, LEAST_DAYS = 20, 12
HALF_HOURS, MINUTES, NOON = 8, 240, 120
_PER_HALF_HOUR = MINUTES // HALF_HOURS
_WEEKDAYS = 7
_SIZE = _WEEKDAYS + HALF_HOURS + 1  # the last one is the return before
# Of a session: pairs, sums of returns and of those before by half hour, and two sums of products.
_N, _NOW, _BEFORE = 0, HALF_HOURS, 2 * HALF_HOURS
_SQUARES, _CROSS = 3 * HALF_HOURS, 3 * HALF_HOURS + 1
SUMS = _CROSS + 1
_NOTHING = 1e-10  # what is left of a sum of squares, below which a column tells nothing new


class MinuteRegression:
    r"""Least squares of minute returns over the last 20 sessions, each stock for itself.

    .. math:: r_m = \alpha_{\text{weekday}} + \gamma_{\text{half hour}} + \beta r_{m-1} + e_m

    over pairs of minutes of one half of the day that both count. Where columns depend on each
    other, as dummies do, some are left out, which changes no residual of the sessions read.

    Parameters
    ----------
    n_assets : stocks of the axis

    Notes
    -----
    Sums are added in the order of sessions, so that a value depends on those of its window only.
    Memory: 4 kB a stock. Source: Spec 7 (P9; half hours: O), 2.7 (at least 0.6 of the days).
    """

    def __init__(self, n_assets: int) -> None:
        self._ring = np.zeros((SURPRISE_DAYS, n_assets, SUMS))
        self._session = np.full(SURPRISE_DAYS, -1)
        self._weekday = np.zeros(SURPRISE_DAYS, np.int64)

    def add(
        self,
        session: int,
        weekday: int,
        columns: Shaped[ndarray, "S"],
        sums: Float64[ndarray, "S sums"],
    ) -> None:
        """Remember a session, in the place of the one that is 20 sessions older.

        Parameters
        ----------
        session : position among the lake's sessions
        weekday : 0 to 6
        columns : places of the stocks on the axis; others have none
        sums : of :func:`pair_sums`

        Raises
        ------
        ArrayFormError, CountError
            Sums of another shape, a place or a weekday that does not exist.
        """
        check_places("columns", columns, self._ring.shape[1])
        check_shape("sums", sums, (len(columns), SUMS))
        check_count("session", session, 0)
        check_count("weekday", weekday, 0)
        check_places("weekday", np.array([weekday]), _WEEKDAYS)
        place = session % SURPRISE_DAYS
        self._ring[place] = 0.0
        self._ring[place, columns] = sums
        self._session[place], self._weekday[place] = session, weekday

    def coefficients(
        self, session: int, columns: Shaped[ndarray, "S"]
    ) -> Float64[ndarray, "S coefficients"]:
        """What returns of the session's minutes are expected to be.

        Returns
        -------
        float64 [S, 9]
            A level for each half hour, the session's weekday in it, and what a return of 1 in the
            minute before adds. NaN with pairs on fewer than 12 of the last 20 sessions, this one
            included.

        Raises
        ------
        ArrayFormError, CountError
            A place that does not exist, or a session before the first.
        """
        check_places("columns", columns, self._ring.shape[1])
        check_count("session", session, 0)
        numbers = np.arange(max(session - SURPRISE_DAYS + 1, 0), session + 1)
        places = numbers % SURPRISE_DAYS
        places = places[self._session[places] == numbers]
        out = np.full((len(columns), HALF_HOURS + 1), np.nan)
        if len(places) >= LEAST_DAYS:
            today = self._weekday[session % SURPRISE_DAYS]
            _solve(self._ring, places, self._weekday, columns, today, out)
        return out


def pair_sums(
    close: Float32[ndarray, "S T"], first: Float32[ndarray, "S"], counts: Bool[ndarray, "S T"]
) -> Float64[ndarray, "S sums"]:
    """Sums of a session's pairs of minutes, for :meth:`MinuteRegression.add`.

    Parameters
    ----------
    close : CNY, 240 minutes
    first : open of the first minute, CNY
    counts : minutes whose returns count; both of a pair must

    Raises
    ------
    ArrayFormError
        Arrays of another shape or kind.

    Notes
    -----
    No pair spans lunch, and the first minute of the day follows none. A return over lunch is the
    one before for the minute after it.
    """
    _check_minutes(close, first, counts)
    out = np.zeros((len(close), SUMS))
    close, first, counts = map(read_only, (close, first, counts))
    _add_pairs(close, first, counts, out)
    return out


def surprises(
    close: Float32[ndarray, "S T"],
    first: Float32[ndarray, "S"],
    counts: Bool[ndarray, "S T"],
    coefficients: Float64[ndarray, "S coefficients"],
) -> Float32[ndarray, "S T"]:
    """Residuals of a session's minutes; NaN for a minute without a pair or a regression.

    Parameters
    ----------
    close, first, counts : as for :func:`pair_sums`
    coefficients : of :meth:`MinuteRegression.coefficients`

    Raises
    ------
    ArrayFormError
        Arrays of another shape or kind.

    Notes
    -----
    Known at 15:00, since the session's own minutes are in the regression.
    """
    _check_minutes(close, first, counts)
    check_shape("coefficients", coefficients, (len(close), HALF_HOURS + 1), "f")
    out = np.full(close.shape, np.nan, np.float32)
    close, first, counts = map(read_only, (close, first, counts))
    _residuals(close, first, counts, read_only(coefficients), out)
    return out


def _check_minutes(close: object, first: object, counts: object) -> None:
    check_shape("close", close, (None, MINUTES), "f")
    check_shape("first", first, np.shape(close)[:1], "f")  # type: ignore[arg-type]
    check_shape("counts", counts, np.shape(close), "b")  # type: ignore[arg-type]


@njit(**INNER)
@no_type_check
def _return_before(close, first, m):
    """Return of the minute before minute m > 0."""
    before = close[m - 2] if m > 1 else first
    return np.float64(close[m - 1]) / np.float64(before) - 1.0


@njit(**INNER)
@no_type_check
def _is_pair(counts, m):
    return counts[m] and counts[m - 1] and m != NOON


@njit(**KERNEL)
@no_type_check
def _add_pairs(close, first, counts, out):
    for s in range(len(close)):
        for m in range(1, MINUTES):
            if not _is_pair(counts[s], m):
                continue
            now = np.float64(close[s, m]) / np.float64(close[s, m - 1]) - 1.0
            before = _return_before(close[s], first[s], m)
            if not np.isfinite(now + before):
                continue
            k = m // _PER_HALF_HOUR
            out[s, _N + k] += 1.0
            out[s, _NOW + k] += now
            out[s, _BEFORE + k] += before
            out[s, _SQUARES] += before * before
            out[s, _CROSS] += now * before


@njit(**KERNEL)
@no_type_check
def _residuals(close, first, counts, coefficients, out):
    for s in range(len(close)):
        slope = coefficients[s, HALF_HOURS]
        for m in range(1, MINUTES):
            if _is_pair(counts[s], m):
                now = np.float64(close[s, m]) / np.float64(close[s, m - 1]) - 1.0
                level = coefficients[s, m // _PER_HALF_HOUR]
                rest = now - level - slope * _return_before(close[s], first[s], m)
                out[s, m] = rest if np.isfinite(rest) else np.nan


@njit(**INNER)
@no_type_check
def _collect(sums, weekday, matrix, right):
    """Add a session's products to the normal equations; the upper triangle only."""
    last = _SIZE - 1
    for k in range(HALF_HOURS):
        row, n = _WEEKDAYS + k, sums[_N + k]
        matrix[weekday, weekday] += n
        matrix[weekday, row] += n
        matrix[row, row] += n
        matrix[weekday, last] += sums[_BEFORE + k]
        matrix[row, last] += sums[_BEFORE + k]
        right[weekday] += sums[_NOW + k]
        right[row] += sums[_NOW + k]
    matrix[last, last] += sums[_SQUARES]
    right[last] += sums[_CROSS]


@njit(**INNER)
@no_type_check
def _eliminate(matrix, right, solution):
    """Solve symmetric equations; a column that the ones before it explain gets 0."""
    size = len(right)
    whole, used = np.empty(size), np.zeros(size, np.bool_)
    for i in range(size):
        whole[i] = matrix[i, i]
    for i in range(size):
        used[i] = matrix[i, i] > _NOTHING * whole[i]
        if not used[i]:
            continue
        for j in range(i + 1, size):
            share = matrix[i, j] / matrix[i, i]
            right[j] -= share * right[i]
            for k in range(j, size):
                matrix[j, k] -= share * matrix[i, k]
    for i in range(size - 1, -1, -1):
        solution[i] = 0.0
        if used[i]:
            rest = right[i]
            for j in range(i + 1, size):
                rest -= matrix[i, j] * solution[j]
            solution[i] = rest / matrix[i, i]


@njit(**KERNEL)
@no_type_check
def _solve(ring, places, weekdays, columns, today, out):
    matrix, right, solution = np.empty((_SIZE, _SIZE)), np.empty(_SIZE), np.empty(_SIZE)
    for s in range(len(columns)):
        matrix[:], right[:], days = 0.0, 0.0, 0
        for place in places:
            sums = ring[place, columns[s]]
            days += sums[:HALF_HOURS].sum() > 0.0
            _collect(sums, weekdays[place], matrix, right)
        if days < LEAST_DAYS:
            continue
        _eliminate(matrix, right, solution)
        for k in range(HALF_HOURS):
            out[s, k] = solution[today] + solution[_WEEKDAYS + k]
        out[s, HALF_HOURS] = solution[_SIZE - 1]
