"""qlib's half of ``training.py``; runs in qlib's environment, knows nothing of ours.

    python qlib_gru.py FOLDER

FOLDER holds ``x.npy`` [D, A, F] and ``label.npy`` [D, A], float32, and ``job.json``. It writes
``found.json``: windows a second of qlib's own GRU in a training step on batches already cut, in a
whole epoch, and of its DataLoader alone; on one thread, in CPU seconds, and with ``cores`` threads
and as many worker processes, by the clock.
"""

import json
import sys
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pandas as pd
import qlib
import torch
from qlib.contrib.model.pytorch_gru_ts import GRU
from qlib.data.dataset import TSDataSampler
from qlib.model.utils import ConcatDataset
from torch.utils.data import DataLoader


def loader_of(folder: Path, job: dict, workers: int) -> DataLoader:
    """The batches that ``GRU.fit`` makes: shuffled, of equal weights, the last one dropped."""
    x, label = np.load(folder / "x.npy"), np.load(folder / "label.npy")
    index = pd.MultiIndex.from_product(
        [pd.to_datetime(job["days"]), job["codes"]], names=["datetime", "instrument"]
    )
    table = pd.DataFrame(
        x.reshape(len(index), -1), index, [f"f{k}" for k in range(x.shape[2])], copy=False
    )
    table["label"] = label.ravel()
    first, last = (pd.Timestamp(job["days"][k]) for k in (job["window_days"] - 1, -1))
    sampler = TSDataSampler(table, first, last, job["window_days"], dtype=np.float32)
    sampler.config(fillna_type="ffill+bfill")
    data = ConcatDataset(sampler, np.ones(len(sampler)))
    return DataLoader(data, job["batch"], shuffle=True, num_workers=workers, drop_last=True)


def rate(work: Callable[[], object], windows: int, rounds: int, clock: Callable[[], float]):
    """Windows a second in the best of some rounds."""
    least = float("inf")
    for _ in range(rounds):
        started = clock()
        work()
        least = min(least, clock() - started)
    return windows / least


def drained(batches: Iterable) -> int:
    """Number of batches."""
    return sum(1 for _ in batches)


def speeds(folder: Path, job: dict, cores: int) -> dict[str, float]:
    """Of step, epoch and DataLoader on so many cores."""
    torch.set_num_threads(cores)
    clock, workers = (process_time, 0) if cores == 1 else (perf_counter, cores)
    model = GRU(
        d_feat=job["features"],
        hidden_size=job["hidden"],
        num_layers=1,
        dropout=0.0,
        batch_size=job["batch"],
        n_jobs=workers,
        GPU=-1,
        seed=0,
    )
    loader, alone = loader_of(folder, job, workers), loader_of(folder, job, 0)
    cut = list(islice(alone, job["steps"]))
    model.train_epoch(cut[:1])
    count = sum(len(data) for data, _ in cut)
    whole = len(loader) * job["batch"]
    return {
        "step": rate(lambda: model.train_epoch(cut), count, job["rounds"], clock),
        "epoch": rate(lambda: model.train_epoch(loader), whole, 1, clock),
        "cut": rate(lambda: drained(loader), whole, 1, clock),
    }


def main() -> None:
    """Measure and write."""
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text())
    found = {"version": qlib.__version__, "torch": torch.__version__}
    found |= {str(cores): speeds(folder, job, cores) for cores in sorted({1, job["cores"]})}
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
