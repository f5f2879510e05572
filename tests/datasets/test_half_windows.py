"""Windows of halves beside windows of the same values as float32, bit by bit."""

from dataclasses import replace
from datetime import time

import numpy as np
import pytest
import torch

from intralpha.base import Panel
from intralpha.base.arrays import ArrayFormError
from intralpha.base.half import HalfPanel, halved
from intralpha.datasets import CutSpec, Samples
from intralpha.datasets.half_windows import HalfStepsError, gather_half
from intralpha.datasets.window import Window
from intralpha.datasets.windows import WindowBoundsError, gather

DAYS = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[D]")
ASSETS = np.array([f"{i:06d}.SZ" for i in range(1, 31)])
TIMES = (time(11, 30), time(14, 0), time(15, 0))
ALL = np.arange(2**16, dtype=np.uint16).view(np.float16)


def half_panel(times: tuple[time, ...] | None) -> HalfPanel:
    rng = np.random.default_rng(0)
    panel = Panel.full(DAYS, ASSETS, tuple("abcde"), times)
    panel.values[...] = rng.standard_normal(panel.values.shape) * 10.0 ** rng.integers(-9, 9, 5)
    panel.values[rng.random(panel.values.shape) < 0.1] = np.nan
    made = [halved(day)[:2] for day in panel.values]
    halves, exponents_DF = (np.stack(part) for part in zip(*made, strict=True))
    return HalfPanel(halves, exponents_DF, DAYS, ASSETS, panel.names, times)


@pytest.mark.parametrize("flushed", [False, True])
def test_every_float16_is_widened_exactly(flushed: bool) -> None:
    """In a thread, too, that takes numbers below the normal ones of float32 for 0."""
    torch.set_flush_denormal(flushed)
    try:
        steps = ALL.reshape(64, 1, 1024)
        scale_DF = np.ldexp(np.float32(1), np.arange(-16, 16)[:, None]).repeat(1024, 1)
        found = gather_half(steps, scale_DF, np.array([64]), np.array([0]), 64)[0]
    finally:
        torch.set_flush_denormal(False)
    with np.errstate(invalid="ignore"):  # NaN that signals
        expected = steps[:, 0].astype(np.float32) * scale_DF.repeat(2, 0)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("times", [None, TIMES])
@pytest.mark.parametrize("every", [1, 3])
def test_windows_are_those_of_the_widened_panel(times: tuple[time, ...] | None, every: int) -> None:
    half = half_panel(times)
    cut = CutSpec(window_days=4, every=every, step="day")
    t, column = np.array([14, 39, 20, 14]), np.array([3, 0, 29, 7])
    rows = np.zeros(4, np.int64)
    for part, shift in ((half, 0), (half.days(slice(5, 40)), 5)):
        narrow, wide = Window(part, cut), Window(part.widened(), cut)
        found = narrow.of(t - shift, column, rows, None)
        np.testing.assert_array_equal(found, wide.of(t - shift, column, rows, None))
        assert found.dtype == np.float32
        assert np.isnan(found).any()
        assert narrow.sizes == wide.sizes


def test_samples_of_both_are_the_same() -> None:
    half = half_panel(TIMES)
    masks = np.ones((40, 30), bool)
    label = Panel.full(DAYS, ASSETS, ("fwd_label",), fill=0.5)
    wide = Samples.of(half.widened(), masks, masks, 6, label)
    narrow = replace(wide, windows={"x": Window(half, wide.windows["x"].cut)})
    for one, other in zip(
        narrow.pooled(DAYS[10:], 64, np.random.default_rng(1)),
        wide.pooled(DAYS[10:], 64, np.random.default_rng(1)),
        strict=True,
    ):
        np.testing.assert_array_equal(one.x, other.x)


def test_what_does_not_fit_is_refused_before_compiled_code_reads_it() -> None:
    half = half_panel(TIMES)
    steps, scale_DF = half.halves.reshape(120, 30, 5), half.scale_DF
    one, none = np.array([30]), np.array([0])
    for stop, column in ((121, 0), (8, 0), (30, 30), (30, -1)):
        with pytest.raises(WindowBoundsError):
            gather_half(steps, scale_DF, np.array([stop]), np.array([column]), 9)
    with pytest.raises(HalfStepsError, match="found float32"):
        gather_half(steps.astype(np.float32), scale_DF, one, none, 9)
    for other in (scale_DF[:-1], scale_DF[:, :-1]):
        with pytest.raises(HalfStepsError, match="expected S, A, F that fit"):
            gather_half(steps, other, one, none, 9)
    with pytest.raises(ArrayFormError):
        gather(steps, one, none, 9)  # which would read halves as something else
