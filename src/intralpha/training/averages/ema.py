"""ema: a mean of the weights that forgets exponentially."""

from typing import Literal

import torch
from pydantic import Field
from torch import nn

from intralpha.training.average import Average, AverageSpec, named, parameters_of
from intralpha.training.checkpoint import Tensors


class EMASpec(AverageSpec):
    r"""Exponential moving average of the weights after every step.

    .. math:: \bar\theta_s = d_s \bar\theta_{s-1} + (1 - d_s) \theta_s,
        \quad d_s = \min(d, (1 + s) / (10 + s))

    from the first weights on, s counting steps from 1: the smaller decay of the first steps, that
    of TensorFlow's moving average, forgets them soon.

    References
    ----------
    B. Polyak and A. Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992.
    """

    kind: Literal["ema"] = "ema"
    decay: float = Field(
        default=0.999,
        gt=0,
        lt=1,
        description="d, what a step leaves of the mean; 0.999: ~1000 steps",
    )

    def make(self, network: nn.Module) -> "EMA":
        """See :meth:`AverageSpec.make`."""
        return EMA(network, self.decay)


class EMA(Average):
    """The mean so far.

    Parameters
    ----------
    network : whose parameters it begins with
    decay : d
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay, self.mean = decay, parameters_of(network)

    def after_step(self, network: nn.Module, step: int) -> None:
        """See :meth:`Average.after_step`."""
        kept = min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, value in named(network):
                self.mean[name].lerp_(value, 1 - kept)

    def after_epoch(self, network: nn.Module) -> None:
        """Nothing: the last step's weights are in it."""

    def weights(self) -> Tensors:
        """See :meth:`Average.weights`."""
        return self.mean

    def state(self) -> Tensors:
        """See :meth:`Average.state`."""
        return self.mean

    def restore(self, state: Tensors) -> None:
        """See :meth:`Average.restore`."""
        for name, value in state.items():
            self.mean[name].copy_(value)
