"""Principal components against NumPy's own decomposition, and a planted factor model."""

import numpy as np
import pytest

from intralpha.risk.factor_covariance import ewma_weights
from intralpha.risk.pca import components


def planted(seed: int, days: int = 252, stocks: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Returns and their true covariance."""
    rng = np.random.default_rng(seed)
    loadings = np.column_stack([rng.normal(1, 0.2, stocks), rng.standard_normal((stocks, 2)) * 0.6])
    scale = np.array([0.012, 0.008, 0.006])
    specific = rng.uniform(0.01, 0.03, stocks)
    ret = rng.standard_normal((days, 3)) * scale @ loadings.T
    ret += rng.standard_normal((days, stocks)) * specific
    return ret, (loadings * scale**2) @ loadings.T + np.diag(specific**2)


def test_equals_a_decomposition_of_the_correlation_matrix():
    ret, _ = planted(0, 100, 40)
    weight = ewma_weights(100, 50.0)
    found, _ = components(ret, weight, np.ones(40, dtype=bool), 3, 50)
    cov = np.cov(ret.T, aweights=weight, ddof=0)
    sigma = np.sqrt(np.diag(cov))
    values, vectors = np.linalg.eigh(cov / np.outer(sigma, sigma))
    expected = sigma[:, None] * vectors[:, ::-1][:, :3] * np.sqrt(values[::-1][:3])
    expected *= np.sign(expected.sum(axis=0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_a_planted_factor_model_comes_back():
    ret, true = planted(1, 1000)
    weight = ewma_weights(1000, 500.0)
    loadings, specific = components(ret, weight, np.ones(600, dtype=bool), 3, 100)
    found = loadings @ loadings.T + np.diag(specific)
    even = np.full(600, 1 / 600)
    assert even @ found @ even == pytest.approx(even @ true @ even, rel=0.15)
    np.testing.assert_allclose(np.diag(found), np.diag(true), rtol=0.35)
    assert np.corrcoef(found[np.triu_indices(600, 1)], true[np.triu_indices(600, 1)])[0, 1] > 0.95


def test_young_stocks_resemble_the_others():
    ret, _ = planted(2)
    ret[:-12, 0] = np.nan
    ret[:, 1] = np.nan
    weight = ewma_weights(252, 90.0)
    loadings, specific = components(ret, weight, np.ones(600, dtype=bool), 3, 120)
    assert np.isfinite(loadings).all()
    assert (specific > 0).all()
    np.testing.assert_allclose(loadings[1], loadings[2:].mean(axis=0), rtol=1e-9)
    assert specific[1] == pytest.approx(specific[2:].mean(), rel=1e-9)


def test_rank_bounds_the_components():
    ret, _ = planted(3, 6, 30)
    loadings, specific = components(ret, ewma_weights(6, 90.0), np.ones(30, dtype=bool), 20, 3)
    assert loadings.shape[1] <= 5
    assert (specific > 0).all()
    nothing, plain = components(
        np.full((6, 30), np.nan), ewma_weights(6, 90.0), np.ones(30, dtype=bool), 5, 3
    )
    assert nothing.shape == (30, 0)
    assert (plain > 0).all()
