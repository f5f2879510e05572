"""Portfolios on which forecasts of risk are tried, and what is said of the forecasts."""

import numpy as np

from intralpha.risk import RiskEstimate, bias_statistic, qlike
from intralpha.risk.factor_covariance import ewma_weights

AHEAD, PORTFOLIOS, NAMES, LAGS = 5, 40, 50, 4
SORTS = ("random", "long", "style", "optimised", "neutral", "least")


class Portfolios:
    """Weights of every sort on one date, from what is known at its close."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def of(self, known: RiskEstimate, styles: RiskEstimate) -> dict[str, np.ndarray]:
        """Sort -> weights, shape [portfolios, A].

        Parameters
        ----------
        known : whose covariance the optimised portfolios use
        styles : whose exposures the style portfolios sort by
        """
        count = len(known.assets)
        even = np.full(count, 1 / count)
        names = min(NAMES, count // 3)
        held = np.zeros((PORTFOLIOS, count))
        for row in held:
            row[self._rng.choice(count, names, replace=False)] = 1 / names
        alpha = self._rng.standard_normal((PORTFOLIOS, count))
        alpha -= alpha.mean(axis=1, keepdims=True)
        return {
            "random": held - even,
            "long": held,
            "style": extremes(styles),
            "optimised": solved(known, alpha),
            "neutral": unexposed(known, alpha),
            "least": solved(known, np.ones((1, count))),
        }


def extremes(one: RiskEstimate) -> np.ndarray:
    """A third of the names with the largest exposure against that with the smallest."""
    columns = [k for k, n in enumerate(one.names) if n != "country" and ":" not in n]
    third = len(one.assets) // 3
    out = np.zeros((len(columns), len(one.assets)))
    for row, k in zip(out, columns, strict=True):
        order = np.argsort(one.loadings_AK[:, k], kind="stable")
        row[order[-third:]], row[order[:third]] = 1 / third, -1 / third
    return out


def solved(one: RiskEstimate, alpha: np.ndarray) -> np.ndarray:
    """Inverse covariance times each vector, by Woodbury's identity."""
    values, vectors = np.linalg.eigh(one.factor_cov_KK)
    b = one.loadings_AK @ (vectors * np.sqrt(np.maximum(values, 0)))
    scaled = b / one.specific_var_A[:, None]
    inner = np.eye(b.shape[1]) + b.T @ scaled
    direct = alpha / one.specific_var_A
    out = direct - (direct @ b) @ np.linalg.solve(inner, scaled.T)
    return out / np.abs(out).sum(axis=1, keepdims=True)


def unexposed(one: RiskEstimate, alpha: np.ndarray) -> np.ndarray:
    """What an optimiser would hold that may have no exposure at all."""
    root = np.sqrt(one.specific_var_A)
    x, y = one.loadings_AK / root[:, None], (alpha / root).T
    out = (y - x @ np.linalg.lstsq(x, y, rcond=1e-9)[0]).T / root
    return out / np.abs(out).sum(axis=1, keepdims=True)


def variances(one: RiskEstimate, weights: np.ndarray) -> np.ndarray:
    """Forecast of each portfolio, of one session."""
    exposed = weights @ one.loadings_AK
    factor = np.einsum("pk,kl,pl->p", exposed, one.factor_cov_KK, exposed)
    return factor + weights**2 @ one.specific_var_A


def shrunken(past: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The peer's forecast: covariance of past returns, half shrunk to its diagonal."""
    w = ewma_weights(len(past), 90.0)
    r = np.nan_to_num(past) - w @ np.nan_to_num(past)
    whole = w @ (r @ weights.T) ** 2
    return 0.5 * whole + 0.5 * (w @ r**2) @ (weights**2).T


def figures(rows: list[tuple]) -> dict[str, dict]:
    """Sort -> bias with its standard error and spread, and QLIKE by year (0 for all).

    The bias is the root of the mean over dates of the mean over portfolios of z squared; its error
    is that of the mean over dates, with Bartlett's weights for four lags, as portfolios of a date
    move together. The spread is the standard deviation of each portfolio's own bias statistic.
    """
    out = {}
    for sort in dict.fromkeys(row[1] for row in rows):
        mine = [row for row in rows if row[1] == sort]
        got, told = np.array([r[2] for r in mine]), np.array([r[3] for r in mine])
        years = np.array([int(str(r[0])[:4]) for r in mine])
        square = (got**2 / told).mean(axis=1)
        moved = square - square.mean()
        spread = moved @ moved
        for lag in range(1, min(LAGS, len(moved) - 1) + 1):
            spread += 2 * (1 - lag / (LAGS + 1)) * (moved[lag:] @ moved[:-lag])
        bias = np.sqrt(square.mean())
        each = [bias_statistic(got[:, p], told[:, p]) for p in range(got.shape[1])]
        loss = {int(y): qlike(got[years == y].ravel(), told[years == y].ravel())
                for y in np.unique(years)}  # fmt: skip
        out[sort] = {"bias": float(bias), "spread": float(np.std(each)),
                     "error": float(np.sqrt(max(spread, 0)) / len(moved) / (2 * bias)),
                     "years": {0: qlike(got.ravel(), told.ravel())} | loss}  # fmt: skip
    return out
