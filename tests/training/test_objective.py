"""Objectives against NumPy, and the identity that ties them together."""

import numpy as np
import torch

from intralpha.training import MseBnSpec, NegICSpec


def test_neg_ic_is_minus_pearson() -> None:
    rng = np.random.default_rng(0)
    score, label = rng.standard_normal((2, 300))
    value = NegICSpec().loss(torch.tensor(score), torch.tensor(label)).item()
    assert abs(value + np.corrcoef(score, label)[0, 1]) < 1e-12


def test_squared_error_of_standardised_values_is_two_minus_two_correlations() -> None:
    rng = np.random.default_rng(1)
    score, raw = torch.tensor(rng.standard_normal((2, 300)))
    label = (raw - raw.mean()) / raw.std(correction=0)
    rho = -NegICSpec().loss(score, label)
    mse = MseBnSpec().loss(5 * score + 3, label)
    torch.testing.assert_close(mse, 2 - 2 * rho)


def test_both_push_in_the_same_direction() -> None:
    torch.manual_seed(0)
    raw = torch.randn(50, dtype=torch.float64)
    label = (raw - raw.mean()) / raw.std(correction=0)
    grads = []
    for spec in (NegICSpec(), MseBnSpec()):
        score = torch.linspace(-1, 2, 50, dtype=torch.float64).requires_grad_()
        spec.loss(score, label).backward()
        grads.append(score.grad)
    torch.testing.assert_close(2 * grads[0], grads[1])


def test_constant_scores_give_no_gradient_and_no_nan() -> None:
    score = torch.zeros(10, requires_grad=True)
    loss = NegICSpec().loss(score, torch.randn(10))
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(score.grad).all()
