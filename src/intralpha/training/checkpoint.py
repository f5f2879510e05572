"""Checkpoints: weights and optimiser state as safetensors, the rest as JSON."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file


def save_checkpoint(folder: Path, tensors: dict[str, torch.Tensor], facts: dict[str, Any]) -> None:
    """Write both files; the JSON is written last and names the tensors' file it belongs to."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"state-{facts['epoch']:04d}.safetensors"
    save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, folder / name)
    partial = folder / "facts.json.partial"
    partial.write_text(json.dumps({**facts, "state": name}))
    partial.replace(folder / "facts.json")
    for old in folder.glob("state-*.safetensors"):
        if old.name != name:
            old.unlink()


def load_checkpoint(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
    """The last complete checkpoint, or None if there is none."""
    path = folder / "facts.json"
    if not path.is_file():
        return None
    facts = json.loads(path.read_text())
    return load_file(folder / facts["state"]), facts
