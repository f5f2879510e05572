"""Window kernels beside plain slices and the plain float64 ratio."""

import numpy as np
import pytest

from intralpha.base import Panel
from intralpha.datasets import Samples
from intralpha.datasets.windows import WindowBoundsError, gather, gather_ratio, ratio_moments

from .reference import window_ratio

DAYS = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[D]")
ASSETS = np.array([f"{i:06d}.SZ" for i in range(1, 31)])


@pytest.fixture
def steps() -> np.ndarray:
    rng = np.random.default_rng(3)
    values = np.exp(rng.standard_normal((40, 30, 5))).astype(np.float32)
    values[rng.random(values.shape) < 0.1] = np.nan
    values[rng.random(values.shape) < 0.1] = 0.0
    values[:, :, 4] = 3.0
    values[:, 7, 1] = np.nan
    return values


def test_gather_is_a_slice_for_each_sample(steps: np.ndarray) -> None:
    stop, column = np.array([9, 40, 9, 23]), np.array([3, 0, 29, 3])
    out = gather(steps, stop, column, 9)
    for n in range(4):
        np.testing.assert_array_equal(out[n], steps[stop[n] - 9 : stop[n], column[n]])


@pytest.mark.parametrize("clip", [np.inf, 1.5])
def test_ratio_windows_equal_the_plain_computation(steps: np.ndarray, clip: float) -> None:
    column = np.array([0, 1, 2, 7, 11, 12, 20, 29])
    moments = ratio_moments(steps, 25, column, 12)
    out = gather_ratio(
        steps, np.full(8, 25), column, np.zeros(8, int), (moments[0][None], moments[1][None]), clip
    )
    expected = window_ratio(steps[13:25, column].astype(np.float64), clip)
    np.testing.assert_allclose(out, expected.transpose(1, 0, 2), rtol=1e-5, atol=1e-6)


def test_no_stock_gives_no_moments(steps: np.ndarray) -> None:
    mean, inverse = ratio_moments(steps, 25, np.array([], int), 12)
    assert (mean == 0).all()
    assert (inverse == 0).all()


@pytest.mark.parametrize("ratio_clip", [0.0, np.inf])
def test_pooled_rows_are_the_rows_of_the_days(steps: np.ndarray, ratio_clip: float) -> None:
    label = Panel.full(DAYS, ASSETS, ("fwd_label",))
    rng = np.random.default_rng(0)
    label.values[:] = rng.permutation(1200).reshape(40, 30, 1)
    label.values[rng.random(label.values.shape) < 0.2] = np.nan
    samples = Samples.of(
        Panel(steps, DAYS, ASSETS, tuple("abcde")),
        np.ones((40, 30), bool),
        rng.random((40, 30)) < 0.7,
        6,
        label,
        ratio_clip,
    )
    dates = DAYS[10:30]
    by_label = {
        float(v): row
        for b in samples.days(dates, labelled=True)
        for v, row in zip(b.y, b.x, strict=True)
    }
    seen = 0
    for batch in samples.pooled(dates, 64, np.random.default_rng(1)):
        for value, row in zip(batch.y, batch.x, strict=True):
            np.testing.assert_array_equal(row, by_label[float(value)])
            seen += 1
    assert seen == len(by_label) > 64


def test_a_ratio_window_does_not_know_who_has_a_label(steps: np.ndarray) -> None:
    label = Panel.full(DAYS, ASSETS, ("fwd_label",), fill=0.5)
    label.values[20, :15] = np.nan
    samples = Samples.of(
        Panel(steps, DAYS, ASSETS, tuple("abcde")),
        np.ones((40, 30), bool),
        np.ones((40, 30), bool),
        6,
        label,
        np.inf,
    )
    trained, scored = samples.day(DAYS[20], labelled=True), samples.day(DAYS[20], labelled=False)
    np.testing.assert_array_equal(trained.x, scored.x[np.isin(scored.columns, trained.columns)])


@pytest.mark.parametrize(
    ("stop", "column"), [(41, 0), (8, 0), (20, 30), (20, -1), (2**40, 0), (20, -(2**40))]
)
def test_nothing_is_read_beyond_the_array(steps: np.ndarray, stop: int, column: int) -> None:
    stops, columns = np.array([20, stop]), np.array([3, column])
    moments = (np.zeros((1, 9, 5)), np.ones((1, 9, 5)))
    with pytest.raises(WindowBoundsError, match="allowed are"):
        gather(steps, stops, columns, 9)
    with pytest.raises(WindowBoundsError, match="allowed are"):
        gather_ratio(steps, stops, columns, np.zeros(2, int), moments, 3.0)
    with pytest.raises(WindowBoundsError, match="allowed are"):
        ratio_moments(steps, stop, columns, 9)


def test_a_length_is_looked_at_before_rows_are_made(steps: np.ndarray) -> None:
    """Nobody has memory for so many."""
    stops, columns = np.array([20]), np.array([3])
    for call in (
        lambda: gather(steps, stops, columns, 2**50),
        lambda: ratio_moments(steps, 20, columns, 2**50),
    ):
        with pytest.raises(WindowBoundsError, match=f"windows of {2**50} steps end"):
            call()


def test_a_date_without_moments_is_refused(steps: np.ndarray) -> None:
    moments = (np.zeros((1, 9, 5)), np.ones((1, 9, 5)))
    with pytest.raises(WindowBoundsError, match="rows of moments"):
        gather_ratio(steps, np.array([20]), np.array([3]), np.array([1]), moments, 3.0)
