"""last: the mean of the weights after each of the last epochs."""

from collections import deque
from typing import Literal

import torch
from pydantic import Field
from torch import nn

from intralpha.training.average import Average, AverageSpec, parameters_of
from intralpha.training.checkpoint import Tensors


class LastEpochsSpec(AverageSpec):
    """Mean of the weights at the ends of the last k epochs, or of all while there are fewer.

    References
    ----------
    P. Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, 2018.
    """

    kind: Literal["last"] = "last"
    epochs: int = Field(default=5, gt=0, description="k; so many copies of the weights are held")

    def make(self, network: nn.Module) -> "LastEpochs":
        """See :meth:`AverageSpec.make`."""
        return LastEpochs(network, self.epochs)


class LastEpochs(Average):
    """The weights of the last epochs, oldest first.

    Parameters
    ----------
    network : whose parameters are the mean before the first epoch ends
    epochs : k
    """

    def __init__(self, network: nn.Module, epochs: int) -> None:
        self.first = parameters_of(network)
        self.held: deque[Tensors] = deque(maxlen=epochs)

    def after_step(self, network: nn.Module, step: int) -> None:
        """Nothing: it waits for the epoch's end."""

    def after_epoch(self, network: nn.Module) -> None:
        """See :meth:`Average.after_epoch`."""
        self.held.append(parameters_of(network))

    def weights(self) -> Tensors:
        """See :meth:`Average.weights`."""
        held = self.held or (self.first,)
        return {name: torch.stack([one[name] for one in held]).mean(0) for name in self.first}

    def state(self) -> Tensors:
        """See :meth:`Average.state`."""
        return {f"{at}.{name}": v for at, one in enumerate(self.held) for name, v in one.items()}

    def restore(self, state: Tensors) -> None:
        """See :meth:`Average.restore`."""
        count = len(state) // len(self.first)
        self.held.clear()
        for at in range(count):
            named = {n: state[f"{at}.{n}"].to(first.device) for n, first in self.first.items()}
            self.held.append(named)
