"""Networks: their contract, and equality with the equations in plain NumPy."""

import numpy as np
import pytest
import torch
from torch import nn

from intralpha.models import GRUSpec, ModelSpec, RNNSpec, WindowShape
from intralpha.testing import assert_network

HEAD = "head.layers"
SPECS: tuple[ModelSpec, ...] = (GRUSpec(), GRUSpec(hidden=8, layers=2), RNNSpec(hidden=16))


@pytest.fixture(params=SPECS, ids=lambda s: f"{s.kind}-{s.hidden}x{s.layers}")
def network(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return request.param.make({"x": WindowShape(15, 6)})


MORE = (RNNSpec(hidden=8, cell="lstm"), RNNSpec(hidden=8, layers=1, cell_dropout=0.3))


@pytest.mark.parametrize("spec", SPECS + MORE, ids=repr)
def test_the_contract_of_every_network_holds(spec: ModelSpec) -> None:
    assert_network(spec)


@pytest.mark.one_in(2)
def test_gradients_agree_with_finite_differences(network: nn.Module) -> None:
    double = network.double().eval()
    x = torch.randn(3, 4, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: double(x).score, (x,), atol=1e-6)


def numpy_gru(x: np.ndarray, weights: dict[str, np.ndarray], layers: int) -> np.ndarray:
    """Last hidden state by the equations r, z, n of Cho et al. (2014) in PyTorch's gate order."""
    sigmoid = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731
    for layer in range(layers):
        w_x, w_h, b_x, b_h = (
            weights[f"encoder.rnn.{name}_l{layer}"]
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        h = np.zeros((len(x), w_h.shape[1]))
        states = []
        for t in range(x.shape[1]):
            gx = np.split(x[:, t] @ w_x.T + b_x, 3, axis=1)
            gh = np.split(h @ w_h.T + b_h, 3, axis=1)
            r, z = sigmoid(gx[0] + gh[0]), sigmoid(gx[1] + gh[1])
            h = (1 - z) * np.tanh(gx[2] + r * gh[2]) + z * h
            states.append(h)
        x = np.stack(states, axis=1)
    return x[:, -1]


def test_scores_equal_the_equations(network: nn.Module) -> None:
    network.double().eval()
    weights = {k: v.numpy() for k, v in network.state_dict().items()}
    x = torch.randn(7, 15, 6, dtype=torch.float64)
    layers = sum(k.startswith("encoder.rnn.weight_ih") for k in weights)
    h = numpy_gru(x.numpy(), weights, layers)
    if f"{HEAD}.norm.weight" in weights:
        norm = {n: weights[f"{HEAD}.norm.{n}"] for n in ("running_mean", "running_var", "weight")}
        h = (h - norm["running_mean"]) / np.sqrt(norm["running_var"] + 1e-5) * norm["weight"]
        h = h + weights[f"{HEAD}.norm.bias"]
    score = (h @ weights[f"{HEAD}.line.weight"].T + weights[f"{HEAD}.line.bias"])[:, 0]
    if f"{HEAD}.norm.weight" in weights:
        score = 1 / (1 + np.exp(-score))
    np.testing.assert_allclose(network(x).score.detach().numpy(), score, atol=1e-12)


def test_the_sizes_of_research_system_002() -> None:
    counts = {
        n: p.numel() for n, p in GRUSpec().make({"x": WindowShape(40, 27)}).named_parameters()
    }
    # GRU(27 -> 30): 3 x 30 x 27, 3 x 30 x 30, twice 3 x 30; BN(30); Linear(30 -> 1).
    assert counts["encoder.rnn.weight_ih_l0"] == 2430
    assert counts["encoder.rnn.weight_hh_l0"] == 2700
    assert sum(counts.values()) == 2430 + 2700 + 180 + 60 + 31


def test_the_cell_and_its_dropout_are_chosen() -> None:
    torch.manual_seed(0)
    network = RNNSpec(hidden=8, layers=1, cell="lstm", cell_dropout=0.5).make(
        {"x": WindowShape(4, 3)}
    )
    x = torch.randn(5, 4, 3)
    lstm = nn.LSTM(3, 8, batch_first=True)
    lstm.load_state_dict(network.get_submodule("encoder.rnn").state_dict())
    last = lstm(x)[1][0][-1]
    score = nn.functional.linear(last, *network.get_submodule("head").parameters())[:, 0]
    torch.testing.assert_close(network.eval()(x).score, score, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(network.train()(x).score, score, atol=1e-3)
