"""Statistical risk model: principal components of the stocks' own returns."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base.cross_section import check_mask
from intralpha.base.panel import as_days
from intralpha.market import Lake
from intralpha.risk.estimate import RiskEstimate
from intralpha.risk.factor_covariance import ewma_weights
from intralpha.risk.laid import LaidSessions
from intralpha.risk.model import SessionReturns
from intralpha.risk.past_returns import caps_of, past_returns
from intralpha.risk.specific import LEAST, shrunk
from intralpha.risk.windowed import Estimator, WindowedRisk

BLOCK_SESSIONS = 250


class PcaRiskSpec(WindowedRisk):
    """Asymptotic principal components of returns of one year; needs prices alone."""

    kind: Literal["pca"] = "pca"
    n_factors: int = Field(default=10, ge=1, description="components that are kept")

    def explain(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "mask_D mask_A"],
    ) -> Iterator[SessionReturns]:
        """The returns as they are: components are those of a whole window.

        Parameters
        ----------
        lake, dates, assets, mask_DA : as of :meth:`RiskModelSpec.explain`
        """
        days = as_days(dates)
        check_mask(mask_DA, (len(days), len(assets)))
        for start in range(0, len(days), BLOCK_SESSIONS):
            part = days[start : start + BLOCK_SESSIONS]
            for date, ret in zip(part, past_returns(lake, part, assets).ret_DA, strict=True):
                told = np.isfinite(ret)
                nothing = np.zeros(0)
                yield SessionReturns(date, (), nothing, assets[told], ret[told], float("nan"))

    def estimators(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "mask_D mask_A"],
    ) -> Iterator[Estimator]:
        """Loadings on the components of the sessions up to each date, fitted on its universe.

        Parameters
        ----------
        lake, dates, assets, mask_DA : as of :meth:`WindowedRisk.estimators`
        """
        for cap_A, core_A in zip(caps_of(lake, dates, assets), mask_DA, strict=True):
            yield partial(self._estimated, cap_A, core_A)

    def _estimated(
        self,
        cap: Float[ndarray, "A"],
        mask_A: Bool[ndarray, "A"],
        laid: LaidSessions,
        past: Sequence[SessionReturns],
    ) -> RiskEstimate:
        known = np.isfinite(cap)
        _, ret = laid.of(past[-self.window_days :], (), known)
        weight = ewma_weights(len(ret), self.half_life_days)
        loadings, specific = components(ret, weight, mask_A[known], self.n_factors, self.young_days)
        names = tuple(f"component_{k + 1}" for k in range(loadings.shape[1]))
        shrunken = shrunk(specific, cap[known], self.decile_weight)
        return RiskEstimate(laid.assets[known], names, loadings, np.eye(len(names)), shrunken)


def components(
    ret_TA: Float[ndarray, "T A"],
    weight_T: Float[ndarray, "T"],
    mask_A: Bool[ndarray, "A"],
    n_factors: int,
    young_days: int,
) -> tuple[Float[ndarray, "A K"], Float[ndarray, "A"]]:
    r"""Loadings on the strongest components, each of variance 1, and what is left.

    The components are eigenvectors of the T x T Gram matrix of weighted, demeaned returns of the
    stocks of the mask, each stock in units of its own volatility so that the loudest do not make
    them; loadings are each stock's weighted covariances with them over its own sessions. With
    fewer than ``young_days`` of these, loadings and variance are mixed with the mean of the mask's
    older stocks.

    Parameters
    ----------
    ret_TA : oldest first, NaN where absent
    weight_T : of the sessions, sum 1
    mask_A : stocks that make the components
    n_factors : how many; fewer if the returns have a lower rank
    young_days : sessions from which on a stock stands for itself

    Returns
    -------
    (loadings, specific variance) : ndarrays of float64, shapes [A, K] and [A]
        The sum of a component's loadings is not negative.
    """
    seen = np.isfinite(ret_TA)
    mass_A = weight_T @ seen
    there = mass_A > 0
    values = np.where(seen, ret_TA, 0.0)
    mean_A = np.divide(weight_T @ values, mass_A, out=np.zeros(len(mass_A)), where=there)
    moved = np.where(seen, values - mean_A, 0.0)
    scale_A = 1 / np.maximum(mass_A, 1e-300)
    variance_A = np.where(there, weight_T @ moved**2 * scale_A, np.nan)
    days_A = seen.sum(axis=0)
    old = mask_A & (days_A >= min(young_days, len(ret_TA))) & (np.nan_to_num(variance_A) > LEAST)
    if not old.any():
        plain = np.nanmean(variance_A) if there.any() else LEAST
        return np.zeros((len(mass_A), 0)), np.where(there, variance_A, plain)
    root_T = np.sqrt(weight_T)
    scaled = root_T[:, None] * moved[:, old] / np.sqrt(variance_A[old])
    values_T, vectors = np.linalg.eigh(scaled @ scaled.T)
    strong = values_T[::-1][:n_factors] > 1e-10 * values_T[-1]
    axis_TK = vectors[:, ::-1][:, : len(strong)][:, strong]
    loadings = (root_T[:, None] * moved).T @ axis_TK * scale_A[:, None]
    loadings = loadings * np.where(loadings[old].sum(axis=0) < 0, -1.0, 1.0)
    freedom = 1 - axis_TK.shape[1] * float(weight_T @ weight_T)
    explained = (loadings**2).sum(axis=1)
    left_A = np.maximum(variance_A - explained, 0.02 * variance_A) / max(freedom, 0.1)
    share_A = np.minimum(days_A / young_days, 1.0)
    mixed = share_A[:, None] * loadings + (1 - share_A)[:, None] * loadings[old].mean(axis=0)
    own = share_A * np.nan_to_num(left_A) + (1 - share_A) * float(left_A[old].mean())
    return mixed, own
