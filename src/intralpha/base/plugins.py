"""Plug-ins: a user's own kinds, from an installed package or a file, loaded when asked for."""

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from intralpha.base.errors import ConfigError
from intralpha.base.kind import defining

GROUP, VARIABLE = "intralpha.kinds", "INTRALPHA_PLUGINS"


class PluginError(ConfigError):
    """A plug-in cannot be loaded."""

    def __init__(self, name: str, found: str, expected: str) -> None:
        self.name, self.found, self.expected = name, found, expected
        super().__init__(
            f"plug-in {name}: found {found}; expected {expected}.\n"
            "Hint: docs/plug-ins.md shows a whole one."
        )


@dataclass(frozen=True)
class Plugin:
    """One that is loaded.

    Attributes
    ----------
    name : of the entry point, or of the file without ``.py``; the prefix of its kinds
    module : where its kinds are defined
    version : of the installed package; ``file`` for a file
    digest : hash of the file, or of all modules of the package that were imported
    """

    name: str
    module: str
    version: str
    digest: str


_LOADED: dict[str, Plugin] = {}


def load_plugins(names: Iterable[str] = ()) -> tuple[Plugin, ...]:
    """Import plug-ins, and those that ``INTRALPHA_PLUGINS`` names (separated by commas).

    Nothing else ever loads one: no recipe, library or lake can ask for it. Processes that a run
    starts load the same ones.

    Parameters
    ----------
    names : entry points of the group ``intralpha.kinds``, or paths of ``.py`` files; one that is
        loaded already stays as it is

    Returns
    -------
    tuple of Plugin
        All that are loaded, in order.

    Raises
    ------
    PluginError
        No such entry point or file, or it fails when it is imported.
    KindNameError
        A kind of it does not carry the plug-in's name as prefix, or has a name that is taken.
        Nothing of such a plug-in is left.
    """
    given = [*os.environ.get(VARIABLE, "").split(","), *names]
    for name in dict.fromkeys(n.strip() for n in given if n.strip()):
        key = str(Path(name).resolve()) if name.endswith(".py") else name
        if key not in _LOADED:
            _LOADED[key] = _from_file(Path(key)) if name.endswith(".py") else _installed(name)
    if _LOADED:  # for the processes that this one starts
        os.environ[VARIABLE] = ",".join(_LOADED)
    return loaded()


def loaded() -> tuple[Plugin, ...]:
    """Every plug-in of this process."""
    return tuple(_LOADED.values())


def _installed(name: str) -> Plugin:
    point = _entry_point(name)
    _import(name, point.module, partial(importlib.import_module, point.module))
    version = point.dist.version if point.dist else "unknown"
    return Plugin(name, point.module, version, _digest(point.module))


def _entry_point(name: str) -> EntryPoint:
    """The one entry point of a name.

    Raises
    ------
    PluginError
        None, or several.
    """
    points = entry_points(group=GROUP)
    found = [point for point in points if point.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        packages = ", ".join(sorted(point.dist.name for point in found if point.dist))
        raise PluginError(name, f"entry points of {packages}", "one installed package that has it")
    known = ", ".join(sorted(point.name for point in points)) or "none"
    expected = f"an installed package with an entry point of group {GROUP} ({known}), or a file"
    if Path(f"{name}.py").is_file():
        expected += f"; --plugins ./{name}.py is the file that lies here"
    raise PluginError(name, "no such entry point", expected)


def _from_file(path: Path) -> Plugin:
    if not path.is_file():
        raise PluginError(str(path), "no such file", "a Python file that defines kinds")
    name = path.stem
    if not name.isidentifier() or name in sys.modules:
        expected = "a file name that is a Python name and no module's, such as mine.py"
        raise PluginError(str(path), f"the name {name}", expected)
    _import(name, name, partial(_run_file, name, path))
    return Plugin(name, name, "file", _digest(name))


def _run_file(module: str, path: Path) -> None:
    """Run a file as a top-level module; it may import what lies beside it."""
    spec = importlib.util.spec_from_file_location(module, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[module] = made
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # last: it hides no other module
    spec.loader.exec_module(made)


def _import(name: str, module: str, work: Callable[[], object]) -> None:
    """Import a plug-in, all of it or nothing.

    Parameters
    ----------
    name : of the plug-in
    module : where its kinds are
    work : imports it

    Raises
    ------
    PluginError, KindNameError
    """
    taken = [plugin for plugin in loaded() if plugin.name == name]
    if taken:
        raise PluginError(name, f"{taken[0].module} loaded under that name", "a name of its own")
    top = module.partition(".")[0]
    try:
        with _forgetting(top), defining(name, top):
            work()
    except ConfigError:
        raise
    except Exception as error:
        raise PluginError(name, repr(error), f"that {module} can be imported") from error


@contextmanager
def _forgetting(top: str) -> Iterator[None]:
    """After an error the package's new modules are as if they had never been imported."""
    before = set(sys.modules)
    try:
        yield
    except BaseException:
        for module in set(sys.modules) - before:
            if module.partition(".")[0] == top:
                del sys.modules[module]
        raise


def _digest(module: str) -> str:
    """Hash of the files of a package that were imported."""
    top, digest = module.partition(".")[0], hashlib.sha256()
    for name, one in sorted(sys.modules.items()):
        path = getattr(one, "__file__", None)
        if name.partition(".")[0] == top and path:
            digest.update(f"{name}\n".encode() + Path(path).read_bytes())
    return digest.hexdigest()[:12]
