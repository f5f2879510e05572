"""Shipped descriptions of vendors in YAML, and the words that YAML misreads."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from importlib.resources import files
from typing import Any

import yaml

from intralpha.base import ConfigError

PRESETS = "intralpha.sources"


def quoted(given: Any) -> Any:
    """The same names or codes, none of which YAML has made a truth value of.

    Raises
    ------
    ValueError
        One was written yes, no, on or off without quotes.
    """
    parts = [given]
    if isinstance(given, dict):
        parts = [*given.keys(), *given.values()]
    found = [v for part in parts for v in (part if isinstance(part, list | tuple) else [part])]
    for value in found:
        if isinstance(value, bool):
            words = "yes, on or true" if value else "no, off or false"
            raise ValueError(f"YAML reads {words} without quotes as {value}; write it in quotes")
    return given


def check_fields(columns: Iterable[str], known: Iterable[str], key: str = "columns") -> None:
    """Refuse fields that a table of the lake has not.

    Parameters
    ----------
    columns : fields of ``columns`` of a mapping or a stream
    known : those there are
    key : of the mapping, where they stand

    Raises
    ------
    ValueError
        With the nearest known name of each.
    """
    known = sorted(known)
    unknown = sorted(set(columns) - set(known))
    if not unknown:
        return
    near = {field: get_close_matches(field, known, 1) for field in unknown}
    said = [f"{f!r} (did you mean {near[f][0]!r}?)" if near[f] else repr(f) for f in unknown]
    raise ValueError(f"{key} has unknown {', '.join(said)}; known are {', '.join(known)}")


def check_names(names: Sequence[str], columns: Mapping[str, str]) -> None:
    """Refuse names of the columns of a file without a header that lack one.

    Parameters
    ----------
    names : all columns, in their order; none of a file with a header
    columns : field of the lake -> column of the vendor

    Raises
    ------
    ValueError
        A column is not among the names.
    """
    absent = sorted({*columns.values()} - {*names})
    if names and absent:
        raise ValueError(f"names lacks {', '.join(absent)}, which columns takes")


class UnknownPresetError(ConfigError):
    """No shipped mapping has that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(f"no shipped mapping {name!r}; there are: {', '.join(known)}.")


def presets() -> tuple[str, ...]:
    """Names of the shipped mappings."""
    return _names("presets")


def read_preset(name: str) -> dict[str, Any]:
    """Keys of a shipped mapping.

    Raises
    ------
    UnknownPresetError
    """
    return _read(name, "presets")


def joined_presets() -> tuple[str, ...]:
    """Names of the shipped descriptions of files that complete daily rows."""
    return _names("presets", "joined")


def read_joined_preset(name: str) -> dict[str, Any]:
    """Keys of a shipped description of joined files.

    Raises
    ------
    UnknownPresetError
    """
    return _read(name, "presets", "joined")


def level2_presets() -> tuple[str, ...]:
    """Names of the shipped descriptions."""
    return _names("presets", "level2")


def read_level2_preset(name: str) -> dict[str, Any]:
    """Keys of a shipped description.

    Raises
    ------
    UnknownPresetError
    """
    return _read(name, "presets", "level2")


def preset_named(given: Any) -> str | None:
    """The preset that the keys of a source name; None if they name none, or are no keys.

    Parameters
    ----------
    given : what stands in the recipe, before anything is checked
    """
    name = given.get("preset") if isinstance(given, dict) else None
    return name if isinstance(name, str) and name else None


def _names(*folder: str) -> tuple[str, ...]:
    names = (f.name for f in files(PRESETS).joinpath(*folder).iterdir())
    return tuple(sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml")))


def _read(name: str, *folder: str) -> dict[str, Any]:
    if name not in _names(*folder):
        raise UnknownPresetError(name, _names(*folder))
    text = files(PRESETS).joinpath(*folder, f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)
