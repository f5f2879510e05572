"""Diverged: a loss or a gradient that is no number any more, and what made it so."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32
from numpy import ndarray
from torch import nn

from intralpha.base import DataError
from intralpha.datasets import Batch, Samples
from intralpha.datasets.window import Window


class TrainingDivergedError(DataError):
    """The loss, or the gradient of a finite loss, is not a number any more."""

    def __init__(self, epoch: int, step: int, loss: float, why: str, what: str = "loss") -> None:
        self.epoch, self.step, self.loss, self.why, self.what = epoch, step, loss, why, what
        super().__init__(
            f"the {what} became {loss} in epoch {epoch}, step {step}: {why}.\n"
            "Hint: lower training.learning_rate, warm it up (training.rate.warmup_steps), or look "
            "for infinite or huge features and labels."
        )


@dataclass(frozen=True)
class Extreme:
    """One number of a batch that stands out.

    Attributes
    ----------
    what : ``input x, feature ret20`` or ``label fwd_ret``
    asset : symbol of the stock
    known : date of the number, as text; for labels the sample's
    sample : date of the sample
    value : the number
    """

    what: str
    asset: str
    known: str
    sample: str
    value: float

    def __str__(self) -> str:
        ends = "" if self.known == self.sample else f", in the window that ends on {self.sample}"
        return f"{self.what}, of {self.asset} on {self.known} is {self.value:.6g}{ends}"

    @property
    def finite(self) -> bool:
        """Whether the number is one."""
        return bool(np.isfinite(self.value))


def why_not_finite(network: nn.Module, batch: Batch, samples: Samples) -> str:
    """What made the loss of a batch, or its gradient, something else than a number.

    Parameters
    ----------
    network : that was trained
    batch : with labels
    samples : that the batch is of

    Returns
    -------
    str
        The first input that is not finite, by input, date, stock, step and feature; if there is
        none the first parameter that is not finite; else the largest input and label.
    """
    inputs = list(extreme_inputs(batch, samples))
    wrong = next((one for one in inputs if not one.finite), None)
    if wrong is not None:
        return str(wrong)
    for name, parameter in network.named_parameters():
        if not torch.isfinite(parameter).all():
            return f"the inputs are finite; weights of {name} are not"
    largest = max(inputs, key=lambda one: abs(one.value))
    return (
        f"inputs and weights are finite; the largest input: {largest}; the largest label: "
        f"{extreme_label(batch, samples)}"
    )


def extreme_inputs(batch: Batch, samples: Samples) -> Iterator[Extreme]:
    """Of each input the first number that is not finite, or the one farthest from 0.

    Parameters
    ----------
    batch : of some windows
    samples : that it is of
    """
    for name, x in batch.windows.items():
        place = _farthest(x)
        window, row = samples.windows[name], place[0]
        back, feature = _where(window, place[1:])
        sample = batch.dates[batch.days_B[row]]
        at = int(np.searchsorted(samples.dates, sample)) - back
        yield Extreme(
            f"input {name}, feature {window.panel.names[feature]}",
            str(samples.assets[batch.columns[row]]),
            str(samples.dates[at]),
            str(sample),
            float(x[place]),
        )


def extreme_label(batch: Batch, samples: Samples) -> Extreme:
    """The label farthest from 0; those that are not finite count as absent and are none.

    Parameters
    ----------
    batch : with labels
    samples : that it is of
    """
    assert samples.label is not None
    y = batch.y if batch.y.ndim == 2 else batch.y[:, None]
    row, column = _farthest(np.where(np.isfinite(y), y, np.float32(0)))
    sample, value = str(batch.dates[batch.days_B[row]]), float(y[row, column])
    asset, name = str(samples.assets[batch.columns[row]]), samples.label.names[column]
    return Extreme(f"label {name}", asset, sample, sample, value)


def _farthest(x: Float32[ndarray, "*axes"]) -> tuple[int, ...]:
    """Place of the first number that is not finite, else of the one farthest from 0."""
    size = np.where(np.isfinite(x), np.abs(x), np.float32(np.inf))
    return tuple(int(i) for i in np.unravel_index(int(size.argmax()), x.shape))


def _where(window: Window, place: tuple[int, ...]) -> tuple[int, int]:
    """Sessions before the sample's date, and feature, of a place in a window of :attr:`sizes`."""
    bars, (within, feature) = window.bars, divmod(place[-1], len(window.panel.names))
    if window.cut.step == "bar":
        row = place[0]
    else:
        row = place[0] * bars + (place[1] if window.cut.step == "nested" else within)
    return window.sessions_back(row), feature
