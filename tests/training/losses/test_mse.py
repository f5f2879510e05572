"""mse against NumPy."""

import numpy as np
import torch

from intralpha.training.losses import MseSpec

from .examples import of_score


def test_it_is_the_mean_squared_error() -> None:
    score, label = np.random.default_rng(0).standard_normal((2, 300))
    value = MseSpec().loss(*of_score(torch.tensor(score), torch.tensor(label))).item()
    assert abs(value - np.mean((score - label) ** 2)) < 1e-12


def test_level_and_scale_count() -> None:
    label = torch.tensor([1.0, -1.0])
    assert MseSpec().loss(*of_score(3 * label + 1, label)).item() == 5  # (3² + 1²) / 2
