"""The large windows of ``training.py``: each case in a fresh process, whose peak memory is told."""

import resource
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import torch
from common.clocks import Clocks
from common.feeds import Size, make_samples
from common.trained import HIDDEN, Training, network_of, pooled

from intralpha.models import GRUSpec, ModelSpec, TransformerSpec, WindowShape
from intralpha.models.cost import cost_of


@dataclass(frozen=True)
class Case:
    """A network at a size, trained in pieces where ``piece`` says so."""

    name: str
    model: ModelSpec
    size: Size
    piece: int | None = None


@dataclass(frozen=True)
class Found:
    """What a process measured: its clocks, windows, operations a window, and bytes.

    Attributes
    ----------
    imports, data, peak : most bytes in memory after the imports, with the data, and in the end
    """

    clocks: Clocks
    windows: int
    flops: int
    imports: int
    data: int
    peak: int


def cases(quick: bool) -> list[Case]:
    """GRU and Transformer at 40 x 300 and at 480 x 64; two of them, smaller, if ``quick``."""
    gru, few = (500, 50) if quick else (5_000, 500)
    found = [
        Case("gru", GRUSpec(hidden=HIDDEN), Size(gru, 2, 40, 1, 300, gru)),
        Case("gru", GRUSpec(hidden=HIDDEN), Size(gru, 2, 20, 24, 64, gru)),
        Case("transformer", TransformerSpec(), Size(few, 2, 40, 1, 300, few)),
        Case("transformer", TransformerSpec(), Size(few // 2, 2, 20, 24, 64, few // 2), few // 10),
    ]
    return found[1:3] if quick else found


def peak() -> int:
    """Most bytes that this process had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measured(case: Case) -> Found:
    """The second epoch, after a warm-up with tiny windows, for the first one asks for memory."""
    torch.set_num_threads(1)
    size = case.size
    tiny = Size(4, 2, size.window_days, size.bars, size.features, 4)
    warm = make_samples(tiny)
    Training(network_of(case.model, tiny), warm).epoch(pooled(warm, tiny))
    cost = cost_of(case.model, {"x": WindowShape(size.length, size.features)})
    imports, samples = peak(), make_samples(size)
    training = Training(network_of(case.model, size), samples, case.piece)
    data = peak()
    training.epoch(pooled(samples, size))
    clocks = training.clocks(pooled(samples, size))
    return Found(clocks, size.stocks * size.dates, cost.flops, imports, data, peak())


def print_big(quick: bool, matrix_rate: float) -> None:
    """Print a line a case.

    Parameters
    ----------
    quick : fewer windows
    matrix_rate : floating-point operations a second of the machine
    """
    print("epochs of the trainer in fresh processes of one thread, CPU time; memory in MB")
    parts = ("cutting", "forward", "backward", "optimiser", "rest")
    print(
        f"{'':52}{'windows/s':>10}{'of floor':>9}{'imports':>9}{'data':>7}{'peak':>7}   "
        + " ".join(f"{part:>9}" for part in parts)
    )
    for case in cases(quick):
        # A pool a case: a process that is spawned anew has the peak of nobody else.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            found = pool.submit(measured, case).result()
        rate = found.windows / found.clocks.total
        memory = (found.imports, found.data - found.imports, found.peak)
        shares = found.clocks.shares
        piece = f", pieces of {case.piece}" if case.piece else ""
        print(
            f"{f'{case.name} {case.size}{piece}':52}{rate:10,.0f}"
            f"{3 * found.flops * rate / matrix_rate:9.2f}{memory[0] / 1e6:9.0f}"
            f"{memory[1] / 1e6:7.0f}{memory[2] / 1e6:7.0f}   "
            + " ".join(f"{100 * shares[part]:7.1f} %" for part in parts),
            flush=True,
        )
