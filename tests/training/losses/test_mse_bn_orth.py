"""mse_bn_orth: the penalty as printed, and its bounds [Spec 13, 20]."""

import numpy as np
import pytest
import torch

from intralpha.models import Output
from intralpha.training import Truth
from intralpha.training.losses import MseBnOrthSpec, MseBnSpec
from intralpha.training.losses.mse_bn_orth import alikeness


def orthogonal_units(k: int) -> torch.Tensor:
    """Columns of a Hadamard matrix without the constant one: mean 0, variance 1, orthogonal."""
    matrix = torch.ones(1, 1, dtype=torch.float64)
    while len(matrix) <= k:
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)])
    return matrix[:, 1 : k + 1]


def test_the_bounds_for_64_units_are_those_of_the_specification() -> None:
    assert alikeness(orthogonal_units(64)).item() == pytest.approx(0.001953, abs=5e-7)
    same = torch.randn(100, 1, dtype=torch.float64).expand(100, 64)
    assert alikeness(same).item() == pytest.approx(0.015625, abs=1e-9)


def test_the_penalty_is_as_printed_whatever_the_scale_of_a_unit() -> None:
    rng = np.random.default_rng(0)
    raw = rng.standard_normal((200, 8)) @ rng.standard_normal((8, 8))
    z = (raw - raw.mean(0)) / raw.std(0)
    printed = np.sqrt(((z.T @ z) ** 2).sum()) / (200 * 8**2)
    assert alikeness(torch.tensor(raw * 7 + 3)).item() == pytest.approx(printed, rel=1e-12)
    assert printed == pytest.approx(np.linalg.norm(np.corrcoef(raw.T)) / 64, rel=1e-12)


def test_it_is_the_squared_error_plus_twenty_penalties() -> None:
    torch.manual_seed(0)
    units, label = torch.randn(90, 5, dtype=torch.float64), torch.randn(90, dtype=torch.float64)
    output, truth = Output(units.mean(1), {"unit": units}), Truth.of(label)
    expected = MseBnSpec().loss(output, truth) + 20 * alikeness(units)
    torch.testing.assert_close(MseBnOrthSpec().loss(output, truth), expected)
