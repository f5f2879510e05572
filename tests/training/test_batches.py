"""Batches: which samples make one step."""

import numpy as np
import pytest

from intralpha.datasets import Batch, Fold, Samples
from intralpha.models import RNNSpec
from intralpha.models.heads import UnitsHeadSpec
from intralpha.training import NegICSpec, TrainSpec, fit
from intralpha.training.batches import Batches
from intralpha.training.network import Seen, tensor


def steps(samples: Samples, fold: Fold, seed: int = 0, **settings: object) -> list[Batch]:
    spec = TrainSpec(**settings)
    return list(Batches.of(samples, fold.train, spec).shuffled(np.random.default_rng(seed)))


@pytest.mark.parametrize(
    ("settings", "days"),
    [
        ({"batch_days": 5}, 5),
        ({"batch_size": 400}, 5),  # 80 samples a day
        ({"batch_size": 10}, 1),
        ({}, 36),  # 5000 samples: all of them
    ],
)
def test_whole_days_together(
    samples: Samples, fold: Fold, settings: dict[str, int], days: int
) -> None:
    found = steps(samples, fold, batch="days", **settings)
    assert [len(b.dates) for b in found] == [days] * (36 // days) + [36 % days] * (36 % days > 0)
    assert sorted(d for b in found for d in b.dates) == list(fold.train), "each once"
    for batch in found:
        expected = [samples.day(day, labelled=True) for day in batch.dates]
        np.testing.assert_array_equal(batch.x, np.concatenate([e.x for e in expected]))
        np.testing.assert_array_equal(batch.y, np.concatenate([e.y for e in expected]))
        assert batch.days_B.tolist() == np.repeat(np.arange(len(expected)), 80).tolist()


def test_days_come_in_another_order_each_epoch(samples: Samples, fold: Fold) -> None:
    one, same, other = (
        [tuple(b.dates) for b in steps(samples, fold, seed, batch="days", batch_days=5)]
        for seed in (0, 0, 1)
    )
    assert one == same != other


def test_days_without_labels_count_for_nothing(samples: Samples, fold: Fold) -> None:
    samples.label.values[4:22] = np.nan  # half of the training days: 40 samples a day on average
    found = steps(samples, fold, batch="days", batch_size=400)
    assert sum(len(b) for b in found) == 18 * 80
    assert max(len(b) for b in found) <= 10 * 80


def test_units_take_several_days_and_one_day_at_a_time_is_the_same(
    samples: Samples, fold: Fold
) -> None:
    """Statistics of their norms are those of each day, so a batch of days is no pooled one."""
    model = RNNSpec(hidden=6, head=UnitsHeadSpec(units=3))

    def losses(**settings: object) -> list[float]:
        spec = TrainSpec(max_epochs=2, **settings)
        return (
            fit(model, NegICSpec(over="day"), samples, fold, spec, 0)
            .history["train_loss"]
            .to_list()
        )

    assert losses(batch="days", batch_days=1) == losses(batch="day")
    assert len(losses(batch="days", batch_days=4)) == 2


def test_windows_reach_the_network_without_a_copy_and_others_in_one(samples: Samples) -> None:
    batch = samples.day(samples.dates[10], labelled=True)
    seen = Seen.unlabelled(batch)
    assert seen.windows["x"].data_ptr() == batch.x.ctypes.data
    askew = np.empty(len(batch.y) + 1, np.float32)[1:]
    askew[:] = batch.y
    copy = tensor(askew)
    assert copy.data_ptr() != askew.ctypes.data
    np.testing.assert_array_equal(copy.numpy(), askew)
