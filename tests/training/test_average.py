"""Averaged weights, against loops; whose running statistics the mean has."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from intralpha.datasets import Fold, Samples
from intralpha.models import GRUSpec, MLPSpec, RNNSpec
from intralpha.training import AverageSpec, NegICSpec, TrainSpec, fit
from intralpha.training.averaged import load_average, renew
from intralpha.training.averages import EMASpec, LastEpochsSpec
from intralpha.training.batches import Batches
from intralpha.training.validation import validate

SPEC = TrainSpec(learning_rate=0.02, max_epochs=3, patience=3)


def walk(count: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    dice = torch.Generator().manual_seed(0)
    draws = torch.randn(count, 3, generator=dice)
    return [(row[:2].reshape(1, 2), row[2:]) for row in draws]


def put(network: nn.Linear, weight: torch.Tensor, bias: torch.Tensor) -> None:
    with torch.no_grad():
        network.weight.copy_(weight)
        network.bias.copy_(bias)


def test_an_ema_is_the_loop() -> None:
    network = nn.Linear(2, 1)
    mean = EMASpec(decay=0.6).make(network)
    w, b = network.weight.detach().double(), network.bias.detach().double()
    for step, (weight, bias) in enumerate(walk(30), start=1):
        put(network, weight, bias)
        mean.after_step(network, step)
        mean.after_epoch(network)
        d = min(0.6, (1 + step) / (10 + step))
        w, b = d * w + (1 - d) * weight.double(), d * b + (1 - d) * bias.double()
    np.testing.assert_allclose(mean.weights()["weight"], w, atol=1e-6)
    np.testing.assert_allclose(mean.weights()["bias"], b, atol=1e-6)


def test_the_first_steps_of_an_ema_by_hand() -> None:
    network = nn.Linear(1, 1, bias=False)
    put_alone = network.weight.data.fill_
    put_alone(11.0)
    mean = EMASpec().make(network)
    put_alone(0.0)
    mean.after_step(network, 1)  # decay 2 / 11
    assert mean.weights()["weight"].item() == pytest.approx(2.0)
    mean.after_step(network, 2)  # decay 3 / 12
    assert mean.weights()["weight"].item() == pytest.approx(0.5)


def test_the_last_epochs_are_a_plain_mean() -> None:
    network = nn.Linear(2, 1)
    mean = LastEpochsSpec(epochs=3).make(network)
    assert torch.equal(mean.weights()["bias"], network.bias)
    path = walk(5)
    for at, (weight, bias) in enumerate(path):
        put(network, weight, bias)
        mean.after_step(network, at + 1)
        mean.after_epoch(network)
        held = path[max(0, at - 2) : at + 1]
        expected = np.mean([w.numpy() for w, _ in held], axis=0)
        np.testing.assert_allclose(mean.weights()["weight"], expected, atol=1e-6)
        assert mean.weights()["bias"].item() == pytest.approx(np.mean([b.item() for _, b in held]))


@pytest.mark.parametrize("spec", [EMASpec(decay=0.9), LastEpochsSpec(epochs=3)])
def test_a_mean_that_was_restored_goes_on_as_if_nothing_had_been(spec: AverageSpec) -> None:
    network = nn.Linear(2, 1)
    whole, path = spec.make(network), walk(6)
    cut = spec.make(network)
    for at, (weight, bias) in enumerate(path):
        put(network, weight, bias)
        if at == 4:
            state = {name: value.clone() for name, value in cut.state().items()}
            cut = spec.make(network)
            cut.restore(state)
        for mean in (whole, cut):
            mean.after_step(network, at + 1)
            mean.after_epoch(network)
    for name, value in whole.weights().items():
        assert torch.equal(value, cut.weights()[name])


class Scaled(nn.Module):
    """A batch norm over the last step's first feature; its scale is the only weight."""

    def __init__(self, momentum: float | None = 0.1) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.norm = nn.BatchNorm1d(1, affine=False, momentum=momentum)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.scale * x[:, -1, :1]).squeeze(1)


def test_running_statistics_become_those_of_the_means_own_states(
    samples: Samples, fold: Fold
) -> None:
    """Weights 1 and 3 have the mean 2: its variance is 4, neither 1, nor 9, nor their mean 5."""
    network = Scaled()
    mean = LastEpochsSpec().make(network)
    batches = Batches.of(samples, fold.train, TrainSpec())
    for scale in (1.0, 3.0):
        network.scale.data.fill_(scale)
        renew(
            network, [b for seed in range(3) for b in batches.shuffled(np.random.default_rng(seed))]
        )
        mean.after_epoch(network)
    assert network.norm.running_var.item() == pytest.approx(9.0, rel=0.05)
    judged = deepcopy(network)
    several = [b for seed in range(3) for b in batches.shuffled(np.random.default_rng(seed))]
    load_average(judged, network, mean, several)
    assert judged.scale.item() == 2.0
    assert judged.norm.running_var.item() == pytest.approx(4.0, rel=0.05)
    assert network.norm.running_var.item() == pytest.approx(9.0, rel=0.05), "its own are left"


