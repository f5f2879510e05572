"""Gradients that die away over a long window become 0, inside an epoch alone."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from intralpha.datasets import Fold, Samples
from intralpha.models.recurrent import FusedGRU
from intralpha.training import TrainSpec
from intralpha.training.batches import Batches
from intralpha.training.epoch import run_epoch
from intralpha.training.losses.mse import MseSpec
from intralpha.training.state import TrainState
from intralpha.training.subnormals import subnormals_are_zero

TINY = 2.0**-130  # below 2^-126, the least float32 with all of its digits


def multiplied() -> float:
    return (torch.full((40,), TINY) * torch.ones(40))[-1].item()


def count_tiny(x: Tensor) -> int:
    values = np.abs(x.detach().numpy().view(np.uint32) & 0x7FFFFFFF)
    return int(((values > 0) & (values < 0x00800000)).sum())


def test_products_are_zero_inside_and_what_they_were_afterwards() -> None:
    assert multiplied() == TINY
    with subnormals_are_zero():
        assert multiplied() == 0
        with subnormals_are_zero():
            assert multiplied() == 0
        assert multiplied() == 0
    assert multiplied() == TINY


def test_they_are_what_they_were_after_an_error() -> None:
    @subnormals_are_zero()
    def fails() -> None:
        assert multiplied() == 0
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fails()
    assert multiplied() == TINY


@pytest.mark.parametrize("threads", [1, 2])
def test_the_recurrent_kernel_makes_none_inside_on_any_thread(threads: int) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    layer, x = FusedGRU(4, 8), torch.randn(70, 480, 4, requires_grad=True)

    def gradient() -> Tensor:
        (found,) = torch.autograd.grad(layer(x, sequence=False)[1].sum(), [x])
        return found

    plain = gradient()
    with subnormals_are_zero():
        found = gradient()
    assert count_tiny(plain) > 1000
    assert count_tiny(found) == 0
    assert torch.equal(found[:, -50:], plain[:, -50:])


class Watching(nn.Module):
    """A line that remembers what a tiny product became in its forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.line, self.seen = nn.Linear(15, 1), []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(multiplied())
        return self.line(x.flatten(1)).squeeze(-1)


def test_an_epoch_is_inside_and_what_follows_it_is_not(samples: Samples, fold: Fold) -> None:
    spec, network = TrainSpec(), Watching()
    state = TrainState.begun(network, spec)
    batches = Batches.of(samples, fold.train[:3], spec).shuffled(np.random.default_rng(0))
    run_epoch(state, MseSpec().loss, batches, samples)
    assert network.seen == [0.0] * 3
    assert multiplied() == TINY
