"""cross_entropy of the five bins, and of two."""

import math

import numpy as np
import pytest
import torch

from intralpha.models import Output
from intralpha.training import LossShapeError, Truth
from intralpha.training.losses import CrossEntropySpec


def loss(logits: np.ndarray, label: list[float], **fields: int) -> float:
    output = Output(torch.zeros(len(logits)), {"class": torch.tensor(logits)})
    return (
        CrossEntropySpec(**fields)
        .loss(output, Truth.of(torch.tensor(label, dtype=torch.float32)))
        .item()
    )


def test_it_is_minus_the_mean_log_probability_of_the_label() -> None:
    logits = np.random.default_rng(0).standard_normal((4, 5))
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    expected = -np.mean([log_p[0, 0], log_p[1, 4], log_p[2, 2], log_p[3, 3]])
    assert loss(logits, [-2, 2, 0, 1]) == pytest.approx(expected, abs=1e-7)
    assert loss(logits + 5, [-2, 2, 0, 1]) == pytest.approx(expected, abs=1e-7)


def test_equal_logits_cost_the_log_of_the_number_of_classes() -> None:
    assert loss(np.zeros((2, 2)), [0, 1], lowest=0) == pytest.approx(math.log(2))


@pytest.mark.parametrize("wrong", [-3.0, 3.0, 0.37])
def test_labels_that_are_no_class_are_refused(wrong: float) -> None:
    with pytest.raises(
        LossShapeError, match=f"found {wrong:g}, expected .* from -2 to 2, since there are 5"
    ):
        loss(np.zeros((2, 5)), [0.0, wrong])
