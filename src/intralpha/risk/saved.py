"""Explained sessions and estimates as files."""

from pathlib import Path

import numpy as np

from intralpha.risk.estimate import RiskEstimate
from intralpha.risk.model import SessionReturns

SESSION, ESTIMATE = "session.npz", "estimate.npz"


def save_session(one: SessionReturns, folder: Path) -> None:
    """Write factor returns, what they left, and R-squared."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        folder / SESSION,
        date=one.date.astype("datetime64[D]"),
        names=np.array(one.names, dtype=str),
        returns=one.returns_K,
        assets=one.assets,
        left=one.left_A,
        r2=np.float64(one.r2),
    )


def load_session(folder: Path) -> SessionReturns:
    """Read what :func:`save_session` wrote."""
    with np.load(folder / SESSION) as kept:
        return SessionReturns(
            kept["date"][()],
            tuple(kept["names"].tolist()),
            kept["returns"],
            kept["assets"],
            kept["left"],
            float(kept["r2"]),
        )


def save_estimate(one: RiskEstimate, folder: Path) -> None:
    """Write exposures, covariance of the factors and specific variances."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        folder / ESTIMATE,
        assets=one.assets,
        names=np.array(one.names, dtype=str),
        loadings=one.loadings_AK,
        factor_cov=one.factor_cov_KK,
        specific_var=one.specific_var_A,
    )


def load_estimate(folder: Path) -> RiskEstimate:
    """Read what :func:`save_estimate` wrote."""
    with np.load(folder / ESTIMATE) as kept:
        return RiskEstimate(
            kept["assets"],
            tuple(kept["names"].tolist()),
            kept["loadings"],
            kept["factor_cov"],
            kept["specific_var"],
        )
