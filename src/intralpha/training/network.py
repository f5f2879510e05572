"""What may be trained, what it sees of a batch, and what it makes of it."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from inspect import Parameter, signature

import torch
from jaxtyping import Float, Int, Shaped
from numpy import ndarray
from torch import Tensor, nn

from intralpha.base import ConfigError
from intralpha.base.room import is_aligned
from intralpha.datasets import Batch, Samples
from intralpha.models import (
    InputNamesError,
    ModelSpec,
    Output,
    Shapes,
    ShapesError,
    WindowShape,
    check_names,
    wants_of,
)
from intralpha.training.called import called
from intralpha.training.objective import Truth

CPU = torch.device("cpu")

Network = ModelSpec | nn.Module | Callable[..., nn.Module]


class SeveralInputsError(ConfigError):
    """What makes a network cannot be called with the sizes of several inputs."""

    def __init__(self, network: Callable[..., nn.Module], shapes: Shapes, why: TypeError) -> None:
        self.network, self.shapes = network, shapes
        name = getattr(network, "__name__", repr(network))
        super().__init__(
            f"{name} was called with the sizes of the inputs {', '.join(shapes)} and raised: "
            f"{why}; expected what takes them, by name, each with length and features.\n"
            f"Hint: lambda shapes: {name}(shapes[{next(iter(shapes))!r}].features, ...)"
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
        return {name: getattr(self, name) for name in wants_of(network)}


def tensor(values: Shaped[ndarray, "..."]) -> Shaped[Tensor, "..."]:
    """The same memory where it is aligned as torch aligns its own, as windows are; else a copy.

    Results must not depend on where NumPy put an array.
    """
    return torch.from_numpy(values) if is_aligned(values) else torch.tensor(values)


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
    return called(network, seen.windows, seen.more_for(network))


def shapes_of(samples: Samples) -> Shapes:
    """Sizes of the inputs of some samples, by name."""
    return {name: WindowShape.of(window.sizes) for name, window in samples.windows.items()}


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
    ShapesError
        Their sizes do not suit it.
    SeveralInputsError
        A function cannot take the sizes of several.
    """
    if isinstance(network, nn.Module):
        return deepcopy(network)
    if isinstance(network, ModelSpec):
        kind = str(getattr(network, "kind", type(network)))
        check_names(kind, network.inputs, tuple(shapes))
        if misfits := network.misfits(shapes):
            raise ShapesError(kind, misfits)
        return network.make(shapes)
    if len(shapes) == 1:
        return network(next(iter(shapes.values())).features)
    try:
        return network(shapes)
    except TypeError as error:
        raise SeveralInputsError(network, shapes, error) from error


def check_call(network: nn.Module, shapes: Shapes) -> None:
    """Refuse inputs that a network's ``forward`` does not take, before a batch is made.

    Parameters
    ----------
    network : keeps the contract of :class:`ModelSpec`, or not
    shapes : sizes of the inputs, by name

    Raises
    ------
    InputNamesError
    """
    try:
        takes = signature(network.forward)
    except (TypeError, ValueError):  # compiled code that does not say
        return
    wants = wants_of(network)
    alone, named = ((None,), ()) if len(shapes) == 1 else ((), (*shapes,))
    try:
        takes.bind(*alone, **dict.fromkeys((*named, *wants)))
    except TypeError as error:
        many = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        names = (p.name for p in takes.parameters.values() if p.kind not in many)
        wanted = tuple(name for name in names if name not in wants)
        raise InputNamesError(type(network).__name__, wanted, tuple(shapes)) from error


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
