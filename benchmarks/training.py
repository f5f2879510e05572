"""Feeding a network: our windows against a torch DataLoader, alone and with a GRU.

The same half-hour features, windows of 20 days and shuffled batches of 5,000 samples are given to
the same GRU. The DataLoader side is what most code bases do: a Dataset whose item is one slice of
an array, stacked by the default collate function, in this process or in two workers. Both sides
must deliver the same windows, or the benchmark fails.

    python benchmarks/training.py            800 stocks, 320 days, 8 bars a day, 6 features
    python benchmarks/training.py --quick    400 stocks, 160 days; two batches are trained on
"""

import argparse
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import time
from functools import partial
from itertools import islice
from time import perf_counter

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from intralpha.base import Panel
from intralpha.datasets import Samples
from intralpha.models import GRUSpec, WindowShape

BARS, FEATURES, WINDOW_DAYS, BATCH = 8, 6, 20, 5_000
TIMES = (time(10), time(10, 30), time(11), time(11, 30), time(13, 30), time(14), time(14, 30))
Batches = Iterator[tuple[np.ndarray | torch.Tensor, np.ndarray | torch.Tensor]]


@dataclass(frozen=True)
class Size:
    """Stocks and days of the data, and the batches that are trained on."""

    stocks: int
    days: int
    trained: int


def make_samples(size: Size) -> tuple[Samples, np.ndarray]:
    """Random features and labels; sample dates are those with a whole window before them."""
    rng = np.random.default_rng(0)
    days = np.datetime64("2020-01-01", "D") + np.arange(size.days)
    assets = np.array([f"{i:06d}.SZ" for i in range(size.stocks)])
    shape = (size.days, BARS, size.stocks, FEATURES)
    names = tuple(f"f{i}" for i in range(FEATURES))
    values = rng.standard_normal(shape, dtype=np.float32)
    features = Panel(values, days, assets, names, (*TIMES, time(15)))
    label = Panel.full(days, assets, ("fwd_label",))
    label.values[:] = rng.standard_normal(label.values.shape, dtype=np.float32)
    known = np.ones((size.days, size.stocks), dtype=bool)
    return Samples.of(features, known, known, WINDOW_DAYS, label), days[WINDOW_DAYS - 1 :]


class WindowDataset(Dataset[tuple[np.ndarray, np.float32]]):
    """One item a stock and date, as tutorials write it."""

    def __init__(self, samples: Samples) -> None:
        panel = samples.windows["x"].panel
        self.values = panel.values.reshape(-1, *panel.values.shape[2:])
        assert samples.label is not None
        self.label = samples.label.values[:, :, 0]
        first, stocks = WINDOW_DAYS - 1, self.values.shape[1]
        self.pairs = [(t, a) for t in range(first, len(self.label)) for a in range(stocks)]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.float32]:
        t, a = self.pairs[index]
        stop = (t + 1) * BARS
        return self.values[stop - WINDOW_DAYS * BARS : stop, a], self.label[t, a]


def ours(samples: Samples, dates: np.ndarray) -> Batches:
    """Our shuffled batches."""
    return ((b.x, b.y) for b in samples.pooled(dates, BATCH, np.random.default_rng(0)))


def loader(samples: Samples, workers: int) -> Batches:
    """The DataLoader's shuffled batches."""
    seed = torch.Generator().manual_seed(0)
    data = WindowDataset(samples)
    return iter(DataLoader(data, BATCH, shuffle=True, num_workers=workers, generator=seed))


def drain(batches: Batches) -> tuple[int, float]:
    """Number of windows, and their checksum (the sum of last values times labels)."""
    count, total = 0, 0.0
    for x, y in batches:
        last, label = np.asarray(x)[:, -1, 0], np.asarray(y)
        count, total = count + len(label), total + float(last.astype(np.float64) @ label)
    return count, total


def train(batches: Batches, most: int) -> tuple[int, float]:
    """A GRU on the first batches; windows and mean loss."""
    torch.manual_seed(0)
    model = GRUSpec(hidden=30).make({"x": WindowShape(WINDOW_DAYS * BARS, FEATURES)})
    optimiser = torch.optim.Adam(model.parameters())
    losses, count = [], 0
    for x, y in islice(batches, most):
        loss = ((model(torch.as_tensor(x)).score - torch.as_tensor(y)) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        count += len(y)
    return count, float(np.mean(losses))


def timed(make: Callable[[], Batches], use: Callable[[Batches], tuple[int, float]]) -> tuple:
    """Windows a second in the better of two rounds, windows, and what the use returned."""
    speed, count, value = 0.0, 0, 0.0
    for _ in range(2):
        started = perf_counter()
        count, value = use(make())
        speed = max(speed, count / (perf_counter() - started))
    return speed, count, value


def main() -> None:
    """Run and print one line a contender, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less data, under a minute")
    size = Size(400, 160, 2) if parser.parse_args().quick else Size(800, 320, 10)
    torch.set_num_threads(1)
    samples, dates = make_samples(size)
    train(ours(samples, dates), 1)  # compile, and warm up the allocator
    print(f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}; {size}")
    contenders: dict[str, Callable[[], Batches]] = {
        "intralpha": lambda: ours(samples, dates),
        "DataLoader": lambda: loader(samples, 0),
        "DataLoader, 2 workers": lambda: loader(samples, 2),
    }
    fed = {name: timed(make, drain) for name, make in contenders.items()}
    epoch = {
        name: timed(make, partial(train, most=size.trained)) for name, make in contenders.items()
    }
    for name in contenders:
        print(
            f"{name:24} {fed[name][0]:12,.0f} windows/s alone {epoch[name][0]:10,.0f} in an epoch"
        )
        assert fed[name][1] == fed["intralpha"][1]
        assert np.isclose(fed[name][2], fed["intralpha"][2], rtol=1e-6)
    best = max(fed[n][0] for n in contenders if n != "intralpha")
    best_epoch = max(epoch[n][0] for n in contenders if n != "intralpha")
    print(
        f"RESULT x_dataloader={fed['intralpha'][0] / best:.2f} "
        f"x_dataloader_epoch={epoch['intralpha'][0] / best_epoch:.2f} "
        f"windows_per_s={fed['intralpha'][0]:.0f}"
    )


if __name__ == "__main__":
    main()
