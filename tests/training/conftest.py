"""A small panel whose label is partly the last value of its first feature."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from intralpha.base import Panel
from intralpha.datasets import Fold, Samples


def make_samples(days: int = 60, assets: int = 80, strength: float = 0.7, seed: int = 0) -> Samples:
    rng = np.random.default_rng(seed)
    dates = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-01") + days)
    names = np.array([f"{i:06d}.SZ" for i in range(1, assets + 1)])
    x = rng.standard_normal((days, assets, 3)).astype(np.float32)
    noise = rng.standard_normal((days, assets)).astype(np.float32)
    y = strength * x[:, :, 0] + np.sqrt(1 - strength**2) * noise
    y = (y - y.mean(axis=1, keepdims=True)) / y.std(axis=1, keepdims=True)
    ones = np.ones((days, assets), dtype=bool)
    return Samples.of(
        Panel(x, dates, names, ("a", "b", "c")),
        ones,
        ones,
        5,
        Panel(y[:, :, None], dates, names, ("fwd_label",)),
    )


def make_fold(samples: Samples) -> Fold:
    dates = samples.dates
    return Fold("f", dates[4:40], dates[42:50], dates[52:])


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small gain nothing from threads, and lose much where cores are shared."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def samples() -> Samples:
    return make_samples()


@pytest.fixture
def fold(samples: Samples) -> Fold:
    return make_fold(samples)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"
