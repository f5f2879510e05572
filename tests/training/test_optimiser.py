"""Optimisers and learning rates, against torch's own used in a plain loop."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from intralpha.datasets import Fold, Samples
from intralpha.models import GRUSpec
from intralpha.training import NegICSpec, RateSpec, TrainSpec, fit
from intralpha.training.optimisers import AdamWSpec
from intralpha.training.rates import (
    ConstantRateSpec,
    CosineRateSpec,
    LinearRateSpec,
    StepRateSpec,
)

Made = Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]

DECAYS: list[tuple[RateSpec, Made]] = [
    (ConstantRateSpec(), lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    (
        CosineRateSpec(floor=0.1),
        lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=12, eta_min=0.1 * 0.02),
    ),
    (CosineRateSpec(epochs=12), lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=12)),
    (
        LinearRateSpec(floor=0.2, epochs=5),
        lambda o: lr_scheduler.LinearLR(o, start_factor=1.0, end_factor=0.2, total_iters=5),
    ),
    (StepRateSpec(every=3, factor=0.4), lambda o: lr_scheduler.StepLR(o, 3, gamma=0.4)),
]


def scheduled(made: Made, count: int, rate: float = 0.02) -> list[float]:
    """Learning rates of torch's own schedule."""
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=rate)
    schedule, found = made(optimiser), []
    for _ in range(count):
        found.append(float(optimiser.param_groups[0]["lr"]))
        optimiser.step()
        schedule.step()
    return found


@pytest.mark.parametrize(("spec", "made"), DECAYS)
def test_decays_are_those_of_torch(spec: RateSpec, made: Made) -> None:
    ours = [0.02 * spec.share(100, epoch, 12) for epoch in range(1, 13)]
    np.testing.assert_allclose(ours, scheduled(made, 12), rtol=1e-12)


def test_a_decay_that_is_over_stays_at_its_floor() -> None:
    for spec in (CosineRateSpec(floor=0.1, epochs=4), LinearRateSpec(floor=0.1, epochs=4)):
        assert [spec.share(1, epoch, 50) for epoch in (5, 6, 30)] == pytest.approx([0.1] * 3)


def test_warm_up_rises_in_equal_parts() -> None:
    spec = ConstantRateSpec(warmup_steps=8)
    warm = scheduled(lambda o: lr_scheduler.LinearLR(o, 1 / 8, 1.0, total_iters=7), 12)
    np.testing.assert_allclose([0.02 * spec.share(s, 1, 9) for s in range(1, 13)], warm, rtol=1e-12)
    assert spec.share(2, 1, 9) == 0.25, "by hand"
    both = StepRateSpec(warmup_steps=4, every=1, factor=0.5)
    assert both.share(3, 2, 9) == 0.75 * 0.5, "warm-up may last longer than an epoch"


SPEC = TrainSpec(
    learning_rate=0.02,
    max_epochs=3,
    patience=3,
    optimiser=AdamWSpec(weight_decay=0.3),
    rate=CosineRateSpec(warmup_steps=50),
    clip_norm=0.05,
)


def plain(samples: Samples, fold: Fold) -> tuple[list[float], list[float], list[float]]:
    """The same training on torch alone: losses, norms of gradients, last rates of the epochs."""
    torch.manual_seed(3)
    rnn = nn.GRU(3, 8, 1, batch_first=True)
    norm, head = nn.BatchNorm1d(8), nn.Linear(8, 1)
    parameters = [*rnn.parameters(), *norm.parameters(), *head.parameters()]
    adam = torch.optim.AdamW(parameters, lr=0.02, weight_decay=0.3)
    x_all = torch.from_numpy(samples.windows["x"].panel.values)
    y_all = torch.from_numpy(samples.label.values[:, :, 0])
    place, step = {d: i for i, d in enumerate(samples.dates)}, 0
    out: tuple[list[float], list[float], list[float]] = ([], [], [])
    for epoch in range(3):
        losses, norms = [], []
        for day in np.random.default_rng([3, epoch + 1]).permutation(fold.train):
            t = place[day]
            x, y = x_all[t - 4 : t + 1].transpose(0, 1), y_all[t]
            s = torch.sigmoid(head(norm(rnn(x)[1][-1])))[:, 0]
            loss = -torch.corrcoef(torch.stack([s, y]))[0, 1]
            adam.zero_grad()
            loss.backward()
            norms.append(float(nn.utils.clip_grad_norm_(parameters, 0.05)))
            step += 1
            rate = 0.02 * min(1, step / 50) * (1 + math.cos(math.pi * epoch / 3)) / 2
            adam.param_groups[0]["lr"] = rate
            adam.step()
            losses.append(loss.item())
        for found, value in zip(out, (np.mean(losses), np.mean(norms), rate), strict=True):
            found.append(float(value))
    return out


@pytest.mark.slow
def test_adamw_with_warm_up_and_a_bounded_norm_equals_a_plain_loop(
    samples: Samples, fold: Fold
) -> None:
    rows = fit(GRUSpec(hidden=8), NegICSpec(), samples, fold, SPEC, 3).history
    losses, norms, rates = plain(samples, fold)
    np.testing.assert_allclose(rows["train_loss"], losses, atol=1e-5)
    np.testing.assert_allclose(rows["gradient_norm"], norms, rtol=1e-3)
    np.testing.assert_allclose(rows["learning_rate"], rates, rtol=1e-12)
    without = SPEC.model_copy(update={"clip_norm": None, "max_epochs": 1})
    other = fit(GRUSpec(hidden=8), NegICSpec(), samples, fold, without, 3).history
    assert other["train_loss"][0] != rows["train_loss"][0], "the bound was felt"
