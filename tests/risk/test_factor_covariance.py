"""Covariance of factors and its two adjustments against plain loops and planted truths."""

import numpy as np
import pytest

from intralpha.risk.eigenfactor import eigenfactor_adjusted
from intralpha.risk.factor_covariance import ewma_weights, factor_covariance, lifted
from intralpha.risk.regime import regime_multiplier


def plain(returns: np.ndarray, half_life: float, lags: int) -> np.ndarray:
    """The formula as printed, term by term."""
    count, factors = returns.shape
    raw = [0.5 ** ((count - 1 - t) / half_life) for t in range(count)]
    w = [one / sum(raw) for one in raw]
    mean = [sum(w[t] * returns[t, k] for t in range(count)) for k in range(factors)]
    out = np.zeros((factors, factors))
    for i in range(factors):
        for j in range(factors):
            for lag in range(-lags, lags + 1):
                for t in range(count):
                    s = t - lag
                    if 0 <= s < count:
                        part = (returns[t, i] - mean[i]) * (returns[s, j] - mean[j])
                        out[i, j] += (1 - abs(lag) / (lags + 1)) * np.sqrt(w[t] * w[s]) * part
    return out / (1 - sum(one**2 for one in w))


@pytest.mark.parametrize(("half_life", "lags"), [(90.0, 2), (5.0, 0), (20.0, 4)])
def test_equals_the_formula_term_by_term(half_life, lags):
    returns = np.random.default_rng(0).normal(0.001, 0.01, (40, 3))
    found = factor_covariance(returns, half_life, lags)
    np.testing.assert_allclose(found, plain(returns, half_life, lags), rtol=1e-12)


def test_equal_weights_are_the_sample_covariance():
    returns = np.random.default_rng(1).normal(0, 0.01, (50, 4))
    found = factor_covariance(returns, 1e12, 0)
    np.testing.assert_allclose(found, np.cov(returns.T), rtol=1e-9)


def test_no_negative_eigenvalue_whatever_the_series():
    rng = np.random.default_rng(2)
    for _ in range(200):
        shape = (int(rng.integers(2, 30)), int(rng.integers(1, 40)))
        returns = rng.standard_normal(shape) * rng.choice([1e-6, 1.0, 1e3], shape[1])
        returns = np.where(rng.random(shape) < 0.2, np.nan, returns)
        found = factor_covariance(returns, float(rng.uniform(0.5, 100)), int(rng.integers(0, 6)))
        assert np.isfinite(found).all()
        np.testing.assert_array_equal(found, found.T)
        values = np.linalg.eigvalsh(found)
        assert values.min() >= -1e-10 * values.max()


def test_a_planted_covariance_comes_back():
    rng = np.random.default_rng(3)
    mix = rng.standard_normal((5, 5)) * 0.01
    returns = rng.standard_normal((40_000, 5)) @ mix.T
    found = factor_covariance(returns, 20_000.0, 2)
    np.testing.assert_allclose(found, mix @ mix.T, atol=0.05 * np.abs(mix @ mix.T).max())


def test_lags_see_what_one_session_hides():
    """Of x_t = e_t + e_{t-1} the long-run variance is 4, that of a session 2; Bartlett 2: 10/3."""
    e = np.random.default_rng(4).standard_normal(60_001)
    x = (e[1:] + e[:-1])[:, None]
    assert factor_covariance(x, 1e9, 0)[0, 0] == pytest.approx(2.0, rel=0.05)
    assert factor_covariance(x, 1e9, 2)[0, 0] == pytest.approx(10 / 3, rel=0.05)


def test_missing_sessions_keep_the_variance():
    returns = np.random.default_rng(5).standard_normal((20_000, 2))
    returns[:15_000, 1] = np.nan
    found = factor_covariance(returns, 1e9, 0)
    np.testing.assert_allclose(np.diag(found), [1.0, 1.0], atol=0.05)
    never = factor_covariance(np.full((30, 2), np.nan), 90.0, 2)
    np.testing.assert_array_equal(never, np.zeros((2, 2)))


def test_lifted():
    found = lifted(np.array([[1.0, 2.0], [2.0, 1.0]]))
    np.testing.assert_allclose(found, [[1.5, 1.5], [1.5, 1.5]], atol=1e-12)


def test_the_eigenfactor_adjustment_mends_what_sampling_bends():
    """Of 30 factors of variance 1 the smallest eigenvalue found is far below 1, the largest far
    above; adjusted (scale 1), both are nearer."""
    rng = np.random.default_rng(6)
    found = factor_covariance(rng.standard_normal((150, 30)), 90.0, 0)
    raw = np.linalg.eigvalsh(found)
    mended = np.linalg.eigvalsh(eigenfactor_adjusted(found, 150, 90.0, 1.0))
    assert raw[0] < 0.4
    assert raw[-1] > 2
    assert abs(np.log(mended[0])) < 0.6 * abs(np.log(raw[0]))
    assert abs(np.log(mended[-1])) < 0.9 * abs(np.log(raw[-1]))
    same = eigenfactor_adjusted(found, 150, 90.0, 1.0)
    np.testing.assert_array_equal(np.linalg.eigvalsh(same), mended)


def test_the_adjustment_keeps_what_has_no_variance():
    flat = np.diag([1.0, 0.0, 2.0])
    found = eigenfactor_adjusted(flat, 100, 90.0)
    assert np.linalg.eigvalsh(found).min() >= 0
    assert found[1, 1] == 0
    np.testing.assert_array_equal(eigenfactor_adjusted(np.zeros((2, 2)), 9, 90.0), np.zeros((2, 2)))


def test_the_regime_of_late():
    rng = np.random.default_rng(7)
    calm = rng.standard_normal((252, 40))
    assert regime_multiplier(calm, 90.0, 42.0) == pytest.approx(1.0, abs=0.05)
    stormy = calm.copy()
    stormy[-10:] *= 3
    assert regime_multiplier(stormy, 90.0, 10.0) > 2
    assert regime_multiplier(calm[:20], 90.0, 42.0) == 1.0


def test_the_regime_by_hand():
    """Mean square of 20 sessions of +-1 is 1; then a session of 2: B^2 = 4."""
    series = np.array([[1.0], [-1.0]] * 10 + [[2.0]])
    assert regime_multiplier(series, 1e9, 42.0) == pytest.approx(4.0)


def test_new_and_still_series_say_nothing_of_the_regime():
    """What is left of the only stock of an industry is rounding, until a second one comes."""
    calm = np.random.default_rng(7).normal(0, 0.02, (252, 40))
    for begin, before in ((100, np.nan), (150, 1e-18), (250, 0.0)):
        late = calm[:, :2].copy()
        late[:begin] = before
        late[begin] = 1e-5  # a first day that is nearly nothing
        found = regime_multiplier(np.hstack([calm, late]), 90.0, 42.0)
        assert found == pytest.approx(1.0, abs=0.1)


def test_weights_sum_to_one():
    weight = ewma_weights(252, 90.0)
    assert weight.sum() == pytest.approx(1.0)
    assert weight[-1] / weight[-91] == pytest.approx(2.0)
