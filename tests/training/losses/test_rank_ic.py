"""rank_ic: soft ranks against the sum over pairs, and their limit."""

import numpy as np
import pytest
import torch
from scipy import stats

from intralpha.models.groups import Groups
from intralpha.training.losses import RankICSpec
from intralpha.training.losses.rank_ic import soft_ranks

from .examples import of_score


def test_soft_ranks_are_the_sum_over_pairs_of_each_day() -> None:
    rng = np.random.default_rng(0)
    values, days = rng.standard_normal(37) * 3, np.sort(rng.integers(0, 4, 37))
    values[5] = values[6]
    pairs = stats.laplace.cdf(values[:, None] - values[None, :])
    expected = (pairs * (days[:, None] == days[None, :])).sum(1)
    found = soft_ranks(torch.tensor(values), Groups.of(torch.tensor(days), "day"))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_without_blur_it_is_minus_spearman_with_ties() -> None:
    rng = np.random.default_rng(1)
    score, label = rng.integers(0, 30, 200) / 7, rng.integers(0, 9, 200) / 3
    spec = RankICSpec(temperature=1e-4)
    found = spec.loss(*of_score(torch.tensor(score), torch.tensor(label))).item()
    assert found == pytest.approx(-stats.spearmanr(score, label).statistic, abs=1e-12)


def test_the_order_of_labels_is_all_that_counts() -> None:
    torch.manual_seed(0)
    score, label = torch.randn(2, 60, dtype=torch.float64)
    days, loss = torch.arange(60) // 20, RankICSpec().loss
    far = torch.exp(5 * label)
    assert loss(*of_score(score, far, days)) == loss(*of_score(score, label, days))
    moved = loss(*of_score(4 * score + 2, label, days))
    torch.testing.assert_close(moved, loss(*of_score(score, label, days)))


def test_a_whole_market_keeps_float32s_precision() -> None:
    torch.manual_seed(0)
    score = torch.randn(5000, dtype=torch.float64, requires_grad=True)
    label = score.detach() + torch.randn(5000, dtype=torch.float64)
    spec = RankICSpec()
    exact = spec.loss(*of_score(score, label))
    (wide,) = torch.autograd.grad(exact, score)
    narrow_score = score.detach().float().requires_grad_()
    loss = spec.loss(*of_score(narrow_score, label.float()))
    (narrow,) = torch.autograd.grad(loss, narrow_score)
    assert loss.item() == pytest.approx(exact.item(), abs=1e-5)
    assert (narrow - wide).norm() < 1e-3 * wide.norm()


def test_an_outlier_on_one_day_says_nothing_of_the_next() -> None:
    """Between days scores may fall by more than a float32 holds the exponential of."""
    rng = np.random.default_rng(2)
    score, label = rng.standard_normal(400), rng.standard_normal(400)
    score[0], score[200] = 1000.0, -1000.0
    days = torch.arange(400) // 200
    given = torch.tensor(score, dtype=torch.float32, requires_grad=True)
    loss = RankICSpec().loss(*of_score(given, torch.tensor(label, dtype=torch.float32), days))
    loss.backward()
    parts = [slice(0, 200), slice(200, 400)]
    alone = [RankICSpec().loss(*of_score(*map(torch.tensor, (score[p], label[p])))) for p in parts]
    assert loss.item() == pytest.approx(np.mean([float(one) for one in alone]), abs=1e-5)
    assert given.grad is not None
    assert torch.isfinite(given.grad).all()
