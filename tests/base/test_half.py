"""float16 with a power of two a day and name: the bounds of its rounding, wherever values lie."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from intralpha.base import Panel
from intralpha.base.half import HalfPanel, HalfTypeError, halved, is_half, widened
from intralpha.base.panel import PanelReadError

SHAPES = st.one_of(
    st.tuples(st.integers(0, 6), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(0, 4), st.integers(1, 3)),
)
ANY = st.floats(width=32)  # NaN, infinities and what float32 has below its normal numbers, too


def values(elements: st.SearchStrategy[float] = ANY) -> st.SearchStrategy[np.ndarray]:
    return SHAPES.flatmap(lambda shape: arrays.arrays(np.float32, shape, elements=elements))


@given(values())
def test_the_error_is_that_of_rounding_to_float16(given: np.ndarray) -> None:
    halves, exponents_F, lost = halved(given)
    assert halves.dtype == np.float16
    back, exact = widened(halves, exponents_F).astype(np.float64), given.astype(np.float64)
    there = np.isfinite(exact)
    np.testing.assert_array_equal(np.isnan(back), np.isnan(exact))
    np.testing.assert_array_equal(back[~there], exact[~there])
    assert np.isfinite(back[there]).all()
    axes = tuple(range(given.ndim - 1))
    top_F = np.max(np.abs(exact), axis=axes, initial=0.0, where=there)
    # float32 itself ends at 2**-149: no power of two below 2**-126 is taken.
    least_F = np.maximum(2.0**-39 * top_F, 2.0**-149)
    allowed = np.maximum(2.0**-11 * np.abs(exact), least_F)
    assert (np.abs(back[there] - exact[there]) <= allowed[there]).all()
    assert lost == ((back == 0) & (exact != 0)).sum()
    assert (
        np.abs(exact)[(back == 0) & there]
        <= np.broadcast_to(least_F, exact.shape)[(back == 0) & there]
    ).all()


@given(values(st.floats(-1e6, 1e6, width=32)), st.integers(-60, 60))
def test_a_power_of_two_changes_nothing(given: np.ndarray, power: int) -> None:
    """Values beyond 65,504, and those far below 1, are kept as well as those of size 1."""
    given = np.where(np.abs(given) < 1e-6, np.float32(0), given)
    other = np.ldexp(given, power)
    (one, k_F, lost), (two, j_F, also) = halved(given), halved(other)
    np.testing.assert_array_equal(one.view(np.uint16), two.view(np.uint16))
    np.testing.assert_array_equal(np.where(k_F == 0, 0, j_F - k_F) % max(abs(power), 1), 0)
    np.testing.assert_array_equal(np.ldexp(widened(one, k_F), power), widened(two, j_F))
    assert lost == also


@given(values())
def test_what_was_kept_once_is_kept_again(given: np.ndarray) -> None:
    once = widened(*halved(given)[:2])
    halves, exponents_F, lost = halved(once)
    np.testing.assert_array_equal(widened(halves, exponents_F), once)
    assert lost == 0


def test_numbers_that_become_0_are_counted() -> None:
    day = np.array([[1.0, 2.0**-60], [2.0**-60, -(2.0**-60)], [-(2.0**-60), 0.0]], np.float32)
    halves, exponents_F, lost = halved(day)
    assert lost == 2  # of the first name, beside 1; the second has nothing larger
    assert widened(halves, exponents_F).tolist() == [
        [1.0, 2.0**-60],
        [0.0, -(2.0**-60)],
        [-0.0, 0.0],
    ]


def test_names_and_days_have_scales_of_their_own(tmp_path: Path) -> None:
    days = np.arange("2024-01-02", "2024-01-04", dtype="datetime64[D]")
    panel = Panel.full(days, np.array(["A", "B"]), ("big", "small"), fill=np.nan)
    panel.values[0] = [[3e12, 2e-9], [1e12, 1e-9]]
    panel.values[1] = [[5.0, 7e4], [np.inf, -7e5]]
    made = [halved(day)[:2] for day in panel.values]
    halves, exponents_DF = (np.stack(part) for part in zip(*made, strict=True))
    half = HalfPanel(halves, exponents_DF, days, panel.assets, panel.names)
    np.testing.assert_allclose(half.widened().values, panel.values, rtol=2.0**-11)
    np.testing.assert_array_equal(
        half.days(slice(1, 2)).widened().values, half.widened().values[1:]
    )
    tmp_path.joinpath("x").mkdir()
    np.save(tmp_path / "x" / "values.npy", halves)
    half.save_axes(tmp_path / "x")
    back = HalfPanel.load(tmp_path / "x")
    assert is_half(tmp_path / "x")
    assert isinstance(back.halves, np.memmap)
    np.testing.assert_array_equal(back.widened().values, half.widened().values)
    assert (back.names, back.times, back.assets.tolist()) == (panel.names, None, ["A", "B"])


def test_money_is_refused_and_so_is_a_folder_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(HalfTypeError, match="found float64"):
        halved(np.ones((2, 2)))
    with pytest.raises(PanelReadError):
        HalfPanel.load(tmp_path)


def test_the_largest_float32_does_not_become_infinite() -> None:
    day = np.array([[np.finfo(np.float32).max, -np.inf], [-np.finfo(np.float32).max, 1.0]])
    halves, exponents_F, _ = halved(day.astype(np.float32))
    back = widened(halves, exponents_F)
    assert np.isfinite(back[:, 0]).all()
    np.testing.assert_allclose(back[:, 0], day[:, 0], rtol=2.0**-11)
    assert back[:, 1].tolist() == [-np.inf, 1.0]
