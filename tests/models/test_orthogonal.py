"""The orthogonal layer: residuals, days, when it is left out, gradients [Spec 12.16, 20]."""

import numpy as np
import pytest
import torch

from intralpha.models import GRUSpec, WindowShape, orthogonal_to
from intralpha.models.head import NoExposuresError

Made = tuple[torch.Tensor, torch.Tensor]


def made(n: int, p: int, dtype: torch.dtype = torch.float32) -> Made:
    """Scores that exposures explain in part; two of the exposures tell industries apart."""
    generator = torch.Generator().manual_seed(n + p)
    x = torch.randn(n, p, generator=generator, dtype=torch.float64)
    x[:, 0] = torch.arange(n) % 2
    x[:, 1] = 1 - x[:, 0]
    score = 3 + x.sum(1) + torch.randn(n, generator=generator, dtype=torch.float64)
    return score.to(dtype), x.to(dtype)


@pytest.mark.parametrize("n", [60, 5000])
def test_residuals_are_orthogonal_to_exposures(n: int) -> None:
    score, x = made(n, 20)
    found, with_one = orthogonal_to(score, x), torch.cat([torch.ones(n, 1), x], dim=1)
    left = (with_one.T @ found).norm()
    assert left <= 1e-3 * with_one.norm() * found.norm()
    assert left <= 1e-4 * (with_one.T @ score).norm()
    assert found.norm() > 0.5 * n**0.5


def test_residuals_are_those_of_least_squares() -> None:
    score, x = made(80, 5, torch.float64)
    with_one = np.c_[np.ones(80), x.numpy()]
    fitted = with_one @ np.linalg.lstsq(with_one, score.numpy(), rcond=None)[0]
    np.testing.assert_allclose(orthogonal_to(score, x).numpy(), score.numpy() - fitted, atol=1e-5)


def test_a_day_with_too_few_stocks_keeps_its_scores() -> None:
    """Fewer than p + 30, where p counts the intercept."""
    for n, kept in ((35, True), (36, False)):
        score, x = made(n, 5)
        assert torch.equal(orthogonal_to(score, x), score) is kept


def test_each_day_has_its_own_residuals() -> None:
    days = [made(n, 4) for n in (40, 33, 50)]
    score, x = (torch.cat(both) for both in zip(*days, strict=True))
    numbers = torch.tensor([2] * 40 + [5] * 33 + [6] * 50)
    expected = torch.cat([orthogonal_to(*day) for day in days])
    assert torch.equal(orthogonal_to(score, x, numbers), expected)
    assert torch.equal(expected[40:73], days[1][0])  # 33 < 5 + 30
    assert not torch.equal(orthogonal_to(score, x), expected)


def test_exposures_that_are_equal_for_all_stocks_are_harmless() -> None:
    score, x = made(60, 3)
    more = torch.cat([x, torch.zeros(60, 1), torch.full((60, 1), 7.0)], dim=1)
    torch.testing.assert_close(orthogonal_to(score, more), orthogonal_to(score, x))


def test_gradients_agree_with_finite_differences() -> None:
    score, x = (part.requires_grad_() for part in made(40, 3, torch.float64))
    days = torch.tensor([0] * 36 + [1] * 4)
    assert torch.autograd.gradcheck(lambda s, e: orthogonal_to(s, e, days), (score, x), atol=1e-6)


def test_a_head_takes_its_scores_off_the_exposures() -> None:
    torch.manual_seed(0)
    plain = GRUSpec(hidden=4)
    spec = plain.model_copy(update={"head": plain.head.model_copy(update={"orthogonal": True})})
    assert (spec.inputs, spec.across) == (("x", "exposures"), True)
    assert (plain.inputs, plain.across) == ((), False)
    network = spec.make({"x": WindowShape(6, 3), "exposures": WindowShape(1, 2)}).eval()
    x, exposures = torch.randn(90, 6, 3), torch.randn(90, 1, 2)
    days = torch.arange(90) // 45
    score = network(x, exposures, days_B=days).score
    bare = network.head.layers(network.encoder(x)).score
    torch.testing.assert_close(score, orthogonal_to(bare, exposures[:, 0], days))
    for day in range(2):
        told = exposures[days == day, 0].T @ score[days == day]
        assert (
            told.abs().max() < 1e-4 < (exposures[days == day, 0].T @ bare[days == day]).abs().max()
        )


def test_an_orthogonal_head_without_exposures_is_an_error() -> None:
    plain = GRUSpec(hidden=4)
    spec = plain.model_copy(update={"head": plain.head.model_copy(update={"orthogonal": True})})
    network = spec.make({"x": WindowShape(6, 3), "exposures": WindowShape(1, 2)}).eval()
    with pytest.raises(NoExposuresError, match="found no exposures; expected the input"):
        network(torch.randn(90, 6, 3))
