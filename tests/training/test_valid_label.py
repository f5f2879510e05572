"""Validation against a label of its own [gaps C-1]."""

from dataclasses import replace

import numpy as np
import pytest

from intralpha.base import Panel
from intralpha.datasets import Fold, Samples
from intralpha.datasets.samples import SampleAxesError
from intralpha.models import GRUSpec
from intralpha.training import NegICSpec, TrainSpec, UnmeasurableError, fit

SPEC = TrainSpec(learning_rate=0.01, max_epochs=5, patience=5)
MODEL = GRUSpec(hidden=4)


def judged_by(samples: Samples, values: np.ndarray, dates: np.ndarray) -> Samples:
    return replace(samples, valid_label=Panel(values, dates, samples.assets, ("fwd_label",)))


@pytest.mark.slow
def test_an_opposite_target_turns_the_rank_ic_and_trains_the_same(
    samples: Samples, fold: Fold
) -> None:
    assert samples.label is not None
    plain = fit(MODEL, NegICSpec(), samples, fold, SPEC, seed=1)
    opposite = judged_by(samples, -samples.label.at(fold.valid).values, fold.valid)
    turned = fit(MODEL, NegICSpec(), opposite, fold, SPEC, seed=1)
    names = ["epoch", "train_loss"]
    assert plain.history.select(names).equals(turned.history.select(names))
    ic = plain.history["valid_rank_ic"].to_numpy()
    np.testing.assert_allclose(turned.history["valid_rank_ic"].to_numpy(), -ic, atol=1e-12)
    # What stops and chooses is the target: the worst epoch for the label is the best one for it.
    assert plain.best_epoch == int(ic.argmax()) + 1
    assert turned.best_epoch == int(ic.argmin()) + 1
    assert plain.best_epoch != turned.best_epoch


def test_a_target_that_cannot_be_measured_is_refused(samples: Samples, fold: Fold) -> None:
    assert samples.label is not None
    empty = np.full_like(samples.label.at(fold.valid).values, np.nan)
    with pytest.raises(UnmeasurableError):
        fit(MODEL, NegICSpec(), judged_by(samples, empty, fold.valid), fold, SPEC, seed=1)


def test_a_target_on_other_stocks_is_refused(samples: Samples) -> None:
    assert samples.label is not None
    other = replace(samples.label, assets=samples.assets[::-1].copy())
    with pytest.raises(SampleAxesError, match="valid_label"):
        replace(samples, valid_label=other)
