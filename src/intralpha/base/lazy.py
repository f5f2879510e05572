"""Lazy packages: what a package offers is imported when it is named, and listed once."""

import ast
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any


def lazily(package: str) -> None:
    """Let a package offer the names of its block ``if TYPE_CHECKING:`` without importing them.

    The block is the only list: type checkers read it, and the names, ``dir()``, ``__all__`` and
    ``from package import *`` come from it, parsed when the first of them is asked for [PEP 562].

    Parameters
    ----------
    package : ``__name__`` of the ``__init__`` that calls

    Examples
    --------
    >>> import intralpha.base
    >>> "Panel" in intralpha.base.__all__, intralpha.base.Panel.__module__
    (True, 'intralpha.base.panel')
    """
    sys.modules[package].__class__ = LazyPackage


class LazyPackage(ModuleType):
    """A package whose names are imported when they are asked for."""

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return sorted(_offered(self))
        if name.startswith("__") or name not in _offered(self):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        module, member = _offered(self)[name]
        if module == self.__name__:
            return import_module(f"{module}.{member}")
        value = getattr(import_module(module), member)
        vars(self)[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system binds a submodule here when it is imported, by whomever: what the
        # package offers under the same name stays what is meant.
        if isinstance(value, ModuleType) and value.__name__ == f"{self.__name__}.{name}":
            module, _ = _offered(self).get(name, (self.__name__, name))
            if module != self.__name__:
                return
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        # What the file needs for itself, and submodules that somebody imported, are not offered.
        own = {name for name in super().__dir__() if name.startswith("__")}
        return sorted({*own, *_offered(self), "__all__"})


def _offered(package: ModuleType) -> dict[str, tuple[str, str]]:
    return offers(Path(str(package.__file__)))


@cache
def offers(init: Path) -> dict[str, tuple[str, str]]:
    """Name -> module and name there, of what a package offers lazily.

    Parameters
    ----------
    init : the package's ``__init__.py``; imports inside its ``if TYPE_CHECKING:`` count, which must
        name their modules in full
    """
    return {
        alias.asname or alias.name: (str(node.module), alias.name)
        for block in ast.parse(init.read_text(encoding="utf-8")).body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
