"""Every network at the sizes of the reports: size, cost, speed, memory, share of the machine.

A network is trained (forward, loss, backward, Adam) and asked (forward in eval mode) on one thread
on windows of a cross-section of 5,000; where one pass would keep more than a gigabyte for the
gradient it is trained in pieces, in two passes, which have the gradient of one. Operations are
those of `intralpha models show`; a training step counts three forward passes, though two passes
run four. The machine's rate is that of a product of two matrices of 1,024 x 1,024 in float32 on
one thread, taken in the same run. Where plain torch.nn has the same network (nn.GRU or nn.LSTM in
the place of our recurrent kernels, nn.TransformerEncoder) it takes turns with ours. Each network
has a process of its own, whose memory is its peak above that of the imports and may be 8 GiB at
most. Times are of the CPU.

    python benchmarks/models.py                     everything, 5,000 windows each
    python benchmarks/models.py --quick             every network at 40 x 27, fewer windows of each
    python benchmarks/models.py --only gru,rnn      some kinds
    python benchmarks/models.py --size "40 x 27"    some sizes
    python benchmarks/models.py --keep found.jsonl  goes on where it was cut off: each network and
                                                    size is a line there once it is measured
    python benchmarks/models.py --at-most 300       fewer rounds of a network and size that would
                                                    take more CPU seconds, then fewer windows
    python benchmarks/models.py --memory-given-back as if no memory were kept from step to step
    python benchmarks/models.py --two-pass          peak memory of one pass and of two alone
"""

import argparse
import json
import math
import multiprocessing
import os
import platform
import resource
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import process_time

import torch
from torch import Tensor, nn

from intralpha.models import ModelSpec, Output, WindowShape, wants_of
from intralpha.models.cost import Cost, cost_of, windows_of
from intralpha.models.recurrent_layers import recurrent_layers
from intralpha.training import NegICSpec, Truth
from intralpha.training.kept_memory import memory_kept
from intralpha.training.two_pass import NotApartError, backward, called

STOCKS, KEPT_AT_ONCE = 5000, 1e9
MOST_BYTES = 8 << 30
ROUNDS, EXPECTED_SHARE = 3, 0.4
PASSES = 13  # forward passes of a round: ours twice in two passes, asked once, plain once
HF27 = "002: 40 x 27"
REPORTS = {
    "000 and 004: 20 days x 24 bars x 64": (480, 64),
    "003: 40 x 300": (40, 300),
    HF27: (40, 27),
    "001: 30 x 22": (30, 22),
}
MULTI = "002: several windows x 6"
WINDOWS = {"day": (40, 6), "week": (20, 6), "month": (12, 6), "high": (40, 27)}
Shapes = dict[str, WindowShape]


@dataclass(frozen=True)
class Speed:
    """What was measured: windows a second, bytes above the imports, and the piece."""

    trained: float
    asked: float
    peak: int
    piece: int | None
    plain: float | None


@dataclass(frozen=True)
class Found:
    """A line of the table; the machine's rate is the one of the run that measured it."""

    network: str
    size: str
    windows: int
    wanted: int
    rounds: int
    rate: float
    cost: Cost
    speed: Speed

    @property
    def share(self) -> float:
        """Of the machine's rate, three forward passes a training step counted."""
        return 3 * self.cost.flops * self.speed.trained / self.rate

    @property
    def ratio(self) -> float:
        """Windows trained for each that the plain version trains; NaN where there is none."""
        plain = self.speed.plain
        return math.nan if plain is None else self.speed.trained / plain

    def __str__(self) -> str:
        """The line."""
        cost, speed = self.cost, self.speed
        return (
            f"{self.network:24}{self.size:38}{cost.parameters:11,}{cost.flops / 1e6:9.2f}"
            f"{speed.trained:11,.0f}{speed.asked:10,.0f}{speed.peak / 1e6:9.0f}"
            f"{self.windows:9}{speed.piece or self.windows:7}{self.rounds:7}{self.share:7.2f}"
            f"{self.ratio:9.2f}"
        )


