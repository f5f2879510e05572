"""AverageSpec: weights that are the mean of those along the way, one kind a file."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from torch import nn

from intralpha.base import Kinded
from intralpha.training.checkpoint import Tensors


class Average(ABC):
    """A mean of a network's parameters along its training; buffers are none of its business."""

    @abstractmethod
    def after_step(self, network: nn.Module, step: int) -> None:
        """Take in the weights after a step.

        Parameters
        ----------
        network : as the step left it
        step : from 1, over all epochs
        """

    @abstractmethod
    def after_epoch(self, network: nn.Module) -> None:
        """Take in the weights after an epoch."""

    @abstractmethod
    def weights(self) -> Tensors:
        """The mean, by the names of the parameters."""

    @abstractmethod
    def state(self) -> Tensors:
        """Everything it remembers, for a checkpoint."""

    @abstractmethod
    def restore(self, state: Tensors) -> None:
        """Remember what :meth:`state` gave; after that nothing tells it from one that went on."""


class AverageSpec(Kinded):
    """A mean of the weights along the training. What is validated and kept is the mean.

    A new one is one new file with :meth:`make`. Running statistics of batch norms are not averaged:
    those of other weights' states would not be the mean's. Before it is validated the mean sees
    batches of training and moves its own (:func:`~intralpha.training.averaged.renew`).
    """

    homes = ("intralpha.training.averages",)

    def make(self, network: nn.Module) -> Average:
        """A mean that begins with a network's weights.

        Parameters
        ----------
        network : before its first step
        """
        raise NotImplementedError


def named(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Parameters by all of their names: one that two modules share has two."""
    return network.named_parameters(remove_duplicate=False)


def parameters_of(network: nn.Module) -> Tensors:
    """A copy of a network's parameters, by name."""
    return {name: value.detach().clone() for name, value in named(network)}
