"""Training: windows a second beside qlib and a plain DataLoader, and where the time goes.

A GRU of 27 features and 30 units is trained on 40-day windows of 4,000 stocks in shuffled batches
of 5,000, by the trainer's own epoch: `step` is given batches already cut, `epoch` cuts them too.
The peers are `nn.GRU` fed by a DataLoader whose item is one slice of an array, and qlib's own GRU
with the sampler and DataLoader that its models use, in a process and an environment of its own.
One core: everybody has one thread and its CPU time counts. `--clock` adds all cores by the clock,
which means something on a machine that does nothing else: a step on as many threads; an epoch in
every core at the same time here, a thread and a worker process a core there. The floor is the time
of the products of a forward and a backward pass at the rate of a product of two 1,024 x 1,024
matrices of the same run. The DataLoader's windows must be ours, or the benchmark fails.

    python benchmarks/training.py             and GRU and Transformer at 480 x 64 and 40 x 300
    python benchmarks/training.py --quick     fewer dates and windows, under a minute
    python benchmarks/training.py --clock     and all cores by the clock
    python benchmarks/training.py --qlib PYTHON    an interpreter that has qlib and torch
"""

import argparse
import math
import os
import platform
from itertools import islice
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from common.big_windows import print_big
from common.clocks import Clocks
from common.feeds import Size, as_batches, drained, make_samples, plain_loader, with_qlib
from common.trained import HIDDEN, PlainGRU, Training, matrix_rate, network_of, pooled, rate
from torch.multiprocessing import get_context

from intralpha.datasets import Samples
from intralpha.models import GRUSpec, WindowShape
from intralpha.models.cost import cost_of

QLIB = Path(__file__).resolve().parent.parent / ".venv-qlib" / "bin" / "python"
STEPS = 3  # batches already cut, given to `step`
Speeds = dict[str, float]


def one_core(samples: Samples, size: Size) -> tuple[Speeds, Speeds, Clocks]:
    """Ours and the plain DataLoader's speeds on one thread, by CPU time, and our clocks."""
    count = size.stocks * size.dates
    cut = list(islice(pooled(samples, size), STEPS))
    windows = sum(len(batch) for batch in cut)
    ours = Training(network_of(GRUSpec(hidden=HIDDEN), size), samples)
    plain = Training(PlainGRU(size), samples)
    for training in (ours, plain):
        training.epoch(cut[:1])  # compile, and warm up the allocator
    loader = plain_loader(samples, size, 0)
    found = {
        "step": rate(lambda: ours.epoch(cut), windows),
        "epoch": rate(lambda: ours.epoch(pooled(samples, size)), count),
        "cut": rate(lambda: drained((b.x, b.y) for b in pooled(samples, size)), count),
    }
    theirs = {
        "step": rate(lambda: plain.epoch(cut), windows),
        "epoch": rate(lambda: plain.epoch(as_batches(loader)), count, 1),
        "cut": rate(lambda: drained(loader), count, 1),
        "fed": rate(lambda: ours.epoch(as_batches(loader)), count, 1),
    }
    same, other = drained((b.x, b.y) for b in pooled(samples, size)), drained(loader)
    assert same[0] == other[0]
    assert np.isclose(same[1], other[1], rtol=1e-6)
    return found, theirs, ours.clocks(pooled(samples, size))


def epochs_of_a_core(size: Size, start: object, done: object) -> None:
    """A training of its own, in a process of its own, that starts when all are ready."""
    torch.set_num_threads(1)
    samples = make_samples(size)
    training = Training(network_of(GRUSpec(hidden=HIDDEN), size), samples)
    training.epoch(islice(pooled(samples, size), 1))
    start.wait()  # type: ignore[attr-defined]
    began = perf_counter()
    training.epoch(pooled(samples, size))
    done.put(perf_counter() - began)  # type: ignore[attr-defined]


