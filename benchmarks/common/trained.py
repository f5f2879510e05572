"""The networks that ``training.py`` trains, by the trainer's own epoch."""

import math
from collections.abc import Callable, Iterable, Iterator
from time import process_time

import numpy as np
import torch
from common.clocks import Clocks, clocked, timed_batches
from common.feeds import Size
from torch import Tensor, nn

from intralpha.datasets import Batch, Samples
from intralpha.models import ModelSpec, WindowShape
from intralpha.training import TrainSpec
from intralpha.training.batches import Batches
from intralpha.training.epoch import run_epoch
from intralpha.training.losses.mse import MseSpec
from intralpha.training.state import TrainState

HIDDEN = 30


class PlainGRU(nn.Module):
    """A GRU and a line from torch.nn alone."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.layer = nn.GRU(size.features, HIDDEN, batch_first=True)
        self.line = nn.Linear(HIDDEN, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.line(self.layer(x)[0][:, -1]).squeeze(-1)


class Training:
    """A network with its optimiser, and the trainer's epoch as a function of batches."""

    def __init__(self, network: nn.Module, samples: Samples, piece: int | None = None) -> None:
        self.samples = samples
        self.state = TrainState.begun(network, TrainSpec(batch="pooled", piece=piece))

    def epoch(self, batches: Iterable[Batch]) -> None:
        """A pass over some batches."""
        run_epoch(self.state, MseSpec().loss, batches, self.samples)

    def clocks(self, batches: Iterable[Batch]) -> Clocks:
        """Where its time goes."""
        clocks = Clocks()
        with clocked(self.state.network, self.state.optimiser, clocks):
            started = process_time()
            self.epoch(timed_batches(batches, clocks))
            clocks.total = process_time() - started
        return clocks


def network_of(model: ModelSpec, size: Size) -> nn.Module:
    """A network with the same first weights every time."""
    torch.manual_seed(0)
    return model.make({"x": WindowShape(size.length, size.features)})


def pooled(samples: Samples, size: Size) -> Iterator[Batch]:
    """Our shuffled batches of all sample dates."""
    spec = TrainSpec(batch="pooled", batch_size=size.batch)
    batches = Batches.of(samples, size.days[size.window_days - 1 :], spec)
    return batches.shuffled(np.random.default_rng(0))


def rate(
    work: Callable[[], object],
    windows: float,
    rounds: int = 3,
    clock: Callable[[], float] = process_time,
) -> float:
    """Windows a second in the best of some rounds."""
    least = math.inf
    for _ in range(rounds):
        started = clock()
        work()
        least = min(least, clock() - started)
    return windows / least


def matrix_rate() -> float:
    """Floating-point operations a second of a product of two matrices, float32, one thread."""
    a, b = torch.randn(2, 1024, 1024)
    return rate(lambda: torch.mm(a, b), 2 * 1024**3, 9)
