"""Gradient: how large it is, and how it is bounded before a step."""

from collections.abc import Sequence

import torch
from torch import nn

from intralpha.training.train_spec import TrainSpec


def norm_of(parameters: Sequence[nn.Parameter]) -> float:
    """Euclidean norm of the whole gradient; it may overflow where no element does.

    Parameters
    ----------
    parameters : of a network, after back-propagation; those without a gradient count nothing
    """
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None]).item()


def bound(parameters: Sequence[nn.Parameter], spec: TrainSpec, norm: float) -> None:
    """Bound a gradient, by norm if ``clip_norm`` says so, else element by element.

    Parameters
    ----------
    parameters : of a network; their ``grad`` is changed
    spec : ``clip_value`` and ``clip_norm``
    norm : of :func:`norm_of`
    """
    if spec.clip_norm is not None:
        nn.utils.clip_grads_with_norm_(parameters, spec.clip_norm, torch.tensor(norm))
    elif spec.clip_value is not None:
        nn.utils.clip_grad_value_(parameters, spec.clip_value)


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
