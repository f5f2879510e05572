"""Compiled kernels that are kept are used again only while all that they were made of is the same.

Numba looks at the file of a kernel. What it calls, and the constants that it is compiled with,
stand in other files, too: after a change there it went on with the old code, and its results were
kept under the address of the new.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
IMPORTS = re.compile(r"^[ \t]*from (\w+(?:\.\w+)*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
COMPILED = re.compile(r"^from numba|^import numba|compiling import", re.MULTILINE)


def with_imports(own: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What tells numba whether a kernel of the package is as it was: its file, and what it reaches.

    Parameters
    ----------
    own : of a locator of numba: looks at the file alone
    """

    def stamp(locator: Any) -> Any:
        file = Path(locator._py_file).resolve()
        return (own(locator), digest(file, PACKAGE)) if PACKAGE in file.parents else own(locator)

    return stamp


@cache
def digest(file: Path, package: Path) -> bytes:
    """Digest of a file with kernels and of all that they reach.

    Parameters
    ----------
    file : absolute
    package : folder of the package; what others import is not theirs to change
    """
    found = blake2b(digest_size=16)
    for one in sorted(reached(file, package)):
        found.update(_text(one).encode())
    return found.digest()


def reached(file: Path, package: Path) -> set[Path]:
    """The file, what it imports of the package, and so on through the files that have kernels.

    Parameters
    ----------
    file, package : as of :func:`digest`
    """
    seen, todo = {file}, [file]
    while todo:
        for one in _imported(todo.pop(), package):
            if one not in seen:
                seen.add(one)
                if COMPILED.search(_text(one)):
                    todo.append(one)
    return seen


def _imported(file: Path, package: Path) -> Iterator[Path]:
    for module, names in IMPORTS.findall(_text(file)):
        top, *inner = module.split(".")
        if top == package.name:
            for name in re.findall(r"\w+", re.sub(r"#.*| as \w+", "", names)):
                yield from _home(package.joinpath(*inner), name, package)


def _home(place: Path, name: str, package: Path) -> Iterator[Path]:
    """Files that say what a name of a module means; a package's own file says who has it."""
    if (module := place.with_suffix(".py")).is_file() or (module := place / f"{name}.py").is_file():
        yield module
    elif (start := place / "__init__.py").is_file():
        for inner, names in IMPORTS.findall(_text(start)):
            if inner.startswith(f"{package.name}.") and re.search(rf"\b{name}\b", names):
                yield from _home(package.joinpath(*inner.split(".")[1:]), name, package)


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
