"""Constants of a fixed reference period: nothing outside it counts, and no fold changes them."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from intralpha.base import Panel
from intralpha.datasets import CutSpec, Fold, GlobalStandardSpec, Loader
from intralpha.datasets.global_standard import ReferencePeriodError

DAYS = np.arange("2015-12-01", "2016-01-30", dtype="datetime64[D]")
ASSETS = np.array([f"{i:06d}.SZ" for i in range(1, 6)])
SPEC = GlobalStandardSpec(mads=1.0, reference=(date(2015, 12, 11), date(2015, 12, 31)))
OUTSIDE = (np.datetime64("2015-12-11") > DAYS) | (np.datetime64("2015-12-31") < DAYS)
FOLDS = [Fold(str(at), DAYS[30:at], DAYS[at : at + 3], DAYS[at + 3 :]) for at in (40, 50)]
MASK = np.ones((60, 5), bool)


def panel(seed: int | None = None) -> Panel:
    values = np.random.default_rng(0).standard_normal((60, 5, 2)).astype(np.float32)
    if seed is not None:
        noise = np.random.default_rng(seed).standard_normal(values.shape) * 50 + 9
        values[OUTSIDE] = noise[OUTSIDE]
    return Panel(values, DAYS, ASSETS, ("a", "b"))


def loader(folder: Path, features: Panel) -> Loader:
    features.save(folder / "x")
    masks = np.ones((60, 5, 2), np.float32)
    Panel(masks, DAYS, ASSETS, ("universe", "traded")).save(folder / "masks")
    return Loader.of(folder / "x", folder / "masks", None, SPEC, CutSpec(window_days=2))


def test_everything_outside_the_period_changed_changes_no_constant(tmp_path: Path) -> None:
    worlds = {"true": None, "other": 1}
    loaders = [loader(tmp_path / name, panel(seed)) for name, seed in worlds.items()]
    found = [load.fit(fold) for load in loaders for fold in FOLDS]
    assert set(found[0]) == {"x.low", "x.high", "x.mean", "x.std"}
    for other in found[1:]:
        for name, values in found[0].items():
            np.testing.assert_array_equal(values, other[name])
    changing = GlobalStandardSpec(mads=1.0)
    by_fold = [changing.fit(panel(), DAYS[fold.train[-1] >= DAYS], MASK) for fold in FOLDS]
    assert (by_fold[0]["mean"] != by_fold[1]["mean"]).all()


def test_the_constants_by_hand() -> None:
    values = np.full((60, 5, 1), 100.0, np.float32)
    values[~OUTSIDE] = 0.0
    values[10, :, 0] = [1, 2, 3, 4, 20]  # the only day of the period below
    one = SPEC.model_copy(update={"reference": (date(2015, 12, 11), date(2015, 12, 11))})
    fitted = one.fit(Panel(values, DAYS, ASSETS, ("a",)), DAYS, MASK)
    # Median 3, MAD 1: clipped to 2..4, so 2, 2, 3, 4, 4.
    assert [fitted[n].item() for n in ("low", "high", "mean")] == [2.0, 4.0, 3.0]
    assert fitted["std"].item() == pytest.approx(np.sqrt(0.8))


@pytest.mark.parametrize(
    ("reference", "last", "said"),
    [
        ((date(2015, 12, 11), date(2016, 1, 20)), 40, "not over by 2016-01-09"),
        ((date(2015, 1, 1), date(2015, 2, 1)), 40, "no session of the data"),
    ],
)
def test_a_period_that_a_training_cannot_know_is_refused(
    reference: tuple[date, date], last: int, said: str
) -> None:
    spec = GlobalStandardSpec(reference=reference)
    with pytest.raises(ReferencePeriodError, match=said):
        spec.fit(panel(), DAYS[:last], MASK)


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValidationError, match="after its end"):
        GlobalStandardSpec(reference=(date(2016, 1, 1), date(2015, 1, 1)))
