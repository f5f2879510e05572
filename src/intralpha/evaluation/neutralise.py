"""A score without what is known already: residuals after exposures and industries."""

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from intralpha.base.arrays import ArrayFormError, check_arrays, check_count
from intralpha.base.cross_section import FLAT
from intralpha.evaluation.days import over_days
from intralpha.evaluation.ranks import as_mask


def neutralise(
    score_DA: Float[ndarray, "D A"],
    exposures_DAK: Float[ndarray, "D A K"],
    mask_DA: Bool[ndarray, "D A"] | None = None,
    codes_DA: Int[ndarray, "D A"] | None = None,
    min_stocks: int = 30,
) -> Float[ndarray, "D A"]:
    r"""Residual of each day's least-squares regression of the score on exposures.

    .. math:: f_{i,t} = a_t + \sum_k b_{k,t} X_{i,k,t} + e_{i,t}

    With ``codes_DA`` the intercept becomes one intercept per class (industry dummies), removed
    exactly by demeaning inside every class. Exposures that are collinear, constant or absent in
    effect do no harm: the residual is the part of the score outside the space they span.

    Parameters
    ----------
    score_DA : ndarray of float
    exposures_DAK : ndarray of float
        K exposures known on the same date. A stock takes part only if all of them are finite.
        K = 0 leaves only the intercepts.
    mask_DA : ndarray of bool, optional
        Universe of the regression.
    codes_DA : ndarray of int, optional
        Class of each stock; negative = absent.
    min_stocks : int
        Days with fewer stocks, or with no more stocks than coefficients, are NaN.

    Returns
    -------
    ndarray of float64
        Residuals, orthogonal to every exposure and of mean zero (in every class). NaN where the
        stock took no part. Known when score and exposures are.

    Raises
    ------
    ArrayFormError, CountError
        Arrays that do not fit each other, classes that are no whole numbers.

    Notes
    -----
    Normal equations of unit-length columns by eigenvalues, directions below 1e-12 of the largest
    left out, applied twice so that rounding of the first pass is removed by the second.
    """
    check_arrays(score_DA=score_DA, codes_DA=codes_DA)
    check_arrays(3, exposures_DAK=exposures_DAK)
    if exposures_DAK.shape[:2] != score_DA.shape:
        wanted = f"shape ({score_DA.shape[0]}, {score_DA.shape[1]}, K)"
        raise ArrayFormError("exposures_DAK", f"of shape {exposures_DAK.shape}", wanted)
    check_count("min_stocks", min_stocks, 0)
    if codes_DA is not None and codes_DA.dtype.kind not in "iu":
        raise ArrayFormError("codes_DA", f"of type {codes_DA.dtype}", "whole numbers")
    days, assets = score_DA.shape
    present = as_mask(mask_DA, score_DA) & np.isfinite(score_DA)
    if codes_DA is not None:
        present &= codes_DA >= 0
    out = np.full((days, assets), np.nan)

    def work(start: int, stop: int) -> None:
        for d in range(start, stop):
            keep = present[d] & np.isfinite(exposures_DAK[d]).all(axis=1)
            x = exposures_DAK[d][keep].astype(np.float64)
            codes = np.zeros(len(x), np.int64) if codes_DA is None else codes_DA[d, keep]
            _, codes = np.unique(codes, return_inverse=True)
            coefficients = x.shape[1] + (codes.max() + 1 if len(codes) else 0)
            if len(x) >= max(min_stocks, coefficients + 1):
                out[d, keep] = _residual(score_DA[d, keep].astype(np.float64), x, codes)

    over_days(work, days, days * assets)
    return out


def _residual(
    y: Float[ndarray, "n"], x: Float[ndarray, "n K"], codes: Int[ndarray, "n"]
) -> Float[ndarray, "n"]:
    """Residual of y on x and one intercept per class."""
    size = np.bincount(codes)
    y = y - (np.bincount(codes, y) / size)[codes]
    columns = [c - (np.bincount(codes, c) / size)[codes] for c in x.T]
    spread = [(c, np.sqrt(c @ c), np.abs(raw).max()) for c, raw in zip(columns, x.T, strict=True)]
    unit = [c / norm for c, norm, top in spread if norm > FLAT * max(top, FLAT)]
    if not unit:
        return y
    basis = np.stack(unit, axis=1)
    values, vectors = np.linalg.eigh(basis.T @ basis)
    solid = values > 1e-12 * values[-1]
    inverse = (vectors[:, solid] / values[solid]) @ vectors[:, solid].T
    for _ in range(2):
        y = y - basis @ (inverse @ (basis.T @ y))
        y = y - (np.bincount(codes, y) / size)[codes]
    return y
