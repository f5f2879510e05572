"""long_weighted: who is in the top of a day."""

import numpy as np
import pytest
import torch

from intralpha.training.losses import LongWeightedSpec, MseSpec

from .examples import of_score


def test_the_top_three_of_ten_count_twice() -> None:
    rng = np.random.default_rng(0)
    score, label = rng.standard_normal((2, 10))
    weight = np.where(np.argsort(np.argsort(-label)) < 3, 2, 1)
    assert weight.sum() == 13
    expected = (weight * (score - label) ** 2).sum() / 13
    found = LongWeightedSpec().loss(*of_score(torch.tensor(score), torch.tensor(label))).item()
    assert found == pytest.approx(expected, abs=1e-12)


def test_the_top_is_that_of_each_day() -> None:
    label = torch.tensor([1.0, 2.0, 101.0, 102.0])
    score, days = torch.tensor([1.0, 3.0, 101.0, 102.0]), torch.tensor([0, 0, 1, 1])
    spec = LongWeightedSpec(top=0.5, extra=2)
    assert spec.loss(*of_score(score, label, days)).item() == pytest.approx(3 / 8)
    assert spec.loss(*of_score(score, label)).item() == pytest.approx(1 / 8)


def test_without_extra_weight_it_is_mse() -> None:
    torch.manual_seed(0)
    score, label = torch.randn(2, 30)
    found = LongWeightedSpec(extra=0).loss(*of_score(score, label))
    torch.testing.assert_close(found, MseSpec().loss(*of_score(score, label)))


def test_half_a_sample_counts_as_one() -> None:
    """30 % of five are one and a half: the second best is in the top as well."""
    label = torch.arange(5.0)
    score = label + torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0])
    assert LongWeightedSpec().loss(*of_score(score, label)).item() == pytest.approx(2 / 7)
