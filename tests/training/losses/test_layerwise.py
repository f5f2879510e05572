"""layerwise: the score's loss and the earlier layers'."""

import pytest
import torch

from intralpha.models import Output
from intralpha.training import Truth
from intralpha.training.losses import LayerwiseSpec, MseSpec


def test_it_adds_the_weighted_mean_of_the_earlier_layers() -> None:
    label = torch.zeros(2)
    output = Output(torch.ones(2), {"layer": torch.tensor([[2.0, 3.0], [2.0, 3.0]])})
    found = LayerwiseSpec(of=MseSpec(), weight=0.5).loss(output, Truth.of(label)).item()
    assert found == pytest.approx(1 + 0.5 * (4 + 9) / 2)


def test_every_layer_gets_a_gradient() -> None:
    torch.manual_seed(0)
    layer = torch.randn(20, 3, requires_grad=True)
    output = Output(torch.randn(20), {"layer": layer})
    LayerwiseSpec().loss(output, Truth.of(torch.randn(20))).backward()
    assert layer.grad is not None
    assert (layer.grad.abs().amax(0) > 1e-4).all()
