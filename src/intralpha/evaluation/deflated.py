"""What the best of many trials is worth: the best of N without any skill looks good, too."""

import math
from collections.abc import Sequence
from statistics import NormalDist  # SciPy's would be a quarter of what a command imports

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.evaluation.ic import summarise

EULER = 0.5772156649015329
MOMENTS = 4  # dates below which the shape of a distribution means nothing


def ratio_of(series: Float[ndarray, " D"]) -> float:
    """Mean over deviation (ddof 1); NaN for fewer than two values, or equal ones.

    Examples
    --------
    >>> ratio_of(np.array([0.02, np.nan, 0.06, -0.02]))
    0.5
    """
    known = series[np.isfinite(series)]
    # Of equal values the mean is rounded, and a deviation would be left.
    return math.nan if len(known) == 0 or np.ptp(known) == 0 else float(summarise(known).icir)


def expected_best(ratios: Sequence[float]) -> float:
    r"""The ratio of mean to deviation that the best of as many trials has by luck alone.

    It is :func:`best_of` of the deviation of the trials' ratios.

    Parameters
    ----------
    ratios : one a trial, such as an ICIR a date

    Returns
    -------
    float
        0 for a single trial.

    Examples
    --------
    >>> round(expected_best([0.1, 0.2, 0.3, 0.4]), 4)
    0.1358
    """
    return best_of(float(np.std(ratios, ddof=1)), len(ratios)) if len(ratios) > 1 else 0.0


def best_of(spread: float, count: int) -> float:
    r"""Expected largest of N normal numbers with mean 0 and deviation s; 0 for a single one.

    .. math:: s ((1 - \gamma) Z(1 - 1/N) + \gamma Z(1 - 1/(N e)))

    with Z the normal quantile and gamma Euler's constant (Bailey and Lopez de Prado 2014). It takes
    trials for independent; those of a grid resemble each other, so that it rather asks too much.
    """
    if count < 2:
        return 0.0
    first, second = (NormalDist().inv_cdf(1 - 1 / n) for n in (count, count * math.e))
    return spread * ((1 - EULER) * first + EULER * second)


def chance_above(series: Float[ndarray, " D"], ratio: float) -> float:
    r"""The probability that the true ratio of mean to deviation lies above another one.

    .. math:: \Phi((r - r_0) \sqrt{D - 1} / \sqrt{1 - g_3 r + (g_4 - 1) r^2 / 4})

    with r the ratio of the series, g_3 and g_4 its skewness and kurtosis: the probabilistic Sharpe
    ratio; deflated, if r_0 is :func:`expected_best` (Bailey and Lopez de Prado 2014).

    Parameters
    ----------
    series : float [D], a value a date, such as the RankIC; dates whose returns overlap count as
        more than they are. NaN is left out
    ratio : r_0

    Returns
    -------
    float
        NaN for fewer than four values, or equal ones.
    """
    known, own = series[np.isfinite(series)], ratio_of(series)
    if len(known) < MOMENTS or math.isnan(own):
        return math.nan
    away = (known - known.mean()) / known.std()
    skewness, kurtosis = (float((away**power).mean()) for power in (3, 4))
    shape = 1 - skewness * own + (kurtosis - 1) / 4 * own**2
    return NormalDist().cdf((own - ratio) * math.sqrt(len(known) - 1) / math.sqrt(shape))
