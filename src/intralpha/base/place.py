"""Paths in specs: relative to the file that names them, with variables of the environment."""

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator

PLACE = "place"  # key of the validation context: folder that relative paths start from


def expand(text: str) -> str:
    """A path with ``${VARIABLES}`` and ``~`` expanded.

    Raises
    ------
    ValueError
        A variable is not set.
    """
    missing = [v for v in re.findall(r"\$\{(\w+)\}", text) if v not in os.environ]
    if missing:
        raise ValueError(f"environment variable {', '.join(missing)} is not set")
    return str(Path(os.path.expandvars(text)).expanduser())


def _placed(value: str, info: Any) -> str:
    """The path as seen from the folder of the validation context, if there is one."""
    folder = (info.context or {}).get(PLACE)
    place = Path(expand(value))
    return str(place if folder is None or place.is_absolute() else Path(folder) / place)


def placed(folder: Path) -> dict[str, Any]:
    """Validation context in which relative paths start from a folder."""
    return {PLACE: str(folder)}


PlacePath = Annotated[str, AfterValidator(_placed)]
