"""What a loss that is no number says: which feature, date and stock, or which weight."""

import re
from dataclasses import replace
from datetime import time

import numpy as np
import pytest
import torch
from torch import nn

from intralpha.base import Panel
from intralpha.datasets import CutSpec, Fold, Samples
from intralpha.datasets.window import Window
from intralpha.models import GRUSpec
from intralpha.training import MseBnSpec, TrainingDivergedError, TrainSpec, fit
from intralpha.training.losses import MseSpec

ONE = TrainSpec(max_epochs=1)


def caught(samples: Samples, fold: Fold, model: object = None, **settings: object) -> str:
    spec, network = ONE.model_copy(update=settings), model or GRUSpec(hidden=4)
    with pytest.raises(TrainingDivergedError) as found:
        fit(network, MseSpec(), samples, fold, spec, 0)  # type: ignore[arg-type]
    return str(found.value)


def test_an_infinite_feature_is_named_with_date_and_stock(samples: Samples, fold: Fold) -> None:
    samples.windows["x"].panel.values[20, 7, 1] = np.inf
    samples.label.values[20] = np.nan
    text = caught(samples, fold)
    assert "input x, feature b, of 000008.SZ on 2024-01-21 is inf" in text  # day 20, from 01-01
    assert re.search(r" is inf, in the window that ends on 2024-01-2[2-5]", text)


@pytest.mark.parametrize("step", ["bar", "day", "nested"])
def test_bars_are_told_by_their_session(samples: Samples, fold: Fold, step: str) -> None:
    """Two bars a session, windows of three sessions, every second one."""
    days, assets = len(samples.dates), len(samples.assets)
    values = np.random.default_rng(0).standard_normal((days, 2, assets, 3)).astype(np.float32)
    values[20, 1, 7, 2] = -np.inf
    times = (time(11, 30), time(15))
    panel = Panel(values, samples.dates, samples.assets, ("a", "b", "c"), times)
    cut = CutSpec(window_days=3, every=2, step=step)  # type: ignore[arg-type]
    seen = replace(samples, windows={"bars": Window(panel, cut)})

    class Last(nn.Module):
        def __init__(self, _: int) -> None:
            super().__init__()
            self.level = nn.Parameter(torch.ones(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.flatten(1).sum(1) * self.level

    assert "input bars, feature c, of 000008.SZ on 2024-01-21 is -inf" in caught(seen, fold, Last)


def test_huge_numbers_are_named_where_all_are_finite(samples: Samples, fold: Fold) -> None:
    samples.label.values[25, 3] = 3e30  # its square is no float32
    text = caught(samples, fold)
    assert "inputs and weights are finite; the largest input: input x, feature" in text
    assert "the largest label: label fwd_label, of 000004.SZ on 2024-01-26 is 3e+30" in text


def test_a_gradient_that_blows_up_names_its_parameter(samples: Samples, fold: Fold) -> None:
    """The square root of 0 is a number; its slope is none."""

    class Root(nn.Module):
        def __init__(self, _: int) -> None:
            super().__init__()
            self.early = nn.Parameter(torch.ones(1))
            self.late = nn.Parameter(torch.zeros(1))
            self.last = nn.Parameter(torch.ones(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.late.abs().sqrt() * self.early * x[:, -1, 0] + self.last * x[:, -1, 1]

    text = caught(samples, fold, Root)
    assert "the gradient of late became nan in epoch 1, step 0" in text
    assert "from a loss of" in text


def test_weights_that_are_no_numbers_are_named(samples: Samples, fold: Fold) -> None:
    class Line(nn.Module):
        def __init__(self, _: int) -> None:
            super().__init__()
            self.slope = nn.Parameter(torch.full((1,), torch.nan))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, -1, 0] * self.slope

    assert "the inputs are finite; weights of slope are not" in caught(samples, fold, Line)


def test_an_infinite_gradient_is_not_clipped_in_silence(samples: Samples, fold: Fold) -> None:
    """A gate that is shut by infinity keeps the loss finite; its weight's gradient is none."""
    samples.windows["x"].panel.values[20, 7, 1] = np.inf
    text = caught(samples, fold)
    assert "the gradient of encoder.rnn.weight_ih_l0 became" in text
    assert "feature b, of 000008.SZ on 2024-01-21 is inf" in text


def test_facts_stand_in_the_error(samples: Samples, fold: Fold) -> None:
    samples.windows["x"].panel.values[20] = np.nan
    with pytest.raises(TrainingDivergedError) as found:
        fit(GRUSpec(hidden=4), MseBnSpec(), samples, fold, ONE, 0)
    error = found.value
    assert (error.epoch, error.what) == (1, "loss")
    assert "of 000001.SZ on 2024-01-21 is nan" in error.why
    assert np.isnan(error.loss)
