"""horizons: the mean of one loss over columns, each with the samples that it knows."""

import pytest
import torch

from intralpha.models import Output
from intralpha.training import Truth
from intralpha.training.losses import HorizonsSpec, LongWeightedSpec, MseSpec, RankICSpec


def test_columns_count_alike_however_many_labels_they_have() -> None:
    h = torch.tensor([[1.0, 5.0], [3.0, 7.0]])
    label = torch.tensor([[0.0, 2.0], [0.0, torch.nan]])
    found = HorizonsSpec(of=MseSpec()).loss(Output(torch.zeros(2), {"h": h}), Truth.of(label))
    assert found.item() == pytest.approx(((1 + 9) / 2 + 9) / 2)


@pytest.mark.parametrize("of", [LongWeightedSpec(), RankICSpec()])
def test_a_column_alone_is_the_loss_itself(of) -> None:
    torch.manual_seed(0)
    h, label, days = torch.randn(40, 1), torch.randn(40), torch.arange(40) // 10
    truth = Truth.of(label, days)
    one = HorizonsSpec(of=of).loss(Output(torch.zeros(40), {"h": h}), truth)
    torch.testing.assert_close(one, of.loss(Output(h[:, 0]), truth))


def test_a_column_without_labels_is_left_out() -> None:
    h = torch.tensor([[1.0, 5.0], [3.0, 7.0]])
    label = torch.tensor([[0.0, torch.nan], [0.0, torch.nan]])
    found = HorizonsSpec(of=MseSpec()).loss(Output(torch.zeros(2), {"h": h}), Truth.of(label))
    assert found.item() == 5
