"""Windows that end with a bar of their date: beside loops, and blind to what comes after it."""

import dataclasses
from datetime import time

import numpy as np
import pytest

from intralpha.base import Panel
from intralpha.base.half import HalfPanel, halved
from intralpha.datasets import CutSpec, Samples, Window
from intralpha.datasets.samples import ShortHistoryError
from intralpha.datasets.window import UntilError

DAYS = np.arange("2024-01-01", "2024-01-15", dtype="datetime64[D]")
ASSETS = np.array([f"{i:06d}.SZ" for i in range(1, 6)])
TIMES = (time(10, 30), time(11, 30), time(15, 0))
T, F = len(TIMES), 2


def panel_of(bars: bool = True, seed: int = 0) -> Panel:
    values = np.random.default_rng(seed).normal(1, 0.2, (len(DAYS), T, len(ASSETS), F))
    values = values.astype(np.float32)
    if bars:
        return Panel(values, DAYS, ASSETS, ("a", "b"), TIMES)
    return Panel(values[:, 0].copy(), DAYS, ASSETS, ("a", "b"))


def samples_of(cut: CutSpec, panel: Panel | HalfPanel, ratio_clip: float = 0.0) -> Samples:
    ones = np.ones((len(DAYS), len(ASSETS)), bool)
    return Samples({"x": Window(panel, cut, ratio_clip)}, ones, ones)


def halves_of(panel: Panel) -> HalfPanel:
    made = [halved(day) for day in panel.values]
    halves, exponents = np.stack([m[0] for m in made]), np.stack([m[1] for m in made])
    return HalfPanel(halves, exponents, panel.dates, panel.assets, panel.names, panel.times)


def by_loop(panel: Panel, t: int, a: int, until: int, length: int, every: int) -> list[float]:
    """The bars of one stock in time order up to bar ``until`` of day t, a block a kept session."""
    flat = [(d, b) for d in range(len(DAYS)) for b in range(T)]
    end = flat.index((t, until - 1)) if until else flat.index((t - 1, T - 1))
    out: list[float] = []
    for block in range(length - 1, -1, -1):
        stop = end - block * every * T
        for d, b in flat[stop - T + 1 : stop + 1]:
            out += [float(v) for v in panel.values[d, b, a]]
    return out


@pytest.mark.parametrize("step", ["bar", "day", "nested"])
@pytest.mark.parametrize(("length", "every"), [(3, 1), (2, 3)])
@pytest.mark.parametrize("until", [0, 1, 2, 3])
def test_a_window_ends_with_its_bar(until: int, length: int, every: int, step: str) -> None:
    panel = panel_of()
    cut = CutSpec(window_days=length, every=every, step=step, until=until)  # type: ignore[arg-type]
    samples = samples_of(cut, panel)
    for t in (cut.span - 1, 9):
        x = samples.day(DAYS[t], labelled=False).x
        for a in range(len(ASSETS)):
            expected = np.float32(by_loop(panel, t, a, until, length, every))
            np.testing.assert_array_equal(x[a].ravel(), expected)
    with pytest.raises(ShortHistoryError, match=f"needs {cut.span}"):
        samples.day(DAYS[cut.span - 2], labelled=False)


@pytest.mark.parametrize("kind", ["float32", "ratio", "float16"])
@pytest.mark.parametrize("until", [0, 1, 2])
def test_what_comes_after_the_bar_is_not_seen(until: int, kind: str) -> None:
    """In the samples of a day, and in batches that mix days; the whole date, too, is another."""
    t, cut = 8, CutSpec(window_days=3, until=until)
    clip = np.inf if kind == "ratio" else 0.0
    panel = panel_of()
    other = dataclasses.replace(panel, values=panel.values.copy())
    other.values[t, until:] = 7 - other.values[t, until:]
    other.values[t + 1 :] = np.nan
    if kind == "float16":  # the scale of a day is that of all its bars, which is why it is refused
        pair = [halves_of(one) for one in (panel, other)]
        pair[1] = dataclasses.replace(pair[1], exponents_DF=pair[0].exponents_DF.copy())
        pair[1].halves[:t], pair[1].halves[t, :until] = (
            pair[0].halves[:t],
            pair[0].halves[t, :until],
        )
    else:
        pair = [panel, other]
    seen = [samples_of(cut, one, clip).day(DAYS[t], labelled=False).x for one in pair]
    assert np.isfinite(seen[0]).all()
    np.testing.assert_array_equal(*seen)
    whole = [
        samples_of(CutSpec(window_days=3), one, clip).day(DAYS[t], labelled=False).x for one in pair
    ]
    assert (whole[0] != whole[1]).any()


def test_pooled_batches_are_cut_as_days_are() -> None:
    label = Panel.full(DAYS, ASSETS, ("fwd_label",), fill=0.5)
    for clip in (0.0, np.inf):
        samples = samples_of(CutSpec(window_days=3, until=1), panel_of(), clip)
        samples = dataclasses.replace(samples, label=label)
        (pooled,) = samples.pooled(DAYS[4:8], 1000, np.random.default_rng(0))
        daily = np.concatenate([b.x for b in samples.days(DAYS[4:8], labelled=True)])
        np.testing.assert_array_equal(pooled.x, daily)


def test_the_last_bar_is_the_whole_date() -> None:
    panel = panel_of()
    last, whole = (samples_of(CutSpec(window_days=3, until=u), panel) for u in (T, None))
    for day in DAYS[3:]:
        found, expected = (one.day(day, labelled=False).x for one in (last, whole))
        np.testing.assert_array_equal(found, expected)


def test_daily_features_may_end_with_the_session_before() -> None:
    panel = panel_of(bars=False)
    before, whole = (samples_of(CutSpec(window_days=3, until=u), panel) for u in (0, None))
    found = before.day(DAYS[7], labelled=False).x
    np.testing.assert_array_equal(found, whole.day(DAYS[6], labelled=False).x)


def test_a_bar_that_is_not_there_is_refused() -> None:
    """It would end a window after its date."""
    with pytest.raises(UntilError, match="until: found 4; expected at most 3, the bars"):
        Window(panel_of(), CutSpec(window_days=3, until=4))
    with pytest.raises(UntilError, match=r"found 1; expected 0 or null, .* daily and have no bars"):
        Window(panel_of(bars=False), CutSpec(window_days=3, until=1))


def test_who_is_a_sample_is_asked_of_as_many_sessions_as_a_window_is_long() -> None:
    """The session more that a window reaches into is none of those that are counted."""
    present = np.ones((len(DAYS), len(ASSETS)), bool)
    present[6:8, 0], present[5:7, 1] = False, False
    window = Window(panel_of(), CutSpec(window_days=3, until=1))
    np.testing.assert_allclose(window.present(present, 8)[:3], [1 / 3, 2 / 3, 1])
    samples = Samples({"x": window}, present, np.ones_like(present))
    assert samples.day(DAYS[8], labelled=False).columns.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("step", ["bar", "day", "nested"])
def test_rows_know_their_session(step: str) -> None:
    cut = CutSpec(window_days=2, every=2, step=step, until=1)  # type: ignore[arg-type]
    window = Window(panel_of(), cut)
    assert [window.sessions_back(row) for row in range(2 * T)] == [3, 3, 2, 1, 1, 0]
    assert cut.cut == cut
    assert (cut.length, cut.span) == (3, 4)