class PlainTransformer(nn.Module):
    """The network of kind `transformer` from torch.nn alone, at its default sizes."""

    def __init__(self, shape: WindowShape) -> None:
        super().__init__()
        self.embedding = nn.Linear(shape.features, 128)
        self.places = nn.Parameter(torch.randn(shape.length, 128))
        layer = nn.TransformerEncoderLayer(128, 8, 256, 0.1, "gelu", batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.line = nn.Linear(128, 1)

    def forward(self, x: Tensor) -> Tensor:
        states = self.layers(self.embedding(x) + self.places)
        return self.line(states[:, -1]).squeeze(-1)


class PlainGRU(nn.GRU):
    """PyTorch's own, asked as ours is."""

    def forward(self, x: Tensor, state: Tensor | None = None, sequence: bool = True):
        """States after every step, which it always works out, and after the last."""
        del sequence
        return super().forward(x, state)


class PlainLSTM(nn.LSTM):
    """PyTorch's own, asked as ours is."""

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None, sequence: bool = True):
        """States after every step, which it always works out, and after the last."""
        del sequence
        return super().forward(x, state)


def plain_version(kind: str, network: nn.Module, shapes: Shapes) -> nn.Module | None:
    """The same network of plain torch.nn; None where there is none or it is plain already."""
    if kind == "transformer":
        return PlainTransformer(next(iter(shapes.values())))
    found = [(name, m) for name, m in network.named_modules() if isinstance(m, nn.RNNBase)]
    for name, ours in found:
        plain = PlainGRU if isinstance(ours, nn.GRU) else PlainLSTM
        theirs = plain(
            ours.input_size,
            ours.hidden_size,
            ours.num_layers,
            batch_first=True,
            dropout=ours.dropout,
        )
        theirs.load_state_dict(ours.state_dict())
        owner, _, last = name.rpartition(".")
        setattr(network.get_submodule(owner), last, theirs)
    return network if found else None


def spec_of(kind: str) -> ModelSpec:
    """A network with its defaults; a class may stand for several kinds."""
    spec = ModelSpec.kinds()[kind].model_validate({"kind": kind})
    assert isinstance(spec, ModelSpec)
    return spec


def sizes_of(spec: ModelSpec, quick: bool) -> dict[str, Shapes]:
    """The sizes that a network is measured at, by report; one of them if it has to be quick."""
    if not spec.inputs:
        wanted = {HF27: REPORTS[HF27]} if quick else REPORTS
        return {name: {"x": WindowShape(*sizes)} for name, sizes in wanted.items()}
    return {MULTI: {name: WindowShape(*WINDOWS[name]) for name in spec.inputs}}


def step(network: nn.Module, windows: dict[str, Tensor], piece: int | None, loss_of: Callable):
    """One step of training, as a function."""
    optimiser = torch.optim.Adam(network.parameters())
    count = len(next(iter(windows.values())))
    given = {"days_B": torch.zeros(count, dtype=torch.int64), "target_BH": torch.zeros(count, 10)}
    more = {name: given[name] for name in wants_of(network)}

    def run() -> None:
        network.train()
        optimiser.zero_grad()
        backward(network, windows, more, loss_of, piece)
        optimiser.step()

    return run


def ask(network: nn.Module, windows: dict[str, Tensor]) -> None:
    """Scores in pieces of 500, as a whole market is predicted."""
    network.eval()
    count = len(next(iter(windows.values())))
    with torch.no_grad():
        for at in range(0, count, 500):
            some = {name: x[at : at + 500] for name, x in windows.items()}
            days = torch.zeros(len(next(iter(some.values()))), dtype=torch.int64)
            given = {"days_B": days, "target_BH": None}
            called(network, some, {n: given[n] for n in wants_of(network)})


def loss_of(label: Tensor, output: Output) -> Tensor:
    """The loss, of the score and of every part, so that the whole network is trained."""
    loss = NegICSpec().loss(output, Truth.of(label))
    return loss + sum(1e-3 * part.square().mean() for part in output.parts.values())


def best_of(rounds: int, *runs: Callable[[], object]) -> list[float]:
    """Least CPU seconds of each, in turns."""
    best = [math.inf] * len(runs)
    for _ in range(rounds):
        for at, run in enumerate(runs):
            started = process_time()
            run()
            best[at] = min(best[at], process_time() - started)
    return best


def piece_of(cost: Cost, count: int) -> int | None:
    """Samples that keep a gigabyte; None where all do."""
    piece = max(1, int(KEPT_AT_ONCE / max(cost.kept_bytes, 1)))
    return None if piece >= count else piece


