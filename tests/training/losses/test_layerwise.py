"""layerwise: the score's loss and the earlier layers'."""

import pytest
import torch

from intralpha.models import Output, TransformerSpec, WindowShape
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


def test_a_transformer_that_scores_each_layer_learns_in_each() -> None:
    """What the label follows from is found by the line of the first layer, too."""
    torch.manual_seed(0)
    x = torch.randn(200, 6, 3)
    label = x[:, -1, 0] + 0.1 * torch.randn(200)
    spec = TransformerSpec(width=8, heads=2, inner=8, dropout=0.0, each_layer=True)
    network, loss = spec.make({"x": WindowShape(6, 3)}), LayerwiseSpec()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(40):
        optimiser.zero_grad()
        loss.loss(network(x), Truth.of(label)).backward()
        optimiser.step()
    out = network(x)
    found = torch.stack([out.score, out.parts["layer"][:, 0], label])
    assert (torch.corrcoef(found)[:2, 2] > 0.9).all()
