"""assert_network, assert_objective: what the training loop relies on."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from intralpha.models import PARTS, ModelSpec, Output, Shapes, WindowShape
from intralpha.testing.failure import require
from intralpha.training import ObjectiveSpec, Truth
from intralpha.training.belonging import Loss
from intralpha.training.fit import loss_function
from intralpha.training.network import Network, Seen, make_network, outputs_of

NETWORK, OBJECTIVE = "assert_network", "assert_objective"
BATCH, HORIZONS, COLUMNS, TOLERANCE = 48, 10, 5, 1e-5
ROUNDING = 1e-4  # of float32, as a share of how far the scores of a batch lie apart


def assert_network(model: Network, n_features: int = 6, window: int = 12) -> None:
    """The contract of :class:`intralpha.models.ModelSpec` holds.

    One score a window; in eval mode, a sample's outputs do not depend on the others of its batch
    (on those of other days, for a spec that is ``across``), whatever their order and number, and
    are the same again; a loss in training mode has a finite gradient that reaches every parameter
    that wants one; the scores depend on the window.

    Parameters
    ----------
    model : a spec; a module, of which a copy is checked; or what makes a module
    n_features : F, of each of its inputs
    window : L, likewise

    Raises
    ------
    CheckFailedError
    """
    what = getattr(model, "kind", None) or getattr(model, "__name__", type(model).__name__)
    spec = model if isinstance(model, ModelSpec) else None
    names = (spec.inputs if spec else ()) or ("x",)
    shapes = {name: WindowShape(window, n_features) for name in names}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = make_network(model, shapes)
        seen = _seen(shapes, (spec.label_columns if spec else None) or HORIZONS)
        _assert_gradients(network, seen, str(what), spec)
        _assert_independent(network.eval(), seen, str(what), spec is not None and spec.across)


def _seen(shapes: Shapes, columns: int) -> Seen:
    """Windows of two days, with columns of labels for networks that ask for them."""
    windows = {name: torch.randn(BATCH, *shape.sizes) for name, shape in shapes.items()}
    days_B = torch.arange(2).repeat_interleave(BATCH // 2)
    return Seen(windows, days_B, torch.randn(BATCH, columns))


def _assert_gradients(network: nn.Module, seen: Seen, what: str, spec: ModelSpec | None) -> None:
    network.train()
    out = outputs_of(network, seen)
    found = ", ".join(out.parts) or "none"
    expected = ", ".join(spec.gives) if spec else found
    same = spec is None or set(spec.gives) == set(out.parts)
    require(same, NETWORK, what, f"parts {found}", f"those of `gives`: {expected or 'none'}")
    given_BN = torch.cat([out.score[:, None], *out.parts.values()], dim=1)
    (given_BN * torch.randn(given_BN.shape)).sum().backward()
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        grad = parameter.grad
        found = f"no gradient of {name}"
        require(grad is not None, NETWORK, what, found, "one: it could never be learned")
        assert grad is not None
        fine = bool(torch.isfinite(grad).all()) and bool(grad.abs().max() > 0)
        require(fine, NETWORK, what, f"a gradient of {name} that is 0 or not finite", "another")


def _assert_independent(network: nn.Module, seen: Seen, what: str, across: bool) -> None:
    """Outputs are those of the sample's window; of the windows of its day, if ``across``."""
    with torch.no_grad():
        given_BN = _numbers(network, seen)
        orders = {"asked again": torch.arange(BATCH), "in another order": _shuffled(seen.days_B)}
        found = {how: _numbers(network, _part(seen, order)) for how, order in orders.items()}
        pieces = seen.days_B.unique() if across else torch.arange(BATCH)
        belongs = seen.days_B if across else torch.arange(BATCH)
        alone = [_numbers(network, _part(seen, torch.nonzero(belongs == p)[:, 0])) for p in pieces]
    orders["alone in their batch"] = torch.arange(BATCH)
    found["alone in their batch"] = torch.cat(alone)
    require(bool(torch.isfinite(given_BN).all()), NETWORK, what, "outputs not finite", "numbers")
    allowed_N = ROUNDING * given_BN.std(0) + TOLERANCE * given_BN.abs().amax(0)
    for how, order in orders.items():
        gap_BN = (found[how] - given_BN[order]).abs()
        told = f"other scores in eval mode {how}, by up to {float(gap_BN.max()):.2g}"
        require(bool((gap_BN <= allowed_N).all()), NETWORK, what, told, "the same but for rounding")
    varied = bool(given_BN[:, 0].std() > 0)
    require(varied, NETWORK, what, "equal scores for all windows", "others")