def measured(kind: str, shapes: Shapes, count: int, cost: Cost, rounds: int) -> Speed:
    """Speed and memory of a network, in this process."""
    start = peak_bytes()
    torch.manual_seed(0)
    spec = spec_of(kind)
    network, windows = spec.make(shapes), windows_of(shapes, count)
    loss, piece = partial(loss_of, torch.randn(count)), piece_of(cost, count)
    try:
        warm = step(
            network, {n: x[:4] for n, x in windows.items()}, 2, partial(loss_of, torch.randn(4))
        )
        warm()
    except NotApartError:
        piece = None
    ours = step(network, windows, piece, loss)
    trained, asked = best_of(rounds, ours, lambda: ask(network, windows))
    peak = peak_bytes() - start
    plain = plain_version(kind, spec.make(shapes), shapes)
    if plain is None:
        return Speed(count / trained, count / asked, peak, piece, None)
    try:
        again, theirs = best_of(rounds, ours, step(plain, windows, piece, loss))
    except RuntimeError:  # it has not room enough where ours has
        return Speed(count / trained, count / asked, peak, piece, None)
    return Speed(count / min(trained, again), count / asked, peak, piece, count / theirs)


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def in_child(job: Callable[[], object]) -> object:
    """What a job returns in a process of its own, forked from this one after its imports."""
    receive, send = multiprocessing.Pipe(duplex=False)

    def run() -> None:
        try:
            send.send(job())
        except Exception as error:  # the parent tells which network it was
            send.send(error)

    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    send.close()
    try:
        found = receive.recv()
    except EOFError:
        found = MemoryError(f"the process ended with {child.exitcode}")
    child.join()
    return found


def matrix_rate() -> float:
    """Floating-point operations a second of a product of two matrices, float32, one thread."""
    a, b = torch.randn(2, 1024, 1024)
    (seconds,) = best_of(5, lambda: torch.mm(a, b))
    return 2 * 1024**3 / seconds


def load_kernels() -> None:
    """Import and load the recurrent kernels, so that no process of a network counts them."""
    for cell in ("gru", "lstm"):
        states, _ = recurrent_layers(cell, 6, 8)(torch.randn(4, 3, 6))
        assert states is not None
        states.sum().backward()


def one_step(kind: str, count: int, piece: int | None) -> tuple[float, int]:
    """CPU seconds and peak bytes of one training step at 40 x 300."""
    start = peak_bytes()
    torch.manual_seed(0)
    shapes = {"x": WindowShape(40, 300)}
    run = step(
        spec_of(kind).make(shapes),
        windows_of(shapes, count),
        piece,
        partial(loss_of, torch.randn(count)),
    )
    (seconds,) = best_of(1, run)
    return seconds, peak_bytes() - start


