"""Weights: a trained network and what its transform learned, kept in a folder and read back."""

import json
from pathlib import Path
from typing import Any

import safetensors.numpy
import safetensors.torch
from jaxtyping import Float32
from numpy import ndarray
from safetensors import SafetensorError
from torch import Tensor, nn

from intralpha.base import DataError
from intralpha.models import ModelSpec, Shapes, WindowShape
from intralpha.training.belonging import Marks
from intralpha.training.network import Network, make_network

NETWORK, WEIGHTS, TRANSFORM = "network.json", "weights.safetensors", "transform.safetensors"


class NoWeightsError(DataError):
    """A folder has no weights, or they cannot be read."""

    def __init__(self, folder: Path, why: str) -> None:
        self.folder, self.why = folder, why
        super().__init__(
            f"no weights can be read from {folder}: {why}.\n"
            "Hint: train_fold and save_network write them; a training that was cut off has none."
        )


class OtherNetworkError(DataError):
    """The weights in a folder are not those of the network that asks for them."""

    def __init__(self, folder: Path, found: str, expected: str) -> None:
        self.folder, self.found, self.expected = folder, found, expected
        super().__init__(
            f"{folder} holds the weights of {found}; expected {expected}.\n"
            "Hint: load them with the spec, or a module of the class, that was trained."
        )


def save_network(
    folder: Path,
    spec: ModelSpec | None,
    shapes: Shapes,
    module: nn.Module,
    marks: Marks | None = None,
) -> None:
    """Write ``weights.safetensors`` and, when they are complete, ``network.json``.

    Parameters
    ----------
    folder : made if absent
    spec : what made the module; None for a module of the user's own
    shapes : sizes of the inputs, by name
    module : the trained network
    marks : what the training belonged to (:func:`training_marks`)
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{WEIGHTS}.partial"
    tensors = {k: v.detach().cpu().contiguous().clone() for k, v in module.state_dict().items()}
    safetensors.torch.save_file(tensors, partial)
    partial.replace(folder / WEIGHTS)
    facts = {
        "model": None if spec is None else spec.model_dump(mode="json"),
        "inputs": {name: shape.sizes for name, shape in shapes.items()},
        "belongs_to": marks or {},
    }
    partial = folder / f"{NETWORK}.partial"
    partial.write_text(json.dumps(facts, indent=1))
    partial.replace(folder / NETWORK)


def network_facts(folder: Path) -> dict[str, Any]:
    """The stored ``model``, ``inputs`` and ``belongs_to`` of :func:`save_network`.

    Raises
    ------
    NoWeightsError
    """
    try:
        return json.loads((folder / NETWORK).read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise NoWeightsError(folder, str(error)) from error


def stored_shapes(facts: dict[str, Any]) -> Shapes:
    """Sizes of the inputs that a stored network was trained on, by name.

    Parameters
    ----------
    facts : of :func:`network_facts`
    """
    return {name: WindowShape.of(tuple(sizes)) for name, sizes in facts["inputs"].items()}


def load_network(folder: Path, model: Network) -> nn.Module:
    """A network with the weights of a folder.

    Parameters
    ----------
    folder : where :func:`save_network` wrote
    model : the spec that was trained, or a module of the same class and sizes (left as it is), or
        what makes one

    Returns
    -------
    Module in eval mode
        Its predictions equal those of the saved one, bit for bit, on the same machine.

    Raises
    ------
    NoWeightsError
        Nothing is there, or it cannot be read.
    OtherNetworkError
        Another spec was trained, or names or shapes of weights differ.
    """
    facts = network_facts(folder)
    if isinstance(model, ModelSpec):
        _check_spec(folder, facts["model"], model)
    network = make_network(model, stored_shapes(facts))
    try:
        tensors = safetensors.torch.load_file(folder / WEIGHTS)
    except (SafetensorError, OSError) as error:
        raise NoWeightsError(folder, str(error)) from error
    found, expected = _shapes(tensors), _shapes(network.state_dict())
    if found != expected:
        raise OtherNetworkError(folder, str(found), str(expected))
    network.load_state_dict(tensors)
    return network.eval()


def save_fitted(folder: Path, fitted: dict[str, Float32[ndarray, "..."]]) -> None:
    """Write what a transform learned beside the weights of its fold.

    Parameters
    ----------
    folder : made if absent
    fitted : float32 arrays by name; may be empty
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{TRANSFORM}.partial"
    safetensors.numpy.save_file(fitted, partial)
    partial.replace(folder / TRANSFORM)


def load_fitted(folder: Path) -> dict[str, Float32[ndarray, "..."]]:
    """What :func:`save_fitted` wrote.

    Raises
    ------
    NoWeightsError
        Nothing is there, or it cannot be read.
    """
    try:
        return safetensors.numpy.load_file(folder / TRANSFORM)
    except (SafetensorError, OSError) as error:
        raise NoWeightsError(folder, str(error)) from error


def _check_spec(folder: Path, stored: dict[str, Any] | None, model: ModelSpec) -> None:
    """A field that the stored spec lacks is younger than it, and had its default."""
    wanted = model.model_dump(mode="json")
    if stored is not None and {**wanted, **stored} != wanted:
        raise OtherNetworkError(folder, str(stored), str(wanted))


def _shapes(tensors: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in sorted(tensors.items())}
