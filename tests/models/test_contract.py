"""The battery itself: it holds for a network of the house, and catches those that break it."""

import pytest
import torch
from torch import Tensor

from intralpha.models import GRUSpec, LastState, RNNSpec, WindowShape

from .contract import Case, Contract

GRU_CASE = Case("gru", GRUSpec(hidden=8))
RNN_CASE = Case("rnn", RNNSpec(hidden=8))


class TestRecurrent(Contract):
    cases = (
        GRU_CASE,
        RNN_CASE,
        Case("gru-layers", GRUSpec(hidden=5, layers=3, layer_scores=True), parts={"layer": 2}),
    )


def peeks(self: LastState, x: Tensor) -> Tensor:
    """A state that knows the mean of its batch."""
    return self.rnn(x - x.mean(0))[1][-1]


def counts(self: LastState, x: Tensor) -> Tensor:
    """A state that knows its place in the batch."""
    place = torch.arange(len(x), dtype=x.dtype)
    return self.rnn(x)[1][-1] + place[:, None]


def detached(self: LastState, x: Tensor) -> Tensor:
    """A state whose weights are never learned."""
    return self.rnn(x)[1][-1].detach()


def scaled(self: LastState, x: Tensor) -> Tensor:
    """A state that divides by the spread of its window."""
    return self.rnn(x / x.flatten(1).std(1)[:, None, None])[1][-1]


def rounded(self: LastState, x: Tensor) -> Tensor:
    """A gradient that is not that of the values."""
    state = self.rnn(x)[1][-1]
    return state + (2 * state).detach()


@pytest.mark.parametrize(
    ("forward", "test", "more"),
    [
        (peeks, "test_a_score_depends_on_others_as_the_spec_says", ()),
        (peeks, "test_an_encoder_that_says_so_trains_in_pieces", ()),
        (counts, "test_other_order_of_stocks_reorders_what_is_given", ()),
        (detached, "test_what_is_given_depends_on_every_parameter_and_input", ()),
        (scaled, "test_poor_windows_give_finite_scores_and_gradients", ("zeros",)),
        (peeks, "test_the_first_twenty_losses_are_those_on_record", ()),
    ],
)
def test_networks_that_break_the_contract_are_caught(
    monkeypatch: pytest.MonkeyPatch, forward: object, test: str, more: tuple[str, ...]
) -> None:
    monkeypatch.delenv("INTRALPHA_WRITE_GOLDEN", raising=False)
    monkeypatch.setattr(LastState, "forward", forward)
    with pytest.raises(AssertionError):
        getattr(Contract(), test)(GRU_CASE, *more)


def test_a_false_gradient_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LastState, "forward", rounded)
    small = Case("gru", GRUSpec(hidden=2), {"x": WindowShape(2, 1)})
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        Contract().test_gradients_agree_with_finite_differences(small)


def test_weights_that_are_not_saved_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def hides(self: LastState, x: Tensor) -> Tensor:
        if not hasattr(self, "hidden_weight"):
            self.hidden_weight = torch.randn(())
        return self.rnn(x)[1][-1] * self.hidden_weight

    monkeypatch.setattr(LastState, "forward", hides)
    with pytest.raises(AssertionError):
        Contract().test_saved_weights_give_the_same_scores_bit_for_bit(GRU_CASE)
