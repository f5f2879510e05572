"""ModelSpec: which network, one kind a file."""

from torch import nn

from intralpha.base import Kinded


class ModelSpec(Kinded):
    """A network's sizes. A new network is one new file with a spec and a module.

    Notes
    -----
    The contract of every network: ``forward`` takes windows ``[B, L, F]`` (float32, oldest step
    first, no NaN) and returns scores ``[B]``, higher for what should return more. In eval mode
    the score of a sample does not depend on the other samples of its batch. A network knows
    tensors only: learning rate, device and early stopping belong to training, NaN to transforms.
    """

    homes = ("intralpha.models",)

    def make(self, n_features: int) -> nn.Module:
        """A network with fresh weights.

        Parameters
        ----------
        n_features : F, numbers in one step of a window

        Returns
        -------
        Module that keeps the contract above
            Weights come from torch's global generator; seed it first to make them repeatable.
        """
        raise NotImplementedError