def all_cores(samples: Samples, size: Size, cores: int) -> Speeds:
    """Ours by the clock: a step on all threads, epochs of as many trainings side by side."""
    cut = list(islice(pooled(samples, size), STEPS))
    training = Training(network_of(GRUSpec(hidden=HIDDEN), size), samples)
    torch.set_num_threads(cores)
    training.epoch(cut[:1])
    step = rate(lambda: training.epoch(cut), sum(map(len, cut)), clock=perf_counter)
    torch.set_num_threads(1)
    spawned = get_context("spawn")
    start, done = spawned.Barrier(cores), spawned.Queue()
    jobs = [
        spawned.Process(target=epochs_of_a_core, args=(size, start, done)) for _ in range(cores)
    ]
    for job in jobs:
        job.start()
    seconds = max(done.get() for _ in jobs)
    for job in jobs:
        job.join()
    return {"step": step, "epoch": cores * size.stocks * size.dates / seconds, "cut": math.nan}


def print_speeds(rows: dict[str, Speeds]) -> None:
    """Windows a second of everybody."""
    print(f"{'windows/s':34}{'step':>12}{'epoch':>12}{'cutting alone':>15}")
    for name, row in rows.items():
        print(f"{name:34}{row['step']:12,.0f}{row['epoch']:12,.0f}{row['cut']:15,.0f}")


def print_clocks(clocks: Clocks) -> None:
    """Where the time of our epoch goes."""
    shares = ", ".join(f"{part} {100 * share:.1f} %" for part, share in clocks.shares.items())
    print(f"an epoch of ours, CPU time: {shares}")


def main() -> None:
    """Measure and print tables and one line of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument(
        "--qlib", type=Path, default=QLIB, help="an interpreter with qlib and torch"
    )
    parser.add_argument("--clock", action="store_true", help="all cores, by the clock, too")
    given = parser.parse_args()
    size = Size(4_000, 4 if given.quick else 25, 40, 1, 27, 5_000)
    cores = os.cpu_count() or 1
    torch.set_num_threads(1)
    flops = matrix_rate()
    print(f"{platform.machine()}, {cores} cores, torch {torch.__version__}")
    print_big(given.quick, flops)  # first, for a process inherits the peak of the one that made it
    samples = make_samples(size)
    print(f"\nGRU with {HIDDEN} units, {size}")
    ours, plain, clocks = one_core(samples, size)
    job = {
        "hidden": HIDDEN,
        "steps": STEPS,
        "rounds": 1 if given.quick else 3,
        "cores": cores if given.clock else 1,
    }
    qlib = with_qlib(given.qlib, samples, size, **job) or {}
    nan = dict.fromkeys(("step", "epoch", "cut"), math.nan)
    rows = {"intralpha, one core": ours, "DataLoader + nn.GRU, one core": plain}
    rows |= {"DataLoader + our GRU, one core": nan | {"epoch": plain["fed"]}}
    rows |= {"qlib, one core": qlib.get("1", nan)}
    if given.clock:
        rows[f"intralpha, {cores} cores, by the clock"] = all_cores(samples, size, cores)
        rows[f"qlib, {cores} cores, by the clock"] = qlib.get(str(cores), nan)
    print_speeds(rows)
    print_clocks(clocks)
    cost = cost_of(GRUSpec(hidden=HIDDEN), {"x": WindowShape(size.length, size.features)})
    floor = flops / (3 * cost.flops)
    print(f"{flops / 1e9:.1f} GFLOP/s, {3 * cost.flops / 1e6:.2f} MFLOP a window: {floor:,.0f}/s")
    theirs = qlib.get("1", nan)
    print(
        f"RESULT x_qlib_step={ours['step'] / theirs['step']:.2f} "
        f"x_qlib_epoch={ours['epoch'] / theirs['epoch']:.2f} "
        f"x_dataloader={ours['epoch'] / plain['epoch']:.2f} "
        f"share_of_flop_floor={ours['step'] / floor:.2f}"
    )


if __name__ == "__main__":
    main()
