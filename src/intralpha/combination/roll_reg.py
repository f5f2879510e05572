"""Coefficients of a rolling linear regression of returns on factors."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.base.cross_section import FLAT
from intralpha.combination.learning import ReturnRuleSpec
from intralpha.combination.past import Past

SWEEPS = 10_000
CLOSE = 1e-12


class RollRegSpec(ReturnRuleSpec):
    r"""Coefficients of the standardised return on all factors at once [Spec 16].

    .. math:: \hat\beta = \arg\min_\beta \tfrac1{2n} \sum (y - z^\top \beta)^2 + P(\beta)

    over the stocks of the latest dates, y the return less the date's mean over its deviation. P is
    :math:`\tfrac\alpha2 |\beta|_2^2` (ridge), :math:`\alpha |\beta|_1` (lasso), or nothing (pca).
    Where the condition number of the factors' second moments exceeds ``condition``, and always with
    pca, the regression is on the principal components that hold a share ``variance`` of them.
    """

    kind: Literal["roll_reg"] = "roll_reg"
    signed: ClassVar[bool] = True
    method: Literal["ridge", "lasso", "pca"] = Field(default="ridge", description="the penalty")
    alpha: float = Field(
        default=0.01, ge=0, description="of the penalty, factors having variance 1"
    )
    condition: float = Field(
        default=30, gt=1, description="largest condition number without principal components"
    )
    variance: float = Field(default=0.95, gt=0, le=1, description="share that components hold")

    def found(self, past: Past) -> Float[ndarray, "K"]:
        """See :meth:`ReturnRuleSpec.found`."""
        moments = pooled(past, self.min_observations)
        if moments is None:
            return np.zeros(len(past.names))
        gram_KK, cross_K = moments
        basis_KP = np.eye(len(cross_K))
        values = np.linalg.eigvalsh(gram_KK)
        if self.method == "pca" or values[-1] > self.condition * max(values[0], 0.0):
            basis_KP = components(gram_KK, self.variance)
        gram_PP, cross_P = basis_KP.T @ gram_KK @ basis_KP, basis_KP.T @ cross_K
        if self.method == "lasso":
            return basis_KP @ lasso(gram_PP, cross_P, self.alpha)
        alpha = self.alpha if self.method == "ridge" else 0.0
        return basis_KP @ np.linalg.solve(gram_PP + alpha * np.eye(len(cross_P)), cross_P)


def pooled(past: Past, least: int) -> tuple[Float[ndarray, "K K"], Float[ndarray, "K"]] | None:
    """Moments over the stocks of all dates, returns in units of their date's deviation.

    Parameters
    ----------
    past : every stock of every date counts the same
    least : fewer dates that say anything are none

    Returns
    -------
    (gram [K, K], cross [K]) or None
    """
    used = np.isfinite(past.cross_WK).all(axis=1) & (past.spread_W > FLAT)
    if used.sum() < least:
        return None
    weight_W = past.count_W[used] / past.count_W[used].sum()
    gram_KK = np.einsum("w,wkl->kl", weight_W, past.gram_WKK[used])
    return gram_KK, (weight_W / past.spread_W[used]) @ past.cross_WK[used]


def components(gram_KK: Float[ndarray, "K K"], variance: float) -> Float[ndarray, "K P"]:
    """Principal directions, strongest first, that hold a share of the variance, at least one.

    Parameters
    ----------
    gram_KK : symmetric, no negative eigenvalue
    variance : the share, at most 1; directions without variance are none
    """
    values, vectors = np.linalg.eigh(gram_KK)
    values, vectors = values[::-1], vectors[:, ::-1]
    held = np.cumsum(values) / values.sum()
    count = min(int(np.searchsorted(held, variance - CLOSE)) + 1, len(values))
    return vectors[:, :count][:, values[:count] > CLOSE * values[0]]


def lasso(
    gram_PP: Float[ndarray, "P P"], cross_P: Float[ndarray, "P"], alpha: float
) -> Float[ndarray, "P"]:
    """Minimum of b'Gb/2 - c'b + alpha |b|_1, one coefficient after the other until none moves.

    Parameters
    ----------
    gram_PP : G, without negative eigenvalue; a coefficient without variance stays 0
    cross_P : c
    alpha : 0 or more
    """
    beta = np.zeros(len(cross_P))
    scale = max(float(np.abs(cross_P).max(initial=0.0)), CLOSE)
    for _ in range(SWEEPS):
        moved = 0.0
        for p in range(len(beta)):
            own = gram_PP[p, p]
            if own <= CLOSE:
                continue
            pull = cross_P[p] - gram_PP[p] @ beta + own * beta[p]
            new = np.sign(pull) * max(abs(pull) - alpha, 0.0) / own
            moved = max(moved, abs(new - beta[p]) * own)
            beta[p] = new
        if moved <= CLOSE * scale:
            break
    return beta
