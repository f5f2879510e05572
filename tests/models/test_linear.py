"""linear and mlp: their contract, and equality with the equations."""

import numpy as np
import pytest
import torch

from intralpha.models import LinearSpec, MLPSpec, WindowShape

from .contract import Case, Contract
from .equations import line, shaken, weights_of, with_dropout_times

NESTED = {"x": WindowShape(4, 3, bars=5)}


class TestBaselines(Contract):
    cases = (
        Case("linear", LinearSpec()),
        Case("linear-bars", LinearSpec(), NESTED),
        Case("mlp", MLPSpec(hidden=8, dropout=0.1)),
        Case("mlp-bars", MLPSpec(hidden=8), NESTED),
    )


def test_a_linear_score_is_one_weighted_sum_of_the_window() -> None:
    network = shaken(LinearSpec().make({"x": WindowShape(5, 3)}))
    weights, x = weights_of(network), torch.randn(4, 5, 3, dtype=torch.float64)
    table, bias = weights["head.layers.line.weight"].reshape(5, 3), weights["head.layers.line.bias"]
    for found, window in zip(network(x).score.tolist(), x.numpy(), strict=True):
        np.testing.assert_allclose(found, (table * window).sum() + bias[0], atol=1e-12)


@pytest.mark.parametrize("times", [1, 2])
def test_an_mlp_has_two_layers_and_dropout_between(times: float) -> None:
    network = with_dropout_times(shaken(MLPSpec(hidden=6).make({"x": WindowShape(5, 3)})), times)
    weights, x = weights_of(network), torch.randn(4, 5, 3, dtype=torch.float64)
    inner = times * np.maximum(line(x.numpy().reshape(4, 15), weights, "encoder.line"), 0)
    expected = line(inner, weights, "head.layers.line")[:, 0]
    np.testing.assert_allclose(network(x).score.detach().numpy(), expected, atol=1e-12)
