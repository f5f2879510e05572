"""Checkpoints: tensors by name as safetensors, the rest as JSON."""

import json
from pathlib import Path
from typing import Any

from jaxtyping import Shaped
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from intralpha.base import DataError
from intralpha.base.file_digest import file_digest
from intralpha.training.belonging import Marks, check_marks

Tensors = dict[str, Shaped[Tensor, "..."]]  # by name, of any shape
FACTS = "facts.json"


class DamagedCheckpointError(DataError):
    """A checkpoint cannot be read."""

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(
            f"the checkpoint {path} cannot be read: {why}.\n"
            f"Hint: remove the folder {path.parent}; the training starts anew."
        )


def save_checkpoint(folder: Path, tensors: Tensors, facts: dict[str, Any], marks: Marks) -> None:
    """Write both files; the JSON is written last and names the tensors' file it belongs to, with a
    checksum of its bytes.

    Parameters
    ----------
    folder : made if absent; older states are removed
    tensors : the state by name
    facts : what JSON can hold, with ``epoch``
    marks : what the training belongs to (:func:`training_marks`)
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"state-{facts['epoch']:04d}.safetensors"
    save_file({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}, folder / name)
    partial = folder / f"{FACTS}.partial"
    marked = {"state": name, "checksum": file_digest(folder / name).hex(), "belongs_to": marks}
    partial.write_text(json.dumps({**facts, **marked}))
    partial.replace(folder / FACTS)
    for old in folder.glob("state-*.safetensors"):
        if old.name != name:
            old.unlink()


def load_checkpoint(folder: Path, marks: Marks) -> tuple[Tensors, dict[str, Any]] | None:
    """The last complete checkpoint, or None if there is none.

    Parameters
    ----------
    folder : where :func:`save_checkpoint` wrote
    marks : what the training at hand belongs to

    Raises
    ------
    OtherTrainingError
        The checkpoint belongs to another training.
    DamagedCheckpointError
        A file is torn or missing, or the tensors are not those that were written.
    """
    path = folder / FACTS
    if not path.is_file():
        return None
    try:
        facts = json.loads(path.read_text())
        found = facts["belongs_to"]
        state = folder / facts["state"]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise DamagedCheckpointError(path, repr(error)) from error
    check_marks(folder, found, marks)
    try:
        if facts.get("checksum", "") not in ("", file_digest(state).hex()):  # older ones have none
            raise DamagedCheckpointError(state, "its bytes differ from their checksum")
        return load_file(state), facts
    except (SafetensorError, OSError) as error:
        raise DamagedCheckpointError(state, str(error)) from error


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """The history in a checkpoint, of whatever training; empty where there is none to be read.

    Parameters
    ----------
    folder : where :func:`save_checkpoint` writes, perhaps now
    """
    try:
        return json.loads((folder / FACTS).read_text())["rows"]
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return []
