"""ccc against Lin's formula, and against the correlation."""

import numpy as np
import pytest
import torch

from intralpha.training.losses import CccSpec, NegICSpec

from .examples import of_score


def test_it_is_lins_formula() -> None:
    score, label = np.random.default_rng(0).standard_normal((2, 90))
    score = 2 * score + 1 + label
    cov = np.cov(score, label, bias=True)
    lin = 2 * cov[0, 1] / (cov[0, 0] + cov[1, 1] + (score.mean() - label.mean()) ** 2)
    found = CccSpec().loss(*of_score(torch.tensor(score), torch.tensor(label))).item()
    assert found == pytest.approx(-lin, abs=1e-12)


def test_for_standardised_values_it_is_neg_ic_and_else_smaller_in_size() -> None:
    torch.manual_seed(0)
    score, label = torch.randn(2, 50, dtype=torch.float64)
    score, label = ((v - v.mean()) / v.std(correction=0) for v in (score + label, label))
    rho = NegICSpec().loss(*of_score(score, label))
    torch.testing.assert_close(CccSpec().loss(*of_score(score, label)), rho)
    assert CccSpec().loss(*of_score(3 * score, label)) > rho + 0.1
    assert CccSpec().loss(*of_score(score + 1, label)) > rho + 0.1


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_constants_that_are_equal_are_no_forecast(value: float) -> None:
    score = torch.full((6,), value, requires_grad=True)
    loss = CccSpec().loss(*of_score(score, torch.full((6,), value)))
    loss.backward()
    assert loss.item() == 0
    assert score.grad is not None
    assert score.grad.tolist() == [0.0] * 6
