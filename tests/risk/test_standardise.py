"""Standardising by hand and by its properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from intralpha.risk import fill_missing, residual, standardise

NAN = np.nan
ALL = np.ones(5, dtype=bool)


def test_by_hand():
    # Mean weighted 1:1:2 is (1 + 2 + 2 * 6) / 4 = 3.75; std of 1, 2, 6 is sqrt(14 / 3).
    # Median 2, MAD 1: the cut is at 2 +- 7.413, nothing is cut.
    values = np.array([1.0, 2.0, 6.0])
    found = standardise(values, np.ones(3, dtype=bool), np.array([1.0, 1.0, 2.0]))
    assert found == pytest.approx((values - 3.75) / np.sqrt(14 / 3))


def test_an_outlier_is_cut_at_the_median_deviation():
    # Median 3, deviations 2 1 0 1 97, MAD 1: cut at 3 + 5 * 1.4826 = 10.413.
    values = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
    cut = np.array([1.0, 2.0, 3.0, 4.0, 10.413])
    found = standardise(values, ALL, np.ones(5))
    assert found == pytest.approx((cut - cut.mean()) / cut.std())


def test_the_core_sets_the_scale_and_the_others_are_measured_by_it():
    values = np.array([0.0, 2.0, 4.0, 3.0, NAN])
    core = np.array([True, True, True, False, True])
    found = standardise(values, core, np.ones(5))
    std = np.sqrt(8 / 3)
    assert found[:4] == pytest.approx([-2 / std, 0, 2 / std, 1 / std])
    assert np.isnan(found[4])


def test_unknown_caps_count_nothing_and_if_all_are_unknown_all_are_equal():
    values = np.array([0.0, 2.0, 4.0])
    core = np.ones(3, dtype=bool)
    std = np.sqrt(8 / 3)
    found = standardise(values, core, np.array([1.0, NAN, 1.0]))
    assert found == pytest.approx((values - 2) / std)
    assert standardise(values, core, np.full(3, NAN)) == pytest.approx((values - 2) / std)


@pytest.mark.parametrize("values", [[1.0] * 5, [NAN] * 5, [1.0, NAN, NAN, NAN, NAN]])
def test_nothing_to_compare_is_missing(values):
    assert np.isnan(standardise(np.array(values), ALL, np.ones(5))).all()


@given(
    arrays(np.float64, 12, elements=st.integers(-200, 200).map(lambda n: n / 8)),
    st.floats(0.1, 50),
    st.floats(-1000, 1000),
    st.randoms(use_true_random=False),
)
def test_shift_scale_and_order_of_stocks_do_not_matter(values, scale, shift, random):
    core, cap = np.arange(12) % 4 > 0, np.arange(1.0, 13.0)
    plain = standardise(values, core, cap)
    if values[core].std() < 1e-3:
        return
    np.testing.assert_allclose(
        standardise(scale * values + shift, core, cap), plain, rtol=1e-5, atol=1e-6
    )
    order = np.array(random.sample(range(12), 12))
    found = standardise(values[order], core[order], cap[order])
    np.testing.assert_allclose(found, plain[order], rtol=1e-9, atol=1e-9)
    if np.isfinite(plain[core]).all():
        assert plain[core].std() == pytest.approx(1)


def test_missing_becomes_the_industry_mean():
    z = np.array([1.0, 3.0, NAN, NAN, 5.0, NAN])
    core = np.array([True, True, True, True, False, True])
    industry = np.array([0, 0, 0, 1, 1, 0], dtype=np.int32)
    present = np.array([True, True, True, True, True, False])
    found = fill_missing(z, core, industry, present)
    # Industry 0: mean of 1 and 3. Industry 1 has no core stock with a value: 0. Last: absent.
    assert found[:5].tolist() == [1.0, 3.0, 2.0, 0.0, 5.0]
    assert np.isnan(found[5])


def test_residual_is_orthogonal_on_the_core():
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(50, 2)), rng.normal(size=50)
    core = np.arange(50) < 40
    left = residual(1 + x @ np.array([2.0, -1.0]) + noise, x, core)
    assert left[core].mean() == pytest.approx(0, abs=1e-12)
    assert x[core].T @ left[core] == pytest.approx([0, 0], abs=1e-10)
    assert np.isfinite(left).all()


def test_a_perfect_fit_leaves_exactly_nothing():
    x = np.random.default_rng(1).normal(size=(30, 1))
    left = residual(5 - 2 * x[:, 0], x, np.ones(30, dtype=bool))
    assert (left == 0).all()


def test_residual_of_nothing_is_missing():
    x = np.full((4, 1), NAN)
    assert np.isnan(residual(np.arange(4.0), x, np.ones(4, dtype=bool))).all()