def test_statistics_without_a_momentum_begin_anew(samples: Samples, fold: Fold) -> None:
    network = Scaled(momentum=None)
    network.norm.running_var.fill_(100.0)
    network.norm.num_batches_tracked.fill_(10_000)
    every = list(Batches.of(samples, fold.train, TrainSpec()).shuffled(np.random.default_rng(0)))
    renew(network, every)
    last = [batch.x[:, -1, 0].astype(np.float64) for batch in every]
    expected = np.mean([values.var(ddof=1) for values in last])
    assert network.norm.running_var.item() == pytest.approx(expected, rel=1e-4)


class Shared(nn.Module):
    """Two layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(2, 2), nn.Linear(2, 2)
        self.two.weight = self.one.weight


@pytest.mark.parametrize("spec", [EMASpec(decay=0.5), LastEpochsSpec(epochs=2)])
def test_a_weight_that_layers_share_is_averaged_under_both_names(spec: AverageSpec) -> None:
    network = Shared()
    mean = spec.make(network)
    for step, value in enumerate((1.0, 3.0), start=1):
        network.one.weight.data.fill_(value)
        mean.after_step(network, step)
        mean.after_epoch(network)
    judged = deepcopy(network)
    load_average(judged, network, mean, ())
    assert torch.equal(judged.one.weight, mean.weights()["one.weight"])
    assert judged.one.weight.max() < 3.0


def weights_after(epochs: int, samples: Samples, fold: Fold, folder: Path) -> dict[str, np.ndarray]:
    """Weights of a training without an average at the end of an epoch, from its checkpoint."""
    spec = SPEC.model_copy(update={"max_epochs": epochs})
    fit(MLPSpec(hidden=6), NegICSpec(), samples, fold, spec, 1, folder / str(epochs))
    (state,) = (folder / str(epochs)).glob("state-*")
    found = load_file(state)
    return {k.removeprefix("model."): v for k, v in found.items() if k.startswith("model.")}


@pytest.mark.slow
def test_what_is_validated_and_kept_is_the_mean(
    samples: Samples, fold: Fold, tmp_path: Path
) -> None:
    spec = SPEC.model_copy(update={"average": LastEpochsSpec(epochs=2)})
    done = fit(MLPSpec(hidden=6), NegICSpec(), samples, fold, spec, 1)
    best = done.best_epoch
    assert best > 1
    one, two = (weights_after(epochs, samples, fold, tmp_path) for epochs in (best - 1, best))
    for name, value in done.model.state_dict().items():
        assert not np.array_equal(one[name], two[name])
        np.testing.assert_allclose(value, (one[name] + two[name]) / 2, atol=1e-6)
    assert not done.model.training
    again = validate(done.model, samples, fold.valid)
    assert again.rank_ic == done.history["valid_rank_ic"][best - 1], "it is what was validated"


@pytest.mark.slow
@pytest.mark.parametrize("spec", [EMASpec(decay=0.9), LastEpochsSpec(epochs=2)])
def test_an_average_moves_no_weight_of_the_training(
    samples: Samples, fold: Fold, spec: AverageSpec
) -> None:
    """Losses of steps are those without one, batch norms and dropout notwithstanding."""
    model = RNNSpec(hidden=6, dropout=0.3, head={"kind": "bn_sigmoid"})  # type: ignore[arg-type]
    alone = fit(model, NegICSpec(), samples, fold, SPEC, 1).history
    rows = fit(
        model, NegICSpec(), samples, fold, SPEC.model_copy(update={"average": spec}), 1
    ).history
    assert rows["train_loss"].to_list() == alone["train_loss"].to_list()
    assert rows["valid_rank_ic"].to_list() != alone["valid_rank_ic"].to_list()


@pytest.mark.slow
def test_the_mean_of_one_epoch_is_the_network_itself(samples: Samples, fold: Fold) -> None:
    """Its running statistics too, but for those of 36 batches more."""
    one = SPEC.model_copy(update={"average": LastEpochsSpec(epochs=1)})
    for model, exact in ((MLPSpec(hidden=6), True), (GRUSpec(hidden=6), False)):
        alone = fit(model, NegICSpec(), samples, fold, SPEC, 1)
        done = fit(model, NegICSpec(), samples, fold, one, 1)
        found, expected = done.history["valid_rank_ic"], alone.history["valid_rank_ic"]
        assert (found.to_list() == expected.to_list()) == exact
        np.testing.assert_allclose(found, expected, atol=0.02)
