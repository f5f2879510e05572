"""OptimiserSpec: what moves the weights by their gradients, one kind a file."""

import torch
from torch import nn

from intralpha.base import Kinded


class OptimiserSpec(Kinded):
    """What moves weights by their gradients. A new one is one new file with :meth:`make`."""

    homes = ("intralpha.training.optimisers",)

    def make(self, network: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
        """An optimiser of a network's parameters.

        Parameters
        ----------
        network : whose parameters it moves
        learning_rate : ``training.learning_rate``; at each step the loop sets ``lr`` of every group
            of parameters to its share of it (:class:`~intralpha.training.RateSpec`)

        Returns
        -------
        Optimizer
            Its state is tensors (what is None counts as absent), so that a checkpoint holds it.
        """
        raise NotImplementedError
