"""bfloat16 in training: products are coarser; weights, losses and predictions are not."""

import numpy as np
import pytest
import torch
from torch import nn

from intralpha.datasets import Fold, Samples
from intralpha.models import GRUSpec, ModelSpec, TransformerSpec
from intralpha.training import NegICSpec, TrainSpec, fit, predict

SPEC = TrainSpec(learning_rate=0.01, max_epochs=2, patience=2)
HALF = SPEC.model_copy(update={"precision": "bfloat16"})


@pytest.mark.slow
@pytest.mark.parametrize("piece", [None, 30])
@pytest.mark.parametrize(
    "model", [GRUSpec(hidden=8), TransformerSpec(width=8, heads=2, layers=1, dropout=0.0)]
)
def test_losses_are_near_those_of_float32(
    samples: Samples, fold: Fold, model: ModelSpec, piece: int | None
) -> None:
    full, half = (
        fit(model, NegICSpec(), samples, fold, s.model_copy(update={"piece": piece}), 0)
        for s in (SPEC, HALF)
    )
    found, expected = half.history["train_loss"], full.history["train_loss"]
    assert found.to_list() != expected.to_list(), "nothing was coarser"
    np.testing.assert_allclose(found, expected, atol=0.05)
    assert {p.dtype for p in half.model.parameters()} == {torch.float32}
    assert predict(half.model, samples, fold.predict).values.dtype == np.float32


SEEN: list[tuple[bool, torch.dtype]] = []


class Line(nn.Module):
    """Notes in which precision it was asked, in training and afterwards."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.line = nn.Linear(features, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        score = self.line(x[:, -1])[:, 0]
        SEEN.append((self.training, score.dtype))
        return score


def test_only_training_is_coarse(samples: Samples, fold: Fold) -> None:
    SEEN.clear()
    losses: set[torch.dtype] = set()

    def loss(score: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        losses.add(score.dtype)
        return (score - label).square().mean()

    fit(Line, loss, samples, fold, HALF, 0)
    assert set(SEEN) == {(True, torch.bfloat16), (False, torch.float32)}
    assert losses == {torch.float32}
