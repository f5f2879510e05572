"""mse_bn: the identity that ties it to the correlation [Spec 13, 20]."""

import torch

from intralpha.training.losses import MseBnSpec, NegICSpec

from .examples import of_score


def label_of(n: int) -> torch.Tensor:
    torch.manual_seed(1)
    raw = torch.randn(n, dtype=torch.float64)
    return (raw - raw.mean()) / raw.std(correction=0)


def test_squared_error_of_standardised_values_is_two_minus_two_correlations() -> None:
    label = label_of(300)
    score = torch.randn(300, dtype=torch.float64) + label
    rho = -NegICSpec().loss(*of_score(score, label))
    torch.testing.assert_close(MseBnSpec().loss(*of_score(5 * score + 3, label)), 2 - 2 * rho)
    assert rho > 0.5


def test_both_push_in_the_same_direction() -> None:
    label, grads = label_of(50), []
    for spec in (NegICSpec(), MseBnSpec()):
        score = torch.linspace(-1, 2, 50, dtype=torch.float64).requires_grad_()
        spec.loss(*of_score(score, label)).backward()
        grads.append(score.grad)
    torch.testing.assert_close(2 * grads[0], grads[1])
