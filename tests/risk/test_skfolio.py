"""Our weighted covariances beside skfolio's, where an interpreter that has it is named.

skfolio is an oracle of this file alone: it stands in an environment of its own, whose interpreter
the variable ``INTRALPHA_SKFOLIO_PYTHON`` names.
"""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from intralpha.risk.factor_covariance import ewma_weights, factor_covariance
from intralpha.risk.specific import own_variance

PYTHON = os.environ.get("INTRALPHA_SKFOLIO_PYTHON", "")
SCRIPT = """
import sys
import numpy as np
from skfolio.moments import EWCovariance
given = np.load(sys.argv[1])
model = EWCovariance(half_life=float(given["half_life"]), min_observations=1, nearest=False)
np.save(sys.argv[2], model.fit(given["returns"]).covariance_)
"""
pytestmark = pytest.mark.skipif(
    not Path(PYTHON).is_file(), reason="INTRALPHA_SKFOLIO_PYTHON names no interpreter"
)


def theirs(returns: np.ndarray, half_life: float, folder: Path) -> np.ndarray:
    """Weighted mean products, not demeaned, of skfolio's own recursion."""
    np.savez(folder / "in.npz", returns=returns, half_life=half_life)
    words = [PYTHON, "-c", SCRIPT, str(folder / "in.npz"), str(folder / "out.npy")]
    subprocess.run(words, check=True, env={"PATH": os.environ["PATH"]}, capture_output=True)
    return np.load(folder / "out.npy")


def test_covariance_of_factors(tmp_path):
    """Theirs takes returns as centred and weights as they are; ours divides by 1 - sum w^2."""
    rng = np.random.default_rng(0)
    returns = rng.multivariate_normal(np.zeros(5), np.eye(5) + 0.5, 252) * 0.01 + 0.001
    weight = ewma_weights(252, 90.0)
    found = factor_covariance(returns, 90.0, 0) * (1 - weight @ weight)
    expected = theirs(returns - weight @ returns, 90.0, tmp_path)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-16)


def test_specific_variances_of_stocks_that_come_later(tmp_path):
    """A stock without the first 150 sessions has the weights of those it has."""
    left = np.random.default_rng(1).normal(0, 0.02, (252, 4))
    whole = theirs(left, 90.0, tmp_path)
    np.testing.assert_allclose(own_variance(left, 90.0)[0], np.diag(whole), rtol=1e-10)
    late = left.copy()
    late[:150, 2] = np.nan
    short = theirs(left[150:], 90.0, tmp_path)
    assert own_variance(late, 90.0)[0][2] == pytest.approx(short[2, 2], rel=1e-10)
