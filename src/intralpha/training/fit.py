"""Fit: the one training loop, with early stopping on validation RankIC and exact resumption."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np
import polars as pl
import torch
from jaxtyping import Float32, Shaped
from numpy import ndarray
from pydantic import Field
from torch import Tensor, nn

from intralpha.base import ConfigError, DataError, Panel, Spec
from intralpha.datasets import Batch, Fold, Samples
from intralpha.evaluation import rank_ic
from intralpha.models import Output, column_names
from intralpha.training.belonging import Loss, data_marks, training_marks
from intralpha.training.checkpoint import load_checkpoint, pack, save_checkpoint, unpack
from intralpha.training.measurable import UnmeasurableError, check_labels, mean_label
from intralpha.training.network import (
    Network,
    Seen,
    device_of,
    make_network,
    outputs_of,
    probe,
    shapes_of,
)
from intralpha.training.objective import ObjectiveSpec, Truth
from intralpha.training.two_pass import backward

Device = Literal["auto", "cpu", "cuda"]
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
    piece: int | None = Field(
        default=None,
        gt=0,
        description="windows that are in memory at a time; the gradient is that of the whole step, "
        "made in two passes. Default: all of them, in one",
    )
    device: Device = Field(
        default="auto", description="where networks are trained; auto: on a GPU if there is one"
    )


class NoDeviceError(ConfigError):
    """A device was asked for that this machine does not have."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"training.device is {name}; torch {torch.__version__} finds no such device.\n"
            "Hint: `device: auto` takes what there is; `device: cpu` always works."
        )


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

    Parameters
    ----------
    model : with the weights of the best validation epoch, in eval mode
    history : one row an epoch: epoch, train_loss, valid_rank_ic (NaN: no score varied), seconds
    best_epoch : counted from 1
    """

    model: nn.Module
    history: pl.DataFrame
    best_epoch: int


def fit(
    model: Network,
    objective: ObjectiveSpec | Loss,
    samples: Samples,
    fold: Fold,
    spec: TrainSpec,
    seed: int,
    checkpoint: Path | None = None,
    watch: Watcher | None = None,
) -> FitResult:
    """Train one network on a fold.

    Parameters
    ----------
    model : a spec; or a module of one's own that keeps the contract of :class:`ModelSpec`, whose
        weights are where training starts and stay as they are; or a function, a class say, from
        the number of features to a module
    objective : a spec; or a function of scores [B] and labels [B] that returns a scalar to minimise
    samples : windows with labels; only ``fold.train`` and ``fold.valid`` are read
    fold : purged dates
    spec : the loop's settings
    seed : decides weights, order of batches and dropout
    checkpoint : folder for the state after every epoch; an interrupted training continues from it
        with the same losses as an uninterrupted one. None: nothing is kept
    watch : called after each epoch with its row of the history

    Returns
    -------
    FitResult
        The epoch with the highest mean validation RankIC; training stops after ``patience``
        epochs without a better one.

    Raises
    ------
    NothingToLearnError
        No training date has two samples with a label.
    UnmeasurableError
        The RankIC of no validation date can be measured: too few samples, labels that are no
        numbers or all equal, or a network whose scores never varied.
    NetworkOutputError
        The network does not give one score a stock.
    TrainingDivergedError
        A loss is NaN or infinite.
    OtherTrainingError, DamagedCheckpointError
        The folder holds the state of another training, or one that cannot be read.
    """
    check_labels(samples, fold)
    marks = training_marks(model, objective, spec, fold, seed) | data_marks(samples, fold)
    loss_of = loss_function(objective)
    torch.manual_seed(seed)
    network = make_network(model, shapes_of(samples)).to(chosen_device(spec.device))
    optimiser = torch.optim.Adam(network.parameters(), lr=spec.learning_rate)
    best = _copy(network)
    rows: list[dict[str, Any]] = []
    found = load_checkpoint(checkpoint, marks) if checkpoint else None
    if found is not None:
        best, rows = unpack(found[0], network, optimiser), found[1]["rows"]
    while len(rows) < spec.max_epochs and _waited(rows) < spec.patience:
        started, epoch = perf_counter(), len(rows) + 1
        torch.manual_seed(seed * 1_000_003 + epoch)
        loss = _epoch(network, optimiser, loss_of, samples, fold, spec, seed, epoch)
        score = validation_rank_ic(network, samples.judged, fold.valid)
        row = {"epoch": epoch, "train_loss": loss, "valid_rank_ic": score}
        rows.append(row | {"seconds": perf_counter() - started})
        if _waited(rows) == 0:
            best = _copy(network)
        if checkpoint is not None:
            facts = {"epoch": epoch, "rows": rows}
            save_checkpoint(checkpoint, pack(network, optimiser, best), facts, marks)
        if watch is not None:
            watch(rows[-1])
    if all(math.isnan(row["valid_rank_ic"]) for row in rows):
        why = "the network's scores were equal or no numbers in every epoch"
        raise UnmeasurableError(fold.name, len(fold.valid), why)
    network.load_state_dict(best)
    network.eval()
    return FitResult(network, pl.DataFrame(rows), len(rows) - _waited(rows))


def predict(
    model: nn.Module,
    samples: Samples,
    dates: Shaped[ndarray, " n_dates"],
    score_alone: bool = False,
) -> Panel:
    """Scores of every valid sample on the dates, and what else the network gives of it.

    Parameters
    ----------
    model : the network; it is put into eval mode
    samples : windows; labels may be absent
    dates : datetime64[D], ascending
    score_alone : leave out what else it gives

    Returns
    -------
    Panel, float32, shape [D, A, N]
        ``score`` first, then the columns of the network's parts (``unit_00``, ``h01``, ...; scores
        of layers before the last are left out). NaN for stocks that are no sample. No label is
        read. Known at the close of each date.

    Raises
    ------
    ShortHistoryError
        A date has too few sessions before it.
    """
    model.eval()
    with torch.no_grad():
        device, names = device_of(model), ("score",)
        if not score_alone:
            names = tuple(_columns(outputs_of(model, probe(shapes_of(samples), device))))
        out = Panel.full(dates, samples.assets, names)
        for i, day in enumerate(out.dates):
            batch = samples.day(day, labelled=False)
            if len(batch):
                given = _columns(outputs_of(model, Seen.unlabelled(batch, device)))
                out.values[i, batch.columns] = np.stack([given[n] for n in names], axis=-1)
    return out


def validation_rank_ic(
    model: nn.Module, samples: Samples, dates: Shaped[ndarray, " n_dates"]
) -> float:
    """Mean daily RankIC of scores against labels.

    Parameters
    ----------
    model : the network
    samples : windows with labels
    dates : datetime64[D], validation dates

    Returns
    -------
    float
        Over the days that can be measured; NaN when none can. Of a label of several columns the
        mean of those that are known is compared.
    """
    scores = predict(model, samples, dates, score_alone=True)["score"].astype(np.float64)
    assert samples.label is not None
    daily = rank_ic(scores, mean_label(samples.label.at(dates).values))
    known = daily[np.isfinite(daily)]
    return float(known.mean()) if len(known) else math.nan


def chosen_device(name: Device) -> torch.device:
    """Where a network is trained.

    Parameters
    ----------
    name : ``auto`` is a GPU where there is one

    Raises
    ------
    NoDeviceError
        ``cuda`` was asked for, and there is none.
    """
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise NoDeviceError(name)
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def loss_function(objective: ObjectiveSpec | Loss) -> Callable[[Output, Truth], Tensor]:
    """The loss of outputs against truths; a function of one's own sees scores and labels [B].

    Parameters
    ----------
    objective : a spec, or a function of scores [B] and labels [B]
    """
    if isinstance(objective, ObjectiveSpec):
        return objective.loss
    return lambda output, truth: objective(output.score, truth.label_B)


def _epoch(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    loss_of: Callable[[Output, Truth], Tensor],
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
    device = device_of(model)
    for step, batch in enumerate(_batches(samples, fold.train, spec, rng)):
        seen, truth = Seen.of(batch, device)

        def loss(out: Output, truth: Truth = truth) -> Tensor:
            return loss_of(out, truth)

        optimiser.zero_grad()
        value = backward(model, seen.windows, seen.more_for(model), loss, spec.piece)
        if not math.isfinite(value):
            raise TrainingDivergedError(epoch, step, value)
        nn.utils.clip_grad_value_(model.parameters(), spec.clip_value)
        optimiser.step()
        losses.append(value)
    return float(np.mean(losses))


def _batches(
    samples: Samples,
    dates: Shaped[ndarray, " n_dates"],
    spec: TrainSpec,
    rng: np.random.Generator,
) -> Iterator[Batch]:
    """Shuffled batches of at least two samples."""
    if spec.batch == "pooled":
        yield from (b for b in samples.pooled(dates, spec.batch_size, rng) if len(b) > 1)
        return
    yield from (b for b in samples.days(rng.permutation(dates), labelled=True) if len(b) > 1)


def _columns(out: Output) -> Mapping[str, Float32[ndarray, " B"]]:
    """Every number a sample, by name."""
    columns = {"score": out.score.cpu().numpy()}
    for part, values in out.parts.items():
        if part != "layer":
            names = column_names(part, values.shape[1])
            columns |= dict(zip(names, values.T.cpu().numpy(), strict=True))
    return columns


def _waited(rows: list[dict[str, Any]]) -> int:
    """Epochs since the best one (0 if the last is the best); what is not measured is worst."""
    scores = [row["valid_rank_ic"] for row in rows]
    return len(scores) - 1 - int(np.argmax(np.nan_to_num(scores, nan=-np.inf))) if scores else 0


def _copy(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
