"""Convolutions over steps: equality with torch's own, and zeros around windows."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from intralpha.models.over_steps import over_steps


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize(
    ("before", "after", "every"), [(2, 0, 1), (1, 1, 1), (0, 2, 3), (-1, -2, 2)]
)
def test_it_is_what_torch_gives_on_steps_last(
    groups: int, before: int, after: int, every: int
) -> None:
    torch.manual_seed(0)
    conv = nn.Conv1d(4, 8, 3, stride=every, groups=groups).double()
    x = torch.randn(2, 9, 4, dtype=torch.float64, requires_grad=True)
    found = over_steps(conv, x, before, after, every)
    expected = conv(functional.pad(x.transpose(1, 2), (before, after))).transpose(1, 2)
    torch.testing.assert_close(found, expected)
    weight = torch.randn_like(found)
    for leaf in (x, conv.weight, conv.bias):
        mine, its = (
            torch.autograd.grad((y * weight).sum(), leaf, retain_graph=True)[0]
            for y in (found, expected)
        )
        torch.testing.assert_close(mine, its)
