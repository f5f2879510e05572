"""Predict: what a trained network says of any dates."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from numpy import ndarray
from torch import nn

from intralpha.base import Panel
from intralpha.datasets import Samples
from intralpha.models import Output, column_names
from intralpha.training.network import Seen, device_of, outputs_of, probe, shapes_of


def predict(
    model: nn.Module,
    samples: Samples,
    dates: Shaped[ndarray, " n_dates"],
) -> Panel:
    """Scores of every valid sample on the dates, and what else the network gives of it.

    Parameters
    ----------
    model : the network; it is put into eval mode
    samples : windows; labels may be absent
    dates : datetime64[D], ascending

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
        device = device_of(model)
        names = tuple(_columns(outputs_of(model, probe(shapes_of(samples), device))))
        out = Panel.full(dates, samples.assets, names)
        for i, day in enumerate(out.dates):
            batch = samples.day(day, labelled=False)
            if len(batch):
                given = _columns(outputs_of(model, Seen.unlabelled(batch, device)))
                out.values[i, batch.columns] = np.stack([given[n] for n in names], axis=-1)
    return out


def _columns(out: Output) -> Mapping[str, Float32[ndarray, " B"]]:
    """Every number a sample, by name."""
    columns = {"score": out.score.cpu().numpy()}
    for part, values in out.parts.items():
        if part != "layer":
            names = column_names(part, values.shape[1])
            columns |= dict(zip(names, values.T.cpu().numpy(), strict=True))
    return columns
