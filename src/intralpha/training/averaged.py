"""Averaged: the network that has the mean of the weights, and running statistics of its own."""

from collections.abc import Iterable
from itertools import islice

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from intralpha.datasets import Batch
from intralpha.training.average import Average
from intralpha.training.network import Seen, device_of, outputs_of

BATCHES = 100  # at torch's momentum of 0.1 they leave 0.9 ** 100 = 3e-5 of what was there before
RUNNING = ("running_mean", "running_var")


def load_average(
    judged: nn.Module, network: nn.Module, average: Average, batches: Iterable[Batch]
) -> None:
    """Give a network the mean of the weights of another one.

    Parameters
    ----------
    judged : a copy of ``network``, which is written over
    network : that is trained; its buffers are taken as they are
    average : of its parameters
    batches : of training, for running statistics
    """
    judged.load_state_dict({**network.state_dict(), **average.weights()})
    if has_statistics(judged):
        renew(judged, batches)


def has_statistics(network: nn.Module) -> bool:
    """Whether it has running statistics: buffers that are named as those of batch norms."""
    return any(name.rpartition(".")[2] in RUNNING for name, _ in network.named_buffers())


def renew(network: nn.Module, batches: Iterable[Batch]) -> None:
    """Let running statistics become those of the network's own states.

    They move as in training, on up to 100 batches of it, from where they are; those of batch norms
    without a momentum, which are means over everything, begin anew. No weight moves.

    Parameters
    ----------
    network : is in training mode afterwards
    batches : of training; which are taken decides the statistics
    """
    for module in network.modules():
        if isinstance(module, _BatchNorm) and module.momentum is None:
            module.reset_running_stats()
    network.train()
    device = device_of(network)
    with torch.no_grad():
        for batch in islice(batches, BATCHES):
            seen, _ = Seen.of(batch, device)
            outputs_of(network, seen)
