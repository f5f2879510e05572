"""Trainings that kill their own process in the middle of a step, and go on in another one.

Run as a script with a folder: every case once in one go, once killed and begun again.
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file

from intralpha.models import GRUSpec, ModelSpec, RNNSpec
from intralpha.models.heads import UnitsHeadSpec
from intralpha.training import TrainSpec, fit
from intralpha.training.averages import EMASpec, LastEpochsSpec
from intralpha.training.metrics import ICIRMetricSpec, LossMetricSpec
from intralpha.training.optimisers import AdamWSpec
from intralpha.training.rates import CosineRateSpec, StepRateSpec

sys.path.insert(0, str(Path(__file__).parent))

from conftest import make_fold, make_samples

DROPPED = RNNSpec(hidden=6, dropout=0.5)
RUNNING = RNNSpec(hidden=6, dropout=0.5, head=UnitsHeadSpec(units=3, bn_eval="running"))
WARM = {"max_epochs": 4, "patience": 4, "learning_rate": 0.02}
# Name -> network, settings, and the call of the loss that is the last one: in the third epoch.
CASES: dict[str, tuple[ModelSpec, TrainSpec, int]] = {
    "pooled": (GRUSpec(hidden=6), TrainSpec(**WARM, batch="pooled", batch_size=200), 38),
    "ema": (
        DROPPED,
        TrainSpec(
            **WARM,
            optimiser=AdamWSpec(weight_decay=0.1),
            rate=CosineRateSpec(warmup_steps=80),
            metric=ICIRMetricSpec(),
            average=EMASpec(decay=0.95),
            clip_norm=0.1,
        ),
        92,
    ),
    "last": (
        RUNNING,
        TrainSpec(
            **WARM,
            rate=StepRateSpec(every=1),
            metric=LossMetricSpec(),  # which calls the loss once a validation day, too
            average=LastEpochsSpec(epochs=2),
            batch="days",
            batch_days=4,
            clip_value=None,
        ),
        2 * (9 + 8) + 5,
    ),
}


class Mortal:
    """Squared error, and SIGKILL at one of its calls."""

    def __init__(self, last_call: int | None) -> None:
        self.calls, self.last_call = 0, last_call

    def __call__(self, score: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        if self.calls == self.last_call:
            os.kill(os.getpid(), signal.SIGKILL)
        return (score - label).square().mean()


def train(name: str, folder: Path, last_call: int | None = None) -> None:
    """Train with a checkpoint; a training that ends leaves weights and history."""
    torch.set_num_threads(1)
    model, spec, _ = CASES[name]
    samples = make_samples()
    objective, fold = Mortal(last_call), make_fold(samples)
    done = fit(model, objective, samples, fold, spec, 3, folder / "state")
    save_file(done.model.state_dict(), folder / "weights.safetensors")
    done.history.drop("seconds").write_json(folder / "history.json")
    (folder / "calls").write_text(str(objective.calls))


def in_process(work: Callable[[], None]) -> int:
    """Work in a process of its own; its status, as :func:`os.waitpid` has it.

    This one only imports and never trains: threads of a kernel do not survive a fork.
    """
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def train_all(folders: dict[str, Path]) -> None:
    """Train every case to its end."""
    for name, folder in folders.items():
        train(name, folder)


def main(root: Path) -> None:
    """Every case in one go and, begun again, after it was killed; and what was left between."""
    whole = {name: root / name / "whole" for name in CASES}
    cut = {name: root / name / "cut" for name in CASES}
    for folder in (*whole.values(), *cut.values()):
        folder.mkdir(parents=True)
    assert in_process(partial(train_all, whole)) == 0
    for name, (_, _, last_call) in CASES.items():
        status = in_process(partial(train, name, cut[name], last_call))
        left = " ".join(sorted(path.name for path in cut[name].iterdir()))
        (root / name / "said").write_text(f"{status} {left}")
        (root / name / "facts.json").write_text((cut[name] / "state/facts.json").read_text())
    assert in_process(partial(train_all, cut)) == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
