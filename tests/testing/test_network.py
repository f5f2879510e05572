"""Checks of networks and objectives: ours pass, and each fault is caught."""

import pytest
import torch
from torch import Tensor, nn

from intralpha.models import ModelSpec, SeqDecoderSpec
from intralpha.testing import CheckFailedError, assert_network, assert_objective
from intralpha.training import NetworkOutputError, ObjectiveSpec
from intralpha.training.losses import CrossEntropySpec


@pytest.mark.one_in(3)
@pytest.mark.parametrize("kind", sorted(k for k in ModelSpec.kinds() if "." not in k))
def test_our_networks_keep_the_contract(kind: str) -> None:
    assert_network(ModelSpec.kinds()[kind]())


@pytest.mark.one_in(4)
@pytest.mark.parametrize("kind", sorted(k for k in ObjectiveSpec.kinds() if "." not in k))
def test_our_objectives_are_sound(kind: str) -> None:
    assert_objective(ObjectiveSpec.kinds()[kind]())


def test_labels_are_those_that_a_spec_asks_for() -> None:
    assert_network(SeqDecoderSpec(horizons=5))
    assert_objective(CrossEntropySpec(lowest=0))


class Net(nn.Module):
    """A line on the last step, with one fault."""

    def __init__(self, n_features: int, fault: str = "") -> None:
        super().__init__()
        self.fault = fault
        self.line = nn.Linear(n_features, 1)
        self.norm = nn.BatchNorm1d(n_features, track_running_stats=fault != "batch")
        self.unused = nn.Linear(2, 2) if fault == "unused" else None
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        last = self.norm(x[:, -1])
        self.calls += 1
        score = self.line(last)
        if self.fault == "shape":
            return score
        score = score.squeeze(-1)
        if self.fault == "dropout":
            return nn.functional.dropout(score, 0.5, training=True)
        if self.fault == "place":
            return score + torch.arange(len(score))
        if self.fault == "small":
            return 1e-4 * score + 1e-7 * torch.arange(len(score))
        if self.fault == "rounding":
            return 1e4 * score + 1e-3 * torch.arange(len(score))
        if self.fault == "constant":
            return score * 0
        if self.fault == "calls":
            return score + self.calls
        return score


def test_a_module_is_checked_and_left_as_it_is() -> None:
    network = Net(6).train()
    assert_network(network)
    assert network.training
    assert network.line.weight.grad is None
    assert_network(Net, n_features=3, window=2)


def test_rounding_is_judged_by_how_far_scores_lie_apart() -> None:
    """A thousandth of scores that differ by thousands; ``small`` below is a millionth too much."""
    assert_network(Net(6, "rounding"))


@pytest.mark.parametrize(
    ("fault", "match"),
    [
        ("shape", r"returned shape \(48, 1\)"),
        ("unused", "no gradient of unused.weight"),
        ("constant", "a gradient of .* that is 0"),
        ("batch", "other scores in eval mode alone"),
        ("place", "other scores in eval mode in another order"),
        ("small", "other scores in eval mode in another order, by up to .*e-06"),
        ("dropout", "other scores in eval mode asked again"),
        ("calls", "other scores in eval mode asked again"),
    ],
)
@pytest.mark.filterwarnings("ignore:Expected more than 1 value")
def test_a_broken_network_is_caught(fault: str, match: str) -> None:
    with pytest.raises(
        (CheckFailedError, NetworkOutputError, ValueError), match=f"{match}|more than 1 value"
    ):
        assert_network(Net(6, fault))


class Wrong(torch.autograd.Function):
    """Squares whose gradient is off by half."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0]


@pytest.mark.parametrize(
    ("loss", "match"),
    [
        (lambda s, y: (s - y).square(), r"a loss of shape \(32,\)"),
        (lambda s, y: (s.detach() - y).square().mean(), "no gradient"),
        (lambda s, y: (s * 0).sum() + y.sum(), "a gradient that is 0"),
        (lambda s, y: (s - y).sum() / 0, "loss -?inf"),
        (lambda s, y: Wrong.apply(s - y).mean(), "a gradient off by"),
        (lambda s, y: (s * y).mean(), "for scores equal to the labels"),
    ],
    ids=["vector", "detached", "flat", "infinite", "wrong gradient", "opposite"],
)
def test_a_broken_objective_is_caught(loss, match: str) -> None:
    with pytest.raises(CheckFailedError, match=match):
        assert_objective(loss)
