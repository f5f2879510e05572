"""Libraries: YAML files of factors, shipped or one's own, found by name and checked."""

from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from os import listdir
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from intralpha.base.place import place, placed
from intralpha.base.yaml_text import EncodingError, YamlError, parse_yaml, read_utf8
from intralpha.features.frames import UnknownFrameError, frame_named
from intralpha.features.language.library import Library, LibraryError
from intralpha.features.language.parameters import Choice
from intralpha.features.language.syntax import nearest

FOLDER = "intralpha.features.library"


def libraries() -> tuple[str, ...]:
    """Names of the shipped libraries."""
    names = listdir(_folder())  # noqa: PTH208 - no path objects: asked for every slice
    return tuple(sorted(name[:-5] for name in names if name.endswith(".yaml")))


@cache
def _folder() -> Path:
    return Path(str(files(FOLDER)))


def libraries_naming(words: Collection[str]) -> tuple[str, ...]:
    """Shipped libraries whose text has one of the words: no other has a factor of such a name."""
    texts = ((name, library_text(name)) for name in libraries()) if words else ()
    return tuple(name for name, text in texts if any(word in text for word in words))


def library_text(name: str) -> str:
    """The YAML of a shipped library by its name, or of one's own by its path.

    Raises
    ------
    LibraryError
        No such library or file, or it is not in UTF-8.
    """
    if name in libraries():
        return (_folder() / f"{name}.yaml").read_text(encoding="utf-8")
    path = Path(name)
    if path.is_file():
        return _own_text(path)
    hint = nearest(path.stem, list(libraries()))
    found = f"no library {path.name}, nor a file {path.absolute()}"
    raise LibraryError(f"{found}; {hint}, or a YAML file")


def _own_text(path: Path) -> str:
    try:
        return read_utf8(path)
    except EncodingError as error:
        raise LibraryError(f"library {error}") from error


def read_library(name: str) -> Library:
    """A shipped library by its name, or one's own by the path of its YAML file, as it is written.

    Raises
    ------
    LibraryError
        No such library or file, not in UTF-8, not YAML, or a key or value out of place.
    """
    try:
        library = _parsed(library_text(name))
    except (YamlError, ValidationError, UnknownFrameError) as error:
        raise LibraryError(f"library {name}: {error}") from error
    if not library.uses:
        return library
    beside = placed(Path(name).resolve().parent)
    return library.model_copy(update={"uses": tuple(placed_name(n, beside) for n in library.uses)})


def placed_name(name: str, context: dict[str, Any] | None) -> str:
    """The name of a shipped library as it is; a path as seen from the folder of a context.

    Parameters
    ----------
    name : shipped, or the path of a YAML file
    context : what :func:`.placed` gives, or None: from the current folder
    """
    return name if name in libraries() else place(name, context)


def texts_named(library: Library) -> tuple[str, ...]:
    """The YAML of every library whose factors the expressions of one may name.

    Raises
    ------
    LibraryError
        It uses one that does not exist.
    """
    if not frame_named(library.frame).names_factors:
        return ()
    try:
        return tuple(map(library_text, library.uses or libraries()))
    except LibraryError as error:
        raise LibraryError(f"library {library.name}, uses: {error}") from error


@lru_cache(maxsize=64)
def _parsed(text: str) -> Library:
    """The library of a text; it is frozen, so one serves all who ask."""
    return checked(Library.model_validate(parse_yaml(text)))


def load_library(name: str, parameters: Mapping[str, Choice] | None = None) -> Library:
    """A library with values in place of the names of its parameters.

    Parameters
    ----------
    name : shipped, or the path of a YAML file; relative paths in it start from its folder
    parameters : the choices; a parameter that is left out keeps its own value

    Raises
    ------
    LibraryError
        No such library or file, not in UTF-8, not YAML, or a key or value out of place.
    ParameterError
        No such parameter, or a value that is not among its choices.
    """
    return read_library(name).resolved(parameters or {})


def checked(library: Library) -> Library:
    """The same library, if its frame is there and its own names are free in it.

    Raises
    ------
    UnknownFrameError, LibraryError
        They are not.
    """
    frame = frame_named(library.frame)
    taken = sorted({*library.parameters, *library.define} & {*frame.names()})
    if taken:
        raise LibraryError(f"named as series of {library.frame}: {', '.join(taken)}")
    if library.uses and not frame.names_factors:
        raise LibraryError(f"uses is for the frame day, found frame {library.frame}")
    return library