def _numbers(network: nn.Module, seen: Seen) -> Tensor:
    """Score and parts of each sample, [B, N]; as in predictions, no target is seen."""
    out = outputs_of(network, Seen(seen.windows, seen.days_B))
    return torch.cat([out.score[:, None], *out.parts.values()], dim=1)


def _part(seen: Seen, at: Tensor) -> Seen:
    """Some of the samples, in an order."""
    return Seen({name: x[at] for name, x in seen.windows.items()}, seen.days_B[at])


def _shuffled(days_B: Tensor) -> Tensor:
    """A random order inside each day."""
    return torch.argsort(days_B * BATCH + torch.randperm(BATCH))


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
    loss_of, needs = loss_function(objective), _needs(objective)
    generator = torch.Generator().manual_seed(0)
    columns = 1 if "h" not in needs else COLUMNS
    label_BH = torch.randn(batch, columns, dtype=torch.float64, generator=generator)
    if "class" in needs:
        lowest = objective.lowest_class if isinstance(objective, ObjectiveSpec) else None
        middle = COLUMNS // 2
        label_BH = label_BH.round().clamp(-middle, middle)
        label_BH += 0 if lowest is None else middle + lowest
    truth = Truth.of(label_BH)
    given_BN = torch.randn(
        batch, 1 + COLUMNS * len(needs), dtype=torch.float64, generator=generator
    )
    given_BN.requires_grad_()
    loss = loss_of(_output(given_BN, needs), truth)
    shape = tuple(loss.shape)
    require(shape == (), OBJECTIVE, what, f"a loss of shape {shape}", "one number")
    require(bool(torch.isfinite(loss)), OBJECTIVE, what, f"loss {loss.item()}", "a finite one")
    require(loss.requires_grad, OBJECTIVE, what, "no gradient", "one with respect to the outputs")
    (grad_BN,) = torch.autograd.grad(loss, given_BN)
    fine = bool(torch.isfinite(grad_BN).all()) and bool(grad_BN.abs().max() > 0)
    require(fine, OBJECTIVE, what, "a gradient that is 0 or not finite", "another")
    slope_BN = _slopes(lambda given: loss_of(_output(given, needs), truth), given_BN.detach())
    gap = float((grad_BN - slope_BN).abs().max() / slope_BN.abs().max().clamp(min=1e-12))
    require(gap < TOLERANCE, OBJECTIVE, what, f"a gradient off by {gap:.2g}", "finite differences")
    if "class" not in needs:
        _assert_learns(loss_of, truth, needs, what)


def _needs(objective: ObjectiveSpec | Loss) -> tuple[str, ...]:
    return objective.needs if isinstance(objective, ObjectiveSpec) else ()


def _output(given_BN: Tensor, needs: tuple[str, ...]) -> Output:
    """The first column as scores, five more for each part that is needed."""
    assert set(needs) <= set(PARTS)
    parts = {name: given_BN[:, 1 + COLUMNS * at :][:, :COLUMNS] for at, name in enumerate(needs)}
    return Output(given_BN[:, 0], parts)


def _slopes(value_of: Callable[[Tensor], Tensor], given_BN: Tensor, step: float = 1e-6) -> Tensor:
    """Central differences of a function of numbers."""
    slopes = torch.zeros_like(given_BN)
    for at in torch.cartesian_prod(*map(torch.arange, given_BN.shape)):
        moved = torch.zeros_like(given_BN)
        moved[tuple(at)] = step
        slopes[tuple(at)] = (value_of(given_BN + moved) - value_of(given_BN - moved)) / (2 * step)
    return slopes


def _assert_learns(
    loss_of: Callable[[Output, Truth], Tensor], truth: Truth, needs: tuple[str, ...], what: str
) -> None:
    """Outputs equal to the labels cost less than their opposite."""
    label_BH = truth.label_BH
    wide = label_BH if label_BH.shape[1] == COLUMNS else label_BH.expand(-1, COLUMNS)
    noise = torch.randn(wide.shape, dtype=wide.dtype, generator=torch.Generator().manual_seed(1))
    same = torch.cat([label_BH[:, :1], *[wide + 0.1 * noise for _ in needs]], dim=1)
    good, bad = (float(loss_of(_output(sign * same, needs), truth)) for sign in (1, -1))
    found = f"loss {good:.4g} for scores equal to the labels and {bad:.4g} for their opposite"
    require(good < bad, OBJECTIVE, what, found, "less for the first: higher is better")
