"""Scores standardised by day: equality with the formula, and what is hard for it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from intralpha.models.by_day import standardised_by_day


@given(st.lists(st.integers(2, 6), min_size=1, max_size=4), st.integers(0, 99))
def test_each_day_has_mean_0_and_deviation_1(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    days = [rng.normal(rng.normal() * 9, np.exp(rng.normal() * 2), (n, 2)) for n in sizes]
    numbers = torch.tensor(np.repeat(np.arange(len(sizes)) * 3 + 1, sizes))
    found = standardised_by_day(torch.tensor(np.concatenate(days)), numbers).numpy()
    expected = np.concatenate([(d - d.mean(0)) / d.std(0) for d in days])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_no_numbers_of_days_is_one_day() -> None:
    x = torch.randn(5, 2)
    assert torch.equal(standardised_by_day(x, None), standardised_by_day(x, torch.full((5,), 7)))


def test_level_and_scale_are_free() -> None:
    x = torch.randn(50, 1, dtype=torch.float64)
    expected = standardised_by_day(x, None).float()
    for level, scale in ((0.0, 1e-4), (1e3, 1.0), (-7.0, 1e4)):
        found = standardised_by_day((level + scale * x).float(), None)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("level", [0.1, -5.3, 1e3])
def test_constant_columns_of_any_level_and_number_become_0(level: float) -> None:
    for n in range(1, 60):
        assert standardised_by_day(torch.full((n, 1), level), None).abs().max() < 1e-4, n


def test_constant_columns_become_0() -> None:
    x = torch.full((7, 2), 5.3, requires_grad=True)
    found = standardised_by_day(x, torch.tensor([0, 0, 0, 1, 1, 1, 2]))
    assert torch.equal(found, torch.zeros(7, 2))
    found.square().sum().backward()
    assert torch.isfinite(x.grad).all()
