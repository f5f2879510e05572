"""Gradient: how large it is, and how it is bounded before a step."""

import torch
from torch import nn

from intralpha.training.train_spec import TrainSpec


def norm_of(network: nn.Module) -> float:
    """Euclidean norm of the whole gradient; it may overflow where no element does.

    Parameters
    ----------
    network : after back-propagation
    """
    return float(nn.utils.get_total_norm([p.grad for p in _moved(network) if p.grad is not None]))


def bound(network: nn.Module, spec: TrainSpec, norm: float) -> None:
    """Bound a network's gradient, by norm if ``clip_norm`` says so, else element by element.

    Parameters
    ----------
    network : its ``grad`` fields are changed
    spec : ``clip_value`` and ``clip_norm``
    norm : of :func:`norm_of`
    """
    if spec.clip_norm is not None:
        nn.utils.clip_grads_with_norm_(_moved(network), spec.clip_norm, torch.tensor(norm))
    elif spec.clip_value is not None:
        nn.utils.clip_grad_value_(_moved(network), spec.clip_value)


def first_not_finite(network: nn.Module) -> tuple[str, float] | None:
    """The parameter whose gradient is not finite and which back-propagation came to first.

    Gradients are made from the output backwards, so it is the last one in the order in which the
    network declares its parameters.

    Parameters
    ----------
    network : after back-propagation

    Returns
    -------
    name and an element that is not finite, or None if there is none
    """
    for name, parameter in reversed(list(network.named_parameters())):
        if parameter.grad is not None:
            wrong = parameter.grad[~torch.isfinite(parameter.grad)]
            if len(wrong):
                return name, float(wrong[0])
    return None


def _moved(network: nn.Module) -> list[nn.Parameter]:
    """Parameters that have a gradient."""
    return [p for p in network.parameters() if p.grad is not None]
