"""Dropout: rates, what is kept, gradients, and random numbers that replay."""

import pytest
import torch

from intralpha.models import Dropout
from intralpha.models.dropout import kept


def dropped(rate: float, shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    return Dropout(rate).train()(torch.ones(shape))


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5, 0.9])
def test_the_rate_is_met_in_each_of_the_four_that_share_random_bits(rate: float) -> None:
    """400,000 draws: five standard errors."""
    for lane in dropped(rate, (400_000, 4)).T:
        share = float((lane == 0).float().mean())
        assert share == pytest.approx(rate, abs=5 * (rate * (1 - rate) / 400_000) ** 0.5)


def test_the_ends_of_the_rate_are_exact() -> None:
    """Of a million numbers sixteen would be on the wrong side of one level in 65536."""
    torch.manual_seed(0)
    million = torch.Size([2**20])
    assert kept(million, 0).all()
    assert 0 < int(kept(million, 65535).sum()) < 50


def test_what_is_kept_is_scaled_so_that_the_mean_stays() -> None:
    out = dropped(0.2, (1000, 400))
    assert torch.unique(out).tolist() == pytest.approx([0.0, 1.25], rel=1e-4)
    assert float(out.mean()) == pytest.approx(1.0, abs=0.005)


def test_draws_are_independent_of_their_neighbours() -> None:
    zero = (dropped(0.5, (400_000,)) == 0).float() - 0.5
    for lag in (1, 2, 3, 4, 8):
        assert abs(float((zero[:-lag] * zero[lag:]).mean() * 4)) < 5 / 400_000**0.5


def test_a_size_that_is_no_multiple_of_four() -> None:
    assert [tuple(dropped(0.5, shape).shape) for shape in [(3,), (5, 7), (1,)]] == [
        (3,),
        (5, 7),
        (1,),
    ]


def test_the_generator_replays() -> None:
    torch.manual_seed(3)
    layer, x = Dropout(0.3).train(), torch.randn(20, 30)
    state = torch.get_rng_state()
    first, second = layer(x), layer(x)
    torch.set_rng_state(state)
    assert torch.equal(layer(x), first)
    assert torch.equal(layer(x), second)
    assert not torch.equal(first, second)


def test_the_gradient_is_that_of_what_is_kept() -> None:
    torch.manual_seed(0)
    x = torch.randn(40, 50, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(40, 50, dtype=torch.float64)
    out = Dropout(0.25).train()(x)
    (gradient,) = torch.autograd.grad((out * weight).sum(), x)
    kept = out.detach() != 0
    torch.testing.assert_close(gradient, torch.where(kept, weight * 4 / 3, 0.0))
    torch.testing.assert_close(out.detach(), torch.where(kept, x.detach() * 4 / 3, 0.0))


def test_nothing_is_dropped_in_eval_mode_or_at_rate_0() -> None:
    x = torch.randn(5, 6)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0).train()(x) is x
