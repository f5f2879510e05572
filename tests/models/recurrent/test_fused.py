"""Fused layers: equal to torch's own, to the equations in NumPy, and to finite differences."""

import copy
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from intralpha.models.recurrent import FusedGRU, FusedLSTM
from intralpha.models.recurrent.stack import run_stack

CELLS = ((FusedGRU, nn.GRU), (FusedLSTM, nn.LSTM))
Fused = type[FusedGRU] | type[FusedLSTM]
both = pytest.mark.parametrize("cell", [FusedGRU, FusedLSTM], ids=["gru", "lstm"])


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def states_of(cell: Fused, *shape: int) -> tuple[Tensor, ...]:
    """Random states before the window, of which gradients are wanted."""
    count = 1 if cell is FusedGRU else 2
    return tuple(torch.randn(shape).requires_grad_() for _ in range(count))


def packed(cell: Fused, states: tuple[Tensor, ...]):
    return states[0] if cell is FusedGRU else states


def last_of(ends) -> tuple[Tensor, ...]:
    return (ends,) if isinstance(ends, Tensor) else tuple(ends)


def close(found: Tensor, expected: Tensor, what: str) -> None:
    """Within 1e-5 of the largest number."""
    scale = float(expected.detach().abs().max()) or 1.0
    gap = float((found.detach() - expected.detach()).abs().max())
    assert gap <= 1e-5 * scale, f"{what} is off by {gap / scale:.2g} of its largest number"


SIZES = {
    "cell": st.sampled_from([FusedGRU, FusedLSTM]),
    "features": st.integers(1, 20),
    "hidden": st.integers(1, 40),
    "steps": st.integers(1, 12),
    "batch": st.integers(1, 70),
    "layers": st.integers(1, 3),
    "sequence": st.booleans(),
}


