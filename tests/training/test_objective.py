"""Objectives against NumPy, and the identity that ties them together."""

import numpy as np
import pytest
import torch

from intralpha.models import Output
from intralpha.training import LossShapeError, MseBnSpec, NegICSpec, ObjectiveSpec, Truth


def loss(spec: ObjectiveSpec, score: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    return spec.loss(Output(score), Truth.of(label))


def test_neg_ic_is_minus_pearson() -> None:
    rng = np.random.default_rng(0)
    score, label = rng.standard_normal((2, 300))
    value = loss(NegICSpec(), torch.tensor(score), torch.tensor(label)).item()
    assert abs(value + np.corrcoef(score, label)[0, 1]) < 1e-12


def test_squared_error_of_standardised_values_is_two_minus_two_correlations() -> None:
    rng = np.random.default_rng(1)
    score, raw = torch.tensor(rng.standard_normal((2, 300)))
    label = (raw - raw.mean()) / raw.std(correction=0)
    rho = -loss(NegICSpec(), score, label)
    mse = loss(MseBnSpec(), 5 * score + 3, label)
    torch.testing.assert_close(mse, 2 - 2 * rho)


def test_both_push_in_the_same_direction() -> None:
    torch.manual_seed(0)
    raw = torch.randn(50, dtype=torch.float64)
    label = (raw - raw.mean()) / raw.std(correction=0)
    grads = []
    for spec in (NegICSpec(), MseBnSpec()):
        score = torch.linspace(-1, 2, 50, dtype=torch.float64).requires_grad_()
        loss(spec, score, label).backward()
        grads.append(score.grad)
    torch.testing.assert_close(2 * grads[0], grads[1])


def test_constant_scores_give_no_gradient_and_no_nan() -> None:
    score = torch.zeros(10, requires_grad=True)
    value = loss(NegICSpec(), score, torch.randn(10))
    value.backward()
    assert value.item() == 0
    assert torch.isfinite(score.grad).all()


def test_a_truth_knows_which_labels_are_missing() -> None:
    truth = Truth.of(torch.tensor([[1.0, torch.nan], [2.0, 3.0]]))
    assert truth.label_BH.tolist() == [[1, 0], [2, 3]]
    assert truth.known_BH.tolist() == [[True, False], [True, True]]
    assert Truth.of(torch.tensor([1.0, 2.0])).label_B.tolist() == [1, 2]


def test_a_loss_of_one_score_refuses_labels_of_several_columns() -> None:
    with pytest.raises(LossShapeError, match="2 columns, expected one"):
        loss(NegICSpec(), torch.randn(4), torch.randn(4, 2))
