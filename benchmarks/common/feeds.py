"""What ``training.py`` trains on: random Panels, our batches, and those of a plain DataLoader."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from intralpha.base import Panel
from intralpha.datasets import Batch, Samples

HERE = Path(__file__).resolve().parent
CLOSE = 15 * 60


@dataclass(frozen=True)
class Size:
    """Of the data and of the windows.

    Attributes
    ----------
    stocks, dates : cross-section, and how many dates are sample dates
    window_days, bars, features : of a window; one bar for daily features
    batch : windows a step
    """

    stocks: int
    dates: int
    window_days: int
    bars: int
    features: int
    batch: int

    @property
    def length(self) -> int:
        """Steps of a window."""
        return self.window_days * self.bars

    @property
    def days(self) -> np.ndarray:
        """Sessions of the data."""
        return np.datetime64("2020-01-01", "D") + np.arange(self.window_days - 1 + self.dates)

    def __str__(self) -> str:
        return f"{self.length} x {self.features}, batch {self.batch:,}, {self.stocks:,} stocks"


def make_samples(size: Size) -> Samples:
    """Random features and labels of a whole market that always trades."""
    rng, days = np.random.default_rng(0), size.days
    assets = np.array([f"{i:06d}.SZ" for i in range(size.stocks)])
    bars = (size.bars,) if size.bars > 1 else ()
    values = rng.standard_normal((len(days), *bars, size.stocks, size.features), dtype=np.float32)
    ends = [CLOSE - 5 * k for k in reversed(range(size.bars))]
    times = tuple(time(t // 60, t % 60) for t in ends) if bars else None
    names = tuple(f"f{i}" for i in range(size.features))
    label = Panel.full(days, assets, ("fwd_label",))
    label.values[:] = rng.standard_normal(label.values.shape, dtype=np.float32)
    known = np.ones((len(days), size.stocks), dtype=bool)
    panel = Panel(values, days, assets, names, times)
    return Samples.of(panel, known, known, size.window_days, label)


class WindowDataset(Dataset[tuple[np.ndarray, np.float32]]):
    """One item a stock and date, as tutorials write it."""

    def __init__(self, samples: Samples, size: Size) -> None:
        self.values = samples.windows["x"].panel.values
        assert samples.label is not None
        self.label = samples.label.values[:, :, 0]
        self.length = size.window_days
        first, stocks = size.window_days - 1, size.stocks
        self.pairs = [(t, a) for t in range(first, len(self.label)) for a in range(stocks)]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.float32]:
        t, a = self.pairs[index]
        return self.values[t + 1 - self.length : t + 1, a], self.label[t, a]


def plain_loader(samples: Samples, size: Size, workers: int) -> DataLoader:
    """The shuffled batches of torch's DataLoader, stacked by its own collate function."""
    seed = torch.Generator().manual_seed(0)
    data = WindowDataset(samples, size)
    return DataLoader(data, size.batch, shuffle=True, num_workers=workers, generator=seed)


def as_batches(pairs: Iterator[Any]) -> Iterator[Batch]:
    """Windows and labels of a DataLoader as batches of ours, of one date."""
    for x, y in pairs:
        count = len(y)
        rows = np.zeros(count, np.int64)
        yield Batch(
            np.array(["2020-01-01"], "datetime64[D]"), rows, rows, {"x": x.numpy()}, y.numpy()
        )


def drained(pairs: Iterator[tuple[Any, Any]]) -> tuple[int, float]:
    """Number of windows, and their checksum (the sum of last values times labels)."""
    count, total = 0, 0.0
    for x, y in pairs:
        last, label = np.asarray(x)[:, -1, 0], np.asarray(y)
        count, total = count + len(label), total + float(last.astype(np.float64) @ label)
    return count, total


def with_qlib(python: Path, samples: Samples, size: Size, **job: int) -> dict[str, Any] | None:
    """What qlib's process found; None where there is no qlib, or no torch beside it."""
    probe = [str(python), "-c", "import qlib, torch"]
    if not python.is_file() or subprocess.run(probe, capture_output=True, check=False).returncode:
        print(f"qlib and torch are not installed in {python}: make bench-qlib")
        return None
    assert samples.label is not None
    with TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "x.npy", samples.windows["x"].panel.values)
        np.save(folder / "label.npy", samples.label.values[:, :, 0])
        job |= {"batch": size.batch, "window_days": size.window_days, "features": size.features}
        axes = {"days": [str(d) for d in size.days], "codes": samples.assets.tolist()}
        (folder / "job.json").write_text(json.dumps(job | axes))
        subprocess.run([str(python), str(HERE / "qlib_gru.py"), str(folder)], check=True)
        return json.loads((folder / "found.json").read_text())
