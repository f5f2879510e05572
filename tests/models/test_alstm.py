"""alstm, agru: their contract, and equality with the equations [Spec 12.13]."""

import numpy as np
import pytest
import torch

from intralpha.models import ALSTMSpec, ModelSpec, WindowShape

from .contract import Case, Contract
from .equations import line, recurrent, shaken, softmax, weights_of, with_dropout_times


class TestALSTM(Contract):
    cases = (
        Case("alstm", ALSTMSpec(hidden=8, dropout=0.2)),
        Case("agru", ALSTMSpec(kind="agru", hidden=8, layers=1)),
    )


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("kind", "cell"), [("alstm", "lstm"), ("agru", "gru")])
def test_scores_equal_the_equations(kind: str, cell: str, times: float) -> None:
    """The attention's dropout stands before the tanh: there numbers are multiplied."""
    spec = ModelSpec.of_kind(kind).model_validate({"kind": kind, "hidden": 4, "dropout": 0.3})
    network = with_dropout_times(shaken(spec.make({"x": WindowShape(7, 3)})), times)
    weights, x = weights_of(network), torch.randn(4, 7, 3, dtype=torch.float64)
    found = network(x).score.detach().numpy()
    for b, window in enumerate(x.numpy()):
        embedded = np.tanh(line(window, weights, "encoder.embedding"))
        states = recurrent(embedded, weights, "encoder.rnn", cell, 2)
        told = np.tanh(times * line(states, weights, "encoder.attention.line"))
        shares = softmax(told @ weights["encoder.attention.vector.weight"][0])
        expected = line(np.r_[states[-1], shares @ states], weights, "head.layers.line")
        np.testing.assert_allclose(found[b : b + 1], expected, atol=1e-12)


def test_the_sizes_of_qlib() -> None:
    network = ALSTMSpec().make({"x": WindowShape(60, 6)})
    # Embedding 6 -> 64; two LSTM layers of 4 x 64 x (64 + 64 + 2); attention 64 -> 32 -> 1 without
    # the last bias; head 128 -> 1.
    expected = 7 * 64 + 2 * 256 * 130 + 65 * 32 + 32 + 129
    assert sum(p.numel() for p in network.parameters()) == expected


def test_dropout_reaches_the_attention_in_training_only() -> None:
    torch.manual_seed(0)
    encoder = ALSTMSpec(layers=1, dropout=0.5, hidden=8).encoder(WindowShape(7, 3))
    x = torch.randn(4, 7, 3)
    assert not torch.equal(encoder.train()(x), encoder(x))
    assert torch.equal(encoder.eval()(x), encoder(x))
