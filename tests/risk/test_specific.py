"""Specific variances against plain loops."""

import numpy as np
import pytest
import statsmodels.api as sm

from intralpha.risk.specific import (
    LEAST,
    modelled_variance,
    own_variance,
    shrunk,
    specific_variance,
)


def test_own_variance_term_by_term():
    rng = np.random.default_rng(0)
    left = rng.normal(0, 0.02, (30, 5))
    left[rng.random(left.shape) < 0.3] = np.nan
    left[:, 4] = np.nan
    found, days = own_variance(left, 90.0)
    for a in range(4):
        pairs = [(0.5 ** ((29 - t) / 90), u) for t, u in enumerate(left[:, a]) if u == u]
        expected = sum(w * u * u for w, u in pairs) / sum(w for w, _ in pairs)
        assert found[a] == pytest.approx(expected, rel=1e-12)
        assert days[a] == len(pairs)
    assert np.isnan(found[4])
    assert days[4] == 0


def test_the_structural_model_equals_a_plain_regression():
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(200), rng.standard_normal((200, 2))])
    sigma = np.exp(-4 + 0.3 * x[:, 1] - 0.2 * x[:, 2] + rng.normal(0, 0.1, 200))
    days = np.where(np.arange(200) < 150, 252, 10)
    found = modelled_variance(sigma**2, days, x, 120)
    fit = sm.OLS(np.log(sigma[:150]), x[:150]).fit()
    fitted = np.exp(x @ fit.params)
    fitted = np.clip(fitted, sigma[:150].min(), sigma[:150].max())
    expected = (fitted * sigma[:150].sum() / fitted[:150].sum()) ** 2
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert np.corrcoef(np.log(found[150:]), np.log(sigma[150:]))[0, 1] > 0.9


def test_too_few_old_stocks_have_their_mean():
    own = np.array([1e-4, 3e-4, np.nan, 5e-4])
    x = np.ones((4, 3))
    found = modelled_variance(own, np.array([200, 200, 0, 3]), x, 120)
    np.testing.assert_allclose(found, 2e-4)
    nobody = modelled_variance(np.full(4, np.nan), np.zeros(4, dtype=int), x, 120)
    np.testing.assert_array_equal(nobody, LEAST)


def test_shrinkage_by_deciles():
    rng = np.random.default_rng(2)
    cap, variance = rng.permutation(100) + 1.0, rng.uniform(1e-4, 1e-3, 100)
    found = shrunk(variance, cap, 0.1)
    order = np.argsort(cap)
    for group in order.reshape(10, 10):
        expected = 0.9 * variance[group] + 0.1 * variance[group].mean()
        np.testing.assert_allclose(found[group], expected, rtol=1e-12)
    np.testing.assert_allclose(shrunk(variance, np.ones(100), 1.0), variance.mean())
    unknown = shrunk(variance, np.full(100, np.nan), 1.0)
    np.testing.assert_allclose(unknown, variance.mean())


def test_young_stocks_are_mixed_by_their_days():
    rng = np.random.default_rng(3)
    left = rng.normal(0, 0.02, (252, 100))
    left[:-30, 0] = np.nan
    left[:, 1] = np.nan
    x = np.ones((100, 1))
    found = specific_variance(left, x, np.ones(100), decile_weight=0.0)
    own, days = own_variance(left, 90.0)
    model = modelled_variance(own, days, x, 120)
    assert found[0] == pytest.approx((0.25 * np.sqrt(own[0]) + 0.75 * np.sqrt(model[0])) ** 2)
    assert found[1] == pytest.approx(model[1])
    np.testing.assert_allclose(found[2:], own[2:])


def test_no_stock_is_without_risk():
    left = np.zeros((100, 3))
    found = specific_variance(left, np.ones((3, 1)), np.ones(3))
    assert (found >= LEAST).all()
