"""What may be trained: a spec, a module of one's own, or what makes one."""

from collections.abc import Callable
from copy import deepcopy

from jaxtyping import Float
from torch import Tensor, nn

from intralpha.base import ConfigError
from intralpha.models import ModelSpec

Network = ModelSpec | nn.Module | Callable[[int], nn.Module]


class NetworkOutputError(ConfigError):
    """A network gives something else than a score a stock."""

    def __init__(self, network: nn.Module, found: object, given: tuple[int, ...]) -> None:
        shown = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else repr(type(found))
        self.found, self.expected = shown, (given[0],)
        super().__init__(
            f"{type(network).__name__}, given windows of shape {given}, returned {shown}; expected "
            f"a tensor of shape {self.expected}, one score a stock.\n"
            "Hint: return scores.squeeze(-1), or the last step of a sequence, sequence[:, -1]."
        )


def scores_of(network: nn.Module, x: Float[Tensor, "B L F"]) -> Float[Tensor, " B"]:
    """What a network makes of some windows.

    Parameters
    ----------
    network : keeps the contract of :class:`ModelSpec`, or not
    x : float32 [B, L, F]

    Returns
    -------
    Tensor [B]

    Raises
    ------
    NetworkOutputError
        It is no tensor, or one of another shape: a loss would spread [B, 1] over [B] in silence.
    """
    found = network(x)
    if not isinstance(found, Tensor) or found.shape != x.shape[:1]:
        raise NetworkOutputError(network, found, tuple(x.shape))
    return found


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
