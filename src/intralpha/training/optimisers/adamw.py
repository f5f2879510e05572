"""adamw: Adam, and weights that shrink on their own."""

from typing import Literal

import torch
from pydantic import Field
from torch import nn

from intralpha.training.optimiser import OptimiserSpec


class AdamWSpec(OptimiserSpec):
    r"""Adam with decay of weights apart from the gradient, as :class:`torch.optim.AdamW` has it.

    .. math::
        \theta \leftarrow (1 - \eta \lambda) \theta - \eta \hat m / (\sqrt{\hat v} + 10^{-8})

    All parameters shrink, biases too; the decay follows the learning rate :math:`\eta`.

    References
    ----------
    I. Loshchilov and F. Hutter, Decoupled Weight Decay Regularization, 2019.
    """

    kind: Literal["adamw"] = "adamw"
    weight_decay: float = Field(
        default=0.01, ge=0, description="lambda: a step takes learning rate x lambda of each weight"
    )

    def make(self, network: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
        """See :meth:`OptimiserSpec.make`."""
        decay = self.weight_decay
        return torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=decay)
