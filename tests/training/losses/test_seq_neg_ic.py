"""seq_neg_ic: the mean over steps, and labels that are missing."""

import numpy as np
import pytest
import torch

from intralpha.models import Output
from intralpha.training import Truth
from intralpha.training.losses import HorizonsSpec, NegICSpec, SeqNegICSpec

from .examples import example


def test_it_is_minus_the_mean_of_the_steps_correlations() -> None:
    rng = np.random.default_rng(0)
    step, label = rng.standard_normal((2, 80, 10))
    expected = -np.mean([np.corrcoef(step[:, k], label[:, k])[0, 1] for k in range(10)])
    output = Output(torch.zeros(80), {"h": torch.tensor(step)})
    found = SeqNegICSpec().loss(output, Truth.of(torch.tensor(label))).item()
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("over", ["batch", "day"])
def test_what_is_predicted_where_a_label_is_missing_changes_nothing(over: str) -> None:
    spec = SeqNegICSpec.model_validate({"over": over})
    output, truth = example(spec)
    assert not truth.known_BH.all()
    step = output.parts["h"].requires_grad_()
    loss = spec.loss(output, truth)
    loss.backward()
    assert step.grad is not None
    assert (step.grad[~truth.known_BH] == 0).all()
    other = torch.where(truth.known_BH, step, 1e6)
    assert spec.loss(Output(output.score, {"h": other}), truth) == loss


@pytest.mark.parametrize("known", [1, 2])
def test_a_step_without_labels_is_left_out_of_the_mean(known: int) -> None:
    torch.manual_seed(0)
    step, label = torch.randn(2, 30, 3, dtype=torch.float64)
    label[:, known:] = torch.nan
    output = Output(torch.zeros(30), {"h": step})
    pairs = zip(step.T[:known].numpy(), label.T[:known].numpy(), strict=True)
    expected = -np.mean([np.corrcoef(s, y)[0, 1] for s, y in pairs])
    found = SeqNegICSpec().loss(output, Truth.of(label)).item()
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("over", ["batch", "day"])
def test_it_equals_the_mean_of_neg_ic_over_horizons(over: str) -> None:
    spec = SeqNegICSpec.model_validate({"over": over})
    each = HorizonsSpec(of=NegICSpec.model_validate({"over": over}))
    output, truth = example(spec, (6, 8, 1))
    torch.testing.assert_close(spec.loss(output, truth), each.loss(output, truth))
