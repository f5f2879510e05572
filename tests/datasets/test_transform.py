"""Transforms against plain loops; nothing but training days is ever read."""

from datetime import time

import numpy as np
import pytest
from scipy import stats

from intralpha.base import Panel
from intralpha.datasets import CrossSectionSpec, GlobalStandardSpec

from .reference import window_ratio

DAYS = np.arange("2024-01-01", "2024-01-11", dtype="datetime64[D]")
ASSETS = np.array([f"{i:06d}.SZ" for i in range(1, 41)])


@pytest.fixture
def panel() -> Panel:
    values = np.random.default_rng(0).standard_t(3, (10, 40, 2)).astype(np.float32)
    values[2, 5:9, 0] = np.nan
    values[3, :, 1] = 7.0
    return Panel(values, DAYS, ASSETS, ("a", "b"))


def test_global_constants_by_a_plain_computation(panel: Panel) -> None:
    mask = np.ones((10, 40), dtype=bool)
    mask[:, 0] = False
    fitted = GlobalStandardSpec(mads=2.0).fit(panel, DAYS[:6], mask)
    values = panel["a"][:6, 1:].astype(float).ravel()
    values = values[np.isfinite(values)]
    median = np.median(values)
    width = 2.0 * stats.median_abs_deviation(values)
    clipped = np.clip(values, median - width, median + width)
    assert fitted["low"][0] == pytest.approx(median - width, rel=1e-6)
    assert fitted["mean"][0] == pytest.approx(clipped.mean(), rel=1e-5)
    assert fitted["std"][0] == pytest.approx(clipped.std(), rel=1e-6)
    out = GlobalStandardSpec(mads=2.0).apply(panel, mask, fitted)
    assert not np.isnan(out.values).any()
    assert out["a"][2, 6] == 0


def test_scrambling_the_test_days_changes_no_fitted_constant(panel: Panel) -> None:
    mask = np.ones((10, 40), dtype=bool)
    before = GlobalStandardSpec(mads=7.0).fit(panel, DAYS[:6], mask)
    panel.values[6:] = 1e6
    after = GlobalStandardSpec(mads=7.0).fit(panel, DAYS[:6], mask)
    panel.values[5] = 1e6
    cheat = GlobalStandardSpec(mads=7.0).fit(panel, DAYS[:6], mask)
    np.testing.assert_array_equal(before["mean"], after["mean"])
    assert not np.array_equal(before["mean"], cheat["mean"]), "the check compares nothing"


def test_cross_section_by_a_plain_loop(panel: Panel) -> None:
    mask = np.random.default_rng(1).random((10, 40)) < 0.8
    out = CrossSectionSpec(mads=2.0).apply(panel, mask, {})
    for d in range(10):
        row = panel["a"][d].astype(float)
        known = mask[d] & np.isfinite(row)
        middle = np.median(row[known])
        width = 2.0 * stats.median_abs_deviation(row[known])
        clipped = row[known].clip(middle - width, middle + width)
        np.testing.assert_allclose(out["a"][d][known], stats.zscore(clipped), rtol=1e-5, atol=1e-6)
        assert (out["a"][d][~known] == 0).all()
    assert (out["b"][3] == 0).all()


def test_bars_are_standardised_slot_by_slot(panel: Panel) -> None:
    times = (time(10, 0), time(15, 0))
    values = np.stack([panel.values, panel.values * 100 + 5], axis=1)
    bars = Panel(values, DAYS, ASSETS, panel.names, times)
    mask = np.ones((10, 40), dtype=bool)
    spec = CrossSectionSpec(mads=None, sigmas=3.0)
    out = spec.apply(bars, mask, {})
    np.testing.assert_allclose(out["a"][:, 0], out["a"][:, 1], atol=1e-4)
    daily = spec.apply(panel, mask, {})
    np.testing.assert_array_equal(daily["a"], out["a"][:, 0])


def test_cross_section_ignores_other_days_and_outsiders(panel: Panel) -> None:
    mask = np.ones((10, 40), dtype=bool)
    mask[:, 3] = False
    before = CrossSectionSpec().apply(panel, mask, {})
    panel.values[5:] = 9e9
    panel.values[:, 3] = 9e9
    after = CrossSectionSpec().apply(panel, mask, {})
    np.testing.assert_array_equal(before.values[:5], after.values[:5])


def test_window_ratio_by_hand() -> None:
    # Three stocks: 8/10, 12/10, 10/10 -> z of (.8, 1.2, 1.0); the last lag is 1 for all -> 0.
    window = np.array([[[8.0], [12.0], [10.0]], [[10.0], [10.0], [10.0]]])
    out = window_ratio(window, None)
    np.testing.assert_allclose(out[0, :, 0], [-1.2247449, 1.2247449, 0.0], atol=1e-6)
    np.testing.assert_array_equal(out[1, :, 0], [0, 0, 0])


def test_window_ratio_takes_the_last_value_that_is_not_zero() -> None:
    window = np.array([[4.0, 1.0], [2.0, 3.0], [0.0, 2.0]])[:, :, None]
    full = np.concatenate([window, np.ones((3, 1, 1))], axis=1)
    out = window_ratio(full, None)
    # Stock 0: last is 2 -> (2, 1, 0); stock 1: (0.5, 1.5, 1); stock 2: (1, 1, 1).
    np.testing.assert_allclose(out[0, :, 0], stats.zscore([2.0, 0.5, 1.0]), atol=1e-6)
    np.testing.assert_allclose(out[2, :, 0], stats.zscore([0.0, 1.0, 1.0]), atol=1e-6)
    empty = np.full((3, 2, 1), np.nan)
    assert (window_ratio(empty, 3.0) == 0).all()
