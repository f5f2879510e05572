"""rnn_attention: its contract, and equality with the equations [Spec 12.10, 12.11]."""

import numpy as np
import pytest
import torch

from intralpha.models import RNNAttentionSpec, WindowShape

from .contract import Case, Contract
from .equations import Weights, layer_norm, line, recurrent, shaken, softmax, weights_of


class TestRNNAttention(Contract):
    cases = tuple(
        Case(name, RNNAttentionSpec(hidden=8, layers=1, residual=residual))
        for name, residual in (
            ("rnn_attention", "none"),
            ("rnn_attention-last", "last"),
            ("rnn_attention-per_step", "per_step"),
        )
    )


def found_by_each(states: np.ndarray, weights: Weights) -> np.ndarray:
    """Z [L, d], query by query [Spec 12.10]."""
    query, key, value = (line(states, weights, f"attention.{n}") for n in ("query", "key", "value"))
    shares = [softmax(np.array([q @ k for k in key]) / np.sqrt(len(q))) for q in query]
    return np.stack([sum(s * v for s, v in zip(share, value, strict=True)) for share in shares])


@pytest.mark.parametrize("residual", ["none", "last", "per_step"])
def test_states_equal_the_equations(residual: str) -> None:
    spec = RNNAttentionSpec(cell="lstm", hidden=5, residual=residual)
    encoder = shaken(spec.encoder(WindowShape(7, 3)))
    weights, x = weights_of(encoder), torch.randn(4, 7, 3, dtype=torch.float64)
    found = encoder(x).detach().numpy()
    for b, window in enumerate(x.numpy()):
        states = recurrent(window, weights, "rnn", "lstm", 2)
        z = found_by_each(states, weights)
        expected = z.mean(0)
        if residual == "last":
            expected = layer_norm((states[-1] + expected)[None], weights, "norm")[0]
        elif residual == "per_step":
            expected = layer_norm(states + z, weights, "norm").mean(0)
        np.testing.assert_allclose(found[b], expected, atol=1e-12)
