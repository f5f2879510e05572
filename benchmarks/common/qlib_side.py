"""qlib's half of ``beside_qlib.py``; runs in qlib's environment, knows nothing of ours.

    python qlib_side.py FOLDER

FOLDER holds ``data`` (qlib's layout), ``score.npy`` and ``label.npy`` [D, A] float64, ``x.npy``
[D, A, F] float32 and ``job.json``. It writes ``found.json`` (seconds and windows a second) and
``rows.npy``, ``ic.npy``, ``rank_ic.npy``: what was read and computed.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import qlib
from qlib.config import C
from qlib.contrib.eva.alpha import calc_ic
from qlib.data import D
from qlib.data.dataset import TSDataSampler


def best_of(work: Callable[[], object], rounds: int) -> tuple[float, object]:
    """Shortest wall time in seconds, and what the last call returned."""
    seconds, out = [], None
    for _ in range(rounds):
        started = perf_counter()
        out = work()
        seconds.append(perf_counter() - started)
    return min(seconds), out


def read(folder: Path, job: dict) -> float:
    """Daily columns of all stocks, as every qlib handler starts; in one process or in several."""
    fields = [f"${name}" for name in job["fields"]]
    start, end = job["days"][0], job["days"][-1]
    least, frame = float("inf"), None
    for processes in {1, os.cpu_count()}:
        C["kernels"] = processes
        seconds, frame = best_of(
            lambda: D.features(D.instruments("all"), fields, start, end, freq="day"), job["rounds"]
        )
        least = min(least, seconds)
    assert isinstance(frame, pd.DataFrame)
    stocks = [code.upper() for code in job["codes"]]
    shape = (len(stocks), len(job["days"]), len(fields))
    rows = frame.loc[stocks].to_numpy().reshape(shape)
    np.save(folder / "rows.npy", rows.transpose(1, 0, 2))
    return least


def evaluate(folder: Path, index: pd.MultiIndex, rounds: int) -> float:
    """Daily IC and RankIC of a score."""
    score, label = (
        pd.Series(np.load(folder / f"{name}.npy").ravel(), index) for name in ("score", "label")
    )
    seconds, found = best_of(lambda: calc_ic(score, label), rounds)
    assert isinstance(found, tuple)
    for name, series in zip(("ic", "rank_ic"), found, strict=True):
        np.save(folder / f"{name}.npy", series.to_numpy())
    return seconds


def windows(folder: Path, index: pd.MultiIndex, job: dict) -> tuple[int, float, float, float]:
    """Shuffled batches of windows of the last days.

    Returns the number of windows, windows a second one by one (as its models' DataLoader asks) and
    by lists of places (which is faster), and the checksum.
    """
    x = np.load(folder / "x.npy").reshape(len(index), -1)
    table = pd.DataFrame(x, index, [f"f{k}" for k in range(x.shape[1])])
    table["label"] = np.load(folder / "label.npy").ravel().astype(np.float32)
    first, last = (pd.Timestamp(job["days"][k]) for k in (-job["window_dates"], -1))
    sampler = TSDataSampler(table, first, last, job["window_days"], dtype=np.float32)
    order = np.random.default_rng(0).permutation(len(sampler))
    parts = [order[k : k + job["batch"]] for k in range(0, len(order), job["batch"])]

    def epoch(batch: Callable[[np.ndarray], np.ndarray]) -> float:
        total = 0.0
        for part in parts:
            window = batch(part)
            last_step, label = window[:, -1, 0], window[:, -1, -1]
            total += float(last_step.astype(np.float64) @ label)
        return total

    one, total = best_of(lambda: epoch(lambda part: np.stack([sampler[int(k)] for k in part])), 1)
    many, same = best_of(lambda: epoch(lambda part: sampler[part]), job["rounds"])
    assert total == same
    return len(order), len(order) / one, len(order) / many, float(total)


def main() -> None:
    """Measure and write."""
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text())
    qlib.init(provider_uri=str(folder / "data"), region="cn", logging_level=40)
    index = pd.MultiIndex.from_product(
        [pd.to_datetime(job["days"]), job["codes"]], names=["datetime", "instrument"]
    )
    found = {"version": qlib.__version__, "read": read(folder, job)}
    found["evaluate"] = evaluate(folder, index, job["rounds"])
    found["windows"], found["one"], found["many"], found["checksum"] = windows(folder, index, job)
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
