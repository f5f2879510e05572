"""adam: steps by moments of the gradient."""

from typing import Literal

import torch
from torch import nn

from intralpha.training.optimiser import OptimiserSpec


class AdamSpec(OptimiserSpec):
    """Adam, as :class:`torch.optim.Adam` has it [Spec 14]."""

    kind: Literal["adam"] = "adam"

    def make(self, network: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
        """See :meth:`OptimiserSpec.make`."""
        return torch.optim.Adam(network.parameters(), lr=learning_rate)
