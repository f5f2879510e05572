"""Exposures of one date made comparable: winsorised, scaled, filled, orthogonal [Spec 9.4]."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from intralpha.base.cross_section import FLAT, moments

MAD_SCALE = 1.4826
Middle = Literal["mean", "median"]


def standardise(
    values_A: Float[ndarray, "A"],
    core_A: Bool[ndarray, "A"],
    cap_A: Float[ndarray, "A"],
    winsor: float = 5.0,
) -> Float[ndarray, "A"]:
    r"""Winsorised values, less their cap-weighted mean, over their equal-weight std.

    .. math:: z = (x - \bar x_{cap}) / \sigma, \qquad x \text{ cut at }
              \text{median} \pm 5 \cdot 1.4826\, \text{MAD}

    Parameters
    ----------
    values_A : raw values of one date
    core_A : stocks over which median, mean and std (population form) are taken
    cap_A : weights of the mean; unknown ones count nothing, and if all are unknown all are equal
    winsor : the 5 of the formula

    Returns
    -------
    ndarray, shape [A]
        Also for stocks outside the core. NaN where the value is missing; all NaN if fewer than two
        of the core are there or they do not differ. No cut where the MAD is 0.
    """
    inside = core_A & np.isfinite(values_A)
    if inside.sum() < 2:
        return np.full(values_A.shape, np.nan)
    middle = np.median(values_A[inside])
    reach = winsor * MAD_SCALE * np.median(np.abs(values_A[inside] - middle))
    cut = (
        np.clip(values_A, middle - reach, middle + reach)
        if reach > FLAT * max(abs(middle), FLAT)
        else values_A
    )
    weight = np.where(np.isfinite(cap_A[inside]), cap_A[inside], 0.0)
    weight = weight if weight.sum() > 0 else np.ones(len(weight))
    _, std = moments(cut, inside)
    return (cut - float(weight @ cut[inside] / weight.sum())) / std


def fill_missing(
    z_A: Float[ndarray, "A"],
    core_A: Bool[ndarray, "A"],
    industry_A: Int[ndarray, "A"],
    present_A: Bool[ndarray, "A"],
    middle: Middle = "mean",
) -> Float[ndarray, "A"]:
    """Missing exposures of present stocks become the middle of their industry's core stocks.

    0, the market's own exposure, where the industry has none; so also for a style that nobody
    has on that date.

    Parameters
    ----------
    z_A : exposures of one date, NaN where missing
    core_A : stocks whose middle is taken
    industry_A : industry codes, 0 or more
    present_A : stocks that get a value
    middle : mean [Spec 9.4] or median [Spec 9.1]

    Returns
    -------
    ndarray of float64, shape [A]
        NaN for stocks that are not present and have none.
    """
    known = core_A & np.isfinite(z_A)
    groups = int(industry_A.max(initial=0)) + 1
    count = np.bincount(industry_A[known], minlength=groups)
    total = np.bincount(industry_A[known], z_A[known], minlength=groups)
    value = np.divide(total, count, out=np.zeros(groups), where=count > 0)
    if middle == "median":
        for code in np.flatnonzero(count).tolist():
            value[code] = np.median(z_A[known & (industry_A == code)])
    return np.where(present_A & ~np.isfinite(z_A), value[industry_A], z_A)


def residual(
    y_A: Float[ndarray, "A"], x_AK: Float[ndarray, "A K"], core_A: Bool[ndarray, "A"]
) -> Float[ndarray, "A"]:
    """What a least-squares fit on the core (intercept and x) leaves of y, for every stock.

    NaN where y or an x is missing; y less its mean where x does not vary; 0 where the fit leaves
    nothing but rounding.

    Parameters
    ----------
    y_A : values of one date
    x_AK : K regressors
    core_A : stocks on which the fit is made

    Returns
    -------
    ndarray of float64, shape [A]
        Also for stocks outside the core.
    """
    inside = core_A & np.isfinite(y_A) & np.isfinite(x_AK).all(axis=1)
    if not inside.any():
        return np.full(y_A.shape, np.nan)
    design = np.column_stack([np.ones(len(y_A)), x_AK])
    coefficients = np.linalg.lstsq(design[inside], y_A[inside], rcond=None)[0]
    left = y_A - design @ coefficients
    spread = float(y_A[inside].std())
    return left if left[inside].std() > 1e-9 * spread else left * 0.0
