"""What weights and checkpoints belong to: a short mark of everything that decided them."""

import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path

from jaxtyping import Float
from numpy import ndarray
from torch import Tensor, nn

from intralpha.base import ConfigError, Spec, spec_hash
from intralpha.datasets import Fold, Samples
from intralpha.training.network import Network
from intralpha.training.objective import ObjectiveSpec

Loss = Callable[[Float[Tensor, " B"], Float[Tensor, " B"]], Float[Tensor, ""]]
Marks = dict[str, str]


class OtherTrainingError(ConfigError):
    """A folder holds the state or the weights of another training."""

    def __init__(self, folder: Path, differ: tuple[str, ...]) -> None:
        self.folder, self.differ = folder, differ
        super().__init__(
            f"{folder} holds another training: not the same {', '.join(differ)}.\n"
            "Hint: give every training a folder of its own, or remove this one to start anew."
        )


def check_marks(folder: Path, found: Marks, expected: Marks) -> None:
    """Refuse a folder that belongs to another training.

    Parameters
    ----------
    folder : named in the error
    found : marks stored in the folder
    expected : marks of the training at hand; those that only the folder has are not compared

    Raises
    ------
    OtherTrainingError
    """
    differ = tuple(name for name, mark in expected.items() if found.get(name) != mark)
    if differ:
        raise OtherTrainingError(folder, differ)


def training_marks(
    model: Network,
    objective: ObjectiveSpec | Loss,
    training: Spec,
    fold: Fold,
    seed: int,
) -> Marks:
    """One mark for each thing that decides a training, except its data.

    Parameters
    ----------
    model : a spec, a module whose weights are where training starts, or what makes a module
    objective : a spec, or a function whose source is marked
    training : settings of the loop
    fold : its training and validation dates count, its predicted ones do not
    seed : decides weights, order of batches and dropout

    Returns
    -------
    dict of 16 hexadecimal digits by name
    """
    return {
        "model": _module_mark(model) if isinstance(model, nn.Module) else _choice_mark(model),
        "objective": _choice_mark(objective),
        "training": spec_hash(training),
        "fold": spec_hash(fold.train.astype(str).tolist(), fold.valid.astype(str).tolist()),
        "seed": spec_hash(seed),
    }


def data_marks(samples: Samples, fold: Fold, weights: Float[ndarray, " D"] | None = None) -> Marks:
    """Marks of the data: inputs, their sizes, stocks, every label, and the windows of two dates.

    Parameters
    ----------
    samples : windows with labels
    fold : labels of its training and validation dates are marked, and the windows of the first
        and the last of them; reading all windows would cost an epoch
    weights : [D] of the training dates, or None
    """
    digest = hashlib.sha256("\n".join(map(str, samples.assets)).encode())
    for day in (*fold.train[:1], *fold.valid[-1:]):
        batch = samples.day(day, labelled=False)
        digest.update(batch.columns.tobytes())
        for name, x in batch.windows.items():
            digest.update(name.encode() + x.tobytes())
    if samples.label is not None:
        for dates in (fold.train, fold.valid):  # which may lie among each other
            digest.update(samples.label.at(dates).values.tobytes())
    if samples.valid_label is not None:
        digest.update(samples.valid_label.at(fold.valid).values.tobytes())
    if samples.rows is not None:
        digest.update(samples.rows.at(fold.train).values.tobytes())
    if weights is not None:
        digest.update(weights.tobytes())
    sizes = {name: window.sizes for name, window in samples.windows.items()}
    return {"inputs": spec_hash(sizes), "data": digest.hexdigest()[:16]}


def _module_mark(network: nn.Module) -> str:
    digest = hashlib.sha256(f"{_name(type(network))}\n{network}".encode())
    for name, value in network.state_dict().items():
        digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _choice_mark(choice: Spec | Callable) -> str:
    """Hash of a spec; name and, where it can be read, source of a function or a class."""
    if isinstance(choice, Spec):
        return spec_hash(choice)
    named = inspect.isroutine(choice) or inspect.isclass(choice)
    owner = choice if named else type(choice)
    try:
        source = inspect.getsource(owner)
    except (OSError, TypeError):
        source = ""
    return spec_hash(_name(owner), source)


def _name(thing: Callable | type) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"
