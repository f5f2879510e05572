"""robust against Barron's special cases, and the pull of far labels."""

import numpy as np
import pytest
import torch

from intralpha.training.losses import RobustSpec

from .examples import of_score

CASES = {  # Barron (2019), figure 1 and equation 8
    2.0: lambda x: x**2 / 2,
    1.0: lambda x: np.sqrt(x**2 + 1) - 1,
    0.0: lambda x: np.log(x**2 / 2 + 1),
    -2.0: lambda x: 2 * x**2 / (x**2 + 4),
    -100.0: lambda x: 102 / 100 * (1 - (x**2 / 102 + 1) ** -50),
}


@pytest.mark.parametrize("alpha", CASES)
def test_it_is_the_published_special_case(alpha: float) -> None:
    error = np.linspace(-6, 6, 41)
    expected = CASES[alpha](error / 1.5).mean()
    label = np.random.default_rng(0).standard_normal(41)
    tensors = of_score(torch.tensor(label + error), torch.tensor(label))
    found = RobustSpec(alpha=alpha, width=1.5).loss(*tensors).item()
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_shapes_beside_a_special_case_are_near_it_in_float32(alpha: float) -> None:
    tensors = of_score(torch.linspace(-6, 6, 41), torch.zeros(41))
    beside = RobustSpec(alpha=alpha - 1e-6).loss(*tensors)
    torch.testing.assert_close(beside, RobustSpec(alpha=alpha).loss(*tensors), rtol=3e-5, atol=0)


def pull(alpha: float, error: float) -> float:
    score = torch.tensor([error], dtype=torch.float64, requires_grad=True)
    RobustSpec(alpha=alpha).loss(*of_score(score, torch.zeros(1).double())).backward()
    assert score.grad is not None
    return score.grad.item()


def test_far_labels_pull_no_harder_than_near_ones() -> None:
    assert pull(2.0, 50) == pytest.approx(50)
    assert 0.99 < pull(1.0, 50) <= 1
    assert pull(0.0, 50) < 0.05
    assert pull(-2.0, 50) < 1e-3
