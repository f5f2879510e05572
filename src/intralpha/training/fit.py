"""Fit: the one training loop, with early stopping on a validation metric and exact resumption."""

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import nn

from intralpha.datasets import Fold, Samples
from intralpha.training.averaged import load_average
from intralpha.training.batches import Batches
from intralpha.training.belonging import Loss, data_marks, training_marks
from intralpha.training.device import chosen_device
from intralpha.training.epoch import run_epoch
from intralpha.training.measurable import UnmeasurableError, check_labels
from intralpha.training.network import Network, check_call, make_network, shapes_of
from intralpha.training.objective import ObjectiveSpec
from intralpha.training.state import TrainState, copied
from intralpha.training.train_spec import TrainSpec
from intralpha.training.validation import LossOf, Validation, validate

Watcher = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, eq=False)
class FitResult:
    """A trained network.

    Parameters
    ----------
    model : with the weights of the best validation epoch (their mean, if one is kept), in eval mode
    history : one row an epoch: epoch, train_loss, valid_rank_ic (NaN: no score varied), the metric
        that was stopped on if it is another (``valid_icir``), ``metric``, the name of its column,
        learning_rate of the last step, gradient_norm (mean over steps, before it is bounded),
        unit_correlation on the validation days (null: no units) and seconds
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
    weights: Float[ndarray, " D"] | None = None,
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
    weights : [D] of ``fold.train``, 0 or more: how often a date is drawn in an epoch of as many
        dates, in ratios (:func:`~intralpha.training.batches.drawn`); None: each once

    Returns
    -------
    FitResult
        The epoch with the best ``spec.metric`` on the validation days; training stops after
        ``patience`` epochs without a better one.

    Raises
    ------
    NothingToLearnError
        No training date has two samples with a label.
    UnmeasurableError
        The metric cannot be measured: too few samples or dates, labels that are no numbers or all
        equal, or a network whose scores never varied.
    InputNamesError
        The network's ``forward`` takes other inputs.
    NetworkOutputError
        The network does not give one score a stock.
    TrainingDivergedError
        A loss or a gradient is NaN or infinite; it says what made it so.
    OtherTrainingError, DamagedCheckpointError
        The folder holds the state of another training, or one that cannot be read.
    """
    metric = spec.metric
    check_labels(samples, fold, metric.title, metric.days)
    marks = training_marks(model, objective, spec, fold, seed) | data_marks(samples, fold, weights)
    loss_of = loss_function(objective)
    torch.manual_seed(seed)
    network = make_network(model, shapes_of(samples)).to(chosen_device(spec.device))
    check_call(network, shapes_of(samples))
    state = TrainState.begun(network, spec)
    if checkpoint is not None:
        state.restore(checkpoint, marks)
    batches = Batches.of(samples.learnt(fold.train), fold.train, spec, weights)
    judged = network if state.average is None else deepcopy(network)
    while state.goes_on:
        started, epoch = perf_counter(), len(state.rows) + 1
        torch.manual_seed(seed * 1_000_003 + epoch)
        rng = np.random.default_rng([seed, epoch])
        passed = run_epoch(state, loss_of, batches.shuffled(rng), samples)
        if state.average is not None:
            others = np.random.default_rng([seed, epoch, 1])
            load_average(judged, network, state.average, batches.shuffled(others))
        found = validate(judged, samples, fold.valid, loss_of if metric.of_loss else None)
        row = {"epoch": epoch} | asdict(passed) | _measured(found, spec)
        state.rows.append(row | {"seconds": perf_counter() - started})
        if state.waited == 0:
            state.best = copied(judged)
        if checkpoint is not None:
            state.save(checkpoint, marks)
        if watch is not None:
            watch(state.rows[-1])
    return _result(state, judged, fold)


def loss_function(objective: ObjectiveSpec | Loss) -> LossOf:
    """The loss of outputs against truths; a function of one's own sees scores and labels [B].

    Parameters
    ----------
    objective : a spec, or a function of scores [B] and labels [B]
    """
    if isinstance(objective, ObjectiveSpec):
        return objective.loss
    return lambda output, truth: objective(output.score, truth.label_B)


def _measured(found: Validation, spec: TrainSpec) -> dict[str, Any]:
    """What the history says of the validation days."""
    metric = spec.metric
    return {
        "valid_rank_ic": found.rank_ic,
        metric.column: metric.of(found),
        "metric": metric.column,
        "unit_correlation": found.units,
    }


def _result(state: TrainState, judged: nn.Module, fold: Fold) -> FitResult:
    """The best epoch's network.

    Raises
    ------
    UnmeasurableError
        No epoch was measured.
    """
    metric = state.spec.metric
    if all(math.isnan(row[metric.column]) for row in state.rows):
        why = "the network's scores were equal or no numbers in every epoch"
        raise UnmeasurableError(fold.name, len(fold.valid), why, metric.title)
    judged.load_state_dict(state.best)
    judged.eval()
    history = pl.DataFrame(state.rows, schema_overrides={"unit_correlation": pl.Float64})
    return FitResult(judged, history, len(state.rows) - state.waited)
