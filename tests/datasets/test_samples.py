"""Samples: windows, labels and validity; pooled batches hold the same rows as day batches."""

import dataclasses
from datetime import time

import numpy as np
import pytest

from intralpha.base import Panel
from intralpha.datasets import CutSpec, Samples, Window
from intralpha.datasets.samples import SampleAxesError, ShortHistoryError
from intralpha.labels import UnknownSampleDateError

DAYS = np.arange("2024-01-01", "2024-01-13", dtype="datetime64[D]")
ASSETS = np.array([f"{i:06d}.SZ" for i in range(1, 6)])


def make(times: tuple[time, ...] | None = None, ratio_clip: float = 0.0) -> Samples:
    bars = 1 if times is None else len(times)
    values = np.arange(12 * bars * 5 * 2, dtype=np.float32).reshape(12, bars, 5, 2)
    panel = Panel(values if times else values[:, 0], DAYS, ASSETS, ("a", "b"), times)
    label = Panel.full(DAYS[2:], ASSETS, ("fwd_label",), fill=0.5)
    label.values[3, 1, 0] = np.nan
    present = np.ones((12, 5), dtype=bool)
    mask = np.ones((12, 5), dtype=bool)
    mask[5, 4] = False
    present[:6, 0] = False
    return Samples.of(panel, present, mask, 4, label, ratio_clip)


def cut_by(samples: Samples, cut: CutSpec) -> Samples:
    """The same samples with windows cut in another way."""
    window = dataclasses.replace(samples.windows["x"], cut=cut)
    return dataclasses.replace(samples, windows={"x": window})


def test_a_window_ends_on_its_date_and_is_oldest_first() -> None:
    samples = make()
    batch = samples.day(DAYS[8], labelled=True)
    assert batch.x.shape == (5, 4, 2)
    np.testing.assert_array_equal(batch.x[2], samples.windows["x"].panel.values[5:9, 2])


def test_bars_are_laid_end_to_end() -> None:
    times = (time(10, 30), time(11, 30), time(15, 0))
    samples = make(times)
    batch = samples.day(DAYS[8], labelled=False)
    assert batch.x.shape == (5, 12, 2)
    np.testing.assert_array_equal(
        batch.x[1], samples.windows["x"].panel.values[5:9, :, 1].reshape(12, 2)
    )


def test_a_step_can_be_a_day_with_its_bars_side_by_side() -> None:
    times = (time(10, 30), time(11, 30), time(15, 0))
    bars = make(times)
    days = cut_by(bars, CutSpec(window_days=4, step="day"))
    assert (bars.windows["x"].sizes, days.windows["x"].sizes) == ((12, 2), (4, 6))
    batch = days.day(DAYS[8], labelled=False)
    assert batch.x.shape == (5, 4, 6)
    np.testing.assert_array_equal(
        batch.x[1], bars.windows["x"].panel.values[5:9, :, 1].reshape(4, 6)
    )
    nobody = dataclasses.replace(days, mask_DA=np.zeros((12, 5), dtype=bool))
    assert nobody.day(DAYS[8], labelled=False).x.shape == (0, 4, 6)


def test_who_is_a_sample() -> None:
    samples = make()
    # Day 5: stock 0 was present on no day of its window, 4 is out of the universe, 1 has no label.
    assert samples.day(DAYS[5], labelled=True).columns.tolist() == [2, 3]
    assert samples.day(DAYS[5], labelled=False).columns.tolist() == [1, 2, 3]
    assert samples.day(DAYS[7], labelled=False).columns.tolist() == [0, 1, 2, 3, 4]
    # Day 1 of the labels is 2024-01-03; a date without labels has no training samples.
    assert next(samples.days(DAYS[3:4], labelled=True)).columns.tolist() == [1, 2, 3, 4]


def test_too_little_history_is_an_error() -> None:
    with pytest.raises(ShortHistoryError, match=r"session 3 .* needs 4"):
        make().day(DAYS[2], labelled=False)


