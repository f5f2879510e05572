"""Combination: z-scored weighted means, by hand and by property."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from intralpha.base import Panel
from intralpha.combination import EqualSpec, WeightsSpec, combine
from intralpha.combination.combine import UnknownFactorError

DAYS = np.array(["2024-01-02", "2024-01-03"], dtype="datetime64[D]")
ASSETS = np.array([f"{i:06d}.SZ" for i in range(1, 7)])


def make(seed: int) -> Panel:
    values = np.random.default_rng(seed).standard_normal((2, 6, 1)).astype(np.float32)
    return Panel(values, DAYS, ASSETS, ("score",))


ALL = np.ones((2, 6), dtype=bool)


def test_one_to_three_by_hand() -> None:
    panels = {"high": make(0), "low": make(1)}
    out = combine(panels, WeightsSpec(weights={"high": 0.25, "low": 0.75}), ALL)
    a, b = (stats.zscore(panels[n].values[0, :, 0].astype(float)) for n in ("high", "low"))
    np.testing.assert_allclose(out["score"][0], 0.25 * a + 0.75 * b, rtol=1e-5, atol=1e-6)


def test_a_stock_with_one_factor_gets_that_one() -> None:
    panels = {"x": make(0), "y": make(1)}
    panels["y"].values[0, 2] = np.nan
    out = combine(panels, EqualSpec(of=("x", "y")), ALL)
    z = stats.zscore(panels["x"].values[0, :, 0].astype(float))
    assert out["score"][0, 2] == pytest.approx(z[2], rel=1e-5)


def test_outside_the_mask_there_is_no_score_and_no_influence() -> None:
    mask = ALL.copy()
    mask[0, 5] = False
    panel = make(0)
    before = combine({"x": panel}, EqualSpec(of=("x",)), mask)
    panel.values[0, 5] = 1e9
    after = combine({"x": panel}, EqualSpec(of=("x",)), mask)
    assert np.isnan(after["score"][0, 5])
    np.testing.assert_array_equal(before["score"], after["score"])


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 100), st.floats(-50, 50), st.permutations(range(6)))
def test_scale_shift_and_order_do_not_matter(a: float, b: float, order: list[int]) -> None:
    plain = {"x": make(0), "y": make(1)}
    spec = EqualSpec(of=("x", "y"))
    expected = combine(plain, spec, ALL)["score"]
    moved = {
        n: Panel((p.values * a + b)[:, order], DAYS, ASSETS[order], ("score",))
        for n, p in plain.items()
    }
    found = combine(moved, spec, ALL)["score"]
    np.testing.assert_allclose(found, expected[:, order], atol=2e-3)


def test_unknown_factors_and_keys_are_refused() -> None:
    with pytest.raises(UnknownFactorError, match="no factor z"):
        combine({"x": make(0)}, EqualSpec(of=("z",)), ALL)
    with pytest.raises(ValidationError):
        EqualSpec(of=())
