"""TrainState: everything that a training is made of between two epochs, and its way to disk."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from intralpha.training.average import Average
from intralpha.training.belonging import Marks
from intralpha.training.checkpoint import Tensors, load_checkpoint, save_checkpoint
from intralpha.training.train_spec import TrainSpec


@dataclass(eq=False)
class TrainState:
    """Where a training stands.

    Attributes
    ----------
    spec : settings of the loop
    network : that is trained
    optimiser : of its parameters
    average : the mean of its weights, if one is kept
    best : state of the network that had the best metric, by name
    rows : the history, a row an epoch
    steps : taken in all epochs

    Notes
    -----
    No state of random numbers is in it: every epoch begins with one of its own, made from seed and
    epoch.
    """

    spec: TrainSpec
    network: nn.Module
    optimiser: torch.optim.Optimizer
    average: Average | None
    best: Tensors
    rows: list[dict[str, Any]] = field(default_factory=list)
    steps: int = 0

    @staticmethod
    def begun(network: nn.Module, spec: TrainSpec) -> "TrainState":
        """The state before the first step.

        Parameters
        ----------
        network : with fresh weights, on the device where it is trained
        spec : settings of the loop
        """
        optimiser = spec.optimiser.make(network, spec.learning_rate)
        average = None if spec.average is None else spec.average.make(network)
        return TrainState(spec, network, optimiser, average, copied(network))

    @property
    def waited(self) -> int:
        """Epochs since the best one, 0 if the last is the best; what is not measured is worst."""
        metric = self.spec.metric
        found = [metric.sign * float(row[metric.column]) for row in self.rows]
        best = int(np.argmax(np.nan_to_num(found, nan=-np.inf))) if found else -1
        return len(found) - 1 - best

    @property
    def goes_on(self) -> bool:
        """Whether there is another epoch."""
        return len(self.rows) < self.spec.max_epochs and self.waited < self.spec.patience

    def save(self, folder: Path, marks: Marks) -> None:
        """Write a checkpoint.

        Parameters
        ----------
        folder : its own
        marks : what the training belongs to
        """
        facts = {"epoch": len(self.rows), "rows": self.rows, "steps": self.steps}
        save_checkpoint(folder, dict(self._tensors()), facts, marks)

    def restore(self, folder: Path, marks: Marks) -> None:
        """Become what was saved last; nothing happens where nothing was.

        Parameters
        ----------
        folder : where :meth:`save` wrote
        marks : what the training at hand belongs to

        Raises
        ------
        OtherTrainingError, DamagedCheckpointError
        """
        found = load_checkpoint(folder, marks)
        if found is None:
            return
        parts: dict[str, Tensors] = {}
        for name, value in found[0].items():
            part, _, rest = name.partition(".")
            parts.setdefault(part, {})[rest] = value
        self.network.load_state_dict(parts["model"])
        self.best = {
            name: value.to(self.best[name].device) for name, value in parts["best"].items()
        }
        _restore_optimiser(self.optimiser, parts.get("optimiser", {}))
        if self.average is not None:
            self.average.restore(parts.get("average", {}))
        self.rows, self.steps = found[1]["rows"], found[1]["steps"]

    def _tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Everything that is a tensor, under names of its own."""
        yield from ((f"model.{k}", v) for k, v in self.network.state_dict().items())
        yield from ((f"best.{k}", v) for k, v in self.best.items())
        for number, state in self.optimiser.state_dict()["state"].items():
            known = {k: v for k, v in state.items() if v is not None}
            yield from ((f"optimiser.{number}.{k}", v) for k, v in known.items())
        if self.average is not None:
            yield from ((f"average.{k}", v) for k, v in self.average.state().items())


def copied(network: nn.Module) -> Tensors:
    """A copy of a network's parameters and buffers, by name."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Put moments back; settings stay those that the optimiser was made with."""
    state: dict[int, Tensors] = {}
    for name, value in tensors.items():
        number, _, moment = name.partition(".")
        state.setdefault(int(number), {})[moment] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
