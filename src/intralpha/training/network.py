"""What may be trained, what it sees of a batch, and what it makes of it."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, Shaped
from numpy import ndarray
from torch import Tensor, nn

from intralpha.base import ConfigError
from intralpha.datasets import Batch, Samples
from intralpha.models import PARTS, ModelSpec, Output, Shapes, WindowShape, check_names
from intralpha.training.objective import Truth
from intralpha.training.two_pass import called

CPU = torch.device("cpu")

Network = ModelSpec | nn.Module | Callable[..., nn.Module]


class NetworkOutputError(ConfigError):
    """A network gives something else than a score a stock, or parts that have no such shape."""

    def __init__(self, network: nn.Module, found: str, given: str, expected: str) -> None:
        self.found, self.expected = found, expected
        super().__init__(
            f"{type(network).__name__}, given windows of shape {given}, returned {found}; expected "
            f"{expected}.\n"
            "Hint: return scores.squeeze(-1), the last step of a sequence, sequence[:, -1], or an "
            "intralpha.models.Output."
        )


@dataclass(frozen=True, eq=False)
class Seen:
    """What a network is given of a batch.

    Attributes
    ----------
    windows : float32 [B, L, F] (or [B, L, T, F]) by the name of the input
    days_B : int64 [B], ascending, the number of each sample's day
    target_BH : labels [B, H] with 0 where one is missing, in training only
    """

    windows: Mapping[str, Float[Tensor, "B *sizes"]]
    days_B: Int[Tensor, " B"]
    target_BH: Float[Tensor, "B H"] | None = None

    @staticmethod
    def of(batch: Batch, device: torch.device = CPU) -> tuple["Seen", Truth]:
        """What a network sees of a labelled batch, and what its output is compared with.

        Parameters
        ----------
        batch : with labels
        device : where the network is
        """
        seen = Seen.unlabelled(batch, device)
        truth = Truth.of(tensor(batch.y).to(device), seen.days_B)
        return Seen(seen.windows, seen.days_B, truth.label_BH), truth

    @staticmethod
    def unlabelled(batch: Batch, device: torch.device = CPU) -> "Seen":
        """What a network sees of a batch, without its labels.

        Parameters
        ----------
        batch : labelled or not
        device : where the network is
        """
        windows = {name: tensor(x).to(device) for name, x in batch.windows.items()}
        days_B = torch.tensor(batch.days_B, dtype=torch.int64)
        return Seen(windows, days_B.to(device))

    def more_for(self, network: nn.Module) -> dict[str, Shaped[Tensor, "..."] | None]:
        """What a network asks for in its ``wants``, besides windows."""
        return {name: getattr(self, name) for name in getattr(network, "wants", ())}


def tensor(values: Shaped[ndarray, "..."]) -> Shaped[Tensor, "..."]:
    """A copy in memory aligned by torch: results must not depend on where NumPy put an array."""
    return torch.tensor(values)


def outputs_of(network: nn.Module, seen: Seen) -> Output:
    """What a network makes of some windows.

    Parameters
    ----------
    network : keeps the contract of :class:`ModelSpec`, or not
    seen : one input is handed over as it is, several by their names

    Returns
    -------
    Output
        Its score is [B]; a network that returns a tensor has no parts.

    Raises
    ------
    NetworkOutputError
        It is no score a stock: a loss would spread [B, 1] over [B] in silence.
    """
    return checked(network, seen, called(network, seen.windows, seen.more_for(network)))


def checked(network: nn.Module, seen: Seen, out: Output) -> Output:
    """The output, if it is one score a stock and has parts that we know.

    Parameters
    ----------
    network, seen : named in the error
    out : what the network made of it

    Raises
    ------
    NetworkOutputError
    """
    _check_score(network, seen, out.score)
    _check_parts(network, seen, out)
    return out


def shapes_of(samples: Samples) -> Shapes:
    """Sizes of the inputs of some samples, by name."""
    return {name: shape_of(window.sizes) for name, window in samples.windows.items()}


def shape_of(sizes: tuple[int, ...]) -> WindowShape:
    """The shape of windows of (L, F), or of (L, T, F).

    Parameters
    ----------
    sizes : all axes but that of the batch
    """
    return WindowShape(sizes[0], sizes[-1], sizes[1] if len(sizes) == 3 else None)


def make_network(network: Network, shapes: Shapes) -> nn.Module:
    """A network to train, or to load weights into, that keeps the contract of :class:`ModelSpec`.

    Parameters
    ----------
    network : a spec; a module, which is copied with its weights; or a function, a class say, from
        the number of features of the only input to a module (of several: from ``shapes``)
    shapes : sizes of the inputs, by name

    Raises
    ------
    InputNamesError
        A spec wants other inputs.
    """
    if isinstance(network, nn.Module):
        return deepcopy(network)
    if isinstance(network, ModelSpec):
        check_names(str(getattr(network, "kind", type(network))), network.inputs, tuple(shapes))
        return network.make(shapes)
    only = next(iter(shapes.values()))
    return network(only.features if len(shapes) == 1 else shapes)


def probe(shapes: Shapes, device: torch.device = CPU) -> Seen:
    """Two windows of zeros, to learn what a network gives.

    Parameters
    ----------
    shapes : sizes of the inputs, by name
    device : where the network is
    """
    windows = {n: torch.zeros(2, *shape.sizes, device=device) for n, shape in shapes.items()}
    return Seen(windows, torch.zeros(2, dtype=torch.int64, device=device))


def device_of(network: nn.Module) -> torch.device:
    """Where a network's parameters are; the CPU for one that has none."""
    return next((p.device for p in network.parameters()), CPU)


def _check_score(network: nn.Module, seen: Seen, score: object) -> None:
    size = len(seen.days_B)
    if not isinstance(score, Tensor) or score.shape != (size,):
        expected = f"a tensor of shape {(size,)}, one score a stock, or an Output with it"
        raise NetworkOutputError(network, _told(score), _given(seen), expected)


def _check_parts(network: nn.Module, seen: Seen, out: Output) -> None:
    size = len(seen.days_B)
    for name, part in out.parts.items():
        if name not in PARTS or part.dim() != 2 or len(part) != size:
            expected = f"parts among {', '.join(PARTS)}, each [{size}, N]"
            found = f"part {name}: {_told(part)}"
            raise NetworkOutputError(network, found, _given(seen), expected)


def _given(seen: Seen) -> str:
    return ", ".join(str(tuple(x.shape)) for x in seen.windows.values())


def _told(found: object) -> str:
    return f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else repr(type(found))
