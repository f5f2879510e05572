"""Validation: what a network says on the validation days, beside what came of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from torch import Tensor, nn

from intralpha.datasets import Batch, Samples
from intralpha.datasets.samples import has_label
from intralpha.evaluation import rank_ic
from intralpha.models import Output
from intralpha.training.measurable import mean_label
from intralpha.training.network import Seen, device_of, outputs_of, tensor
from intralpha.training.objective import Truth
from intralpha.training.unit_correlation import unit_correlation

LossOf = Callable[[Output, Truth], Tensor]


@dataclass(frozen=True, eq=False)
class Validation:
    """Scores and labels of the validation days, and what else was measured on them.

    Attributes
    ----------
    score_DA : float64 [D, A], NaN for stocks that are no sample
    label_DA : float64 [D, A], the mean of a label's columns that are known; NaN where none is. Of
        the label that validation compares with, if it has one of its own
    loss : mean over days of the objective, on the samples that have a label; NaN if it was not
        asked for, or no day has two of them
    units : mean over days of the mean absolute correlation between the network's units
        [001 figure 11]; None for a network without units
    """

    score_DA: Float[ndarray, "D A"]
    label_DA: Float[ndarray, "D A"]
    loss: float = math.nan
    units: float | None = None

    @cached_property
    def rank_ic_D(self) -> Float[ndarray, " D"]:
        """RankIC of every day, NaN where it cannot be measured."""
        return rank_ic(self.score_DA, self.label_DA)

    @cached_property
    def rank_ic(self) -> float:
        """Mean daily RankIC over the days that can be measured; NaN when none can."""
        return mean_known(self.rank_ic_D)


def mean_known(daily: Float[ndarray, " D"]) -> float:
    """Mean of what is finite; NaN where nothing is."""
    known = daily[np.isfinite(daily)]
    return float(known.mean()) if len(known) else math.nan


def validate(
    network: nn.Module,
    samples: Samples,
    dates: Shaped[ndarray, " n_dates"],
    loss_of: LossOf | None = None,
) -> Validation:
    """Look at a network on the validation days.

    Parameters
    ----------
    network : it is put into eval mode
    samples : windows with labels
    dates : datetime64[D], validation dates
    loss_of : the objective, if its loss is wanted: of outputs in eval mode, each day for itself,
        made with all of its samples and compared where there is a label

    Returns
    -------
    Validation
        Known when the labels of the last date are.
    """
    network.eval()
    device = device_of(network)
    score_DA = np.full((len(dates), len(samples.assets)), np.nan, np.float32)
    losses, units = [], []
    with torch.no_grad():
        for i, day in enumerate(dates):
            batch = samples.day(day, labelled=False)
            if len(batch):
                output = outputs_of(network, Seen.unlabelled(batch, device))
                score_DA[i, batch.columns] = output.score.cpu().numpy()
                units += [unit_correlation(part) for part in _units(output)]
                losses += [] if loss_of is None else _loss(loss_of, output, batch)
    return Validation(
        score_DA.astype(np.float64),
        label_on(samples.judged, dates),
        mean_known(np.array(losses, np.float64)),
        mean_known(np.array(units, np.float64)) if units else None,
    )


def label_on(samples: Samples, dates: Shaped[ndarray, " n_dates"]) -> Float[ndarray, "n_dates A"]:
    """What scores of validation days are compared with.

    Parameters
    ----------
    samples : windows with labels
    dates : datetime64[D], validation dates
    """
    assert samples.label is not None
    return mean_label(samples.label.at(dates).values)


def _units(output: Output) -> list[Float[Tensor, "B K"]]:
    """The part ``unit``, if there are two units or more."""
    return [p for name, p in output.parts.items() if name == "unit" and p.shape[1] > 1]


def _loss(loss_of: LossOf, output: Output, batch: Batch) -> list[float]:
    """The loss of a day on the samples that have a label; nothing where there are not two."""
    kept = has_label(batch.y)
    if kept.sum() < 2:
        return []
    some, device = _part(output, kept), output.score.device
    truth = Truth.of(tensor(batch.y[kept]).to(device), tensor(batch.days_B[kept]).to(device))
    return [loss_of(some, truth).item()]


def _part(output: Output, kept: Bool[ndarray, " B"]) -> Output:
    """The output of some samples."""
    rows = torch.from_numpy(np.flatnonzero(kept)).to(output.score.device)
    return Output(output.score[rows], {name: part[rows] for name, part in output.parts.items()})
