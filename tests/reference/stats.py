"""Plain statistics of [Spec 1] and [Spec 2.7]; NaN marks what is not an observation.

Every function drops NaN first (a pair is dropped when either side is NaN) and returns NaN when
fewer than ``least`` observations, or pairs, are left. All moments are two-pass and population
moments, with exactly rounded sums.
"""

import math
from collections.abc import Sequence

import numpy as np

NAN = float("nan")
LUNCH = 120  # minutes before lunch: the pair (m=120, m=121) is no pair of neighbours


def seen(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The series where the mask holds, NaN elsewhere."""
    return np.where(mask, x, NAN)


def observed(x: np.ndarray | Sequence[float]) -> np.ndarray:
    """The values that are not NaN, in time order."""
    values = np.asarray(x, dtype=np.float64)
    return values[~np.isnan(values)]


def over(numerator: float, denominator: float) -> float:
    """Quotient, NaN when the denominator is 0 or anything is NaN."""
    if math.isnan(denominator) or denominator == 0:
        return NAN
    return float(numerator / denominator)


def total(x: np.ndarray | Sequence[float], least: int = 1) -> float:
    """Sum."""
    values = observed(x)
    return math.fsum(values) if len(values) >= max(least, 1) else NAN


def mean(x: np.ndarray | Sequence[float], least: int = 1) -> float:
    r"""Mean, :math:`\mu = \sum x / n`."""
    return over(total(x, least), len(observed(x)))


def _deviations(x: np.ndarray) -> np.ndarray:
    return x - math.fsum(x) / len(x)


def std(x: np.ndarray | Sequence[float], least: int = 1, ddof: int = 0) -> float:
    r"""Standard deviation, :math:`\sqrt{\sum (x - \mu)^2 / (n - ddof)}`."""
    values = observed(x)
    if len(values) < max(least, 1 + ddof):
        return NAN
    return math.sqrt(math.fsum(_deviations(values) ** 2) / (len(values) - ddof))


def is_flat(x: np.ndarray | Sequence[float]) -> bool:
    """Zero-variance rule: sigma at most 1e-10 of the larger of abs(mu) and 1e-10."""
    return std(x) <= 1e-10 * max(abs(mean(x)), 1e-10)


def _standard_moment(x: np.ndarray | Sequence[float], power: int, least: int) -> float:
    values = observed(x)
    if len(values) < max(least, 1) or is_flat(values):
        return NAN
    central = math.fsum(_deviations(values) ** power) / len(values)
    return central / std(values) ** power


def skew(x: np.ndarray | Sequence[float], least: int = 1) -> float:
    """Third central moment over sigma cubed; NaN for a flat series."""
    return _standard_moment(x, 3, least)


def kurt(x: np.ndarray | Sequence[float], least: int = 1) -> float:
    """Fourth central moment over sigma to the fourth, less 3; NaN for a flat series."""
    return _standard_moment(x, 4, least) - 3.0


def t_ratio(x: np.ndarray | Sequence[float], least: int = 1) -> float:
    """Mean over standard deviation; NaN for a flat series."""
    values = observed(x)
    if len(values) < max(least, 1) or is_flat(values):
        return NAN
    return mean(values) / std(values)


def pearson(x: np.ndarray, y: np.ndarray, least: int = 1) -> float:
    """Correlation over the pairs that have both sides; NaN if either side is flat over them."""
    both = ~np.isnan(x) & ~np.isnan(y)
    left, right = x[both], y[both]
    if len(left) < max(least, 1) or is_flat(left) or is_flat(right):
        return NAN
    dx, dy = _deviations(left), _deviations(right)
    return math.fsum(dx * dy) / math.sqrt(math.fsum(dx * dx) * math.fsum(dy * dy))


def lead_lag(
    earlier: np.ndarray, later: np.ndarray, lunch: int | None = LUNCH, least: int = 1
) -> float:
    """Correlation of ``earlier`` at m-1 with ``later`` at m.

    ``lunch`` is the number of bars before lunch: the pair that spans it is left out. ``least``
    counts pairs.
    """
    left, right = earlier[:-1].copy(), later[1:]
    if lunch is not None and lunch <= len(left):
        left[lunch - 1] = NAN
    return pearson(left, right, least)


def acorr1(x: np.ndarray, lunch: int | None = LUNCH, least: int = 1) -> float:
    """Correlation of a series with itself one bar earlier, over the admissible pairs."""
    return lead_lag(x, x, lunch, least)


def top_share(key: np.ndarray, tenths: int = 3) -> np.ndarray:
    """Mark the ceil(tenths/10 * n) largest of the n observed keys; of equals the earlier wins."""
    at = [int(m) for m in np.flatnonzero(~np.isnan(key))]
    chosen = sorted(at, key=lambda m: (-key[m], m))[: -(-tenths * len(at) // 10)]
    mark = np.zeros(len(key), dtype=bool)
    mark[chosen] = True
    return mark


def median_mad(x: np.ndarray | Sequence[float]) -> tuple[float, float]:
    """Median and median absolute deviation from it."""
    values = observed(x)
    if len(values) == 0:
        return NAN, NAN
    median = float(np.median(values))
    return median, float(np.median(np.abs(values - median)))


def extreme_sum(x: np.ndarray | Sequence[float], least: int = 1) -> float:
    """Sum of the values farther than 1.96 * 1.483 * MAD from the median; 0 where MAD is 0."""
    values = observed(x)
    if len(values) < max(least, 1):
        return NAN
    median, mad = median_mad(values)
    if mad == 0:
        return 0.0
    return math.fsum(values[np.abs(values - median) > 1.96 * 1.483 * mad])


def down_share(x: np.ndarray | Sequence[float], least: int = 1) -> float:
    """Share of the negative values in the sum of squares; NaN where that sum is 0."""
    values = observed(x)
    if len(values) < max(least, 1):
        return NAN
    return over(math.fsum(values[values < 0] ** 2), math.fsum(values**2))


def compound(r: np.ndarray) -> float:
    """Product of 1 + r, less 1."""
    return float(np.prod(1.0 + observed(r))) - 1.0
