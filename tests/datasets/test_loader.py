"""The Loader: the same samples as from arrays in memory, and only the sessions that are needed."""

from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest

from intralpha.base import Panel
from intralpha.datasets import (
    CrossSectionSpec,
    CutSpec,
    Fold,
    GlobalStandardSpec,
    Loader,
    NoTransformSpec,
    Samples,
    TransformSpec,
    View,
    Window,
    WindowRatioSpec,
)
from intralpha.datasets.loader import LoaderAxesError
from intralpha.labels import UnknownSampleDateError

DAYS = np.arange("2024-01-01", "2024-01-31", dtype="datetime64[D]")
ASSETS = np.array([f"{i:06d}.SZ" for i in range(1, 13)])
FOLD = Fold("f", DAYS[5:15], DAYS[16:20], DAYS[22:])
TRANSFORMS = [CrossSectionSpec(), GlobalStandardSpec(), NoTransformSpec(), WindowRatioSpec()]


@pytest.fixture
def panels() -> tuple[Panel, Panel, Panel]:
    rng = np.random.default_rng(0)
    values = np.exp(rng.standard_normal((30, 2, 12, 3))).astype(np.float32)
    values[rng.random(values.shape) < 0.05] = np.nan
    masks = (rng.random((30, 12, 2)) < 0.9).astype(np.float32)
    label = rng.standard_normal((30, 12, 1)).astype(np.float32)
    times = (time(11, 30), time(15))
    return (
        Panel(values, DAYS, ASSETS, ("a", "b", "c"), times),
        Panel(masks, DAYS, ASSETS, ("universe", "traded")),
        Panel(label, DAYS, ASSETS, ("fwd_label",)),
    )


@pytest.fixture
def loader(panels: tuple[Panel, Panel, Panel], tmp_path: Path) -> Loader:
    for panel, name in zip(panels, ("features", "masks", "label"), strict=True):
        panel.save(tmp_path / name)
    paths = tmp_path / "features", tmp_path / "masks", tmp_path / "label"
    return Loader.of(*paths, NoTransformSpec(), CutSpec(window_days=4))


@pytest.mark.parametrize(
    ("transform", "once"),
    [(t, once) for t in TRANSFORMS for once in (False, True) if t.alone or not once],
    ids=repr,
)
@pytest.mark.parametrize("step", ["bar", "day", "nested"])
def test_samples_equal_those_made_in_memory(
    panels: tuple[Panel, Panel, Panel],
    loader: Loader,
    tmp_path: Path,
    transform: TransformSpec,
    once: bool,
    step: str,
) -> None:
    features, masks, label = panels
    mask = masks["universe"] > 0
    fitted = transform.fit(features, DAYS[:15], mask)
    cut = CutSpec(window_days=4, step=step)
    window = Window(transform.apply(features, mask, fitted), cut, transform.ratio_clip)
    whole = Samples({"x": window}, masks["traded"] > 0, mask, label)
    view = View(loader.views["x"].path, cut, transform)
    if once:
        transform.apply(features, mask, {}).save(tmp_path / "once")
        view = View(tmp_path / "once", cut, None)
    load = replace(loader, views={"x": view})
    found = load.samples(load.fit(FOLD), FOLD.valid)
    np.testing.assert_array_equal(found.dates, DAYS[13:20])
    for day in FOLD.valid:
        for labelled in (True, False):
            a, b = found.day(day, labelled), whole.day(day, labelled)
            np.testing.assert_array_equal(a.columns, b.columns)
            np.testing.assert_array_equal(a.x, b.x)
            np.testing.assert_array_equal(a.y, b.y)
            assert len(a.columns) > 3
    if transform.kind != "window_ratio":
        assert np.isfinite(found.windows["x"].panel.values).all()


class AllDaysSpec(TransformSpec):
    """A scaler of a careless plug-in: fitted on every day it is given, whatever it is told."""

    kind: Literal["careless.all_days"] = "careless.all_days"
    fits: ClassVar[bool] = True

    def fit(self, features: Panel, days: np.ndarray, mask_DA: np.ndarray) -> dict[str, np.ndarray]:
        axes = tuple(range(features.values.ndim - 1))
        last = features.dates[-1:].astype(np.int64).astype(np.float32)
        return {"mean": np.nanmean(features.values, axis=axes), "seen": last}


def test_a_scaler_cannot_be_fitted_on_days_to_come(
    panels: tuple[Panel, Panel, Panel], loader: Loader, tmp_path: Path
) -> None:
    """Not by disobedience either: later days are not in what a transform is shown."""
    features, _, _ = panels
    view = replace(loader.views["x"], transform=AllDaysSpec())
    before = replace(loader, views={"x": view}).fit(FOLD)
    assert before["x.seen"].tolist() == [FOLD.train[-1].astype(np.int64)]
    other = features.values.copy()
    other[15:] *= 100
    replace(features, values=other).save(tmp_path / "other")
    noisy = replace(view, path=tmp_path / "other")
    after = replace(loader, views={"x": noisy}).fit(FOLD)
    np.testing.assert_array_equal(after["x.mean"], before["x.mean"])


def test_without_a_label_there_is_nothing_to_train_on(loader: Loader) -> None:
    samples = replace(loader, label=None).samples({}, DAYS[10:12])
    assert len(samples.day(DAYS[10], labelled=True).columns) == 0
    assert len(samples.day(DAYS[10], labelled=False).columns) > 5


def test_no_dates_need_no_sessions(loader: Loader) -> None:
    assert len(loader.samples({}, DAYS[:0]).dates) == 0


def test_a_date_between_two_sessions_is_refused(loader: Loader, panels: tuple) -> None:
    features, masks, _ = panels
    kept = np.delete(np.arange(30), 11)
    for panel, path in ((features, loader.views["x"].path), (masks, loader.universe)):
        part = replace(panel, values=panel.values[kept], dates=DAYS[kept])
        part.save(path.with_name(path.name + "-part"))
    view = loader.views["x"]
    gap = replace(
        loader,
        views={"x": replace(view, path=view.path.with_name("features-part"))},
        universe=loader.universe.with_name("masks-part"),
    )
    with pytest.raises(UnknownSampleDateError, match="2024-01-12"):
        gap.samples({}, DAYS[10:13])
    with pytest.raises(LoaderAxesError, match="dates"):
        replace(gap, universe=loader.universe).samples({}, DAYS[10:11])
