"""Dropout: how many are left, how large they are, and what repeats them."""

import pytest
import torch

from intralpha.models.dropout import Dropout, kept


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5])
def test_as_many_are_left_as_the_rate_says_and_their_sum_stays(rate: float) -> None:
    torch.manual_seed(0)
    x = torch.ones(1000, 401)
    found = Dropout(rate).train()(x)
    left = found != 0
    assert float(left.double().mean()) == pytest.approx(1 - rate, abs=0.003)
    torch.testing.assert_close(
        found[left], torch.full_like(found[left], 1 / (1 - rate)), rtol=1e-4, atol=0
    )


def test_numbers_of_one_draw_are_independent_and_so_are_neighbouring_draws() -> None:
    torch.manual_seed(0)
    left = kept(torch.empty(200_000, 8), 1 << 15).double()
    together = torch.corrcoef(left.T) - torch.eye(8)
    assert together.abs().max() < 0.01
    assert (left.mean(0) - 0.5).abs().max() < 0.005


def test_gradients_pass_where_numbers_do() -> None:
    torch.manual_seed(0)
    x = torch.randn(7, 5, requires_grad=True)
    found = Dropout(0.5).train()(x)
    found.sum().backward()
    assert torch.equal(x.grad * x.detach(), found.detach())
    assert 0 < int((x.grad == 0).sum()) < 35


def test_the_state_of_the_generator_repeats_them() -> None:
    x, dropout = torch.ones(9, 5), Dropout(0.5).train()
    state = torch.get_rng_state()
    first, second = dropout(x), dropout(x)
    torch.set_rng_state(state)
    assert torch.equal(dropout(x), first)
    assert torch.equal(dropout(x), second)
    assert not torch.equal(first, second)


def test_nothing_is_dropped_in_eval_mode_or_at_a_rate_of_0() -> None:
    x = torch.randn(9, 5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0).train()(x) is x


def test_half_precision_stays() -> None:
    assert Dropout(0.5).train()(torch.ones(9, 5, dtype=torch.bfloat16)).dtype == torch.bfloat16