@settings(max_examples=12)
@given(**SIZES)
@example(cell=FusedGRU, features=3, hidden=5, steps=131, batch=33, layers=2, sequence=False)
@example(cell=FusedLSTM, features=3, hidden=5, steps=131, batch=33, layers=2, sequence=False)
@example(cell=FusedGRU, features=3, hidden=70, steps=30, batch=9, layers=1, sequence=True)
@example(cell=FusedLSTM, features=50, hidden=100, steps=3, batch=64, layers=2, sequence=True)
@example(cell=FusedGRU, features=6, hidden=32, steps=40, batch=1, layers=1, sequence=False)
def test_states_and_gradients_equal_those_of_torch(
    cell: Fused, features: int, hidden: int, steps: int, batch: int, layers: int, sequence: bool
) -> None:
    torch.manual_seed(hidden + 41 * steps)
    ours = cell(features, hidden, layers)
    theirs = dict(CELLS)[cell](features, hidden, layers, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(batch, steps, features, requires_grad=True)
    before = states_of(cell, layers, batch, hidden)
    weigh_out = torch.randn(batch, steps, hidden)
    weigh_end = [torch.randn(layers, batch, hidden) for _ in before]

    def answers(network: nn.Module) -> dict[str, Tensor]:
        settings = {"sequence": sequence} if network is ours else {}
        out, ends = network(x, packed(cell, before), **settings)
        found = {f"end {i}": end for i, end in enumerate(last_of(ends))}
        loss = sum((e * w).sum() for e, w in zip(found.values(), weigh_end, strict=True))
        if sequence:
            found["out"] = out
            loss = loss + (out * weigh_out).sum()
        names = ["x", *(f"start {i}" for i in range(len(before)))]
        names += [name for name, _ in network.named_parameters()]
        grads = torch.autograd.grad(loss, (x, *before, *network.parameters()))
        return found | {f"gradient of {n}": g for n, g in zip(names, grads, strict=True)}

    found, expected = answers(ours), answers(theirs)
    assert found.keys() == expected.keys()
    for what, value in expected.items():
        assert found[what].shape == value.shape
        close(found[what], value, what)


def plain(
    cell: Fused, x: np.ndarray, w: list[np.ndarray], h: np.ndarray, c: np.ndarray, m: np.ndarray
) -> np.ndarray:
    """Last states [B, H] of one layer by the published equations, gates in torch's order."""
    sigmoid = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731
    w_x, w_h, b_x, b_h = w
    gates = 3 if cell is FusedGRU else 4
    for t in range(x.shape[1]):
        gx = np.split(x[:, t] @ w_x.T + b_x, gates, axis=1)
        gh = np.split((m * h) @ w_h.T + b_h, gates, axis=1)
        if cell is FusedGRU:
            r, z = sigmoid(gx[0] + gh[0]), sigmoid(gx[1] + gh[1])
            h = (1 - z) * np.tanh(gx[2] + r * gh[2]) + z * h
        else:
            i, f, o = (sigmoid(gx[k] + gh[k]) for k in (0, 1, 3))
            c = f * c + i * np.tanh(gx[2] + gh[2])
            h = o * np.tanh(c)
    return h


def mask_of(batch: int, hidden: int, rate: float, seed: int) -> Tensor:
    """What the documentation says is drawn."""
    torch.manual_seed(seed)
    return torch.empty(batch, hidden, dtype=torch.float64).bernoulli_(1 - rate) / (1 - rate)


@both
def test_dropout_inside_the_cell_is_the_equation_with_a_mask(cell: Fused) -> None:
    network = cell(4, 6, cell_dropout=0.5).double()
    x, mask = torch.randn(37, 9, 4, dtype=torch.float64), mask_of(37, 6, 0.5, seed=3)
    assert set(mask.unique().tolist()) == {0.0, 2.0}
    torch.manual_seed(3)
    _, ends = network(x)
    zeros = np.zeros((37, 6))
    w = [p.detach().numpy() for p in network.parameters()]
    expected = plain(cell, x.numpy(), w, zeros, zeros, mask.numpy())
    np.testing.assert_allclose(last_of(ends)[0][0].detach().numpy(), expected, atol=1e-13)
    undropped = plain(cell, x.numpy(), w, zeros, zeros, np.ones((37, 6)))
    assert np.abs(expected - undropped).max() > 0.01
    _, ends = network.eval()(x)
    np.testing.assert_allclose(last_of(ends)[0][0].detach().numpy(), undropped, atol=1e-13)


@both
@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_gradients_agree_with_finite_differences(cell: Fused, rate: float) -> None:
    network = cell(3, 4, 2, dropout=rate, cell_dropout=rate).double()
    x = torch.randn(3, 4, 3, dtype=torch.float64, requires_grad=True)
    before = tuple(s.detach().double().requires_grad_() for s in states_of(cell, 2, 3, 4))

    def run(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        del rest  # the network's own, moved in place by the check
        torch.manual_seed(1)
        out, ends = network(x, packed(cell, before))
        return out, *last_of(ends)

    assert torch.autograd.gradcheck(run, (x, *before, *network.parameters()), fast_mode=True)


@both
def test_the_same_seed_drops_the_same(cell: Fused) -> None:
    network = cell(4, 6, 2, dropout=0.3, cell_dropout=0.3)
    x = torch.randn(20, 5, 4)
    with torch.random.fork_rng():
        first, _ = network(x)
    again, _ = network(x)
    assert torch.equal(first, again)
    other, _ = network(x)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(("cell", "theirs"), CELLS, ids=["gru", "lstm"])
def test_dropout_between_layers_takes_the_numbers_that_torch_takes(
    cell: Fused, theirs: type[nn.GRU] | type[nn.LSTM]
) -> None:
    torch.manual_seed(4)
    ours, other = cell(4, 6, 3, dropout=0.5), None
    torch.manual_seed(4)
    other = theirs(4, 6, 3, batch_first=True, dropout=0.5)
    x = torch.randn(40, 7, 4)
    torch.manual_seed(5)
    found, _ = ours(x)
    torch.manual_seed(5)
    expected, _ = other(x)
    close(found, expected, "out")


@both
def test_operations_of_torch_give_the_same(cell: Fused) -> None:
    """What other devices do where neurons are dropped inside cells."""
    network = cell(4, 6, 2, dropout=0.3)
    x = torch.randn(20, 5, 4, requires_grad=True)
    answers = []
    for in_kernel in (True, False):
        torch.manual_seed(7)
        out, h, c = run_stack(network, x, None, None, 0.5, True, in_kernel)
        assert out is not None
        total = out.square().sum() + h.sum() + (0 if c is None else c.sum())
        answers.append((out, h, *torch.autograd.grad(total, (x, *network.parameters()))))
    for i, (found, expected) in enumerate(zip(*answers, strict=True)):
        close(found, expected, str(i))


@both
def test_another_device_is_torchs_own(cell: Fused) -> None:
    network, x = cell(4, 6, 2, cell_dropout=0.5).to("meta"), torch.empty(5, 3, 4, device="meta")
    for mode in (network.train(), network.eval()):
        out, ends = mode(x)
        assert out.shape == (5, 3, 6)
        assert last_of(ends)[0].shape == (2, 5, 6)
        assert out.device.type == "meta"


def test_the_mean_of_the_mask_is_one() -> None:
    """With n = h_0 m / 1000 + ..., one step of a GRU shows its mask."""
    rate, hidden = 0.3, 50
    network = FusedGRU(1, hidden, cell_dropout=rate)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.weight_hh_l0[2 * hidden :] = torch.eye(hidden) / 1000
    _, h = network(torch.zeros(400, 1, 1), torch.ones(1, 400, hidden))
    mask = (h[0] - 0.5) * 4000  # h = z h_0 + (1 - z) tanh(r m / 1000), r = z = 1 / 2
    dropped = mask.detach().abs() < 0.01
    torch.testing.assert_close(
        mask[~dropped], torch.full_like(mask[~dropped], 1 / 0.7), rtol=1e-2, atol=0
    )
    error = (rate * (1 - rate) / dropped.numel()) ** 0.5
    assert abs(float(dropped.float().mean()) - rate) < 4 * error


@both
def test_the_number_of_threads_changes_no_bit(cell: Fused, threads: None) -> None:
    network = cell(5, 20, 2)
    x = torch.randn(2 * 32 * 33 + 1, 3, 5, requires_grad=True)  # two blocks and more a share
    answers = []
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        out, _ = network(x)
        (out[:, 1] - out[:, 2]).square().sum().backward()
        answers.append([out, x.grad, *(p.grad for p in network.parameters())])
        x.grad = None
        network.zero_grad()
    for other in answers[1:]:
        assert all(torch.equal(a, b) for a, b in zip(answers[0], other, strict=True))


@both
def test_a_samples_states_know_no_other_sample(cell: Fused) -> None:
    network, x = cell(5, 20), torch.randn(70, 6, 5)
    with torch.no_grad():
        whole, _ = network(x)
        order = torch.randperm(70)
        assert torch.equal(network(x[order])[0], whole[order])
        assert torch.equal(torch.cat([network(one[None])[0] for one in x]), whole)


@both
def test_windows_of_a_panel_need_no_copy(cell: Fused) -> None:
    network = cell(3, 9)
    panel = torch.randn(30, 50, 4)  # sessions, stocks, features
    windows = panel.unfold(0, 6, 1)[10, :, :3].transpose(1, 2)  # one session's, three features
    assert not windows.is_contiguous()
    repeated = torch.randn(1, 1, 3).expand(50, 6, 3)
    for x in (windows, repeated, panel[3:9, :, ::2][..., :2].transpose(0, 1)):
        layer = cell(x.shape[2], 9) if x.shape[2] != 3 else network
        found, expected = (layer(v)[0].square().sum() for v in (x, x.contiguous()))
        assert torch.equal(found, expected)
        grads = [torch.autograd.grad(v, list(layer.parameters())) for v in (found, expected)]
        assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))


