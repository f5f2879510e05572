"""Epoch: one pass over the training days, step by step."""

import math
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from intralpha.datasets import Batch, Samples
from intralpha.models import Output
from intralpha.training.diverged import TrainingDivergedError, why_not_finite
from intralpha.training.gradient import bound, first_not_finite, norm_of
from intralpha.training.network import Seen, device_of
from intralpha.training.state import TrainState
from intralpha.training.subnormals import subnormals_are_zero
from intralpha.training.two_pass import backward
from intralpha.training.validation import LossOf


@dataclass(frozen=True)
class Passed:
    """What an epoch was like.

    Attributes
    ----------
    train_loss, gradient_norm : means over its steps; the norm is that before it is bounded
    learning_rate : of its last step
    """

    train_loss: float
    gradient_norm: float
    learning_rate: float


@subnormals_are_zero()
def run_epoch(
    state: TrainState, loss_of: LossOf, batches: Iterable[Batch], samples: Samples
) -> Passed:
    """Take a step for each batch.

    Parameters
    ----------
    state : weights, optimiser, average and steps move; the epoch is the one after its last row
    loss_of : what is minimised
    batches : of at least two labelled samples
    samples : that they are of, for what an error says

    Raises
    ------
    TrainingDivergedError
        A loss or a gradient is NaN or infinite.
    """
    epoch, rate = len(state.rows) + 1, 0.0
    parameters = list(state.network.parameters())
    state.network.train()
    losses, norms = [], []
    for step, batch in enumerate(batches):
        state.optimiser.zero_grad()
        value = _differentiated(state, loss_of, batch)
        norm = norm_of(parameters)
        if not (math.isfinite(value) and math.isfinite(norm)):
            _check_finite(state, value, (epoch, step), batch, samples)
        bound(parameters, state.spec, norm)
        state.steps += 1
        rate = _set_rate(state, epoch)
        state.optimiser.step()
        if state.average is not None:
            state.average.after_step(state.network, state.steps)
        losses.append(value)
        norms.append(norm)
    if state.average is not None:
        state.average.after_epoch(state.network)
    return Passed(float(np.mean(losses)), float(np.mean(norms)), rate)


def _differentiated(state: TrainState, loss_of: LossOf, batch: Batch) -> float:
    """The loss of a batch, whose gradient the parameters then have."""
    network, spec = state.network, state.spec
    device = device_of(network)
    seen, truth = Seen.of(batch, device)

    def loss(out: Output) -> Tensor:
        return loss_of(out, truth)

    more, around = seen.more_for(network), _precision(spec.precision, device)
    return backward(network, seen.windows, more, loss, spec.piece, around)


def _precision(name: str, device: torch.device) -> Callable[[], AbstractContextManager[object]]:
    """What a network is called inside of, for products of a precision."""
    if name == "float32":
        return nullcontext
    return partial(torch.autocast, device.type, torch.bfloat16)


def _set_rate(state: TrainState, epoch: int) -> float:
    """The learning rate of the step at hand, which the optimiser then has."""
    spec = state.spec
    rate = spec.learning_rate * spec.rate.share(state.steps, epoch, spec.max_epochs)
    for group in state.optimiser.param_groups:
        group["lr"] = rate
    return rate


def _check_finite(
    state: TrainState, loss: float, at: tuple[int, int], batch: Batch, samples: Samples
) -> None:
    """Say what made a loss or a gradient no number; a norm that overflowed alone is none of it.

    Parameters
    ----------
    state : after back-propagation
    loss : of the batch
    at : epoch and step
    batch : that they are of
    samples : that the batch is of

    Raises
    ------
    TrainingDivergedError
    """
    if not math.isfinite(loss):
        raise TrainingDivergedError(*at, loss, why_not_finite(state.network, batch, samples))
    found = first_not_finite(state.network)
    if found is not None:
        name, value = found
        why = f"back-propagation came to it first, from a loss of {loss:.6g}; "
        why += why_not_finite(state.network, batch, samples)
        raise TrainingDivergedError(*at, value, why, f"gradient of {name}")
