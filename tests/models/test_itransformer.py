"""itransformer: its contract and its equations [Spec 12.6]."""

import numpy as np
import pytest
import torch

from intralpha.models import ITransformerSpec, WindowShape

from .contract import Case, Contract
from .equations import encoder_layer, line, part, shaken, weights_of, with_dropout_times

SMALL = ITransformerSpec(width=8, heads=2, layers=2, inner=12)


class TestITransformer(Contract):
    cases = (Case("itransformer", SMALL),)


@pytest.mark.parametrize("times", [1, 2])
def test_scores_equal_the_equations(times: float) -> None:
    """Where dropout is, numbers are multiplied."""
    torch.manual_seed(0)
    network = with_dropout_times(shaken(SMALL.make({"x": WindowShape(5, 4)})), times)
    weights = weights_of(network)
    x = torch.randn(3, 5, 4, dtype=torch.float64)
    expected = []
    for window in x.numpy():
        series = [window[:, f] for f in range(4)]
        tokens = times * np.stack(
            [line(one, weights, "encoder.tokens.embedding") for one in series]
        )
        for layer in range(2):
            own = part(weights, f"encoder.tokens.layers.{layer}")
            tokens = encoder_layer(tokens, own, 2, times)
        state = [line(token, weights, "encoder.line")[0] for token in tokens]
        expected.append(line(np.array(state), weights, "head.layers.line")[0])
    np.testing.assert_allclose(network(x).score.detach().numpy(), expected, atol=1e-12)


def test_variables_have_no_place() -> None:
    """In another order they give the same numbers in that order."""
    torch.manual_seed(0)
    encoder = SMALL.encoder(WindowShape(12, 6)).double().eval()
    x, order = torch.randn(3, 12, 6).double(), torch.randperm(6)
    torch.testing.assert_close(encoder(x[:, :, order]), encoder(x)[:, order])
    torch.testing.assert_close(encoder.tokens(x[:, :, order]), encoder.tokens(x)[:, order])


def test_the_level_of_a_series_is_seen() -> None:
    """No window is normalised: a stock that is higher in everything has another score."""
    torch.manual_seed(0)
    network = SMALL.make({"x": WindowShape(12, 6)}).eval()
    x = torch.randn(3, 12, 6)
    assert not torch.allclose(network(x).score, network(x + 1).score, atol=1e-3)
