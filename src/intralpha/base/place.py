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
    if unset(text):
        raise ValueError(f"environment variable {', '.join(unset(text))} is not set")
    return str(Path(os.path.expandvars(text)).expanduser())


def unset(text: str) -> list[str]:
    """Variables in a path that the environment does not have."""
    return [v for v in re.findall(r"\$\{(\w+)\}", text) if v not in os.environ]


def place(text: str, context: dict[str, Any] | None) -> str:
    """A path as seen from the folder of a validation context, if there is one.

    Parameters
    ----------
    text : path; variables of the environment expand. One that is not set leaves the path as it is:
        whoever opens it says so
    context : what :func:`placed` gives, or None
    """
    if unset(text):
        return text
    folder, path = (context or {}).get(PLACE), Path(expand(text))
    return str(path if folder is None or path.is_absolute() else Path(folder) / path)


def placed(folder: Path) -> dict[str, Any]:
    """Validation context in which relative paths start from a folder."""
    return {PLACE: str(folder)}


def _placed(value: str, info: Any) -> str:
    return place(value, info.context)


PlacePath = Annotated[str, AfterValidator(_placed)]
