"""Truth and parts of outputs: what is missing, what is refused."""

import pytest
import torch

from intralpha.models import Output
from intralpha.training import LossShapeError, Truth
from intralpha.training.objective import part_of


def test_missing_labels_become_zero_and_are_known_to_be_missing() -> None:
    truth = Truth.of(torch.tensor([[1.0, torch.nan], [torch.nan, 2.0]]))
    assert truth.label_BH.tolist() == [[1, 0], [0, 2]]
    assert truth.known_BH.tolist() == [[True, False], [False, True]]
    assert truth.days_B.tolist() == [0, 0]


def test_the_single_label_of_several_is_refused() -> None:
    assert Truth.of(torch.tensor([1.0, 2.0])).label_B.tolist() == [1, 2]
    with pytest.raises(LossShapeError, match="2 columns, expected one"):
        _ = Truth.of(torch.zeros(3, 2)).label_B


def test_a_part_is_given_with_its_columns_or_named() -> None:
    output = Output(torch.zeros(3), {"h": torch.ones(3, 2)})
    assert part_of(output, "h").shape == part_of(output, "h", 2).shape == (3, 2)
    with pytest.raises(LossShapeError, match=r"part h: found shape \(3, 2\), expected .*\(3, 4\)"):
        part_of(output, "h", 4)
    with pytest.raises(LossShapeError, match="output: found h, expected the part unit"):
        part_of(output, "unit")


def test_a_sample_without_any_label_is_refused() -> None:
    """Its 0 would count as a label."""
    with pytest.raises(LossShapeError, match="2 of 3 samples without a label"):
        Truth.of(torch.tensor([1.0, torch.nan, torch.inf]))
