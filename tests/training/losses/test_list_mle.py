"""list_mle against a loop, with equal labels and several days."""

import math

import numpy as np
import pytest
import torch

from intralpha.training.losses import ListMleSpec

from .examples import of_score


def loop(score: np.ndarray, label: np.ndarray) -> float:
    rest = [math.log(np.exp(score[label <= y]).sum()) for y in label]
    return float(np.mean(rest) - score.mean())


def test_it_is_the_loop_over_samples_of_each_day() -> None:
    rng = np.random.default_rng(0)
    score, label = rng.standard_normal(40), rng.integers(0, 12, 40) / 4
    days = np.sort(rng.integers(0, 3, 40))
    expected = np.mean([loop(score[days == d], label[days == d]) for d in range(3)])
    tensors = (torch.tensor(v) for v in (score, label, days))
    assert ListMleSpec().loss(*of_score(*tensors)).item() == pytest.approx(expected, abs=1e-12)


def test_it_is_the_chance_of_the_order_by_draws_without_return() -> None:
    score, label = torch.tensor([0.0, 1.0, 2.0]), torch.tensor([3.0, 1.0, 2.0])
    e = math.e
    chance = 1 / (1 + e + e**2) * e**2 / (e + e**2)  # the first stock is drawn, then the third
    found = ListMleSpec().loss(*of_score(score, label)).item()
    assert found == pytest.approx(-math.log(chance) / 3, abs=1e-6)


def test_constant_scores_cost_the_log_of_all_orders() -> None:
    score, label = torch.full((6,), 2.5), torch.arange(6.0)
    found = ListMleSpec().loss(*of_score(score, label)).item()
    assert found == pytest.approx(math.log(720) / 6, abs=1e-6)


def test_large_scores_do_not_overflow() -> None:
    score = torch.tensor([500.0, -500.0, 0.0])
    assert ListMleSpec().loss(*of_score(score, score)).item() == 0
