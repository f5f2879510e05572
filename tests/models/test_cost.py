"""Costs against counts by hand."""

import torch

from intralpha.models import GRUSpec, RNNSpec, TransformerSpec, WindowShape
from intralpha.models.cost import cost_of, kept_by


def test_the_gru_of_research_system_002() -> None:
    cost = cost_of(GRUSpec(), {"x": WindowShape(40, 27)})
    # 40 steps of 3 x 30 gates from 27 features and 30 states, then Linear(30 -> 1).
    assert cost.flops == 2 * 40 * 90 * (27 + 30) + 2 * 30
    assert cost.parameters == 90 * (27 + 30 + 2) + 2 * 30 + 31


def test_two_stacked_layers_count_both() -> None:
    cost = cost_of(RNNSpec(hidden=16, layers=2), {"x": WindowShape(5, 3)})
    assert cost.flops == 2 * 5 * 48 * (3 + 16 + 16 + 16) + 2 * 16


def test_a_transformer_whose_last_layer_is_asked_by_the_last_step() -> None:
    steps, features, d, inner = 40, 300, 128, 256
    cost = cost_of(TransformerSpec(), {"x": WindowShape(steps, features)})
    embedding = 2 * steps * features * d
    attention = 2 * steps * d * 3 * d + 2 * 2 * steps**2 * d + 2 * steps * d * d
    feed = 2 * 2 * steps * d * inner
    one_query = 2 * d * d + 2 * steps * d * 2 * d + 2 * 2 * steps * d + 2 * d * d
    last = one_query + 2 * 2 * d * inner
    assert cost.flops == embedding + attention + feed + last + 2 * d
    layer = 4 * d * d + 4 * d + 2 * d * inner + inner + d + 4 * d
    assert cost.parameters == (features + 1) * d + 2 * layer + d + 1


class Squares(torch.nn.Module):
    """Keeps Wx, [B, 4], for the gradient of its square, and nothing else of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.line = torch.nn.Linear(12, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.line(x.flatten(1)).square().sum(1)


def test_what_is_kept_for_the_gradient_is_counted_once_and_without_the_windows() -> None:
    windows = {"x": torch.randn(10, 3, 4)}
    assert kept_by(Squares(), windows) == 10 * 4 * 4


def test_random_numbers_elsewhere_are_not_disturbed() -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    cost_of(RNNSpec(hidden=4), {"x": WindowShape(3, 2)})
    assert torch.equal(torch.rand(1), expected)
