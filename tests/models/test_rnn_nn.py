"""rnn_nn: its contract, and equality with the equations [Spec 12.9]."""

import numpy as np
import pytest
import torch

from intralpha.models import RNNNNSpec, WindowShape

from .contract import Case, Contract
from .equations import line, recurrent, shaken, weights_of


class TestRNNNN(Contract):
    cases = (
        Case("rnn_nn", RNNNNSpec(hidden=8)),
        Case("rnn_nn-lstm", RNNNNSpec(cell="lstm", hidden=8, layers=1)),
    )


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_scores_equal_the_equations(cell: str) -> None:
    network = shaken(RNNNNSpec(cell=cell, hidden=5).make({"x": WindowShape(7, 3)}))
    weights, x = weights_of(network), torch.randn(4, 7, 3, dtype=torch.float64)
    found = network(x).score.detach().numpy()
    for b, window in enumerate(x.numpy()):
        state = recurrent(window, weights, "encoder.rnn", cell, 2)[-1]
        inner = np.maximum(line(state, weights, "head.layers.first"), 0)
        expected = line(inner, weights, "head.layers.last")
        np.testing.assert_allclose(found[b : b + 1], expected, atol=1e-12)


def test_the_sizes_of_research_system_004() -> None:
    network = RNNNNSpec().make({"x": WindowShape(160, 64)})
    # GRU(64 -> 50): 3 x 50 x (64 + 50 + 2); GRU(50 -> 50): 3 x 50 x (50 + 50 + 2); 50 -> 10 -> 1.
    expected = 150 * 116 + 150 * 102 + 510 + 11
    assert sum(p.numel() for p in network.parameters()) == expected