@pytest.mark.parametrize(("cell", "theirs"), CELLS, ids=["gru", "lstm"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_stays_in_its_sample(
    cell: Fused, theirs: type[nn.GRU] | type[nn.LSTM], value: float
) -> None:
    ours, other = cell(3, 5), theirs(3, 5, batch_first=True)
    other.load_state_dict(ours.state_dict())
    x = torch.randn(40, 6, 3)
    x[17, 2, 1] = value
    with torch.no_grad():
        found, expected = ours(x)[0], other(x)[0]
    assert torch.equal(found.isnan(), expected.isnan())
    assert bool(found[17].isnan().any()) == np.isnan(value)
    assert torch.isfinite(torch.cat([found[:17], found[18:]])).all()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize(("cell", "theirs"), CELLS, ids=["gru", "lstm"])
def test_gates_at_their_ends_have_no_gradient(
    cell: Fused, theirs: type[nn.GRU] | type[nn.LSTM]
) -> None:
    """Raw volumes as inputs: what is left of 1 - tanh^2 would be multiplied with them."""
    ours, other = cell(3, 4), theirs(3, 4, batch_first=True)
    other.load_state_dict(ours.state_dict())
    x = 1e8 * torch.randn(9, 5, 3)
    for network in (ours, other):
        last_of(network(x)[1])[0].sum().backward()
        assert network.weight_ih_l0.grad is not None
        assert network.weight_ih_l0.grad.abs().max() < 1e-3


@pytest.mark.parametrize(("cell", "theirs"), CELLS, ids=["gru", "lstm"])
def test_weights_are_those_of_torch(
    cell: Fused, theirs: type[nn.GRU] | type[nn.LSTM], tmp_path: Path
) -> None:
    torch.manual_seed(1)
    ours = cell(5, 7, 2)
    torch.manual_seed(1)
    other = theirs(5, 7, 2, batch_first=True)
    assert list(ours.state_dict()) == list(other.state_dict())
    assert all(
        torch.equal(a, b) for a, b in zip(ours.parameters(), other.parameters(), strict=True)
    )
    fresh = cell(5, 7, 2)
    fresh.load_state_dict(other.state_dict())
    save_file(ours.state_dict(), tmp_path / "weights.safetensors")
    read, back = cell(5, 7, 2), theirs(5, 7, 2, batch_first=True)
    read.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    back.load_state_dict(read.state_dict())
    x = torch.randn(3, 4, 5)
    expected, _ = ours(x)
    for same in (fresh, read, copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert torch.equal(same(x)[0], expected)
    close(back(x)[0], expected, "out")


@both
def test_no_gates_are_kept(cell: Fused) -> None:
    network, batch, steps, hidden = cell(3, 32), 64, 200, 32
    x = torch.randn(batch, steps, 3)
    sizes: list[int] = []

    def kept(t: Tensor) -> Tensor:
        sizes.append(t.numel())
        return t

    with torch.autograd.graph.saved_tensors_hooks(kept, lambda t: t):
        with torch.no_grad():
            _, ends = network(x, sequence=False)
        assert not sizes
        assert last_of(ends)[0].grad_fn is None
        out, ends = network(x, sequence=False)
    assert out is None
    assert last_of(ends)[0].requires_grad
    weights = sum(p.numel() for p in network.parameters())
    assert sum(sizes) <= x.numel() + weights + 2 * batch * hidden * steps / 8


@both
def test_a_second_derivative_is_refused(cell: Fused) -> None:
    network, x = cell(3, 4), torch.randn(2, 3, 3, requires_grad=True)
    (slope,) = torch.autograd.grad(network(x)[0].square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


@both
def test_what_does_not_fit_is_refused_as_by_torch(cell: Fused) -> None:
    network = cell(3, 4, cell_dropout=0.5)
    states = packed(cell, states_of(cell, 1, 2, 5))  # a network of 4 neurons
    for mode in (network.train(), network.eval()):
        with pytest.raises(RuntimeError, match=r"input.size\(-1\) must be equal to input_size"):
            mode(torch.randn(2, 5, 4))
        with pytest.raises(ValueError, match="does not match weight dtype"):
            mode(torch.randn(2, 5, 3, dtype=torch.float64))
        with pytest.raises(RuntimeError, match="Expected hidden"):
            mode(torch.randn(2, 5, 3), states)


@pytest.mark.parametrize(("cell", "theirs"), CELLS, ids=["gru", "lstm"])
def test_autocast_is_torchs_own(cell: Fused, theirs: type[nn.GRU] | type[nn.LSTM]) -> None:
    ours, other = cell(3, 4), theirs(3, 4, batch_first=True)
    other.load_state_dict(ours.state_dict())
    x = torch.randn(5, 7, 3)
    with torch.autocast("cpu", torch.bfloat16):
        try:
            expected = other(x)[0]
        except RuntimeError as error:  # torch has no LSTM in bfloat16 for processors of AVX2
            pytest.skip(str(error))
        assert torch.equal(ours(x)[0], expected)
