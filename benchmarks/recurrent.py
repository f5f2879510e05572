"""Our GRU and LSTM against torch's: a training step (forward, backward, Adam) and a prediction.

Both sides have the same weights, windows and optimiser, and their gradients must agree, or the
benchmark fails. They take turns, several times, on one thread; the least CPU time of each counts,
so that what else runs on the machine does not.

    python benchmarks/recurrent.py            windows of the reports, cross-sections of 5,001
    python benchmarks/recurrent.py --quick    the first size alone
"""

import argparse
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from intralpha.models.recurrent import FusedGRU, FusedLSTM

BATCH = 5_001
CELLS = {"GRU": (FusedGRU, nn.GRU), "LSTM": (FusedLSTM, nn.LSTM)}


@dataclass(frozen=True)
class Size:
    """A network and its windows."""

    features: int
    hidden: int
    layers: int
    steps: int
    turns: int

    def __str__(self) -> str:
        return f"({self.features}, {self.hidden}) x {self.layers}, L = {self.steps}"


SIZES = (
    Size(6, 32, 1, 40, 7),
    Size(27, 30, 1, 40, 5),
    Size(22, 64, 2, 30, 3),
    Size(64, 64, 1, 480, 2),  # 20 days of 24 bars
    Size(64, 128, 1, 40, 2),
    Size(64, 256, 1, 20, 2),
)


def last_state(found: tuple) -> Tensor:
    """Of the last layer."""
    end = found[1]
    return (end if isinstance(end, Tensor) else end[0])[-1]


def predicted(network: nn.Module, x: Tensor) -> Tensor:
    """Last states as the networks of the package ask for them."""
    ours = isinstance(network, FusedGRU | FusedLSTM)
    return last_state(network(x, sequence=False) if ours else network(x))


def stepper(network: nn.Module, x: Tensor, weigh: Tensor) -> Callable[[], None]:
    """A training step."""
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)

    def step() -> None:
        optimiser.zero_grad()
        (predicted(network, x) * weigh).mean().backward()
        optimiser.step()

    return step


def predictor(network: nn.Module, x: Tensor) -> Callable[[], None]:
    """A prediction."""

    def predict() -> None:
        with torch.no_grad():
            predicted(network, x)

    return predict


def least(works: list[Callable[[], None]], turns: int) -> list[float]:
    """CPU seconds of each, in turns, the first of which only warms up."""
    best = [float("inf")] * len(works)
    for turn in range(turns + 1):
        for i, work in enumerate(works):
            begun = time.thread_time()
            work()
            if turn:
                best[i] = min(best[i], time.thread_time() - begun)
    return best


def check_equal(networks: list[nn.Module], x: Tensor, weigh: Tensor) -> None:
    """Gradients agree to 1e-4 of the largest."""
    grads = []
    for network in networks:
        loss = (predicted(network, x) * weigh).mean()
        grads.append(torch.autograd.grad(loss, list(network.parameters())))
    for a, b in zip(*grads, strict=True):
        assert float((a - b).abs().max()) < 1e-4 * float(b.abs().max())


def measure(cell: str, size: Size) -> float:
    """Print a line; how many times as fast our training step is."""
    torch.manual_seed(0)
    shape = (size.features, size.hidden, size.layers)
    ours, theirs = CELLS[cell]
    networks = [ours(*shape), theirs(*shape, batch_first=True)]
    networks[1].load_state_dict(networks[0].state_dict())
    x, weigh = torch.randn(BATCH, size.steps, size.features), torch.randn(BATCH, size.hidden)
    check_equal(networks, x[:64], weigh[:64])
    trained = least([stepper(n, x, weigh) for n in networks], size.turns)
    asked = least([predictor(n, x) for n in networks], size.turns)
    print(
        f"{cell:4} {size!s:24} step {trained[0] * 1e3:7.0f} ms, torch {trained[1] * 1e3:7.0f}, "
        f"x {trained[1] / trained[0]:.2f}   prediction {asked[0] * 1e3:6.0f} ms, "
        f"torch {asked[1] * 1e3:6.0f}, x {asked[1] / asked[0]:.2f}"
    )
    return trained[1] / trained[0]


def main() -> None:
    """Run and print one line a size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one size, under a minute")
    sizes = SIZES[:1] if parser.parse_args().quick else SIZES
    torch.set_num_threads(1)
    print(f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, one thread")
    times = {cell: [measure(cell, size) for size in sizes] for cell in CELLS}
    print(f"RESULT x_nn_gru={times['GRU'][0]:.2f} x_nn_lstm={times['LSTM'][0]:.2f}")


if __name__ == "__main__":
    main()
