"""Rows left out and dates weighed: in training alone, drawn as said, resumed exactly."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from intralpha.base import Panel
from intralpha.datasets import Fold, Samples
from intralpha.models import GRUSpec
from intralpha.training import NegICSpec, NothingToLearnError, OtherTrainingError, TrainSpec, fit
from intralpha.training.batches import Batches, drawn
from intralpha.training.measurable import rows_left_out
from intralpha.training.validation import label_on

MODEL = GRUSpec(hidden=4)
TWO = {"learning_rate": 0.01, "max_epochs": 2, "patience": 2}


def filtered(samples: Samples, kept_DA: np.ndarray) -> Samples:
    mask = kept_DA[:, :, None].astype(np.float32)
    return replace(samples, rows=Panel(mask, samples.dates, samples.assets, ("rows",)))


def half(samples: Samples) -> Samples:
    kept = np.zeros((len(samples.dates), len(samples.assets)), bool)
    kept[:, ::2] = True
    return filtered(samples, kept)


@pytest.mark.parametrize("batch", ["day", "days", "pooled"])
def test_training_batches_have_the_rows_that_are_kept(
    samples: Samples, fold: Fold, batch: str
) -> None:
    some = half(samples)
    spec = TrainSpec(batch=batch, batch_size=300)
    batches = Batches.of(some.learnt(fold.train), fold.train, spec)
    seen = np.concatenate([b.columns for b in batches.shuffled(np.random.default_rng(0))])
    assert len(seen) == len(fold.train) * 40
    assert not (seen % 2).any()
    assert rows_left_out(some, fold) == {"rows": 36 * 40, "rows_left_out": 36 * 40}
    assert rows_left_out(samples, fold) == {}


def test_validation_and_prediction_have_all_rows(samples: Samples, fold: Fold) -> None:
    some = half(samples)
    for day in (fold.valid[0], fold.predict[0]):
        assert len(some.day(day, labelled=False)) == 80
    np.testing.assert_array_equal(label_on(some.judged, fold.valid), label_on(samples, fold.valid))


@pytest.mark.slow
def test_rows_left_out_are_as_if_they_had_no_label(
    samples: Samples, fold: Fold, tmp_path: Path
) -> None:
    """Scrambled labels of rows that are left out change no loss; those of rows kept do."""
    found = []
    for column in (None, 1, 0):
        values = samples.label.values.copy()
        if column is not None:
            at = np.isin(samples.dates, fold.train)
            values[at, column] = 99.0
        other = half(replace(samples, label=replace(samples.label, values=values)))
        done = fit(MODEL, NegICSpec(), other, fold, TrainSpec(**TWO), 3)
        found.append(done.history["train_loss"].to_list())
    assert found[0] == found[1] != found[2]


def test_nothing_left_is_a_fault(samples: Samples, fold: Fold) -> None:
    none = filtered(samples, np.zeros((60, 80), bool))
    with pytest.raises(NothingToLearnError, match="rules of rows"):
        fit(MODEL, NegICSpec(), none, fold, TrainSpec(**TWO), 3)


def test_dates_are_drawn_as_often_as_they_weigh() -> None:
    dates = np.arange("2024-01-01", "2024-01-09", dtype="datetime64[D]")
    rng = np.random.default_rng(1)
    np.testing.assert_array_equal(drawn(dates, np.full(8, 3.0), rng), dates)
    weights = np.array([4.0, 1, 1, 1, 0.5, 0.5, 0, 0])
    counts = np.zeros(8)
    for _ in range(2000):
        found = drawn(dates, weights, rng)
        assert len(found) == 8
        once = np.array([(found == day).sum() for day in dates])
        assert (once >= np.floor(weights)).all()
        assert (once <= np.ceil(weights)).all()
        counts += once
    np.testing.assert_allclose(counts / 2000, weights, atol=0.04)


@pytest.mark.parametrize("batch", ["day", "days", "pooled"])
def test_a_date_that_weighs_double_stands_twice_in_an_epoch(
    samples: Samples, fold: Fold, batch: str
) -> None:
    weights = np.ones(36)
    weights[:2] = 2.0, 0.0
    spec = TrainSpec(batch=batch, batch_size=300)
    batches = Batches.of(samples, fold.train, spec, weights)
    days = [b.dates[b.days_B] for b in batches.shuffled(np.random.default_rng(0))]
    found, counts = np.unique(np.concatenate(days), return_counts=True)
    assert dict(zip(found.tolist(), counts.tolist(), strict=True)) == {
        day: 160 if i == 0 else 80 for i, day in enumerate(fold.train.tolist()) if i != 1
    }


class Killed(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("batch", ["day", "days", "pooled"])
def test_a_killed_training_goes_on_exactly_with_its_own_rows_and_weights(
    samples: Samples, fold: Fold, tmp_path: Path, batch: str
) -> None:
    some, weights = half(samples), np.linspace(0.1, 2, 36)
    spec = TrainSpec(**TWO | {"max_epochs": 3, "patience": 3}, batch=batch, batch_size=300)

    def die(row: dict) -> None:
        if row["epoch"] == 2:
            raise Killed

    about = (MODEL, NegICSpec(), some, fold, spec, 3)
    whole = fit(*about, weights=weights)
    with pytest.raises(Killed):
        fit(*about, tmp_path, die, weights)
    for others in (None, weights[::-1].copy()):
        with pytest.raises(OtherTrainingError, match="data"):
            fit(*about, tmp_path, weights=others)
    with pytest.raises(OtherTrainingError, match="data"):
        fit(*about[:2], samples, *about[3:], tmp_path, weights=weights)
    again = fit(*about, tmp_path, weights=weights)
    assert again.history.drop("seconds").equals(whole.history.drop("seconds"))
    plain = fit(*about)
    assert plain.history["train_loss"].to_list() != whole.history["train_loss"].to_list()
