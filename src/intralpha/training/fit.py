"""Fit: the one training loop, with early stopping on validation RankIC and exact resumption."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np
import polars as pl
import torch
from pydantic import Field
from torch import nn

from intralpha.base import DataError, Panel, Spec
from intralpha.datasets import Fold, Samples
from intralpha.evaluation import rank_ic
from intralpha.models import ModelSpec
from intralpha.training.checkpoint import load_checkpoint, save_checkpoint
from intralpha.training.objective import ObjectiveSpec

Watcher = Callable[[dict[str, Any]], None]


class TrainSpec(Spec):
    """How a network is trained [Spec 14]."""

    learning_rate: float = Field(default=1e-3, gt=0, description="of Adam")
    max_epochs: int = Field(default=100, gt=0, description="passes over the training days")
    patience: int = Field(default=10, gt=0, description="epochs without a better validation RankIC")
    clip_value: float = Field(default=3.0, gt=0, description="element-wise bound of gradients")
    batch: Literal["day", "pooled"] = Field(
        default="day", description="day: one cross-section a step; pooled: shuffled over dates"
    )
    batch_size: int = Field(default=5000, gt=1, description="samples a step, for batch: pooled")


class TrainingDivergedError(DataError):
    """The loss is not a number any more."""

    def __init__(self, epoch: int, step: int, loss: float) -> None:
        self.epoch, self.step, self.loss = epoch, step, loss
        super().__init__(
            f"the loss became {loss} in epoch {epoch}, step {step}.\n"
            "Hint: lower training.learning_rate, or look for infinite features."
        )


@dataclass(frozen=True, eq=False)
class FitResult:
    """A trained network.

    Attributes
    ----------
    model : with the weights of the best validation epoch, in eval mode
    history : one row an epoch: epoch, train_loss, valid_rank_ic, seconds
    best_epoch : counted from 1
    """

    model: nn.Module
    history: pl.DataFrame
    best_epoch: int


def fit(
    model_spec: ModelSpec,
    objective: ObjectiveSpec,
    samples: Samples,
    fold: Fold,
    spec: TrainSpec,
    seed: int,
    checkpoint: Path,
    watch: Watcher | None = None,
) -> FitResult:
    """Train one network on a fold.

    Parameters
    ----------
    model_spec, objective, spec : the network, its loss, the loop's settings
    samples : windows with labels; only ``fold.train`` and ``fold.valid`` are read
    fold : purged dates
    seed : decides weights, order of batches and dropout
    checkpoint : folder for the state after every epoch; an interrupted training continues from it
        with the same losses as an uninterrupted one
    watch : called after each epoch with its row of the history

    Returns
    -------
    FitResult
        The epoch with the highest mean validation RankIC; training stops after ``patience``
        epochs without a better one.

    Raises
    ------
    TrainingDivergedError
        A loss is NaN or infinite.
    """
    torch.manual_seed(seed)
    model = model_spec.make(samples.n_features)
    optimiser = torch.optim.Adam(model.parameters(), lr=spec.learning_rate)
    best = _copy(model)
    rows: list[dict[str, Any]] = []
    found = load_checkpoint(checkpoint)
    if found is not None:
        best, rows = _restore(model, optimiser, *found)
    while len(rows) < spec.max_epochs and _waited(rows) < spec.patience:
        started, epoch = perf_counter(), len(rows) + 1
        torch.manual_seed(seed * 1_000_003 + epoch)
        loss = _epoch(model, optimiser, objective, samples, fold, spec, seed, epoch)
        score = validation_rank_ic(model, samples, fold.valid)
        row = {"epoch": epoch, "train_loss": loss, "valid_rank_ic": score}
        rows.append(row | {"seconds": perf_counter() - started})
        if _waited(rows) == 0:
            best = _copy(model)
        _store(checkpoint, model, optimiser, best, rows)
        if watch is not None:
            watch(rows[-1])
    model.load_state_dict(best)
    model.eval()
    return FitResult(model, pl.DataFrame(rows), len(rows) - _waited(rows))


def predict(model: nn.Module, samples: Samples, dates: np.ndarray) -> Panel:
    """Scores of every valid sample on the dates.

    Returns
    -------
    Panel, float32, shape [D, A, 1], name ``score``
        NaN for stocks that are no sample. No label is read.
    """
    out = Panel.full(dates, samples.features.assets, ("score",))
    model.eval()
    with torch.no_grad():
        for i, day in enumerate(out.dates):
            batch = samples.day(day, labelled=False)
            if len(batch.columns):
                out.values[i, batch.columns, 0] = model(_tensor(batch.x)).numpy()
    return out


def validation_rank_ic(model: nn.Module, samples: Samples, dates: np.ndarray) -> float:
    """Mean daily RankIC of scores against labels; -1 when no day can be measured."""
    scores = predict(model, samples, dates)["score"].astype(np.float64)
    assert samples.label is not None
    labels = samples.label.at(dates)["fwd_label"].astype(np.float64)
    daily = rank_ic(scores, labels)
    known = daily[np.isfinite(daily)]
    return float(known.mean()) if len(known) else -1.0


def _epoch(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    objective: ObjectiveSpec,
    samples: Samples,
    fold: Fold,
    spec: TrainSpec,
    seed: int,
    epoch: int,
) -> float:
    """One pass over the training days; mean loss of its steps."""
    model.train()
    losses = []
    rng = np.random.default_rng([seed, epoch])
    for step, (x, y) in enumerate(_batches(samples, fold.train, spec, rng)):
        loss = objective.loss(model(_tensor(x)), _tensor(y))
        value = loss.item()
        if not math.isfinite(value):
            raise TrainingDivergedError(epoch, step, value)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), spec.clip_value)
        optimiser.step()
        losses.append(value)
    return float(np.mean(losses))


def _batches(
    samples: Samples, dates: np.ndarray, spec: TrainSpec, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Shuffled batches of at least two samples."""
    if spec.batch == "pooled":
        yield from (b for b in samples.pooled(dates, spec.batch_size, rng) if len(b[1]) > 1)
        return
    for batch in samples.days(rng.permutation(dates), labelled=True):
        if len(batch.y) > 1:
            yield batch.x, batch.y


def _tensor(values: np.ndarray) -> torch.Tensor:
    """A copy in memory aligned by torch: results must not depend on where NumPy put an array."""
    return torch.tensor(values)


def _waited(rows: list[dict[str, Any]]) -> int:
    """Epochs since the best one (0 if the last is the best)."""
    scores = [row["valid_rank_ic"] for row in rows]
    return len(scores) - 1 - int(np.argmax(scores)) if scores else 0


def _copy(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _store(
    folder: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    best: dict[str, torch.Tensor],
    rows: list[dict[str, Any]],
) -> None:
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    tensors |= {f"best.{k}": v for k, v in best.items()}
    for i, state in optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{i}.{k}": v for k, v in state.items()}
    save_checkpoint(folder, tensors, {"epoch": len(rows), "rows": rows})


def _restore(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    tensors: dict[str, torch.Tensor],
    facts: dict[str, Any],
) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """Load weights and moments; returns the best weights so far and the history."""
    parts: dict[str, dict[str, torch.Tensor]] = {"model": {}, "best": {}, "adam": {}}
    for name, value in tensors.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = value
    model.load_state_dict(parts["model"])
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in parts["adam"].items():
        number, _, moment = name.partition(".")
        state.setdefault(int(number), {})[moment] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    return parts["best"], facts["rows"]
