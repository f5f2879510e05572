"""What may be trained: a spec, a module of one's own, or what makes one."""

from collections.abc import Callable
from copy import deepcopy

from torch import nn

from intralpha.models import ModelSpec

Network = ModelSpec | nn.Module | Callable[[int], nn.Module]


def make_network(network: Network, n_features: int) -> nn.Module:
    """A network to train, or to load weights into, that keeps the contract of :class:`ModelSpec`.

    Parameters
    ----------
    network : a spec; a module, which is copied with its weights; or a function, a class say, from
        the number of features to a module
    n_features : F, numbers in one step of a window
    """
    if isinstance(network, nn.Module):
        return deepcopy(network)
    return network.make(n_features) if isinstance(network, ModelSpec) else network(n_features)
