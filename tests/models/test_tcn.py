"""tcn: its contract, the equations in loops, causality and receptive field [Spec 12.14]."""

import numpy as np
import pytest
import torch
from torch import nn

from intralpha.models import TCNSpec, WindowShape

from .contract import Case, Contract
from .equations import Weights, line, shaken, weights_of, with_dropout_times


class TestTCN(Contract):
    cases = (
        Case("tcn", TCNSpec(channels=8, levels=2)),
        Case("tcn-same", TCNSpec(channels=6, levels=3, kernel=2)),
    )


def dilated(x: np.ndarray, weights: Weights, name: str, dilation: int) -> np.ndarray:
    """A causal convolution over [L, C], tap by tap; before the window there are zeros."""
    taps = weights[f"{name}.weight"]
    out = np.tile(weights[f"{name}.bias"], (len(x), 1))
    for t in range(len(x)):
        for k in range(taps.shape[2]):
            past = t - (taps.shape[2] - 1 - k) * dilation
            if past >= 0:
                out[t] += taps[:, :, k] @ x[past]
    return out


def all_steps(x: np.ndarray, weights: Weights, levels: int, times: float) -> np.ndarray:
    """Every step of the last level [L, C]: nothing is left out; ``times`` is what dropout does."""
    for i in range(levels):
        y = times * np.maximum(dilated(x, weights, f"levels.{i}.conv1", 2**i), 0)
        y = times * np.maximum(dilated(y, weights, f"levels.{i}.conv2", 2**i), 0)
        changes = f"levels.{i}.past.weight" in weights
        x = np.maximum(y + (line(x, weights, f"levels.{i}.past") if changes else x), 0)
    return x


@pytest.mark.parametrize(
    ("kernel", "levels", "times"), [(5, 2, 1), (3, 3, 1), (2, 4, 1), (3, 2, 2)]
)
def test_states_at_every_length_equal_the_equations(kernel: int, levels: int, times: float) -> None:
    """Of every beginning of a window too, so that what comes later changes nothing.

    Where dropout is, numbers are multiplied.
    """
    spec = TCNSpec(channels=3, kernel=kernel, levels=levels)
    encoder = with_dropout_times(shaken(spec.encoder(WindowShape(40, 2))), times)
    weights, x = weights_of(encoder), torch.randn(2, 40, 2, dtype=torch.float64)
    expected = np.stack([all_steps(window, weights, levels, times) for window in x.numpy()])
    assert spec.receptive_field(40) < 40
    for length in range(1, 41):
        found = encoder(x[:, :length]).detach().numpy()
        np.testing.assert_allclose(found, expected[:, length - 1], atol=1e-12)


def felt(encoder: nn.Module, length: int) -> torch.Tensor:
    """How much the state of windows of ones feels each step [L]; weights are made positive."""
    with torch.no_grad():
        for p in encoder.parameters():
            p.abs_()
    x = torch.ones(1, length, 1, dtype=torch.float64, requires_grad=True)
    encoder(x).sum().backward()
    return x.grad[0, :, 0]


@pytest.mark.parametrize(("length", "levels", "seen"), [(121, 4, 121), (122, 5, 249)])
def test_levels_and_receptive_field_are_those_of_the_specification(
    length: int, levels: int, seen: int
) -> None:
    spec = TCNSpec(channels=2)
    assert (spec.levels_of(length), spec.receptive_field(length)) == (levels, seen)
    longer = seen + 9
    same = spec.model_copy(update={"levels": levels})
    encoder = same.encoder(WindowShape(longer, 1)).double().eval()
    feels = felt(encoder, longer)
    assert torch.count_nonzero(feels[:9]) == 0
    assert (feels[9:] > 0).all()


def test_more_levels_where_windows_are_longer() -> None:
    assert len(TCNSpec().encoder(WindowShape(121, 1)).levels) == 4
    assert len(TCNSpec().encoder(WindowShape(480, 1)).levels) == 5


def test_dropout_follows_each_convolution() -> None:
    """At a rate of nearly 1 only what passes the convolutions by is left."""
    torch.manual_seed(0)
    encoder = TCNSpec(channels=3, levels=1, dropout=0.999999).encoder(WindowShape(9, 3)).train()
    x = torch.randn(4, 9, 3)
    assert torch.equal(encoder(x), x[:, -1].relu())
    assert not torch.equal(encoder.eval()(x), x[:, -1].relu())
