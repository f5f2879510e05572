"""Bounds of gradients, by hand."""

import pytest
import torch
from torch import nn

from intralpha.training import TrainSpec
from intralpha.training.gradient import bound, first_not_finite, norm_of


class Two(nn.Module):
    def __init__(self, a: list[float], b: list[float]) -> None:
        super().__init__()
        for name, grad in (("a", a), ("b", b)):
            parameter = nn.Parameter(torch.zeros(len(grad)))
            parameter.grad = torch.tensor(grad)
            setattr(self, name, parameter)
        self.unused = nn.Parameter(torch.zeros(2))


def grads(network: Two) -> list[float]:
    return [*network.a.grad.tolist(), *network.b.grad.tolist()]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [3.0, 0.0, -3.0]),  # the default, [Spec 14]
        ({"clip_value": 10.0}, [6.0, 0.0, -8.0]),
        ({"clip_value": None}, [6.0, 0.0, -8.0]),
        ({"clip_norm": 5.0}, [3.0, 0.0, -4.0]),  # the norm is 10; the bound of elements is not used
        ({"clip_norm": 20.0}, [6.0, 0.0, -8.0]),
    ],
)
def test_a_gradient_is_bounded(settings: dict[str, float | None], expected: list[float]) -> None:
    network = Two([6.0, 0.0], [-8.0])
    assert norm_of(list(network.parameters())) == 10.0
    bound(list(network.parameters()), TrainSpec(**settings), 10.0)
    assert grads(network) == pytest.approx(expected, rel=1e-6)


def test_what_back_propagation_came_to_first() -> None:
    nan, inf = float("nan"), float("inf")
    assert first_not_finite(Two([nan, 0.0], [1.0, inf])) == ("b", inf)
    assert first_not_finite(Two([1.0, -inf], [1.0])) == ("a", -inf)
    assert first_not_finite(Two([1.0], [1.0])) is None


def test_a_norm_that_overflows_is_no_gradient_that_does() -> None:
    network = Two([3e38], [3e38])
    norm = norm_of(list(network.parameters()))
    assert norm == float("inf")
    assert first_not_finite(network) is None
    bound(list(network.parameters()), TrainSpec(), norm)
    assert grads(network) == [3.0, 3.0]
