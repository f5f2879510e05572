"""assert_network, assert_objective: what the training loop relies on."""

import torch
from torch import Tensor, nn

from intralpha.testing.failure import require
from intralpha.training import ObjectiveSpec
from intralpha.training.belonging import Loss
from intralpha.training.network import Network, make_network

NETWORK, OBJECTIVE = "assert_network", "assert_objective"
BATCH, TOLERANCE = 48, 1e-5


def assert_network(model: Network, n_features: int = 6, window: int = 12) -> None:
    """The contract of :class:`intralpha.models.ModelSpec` holds.

    One score a window; in eval mode, a sample's score does not depend on the others of its batch,
    whatever their order and number, and is the same again; a loss in training mode has a finite
    gradient that reaches every parameter that wants one; the scores depend on the window.

    Parameters
    ----------
    model : a spec; a module, of which a copy is checked; or what makes a module
    n_features : F
    window : L

    Raises
    ------
    CheckFailedError
    """
    what = getattr(model, "kind", None) or getattr(model, "__name__", type(model).__name__)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = make_network(model, n_features)
        x_BLF = torch.randn(BATCH, window, n_features)
        _assert_gradients(network, x_BLF, str(what))
        _assert_independent(network.eval(), x_BLF, str(what))


def _assert_gradients(network: nn.Module, x_BLF: Tensor, what: str) -> None:
    network.train()
    score_B = network(x_BLF)
    shape = tuple(score_B.shape)
    require(shape == (BATCH,), NETWORK, what, f"scores of shape {shape}", f"({BATCH},)")
    (score_B * torch.randn(BATCH)).sum().backward()
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        grad = parameter.grad
        found = f"no gradient of {name}"
        require(grad is not None, NETWORK, what, found, "one: it could never be learned")
        assert grad is not None
        fine = bool(torch.isfinite(grad).all()) and bool(grad.abs().max() > 0)
        require(fine, NETWORK, what, f"a gradient of {name} that is 0 or not finite", "another")


def _assert_independent(network: nn.Module, x_BLF: Tensor, what: str) -> None:
    with torch.no_grad():
        score_B, order = network(x_BLF), torch.randperm(BATCH)
        again = {
            "asked again": (network(x_BLF), score_B),
            "in another order": (network(x_BLF[order]), score_B[order]),
            "alone in their batch": (torch.cat([network(x[None]) for x in x_BLF]), score_B),
        }
    require(bool(torch.isfinite(score_B).all()), NETWORK, what, "scores not finite", "numbers")
    for how, (found, expected) in again.items():
        same = torch.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)
        require(same, NETWORK, what, f"other scores in eval mode {how}", "the same")
    require(bool(score_B.std() > 0), NETWORK, what, "equal scores for all windows", "others")


def assert_objective(objective: ObjectiveSpec | Loss, batch: int = 32) -> None:
    """A loss is one finite number whose gradient is that of finite differences.

    Parameters
    ----------
    objective : a spec, or a function of scores [B] and labels [B]
    batch : B

    Raises
    ------
    CheckFailedError
    """
    what = str(getattr(objective, "kind", None) or getattr(objective, "__name__", objective))
    loss_of = objective.loss if isinstance(objective, ObjectiveSpec) else objective
    generator = torch.Generator().manual_seed(0)
    score_B, label_B = torch.randn(2, batch, dtype=torch.float64, generator=generator)
    score_B.requires_grad_()
    loss = loss_of(score_B, label_B)
    shape = tuple(loss.shape)
    require(shape == (), OBJECTIVE, what, f"a loss of shape {shape}", "one number")
    require(bool(torch.isfinite(loss)), OBJECTIVE, what, f"loss {loss.item()}", "a finite one")
    require(loss.requires_grad, OBJECTIVE, what, "no gradient", "one with respect to the scores")
    (grad_B,) = torch.autograd.grad(loss, score_B)
    fine = bool(torch.isfinite(grad_B).all()) and bool(grad_B.abs().max() > 0)
    require(fine, OBJECTIVE, what, "a gradient that is 0 or not finite", "another")
    slope_B = _slopes(loss_of, score_B.detach(), label_B)
    gap = float((grad_B - slope_B).abs().max() / slope_B.abs().max().clamp(min=1e-12))
    require(gap < TOLERANCE, OBJECTIVE, what, f"a gradient off by {gap:.2g}", "finite differences")
    _assert_learns(loss_of, label_B, what)


def _slopes(loss_of: Loss, score_B: Tensor, label_B: Tensor, step: float = 1e-6) -> Tensor:
    """Central differences of the loss."""
    slopes = []
    for at in range(len(score_B)):
        moved = torch.zeros_like(score_B)
        moved[at] = step
        up, down = loss_of(score_B + moved, label_B), loss_of(score_B - moved, label_B)
        slopes.append((up - down) / (2 * step))
    return torch.stack(slopes)


def _assert_learns(loss_of: Loss, label_B: Tensor, what: str) -> None:
    """Scores equal to the labels cost less than their opposite."""
    good, bad = float(loss_of(label_B, label_B)), float(loss_of(-label_B, label_B))
    found = f"loss {good:.4g} for scores equal to the labels and {bad:.4g} for their opposite"
    require(good < bad, OBJECTIVE, what, found, "less for the first: higher is better")