def test_pooled_batches_hold_every_labelled_sample_once() -> None:
    samples = make()
    dates = DAYS[4:9]
    batches = list(samples.pooled(dates, 7, np.random.default_rng(0)))
    assert [len(b.y) for b in batches][:-1] == [7] * (len(batches) - 1)
    pooled = np.concatenate([b.x for b in batches])
    daily = np.concatenate([b.x for b in samples.days(dates, labelled=True)])
    key = lambda x: np.sort(x[:, -1, 0])  # noqa: E731
    np.testing.assert_array_equal(key(pooled), key(daily))
    mixed = {float(v) // 10 for v in batches[0].x[:, -1, 0]}
    assert len(mixed) > 1, "a pooled batch mixes dates"


def test_windows_do_not_copy_the_panel() -> None:
    samples = make()
    assert np.shares_memory(
        samples.windows["x"].panel.values[2:6], samples.windows["x"].panel.values
    )
    assert samples.day(DAYS[8], labelled=False).x.nbytes == 5 * 4 * 2 * 4


def test_ratio_windows_are_standardised_over_the_batch() -> None:
    batch = make(ratio_clip=np.inf).day(DAYS[8], labelled=False)
    np.testing.assert_allclose(batch.x.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_array_equal(batch.x[:, -1], 0)


def test_labels_are_those_of_the_samples() -> None:
    samples = make()
    for day in DAYS[4:9]:
        batch = samples.day(day, labelled=False)
        np.testing.assert_array_equal(samples.labels(day), batch.y)
    assert np.isnan(samples.labels(DAYS[5])).any()


def test_masks_and_labels_must_lie_on_the_features_axes() -> None:
    samples = make()
    with pytest.raises(SampleAxesError, match=r"present_DA .*\(12, 5\)"):
        dataclasses.replace(
            samples,
            present_DA=np.ones((12, 6), bool),
            mask_DA=np.ones((12, 6), bool),
        )
    label = samples.label
    turned = Panel(label.values[:, ::-1], label.dates, label.assets[::-1], label.names)
    with pytest.raises(SampleAxesError, match="the same assets"):
        dataclasses.replace(samples, label=turned)


@pytest.mark.parametrize("day", ["2024-01-06", "2024-02-01"])
def test_a_date_between_or_after_the_sessions_is_no_sample_date(day: str) -> None:
    samples = make()
    sessions = np.delete(np.arange(12), 5)  # without 6 January: its window would end on the 7th
    window = samples.windows["x"]
    holed = dataclasses.replace(
        samples,
        windows={"x": dataclasses.replace(window, panel=window.panel.at(DAYS[sessions]))},
        present_DA=samples.present_DA[sessions],
        mask_DA=samples.mask_DA[sessions],
    )
    for ask in (lambda: holed.day(day, labelled=False), lambda: holed.labels(day)):
        with pytest.raises(UnknownSampleDateError, match=day):
            ask()


def test_a_stock_that_did_not_trade_on_the_date_is_no_sample() -> None:
    samples = make()
    samples.present_DA[8, 2] = False
    assert samples.day(DAYS[8], labelled=False).columns.tolist() == [0, 1, 3, 4]
    assert samples.day(DAYS[9], labelled=False).columns.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("empty", [0.0, np.nan])
def test_a_ratio_needs_a_value_of_every_feature(empty: float) -> None:
    samples = make(ratio_clip=3.0)
    samples.windows["x"].panel.values[5:9, 2, 1] = empty
    samples.windows["x"].panel.values[6:9, 3, 0] = empty  # the oldest day of the window is left
    assert samples.day(DAYS[8], labelled=False).columns.tolist() == [0, 1, 3, 4]
    plain = dataclasses.replace(samples.windows["x"], ratio_clip=0.0)
    samples = dataclasses.replace(samples, windows={"x": plain})
    assert samples.day(DAYS[8], False).columns.tolist() == [*range(5)]


def test_steps_can_be_days_with_their_bars_inside() -> None:
    bars = make((time(10, 30), time(11, 30), time(15, 0)))
    batch = cut_by(bars, CutSpec(window_days=4, step="nested")).day(DAYS[8], labelled=False)
    assert batch.x.shape == (5, 4, 3, 2)
    np.testing.assert_array_equal(batch.x[1], bars.windows["x"].panel.values[5:9, :, 1])


def test_a_window_can_leave_sessions_out() -> None:
    """Blocks of days that end on every session: each step is one block, not one session."""
    samples = cut_by(make(), CutSpec(window_days=3, every=4))
    batch = samples.day(DAYS[8], labelled=False)
    assert batch.columns.tolist() == [1, 2, 3, 4], "stock 0 traded on 3 of 9 sessions"
    np.testing.assert_array_equal(batch.x[1], samples.windows["x"].panel.values[[0, 4, 8], 2])
    with pytest.raises(ShortHistoryError, match=r"session 8 .* needs 9"):
        samples.day(DAYS[7], labelled=False)
    bars = cut_by(make((time(11, 30), time(15))), CutSpec(window_days=2, every=3))
    batch = bars.day(DAYS[8], labelled=False)
    rows = bars.windows["x"].panel.values[[5, 8], :, 3].reshape(4, 2)
    np.testing.assert_array_equal(batch.x[3], rows)


def test_several_inputs_stand_side_by_side_and_the_longest_decides_who_is_a_sample() -> None:
    short = make()
    panel = Panel(-short.windows["x"].panel.values, DAYS, ASSETS, ("c", "d"))
    long = Window(panel, CutSpec(window_days=3, every=3))
    samples = dataclasses.replace(short, windows={**short.windows, "slow": long})
    batch = samples.day(DAYS[9], labelled=False)
    assert {name: x.shape for name, x in batch.windows.items()} == {
        "x": (5, 4, 2),
        "slow": (5, 3, 2),
    }
    np.testing.assert_array_equal(batch.windows["slow"][1], panel.values[[3, 6, 9], 1])
    # Stock 0 traded on 4 of the last 4 sessions, but on 3 of the 7 that the other window spans.
    samples.present_DA[:7, 0] = False
    assert samples.day(DAYS[9], labelled=False).columns.tolist() == [1, 2, 3, 4]
    assert short.day(DAYS[10], labelled=False).columns.tolist() == [0, 1, 2, 3, 4]
    other = Window(Panel(panel.values[1:], DAYS[1:], ASSETS, ("c", "d")), CutSpec(window_days=3))
    with pytest.raises(SampleAxesError, match=r"input slow .*other dates"):
        dataclasses.replace(short, windows={**short.windows, "slow": other})


def test_a_label_may_have_several_columns() -> None:
    """A sample is labelled if any column is; a batch tells of each sample's date."""
    samples = make()
    values = np.full((10, 5, 3), 0.5, np.float32)
    values[2, 1, :2], values[2, 2, :] = np.nan, np.nan
    label = Panel(values, DAYS[2:], ASSETS, ("fwd_h01", "fwd_h02", "fwd_h03"))
    samples = dataclasses.replace(samples, label=label)
    batch = samples.day(DAYS[4], labelled=True)
    assert (batch.columns.tolist(), batch.y.shape) == ([1, 3, 4], (3, 3))
    assert np.isnan(batch.y[0]).tolist() == [True, True, False]
    (pooled,) = samples.pooled(DAYS[4:6], 100, np.random.default_rng(0))
    assert pooled.dates.tolist() == DAYS[4:6].tolist()
    assert pooled.days_B.tolist() == [0] * 3 + [1] * 3
    assert pooled.columns.tolist() == [1, 3, 4, 1, 2, 3]


def test_later_sessions_and_other_stocks_change_no_window() -> None:
    """Of several inputs, one of which leaves sessions out."""
    panel = make().windows["x"].panel

    def batch(values: np.ndarray, order: np.ndarray) -> dict[str, np.ndarray]:
        samples = make()
        seen = Panel(values[:, order], DAYS, ASSETS[order], ("a", "b"))
        cuts = {"fast": CutSpec(window_days=4), "slow": CutSpec(window_days=3, every=4)}
        label = samples.label
        whole = Samples(
            {name: Window(seen, cut) for name, cut in cuts.items()},
            samples.present_DA[:, order],
            samples.mask_DA[:, order],
            Panel(label.values[:, order], label.dates, ASSETS[order], label.names),
        )
        found = whole.day(DAYS[8], labelled=True)
        by_asset = np.argsort(ASSETS[order][found.columns])
        return {name: x[by_asset] for name, x in found.windows.items()}

    expected = batch(panel.values, np.arange(5))
    assert expected["slow"].shape == (4, 3, 2)
    later = panel.values.copy()
    later[9:] = np.random.default_rng(0).standard_normal(later[9:].shape)
    turned = np.array([3, 1, 4, 0, 2])
    for found in (batch(later, np.arange(5)), batch(panel.values, turned)):
        for name, x in expected.items():
            np.testing.assert_array_equal(found[name], x)