def two_pass(kinds: list[str], count: int) -> None:
    """Peak memory of a whole batch in one pass and in two."""
    for kind in kinds:
        cost = in_child(
            partial(
                cost_of,
                spec_of(kind),
                {"x": WindowShape(40, 300)},
            )
        )
        assert isinstance(cost, Cost), cost
        piece = piece_of(cost, count) or count // 10
        for name, size in (("one pass", None), ("two passes", min(piece, count // 10))):
            if size is None and cost.kept_bytes * count > 12e9:
                print(f"{kind:14} {name:10} would keep {cost.kept_bytes * count / 1e9:.0f} GB")
                continue
            found = in_child(partial(one_step, kind, count, size))
            if isinstance(found, Exception):
                print(f"{kind:14} {name:10} failed: {found}")
                continue
            seconds, peak = found  # type: ignore[misc]
            of = "" if size is None else f" in pieces of {size}"
            print(f"{kind:14} {name:10} {peak / 1e9:6.2f} GB {seconds:7.1f} CPU s{of}", flush=True)


def affordable(cost: Cost, count: int, rate: float, at_most: float) -> tuple[int, int]:
    """Windows and rounds, three at most, that are expected to take so many CPU seconds; one round
    of fewer windows where one of all takes more, of a hundred at least.
    """
    rounds = at_most * EXPECTED_SHARE * rate / max(PASSES * cost.flops * count, 1)
    if rounds >= 1:
        return count, int(min(rounds, ROUNDS))
    return min(count, max(100, int(rounds * count))), 1


def kept_before(path: Path | None, windows: int | None) -> dict[tuple[str, str], Found]:
    """What an earlier run that was asked for so many windows measured, by network and size."""
    lines = path.read_text().splitlines() if path is not None and path.is_file() else []
    every = [json.loads(line) for line in lines]
    found = [
        Found(**{**one, "cost": Cost(**one["cost"]), "speed": Speed(**one["speed"])})
        for one in every
    ]
    return {(one.network, one.size): one for one in found if windows in (None, one.wanted)}


def bounded(job: Callable[[], object]) -> object:
    """What a job returns while the process may have ``MOST_BYTES`` of memory of its own."""
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    return job()


def keeping(job: Callable[[], object], given_back: bool) -> object:
    """What a job returns; what a step frees is kept for the next, as in a training of ours."""
    with nullcontext() if given_back else memory_kept():
        return job()


def one(kind: str, size: str, shapes: Shapes, rate: float, args: argparse.Namespace) -> Found | str:
    """A network at a size, or why it was not measured."""
    cost = in_child(partial(cost_of, spec_of(kind), shapes))
    if not isinstance(cost, Cost):
        return f"cannot be made: {cost!r}"
    count, rounds = affordable(cost, args.windows, rate, args.at_most)
    if args.quick:
        count, rounds = min(count, max(100, int(1e9 / cost.flops))), 1
    job = partial(measured, kind, shapes, count, cost, rounds)
    found = in_child(partial(bounded, partial(keeping, job, args.memory_given_back)))
    if not isinstance(found, Speed):
        return f"failed: {found!r}"
    return Found(kind, size, count, args.windows, rounds, rate, cost, found)


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer windows, under a minute")
    parser.add_argument("--only", default="", help="kinds, by commas")
    parser.add_argument("--size", default="", help="only sizes whose name has this in it")
    parser.add_argument("--two-pass", action="store_true", help="only the memory of two passes")
    parser.add_argument("--windows", type=int, default=STOCKS, help="at most, of each")
    parser.add_argument("--keep", type=Path, help="file of what is measured already")
    parser.add_argument(
        "--memory-given-back", action="store_true", help="to the system after every array"
    )
    parser.add_argument("--at-most", type=float, default=math.inf, help="CPU s of one line")
    return parser.parse_args()


def main() -> None:
    """Run and print one line a network and size, then the ratios."""
    args = arguments()
    torch.set_num_threads(1)
    load_kernels()
    warnings.filterwarnings("ignore", message=".*multi-threaded.*fork")
    chosen = [k for k in args.only.split(",") if k]
    if args.two_pass:
        two_pass(chosen or ["transformer", "crossformer"], args.windows)
        return
    kinds = [kind for kind in ModelSpec.kinds() if kind in chosen or not chosen]
    rate = in_child(matrix_rate)
    assert isinstance(rate, float), rate
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}; matrix rate "
        f"{rate / 1e9:.1f} GFLOP/s on one thread\n"
        f"{'network':24}{'size':38}{'parameters':>11}{'MFLOP':>9}{'trained/s':>11}{'asked/s':>10}"
        f"{'peak MB':>9}{'windows':>9}{'piece':>7}{'rounds':>7}{'share':>7}{'x plain':>9}",
        flush=True,
    )
    table = kept_before(args.keep, None if args.quick else args.windows)
    wanted = [
        (k, *pair)
        for k in kinds
        for pair in sizes_of(spec_of(k), args.quick).items()
        if args.size in pair[0]
    ]
    for kind, size, shapes in wanted:
        found = table.get((kind, size)) or one(kind, size, shapes, rate, args)
        if isinstance(found, str):
            print(f"{kind:24}{size:38} {found}", flush=True)
            continue
        if args.keep is not None and (kind, size) not in table:
            with args.keep.open("a") as kept:
                kept.write(json.dumps(asdict(found)) + "\n")
        table[kind, size] = found
        print(found, flush=True)
    ours = [table[kind, size] for kind, size, _ in wanted if (kind, size) in table]
    ratios = {f.network: f.ratio for f in ours if f.size == HF27}
    attention = [ratio for name, ratio in ratios.items() if "attention" in name]
    print(
        f"RESULT x_nn_gru={ratios.get('gru', math.nan):.2f} "
        f"x_nn_gru_attention={max(attention, default=math.nan):.2f} "
        f"slowest_share_of_peak={min((f.share for f in ours), default=math.nan):.3f}"
    )


if __name__ == "__main__":
    main()
