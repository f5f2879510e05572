"""Recipes that go on from another: `extends: NAME`, and only what is different below it."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from intralpha.base import ConfigError
from intralpha.base.preset import laid_over
from intralpha.base.yaml_text import EncodingError, YamlError, parse_yaml, read_utf8

EXTENDS = "extends"


class ExtendsError(ConfigError):
    """A recipe names another that is not there, or comes back to itself."""

    def __init__(self, path: Path, found: str, expected: str) -> None:
        self.path, self.found, self.expected = path, found, expected
        super().__init__(f"{path}: {EXTENDS} {found}; expected {expected}.")


def recipe_folder() -> Path:
    """Folder of the shipped recipes: inside the installed package, or beside its sources."""
    inside = Path(str(files("intralpha"))) / "recipes"
    beside = Path(str(files("intralpha"))).parent.parent / "recipes"
    return inside if inside.is_dir() else beside


def extended(raw: dict[str, Any], path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Keys of a recipe over those of the recipe that it extends, and of what that extends.

    A mapping changes the other's key by key; one that names a ``kind`` takes its place, as
    anything else does. Relative paths start from the folder of the recipe that is run.

    Parameters
    ----------
    raw : keys of the file
    path : the file; what it names is looked for beside it, then among the shipped recipes
    seen : files that led here

    Raises
    ------
    ExtendsError
    """
    name = raw.get(EXTENDS)
    own = {key: value for key, value in raw.items() if key != EXTENDS}
    if name is None:
        return own
    base = _base(path, name)
    if base.resolve() in (*seen, path.resolve()):
        raise ExtendsError(path, f"{name}, which extends it", "a recipe that does not come back")
    try:
        below = parse_yaml(read_utf8(base))
    except (EncodingError, YamlError) as error:
        raise ExtendsError(path, f"{name}: {error}", "a recipe that can be read") from error
    if not isinstance(below, dict):
        raise ExtendsError(path, f"{name}: a {type(below).__name__}", "a mapping of keys")
    return laid_over(extended(below, base, (*seen, path.resolve())), own, kinds_stay=True)


def _base(path: Path, name: object) -> Path:
    """File of the recipe that another one extends."""
    if not isinstance(name, str):
        raise ExtendsError(path, repr(name), "the name or the file of a recipe")
    file = name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"
    places = [path.resolve().parent / file, recipe_folder() / file]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise ExtendsError(path, name, f"{places[0]} or a shipped recipe of that name")
    return found
