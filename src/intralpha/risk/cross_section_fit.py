"""One session's returns on the exposures of the close before: a weighted, constrained fit."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from intralpha.risk.design import Design


@dataclass(frozen=True, eq=False)
class CrossSectionFit:
    """Returns of the factors, what they leave, and how much they explain.

    Attributes
    ----------
    returns_K : NaN for a factor to which no fitted stock is exposed
    left_A : NaN for a stock without return or exposures, and where a factor of its is NaN
    r2 : 1 - sum of w u^2 / sum of w r^2 over the fitted stocks
    """

    returns_K: Float[ndarray, "K"]
    left_A: Float[ndarray, "A"]
    r2: float


def fit_cross_section(
    ret_A: Float[ndarray, "A"],
    design: Design,
    cap_A: Float[ndarray, "A"],
    core_A: Bool[ndarray, "A"],
) -> CrossSectionFit:
    r"""Factor returns by weighted least squares [Spec 9.5].

    .. math:: \min_f \sum_i \sqrt{c_i}\, (r_i - x_i^\top f)^2
              \quad\text{with}\quad \sum_j C_j f_j = 0

    with c the caps and C_j the cap of industry j among the fitted stocks: the country factor is
    then the return of the whole market, and industries are what they do beside it.

    Parameters
    ----------
    ret_A : return of the session
    design : exposures at the close before
    cap_A : CNY at the close before
    core_A : stocks that are fitted, as far as return, exposures and cap are known

    Returns
    -------
    CrossSectionFit
        All NaN if no more stocks than factors can be fitted.

    Notes
    -----
    The largest industry's return is replaced by the others' through the constraint, and the K - 1
    normal equations are solved by least squares on columns of unit length: a style that is 0 for
    all, or equal to another, has the shortest solution. The sums run over the fitted stocks alone,
    so that no other stock changes a bit of them.
    """
    x_AK = design.loadings_AK
    exposed = np.isfinite(x_AK).all(axis=1)
    known = exposed & np.isfinite(ret_A)
    core = core_A & known & (np.nan_to_num(cap_A) > 0)
    used = (x_AK[core] != 0).any(axis=0)
    x, y, cap = x_AK[core][:, used], ret_A[core], cap_A[core]
    returns, left = np.full(len(used), np.nan), np.full(len(ret_A), np.nan)
    if len(y) <= used.sum():
        return CrossSectionFit(returns, left, float("nan"))
    inside = np.zeros(len(used), dtype=bool)
    inside[design.industries] = True
    free = _constrained(inside[used], cap @ x)
    weight = np.sqrt(cap)
    reduced = x @ free
    weighted = reduced * weight[:, None]
    found = free @ _solved(reduced.T @ weighted, weighted.T @ y)
    returns[used] = found
    told = known & ~(x_AK[:, ~used] != 0).any(axis=1)
    left[told] = ret_A[told] - x_AK[told][:, used] @ found
    total = float(weight @ y**2)
    r2 = 1 - float(weight @ left[core] ** 2) / total if total > 0 else float("nan")
    return CrossSectionFit(returns, left, r2)


def fit_map(
    design: Design, cap_A: Float[ndarray, "A"], core_A: Bool[ndarray, "A"]
) -> Float[ndarray, "K A"]:
    """The matrix from returns to the factor returns of :func:`fit_cross_section`.

    Parameters
    ----------
    design : exposures
    cap_A : CNY
    core_A : stocks that are fitted, as far as exposures and cap are known

    Returns
    -------
    ndarray of float64, shape [K, A]
        Columns of stocks that are not fitted are 0, and so are rows of factors to which no fitted
        stock is exposed.
    """
    x_AK = design.loadings_AK
    core = core_A & np.isfinite(x_AK).all(axis=1) & (np.nan_to_num(cap_A) > 0)
    used = (x_AK[core] != 0).any(axis=0)
    x, cap = x_AK[core][:, used], cap_A[core]
    inside = np.zeros(len(used), dtype=bool)
    inside[design.industries] = True
    free = _constrained(inside[used], cap @ x)
    reduced = x @ free
    weighted = reduced * np.sqrt(cap)[:, None]
    out = np.zeros((len(used), len(cap_A)))
    out[np.ix_(used, core)] = free @ _solved(reduced.T @ weighted, weighted.T)
    return out


def _constrained(
    industry_K: Bool[ndarray, "K"], cap_K: Float[ndarray, "K"]
) -> Float[ndarray, "K free"]:
    """Matrix from the free factor returns to all, so that industries sum to 0 by cap."""
    square = np.eye(len(cap_K))
    if not industry_K.any():
        return square
    largest = int(np.argmax(np.where(industry_K, cap_K, -np.inf)))
    square[largest] = np.where(industry_K, -cap_K / cap_K[largest], 0.0)
    return np.delete(square, largest, axis=1)


def _solved(normal: Float[ndarray, "F F"], right: Float[ndarray, "F ..."]) -> Float[ndarray, "..."]:
    """Shortest solution of normal equations, on columns of unit length."""
    length = np.sqrt(np.diag(normal))
    scale = np.divide(1.0, length, out=np.zeros(len(length)), where=length > 0)
    even = normal * scale[:, None] * scale[None, :]
    return (scale * np.linalg.lstsq(even, (right.T * scale).T, rcond=1e-11)[0].T).T
