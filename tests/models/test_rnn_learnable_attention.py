"""rnn_learnable_attention: its contract, and equality with the equations [Spec 12.12]."""

import numpy as np
import torch

from intralpha.models import RNNLearnableAttentionSpec, WindowShape

from .contract import Case, Contract
from .equations import line, recurrent, shaken, softmax, weights_of


class TestRNNLearnableAttention(Contract):
    cases = (Case("rnn_learnable_attention", RNNLearnableAttentionSpec(hidden=8, layers=1)),)


def test_states_equal_the_equations() -> None:
    encoder = shaken(RNNLearnableAttentionSpec(hidden=5).encoder(WindowShape(7, 3)))
    weights, x = weights_of(encoder), torch.randn(4, 7, 3, dtype=torch.float64)
    found = encoder(x).detach().numpy()
    for b, window in enumerate(x.numpy()):
        states = recurrent(window, weights, "rnn", "gru", 2)
        told = np.tanh(line(states, weights, "attention.line"))
        shares = softmax(told @ weights["attention.vector.weight"][0])
        expected = sum(share * state for share, state in zip(shares, states, strict=True))
        np.testing.assert_allclose(found[b], expected, atol=1e-12)
