"""neg_ic against NumPy."""

import numpy as np
import pytest
import torch

from intralpha.training.losses import NegICSpec

from .examples import of_score


def test_it_is_minus_pearson() -> None:
    score, label = np.random.default_rng(0).standard_normal((2, 300))
    value = NegICSpec().loss(*of_score(torch.tensor(score), torch.tensor(label))).item()
    assert abs(value + np.corrcoef(score, label)[0, 1]) < 1e-12


def test_level_and_scale_of_each_day_change_nothing() -> None:
    torch.manual_seed(0)
    score, label = torch.randn(2, 60, dtype=torch.float64)
    days = torch.arange(60) // 20
    loss = NegICSpec(over="day").loss
    moved = score * (days + 1) + 10 * days
    torch.testing.assert_close(
        loss(*of_score(moved, label, days)), loss(*of_score(score, label, days))
    )
    pooled = NegICSpec().loss(*of_score(moved, label, days))
    assert (pooled - loss(*of_score(moved, label, days))).abs() > 0.01


def test_a_day_of_one_sample_is_left_out() -> None:
    score, label = torch.tensor([1.0, 2.0, 3.0, 9.0]), torch.tensor([0.0, 2.0, 4.0, -9.0])
    days = torch.tensor([0, 0, 0, 1])
    found = NegICSpec(over="day").loss(*of_score(score, label, days)).item()
    assert found == pytest.approx(-1, abs=1e-6)


def test_float32_is_exact_enough_for_scores_far_from_zero() -> None:
    torch.manual_seed(0)
    label = torch.randn(5000, dtype=torch.float64)
    score = label + torch.randn(5000, dtype=torch.float64)
    exact = NegICSpec().loss(*of_score(score, label)).item()
    days = torch.arange(5000) // 2500
    for shift, over in ((0, "batch"), (30, "batch"), (30, "day")):
        spec = NegICSpec.model_validate({"over": over})
        wide = spec.loss(*of_score(score, label, days)).item()
        narrow = spec.loss(*of_score((score + shift).float(), label.float(), days)).item()
        assert narrow == pytest.approx(wide, abs=2e-6)
    assert exact < -0.6
