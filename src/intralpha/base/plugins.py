"""Plug-ins: a user's own kinds, from an installed package or a file, loaded when asked for."""

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from intralpha.base.errors import ConfigError

GROUP, VARIABLE = "intralpha.kinds", "INTRALPHA_PLUGINS"


class PluginError(ConfigError):
    """A plug-in cannot be loaded."""

    def __init__(self, name: str, found: str, expected: str) -> None:
        self.name, self.found, self.expected = name, found, expected
        super().__init__(f"plug-in {name}: found {found}; expected {expected}.")


@dataclass(frozen=True)
class Plugin:
    """One that is loaded.

    Attributes
    ----------
    name : of the entry point, or of the file
    module : where its kinds are defined
    version : of the installed package; ``file`` for a file
    digest : hash of the module's file
    """

    name: str
    module: str
    version: str
    digest: str


_LOADED: dict[str, Plugin] = {}


def load_plugins(names: Iterable[str] = ()) -> tuple[Plugin, ...]:
    """Import plug-ins, and those that ``INTRALPHA_PLUGINS`` names (separated by commas).

    Nothing else ever loads one: no recipe, library or lake can ask for it. Workers that a run
    starts load the same ones.

    Parameters
    ----------
    names : entry points of the group ``intralpha.kinds``, or paths of ``.py`` files

    Raises
    ------
    PluginError
        No such entry point or file, or it fails when it is imported.
    """
    given = [*(n for n in os.environ.get(VARIABLE, "").split(",") if n.strip()), *names]
    for name in dict.fromkeys(n.strip() for n in given):
        key = str(Path(name).resolve()) if name.endswith(".py") else name
        if key not in _LOADED:
            _LOADED[key] = _from_file(name) if name.endswith(".py") else _installed(name)
    if _LOADED:  # for the processes that this one starts
        os.environ[VARIABLE] = ",".join(_LOADED)
    return loaded()


def loaded() -> tuple[Plugin, ...]:
    """Every plug-in of this process."""
    return tuple(_LOADED.values())


def _installed(name: str) -> Plugin:
    found = [e for e in entry_points(group=GROUP) if e.name == name]
    if not found:
        known = ", ".join(sorted(e.name for e in entry_points(group=GROUP))) or "none"
        expected = f"an installed package with an entry point of group {GROUP} ({known}), or a file"
        raise PluginError(name, "no such entry point", expected)
    point = found[0]
    _imported(name, point.value.partition(":")[0])
    version = point.dist.version if point.dist else "unknown"
    return Plugin(name, point.value, version, _digest(point.value.partition(":")[0]))


def _from_file(name: str) -> Plugin:
    path = Path(name).resolve()
    if not path.is_file():
        raise PluginError(name, "no such file", "a Python file that defines kinds")
    module = path.stem
    if not module.isidentifier() or module in sys.modules:
        expected = "a file name that is a Python name and no module's, such as mine.py"
        raise PluginError(name, f"the name {module}", expected)
    spec = importlib.util.spec_from_file_location(module, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[module] = made
    try:
        spec.loader.exec_module(made)
    except ConfigError:
        del sys.modules[module]
        raise
    except Exception as error:
        del sys.modules[module]
        raise PluginError(name, repr(error), "a file that can be imported") from error
    return Plugin(module, module, "file", _digest(module))


def _imported(name: str, module: str) -> None:
    try:
        importlib.import_module(module)
    except ConfigError:
        raise
    except Exception as error:
        raise PluginError(name, repr(error), f"that {module} can be imported") from error


def _digest(module: str) -> str:
    path = getattr(sys.modules[module], "__file__", None)
    raw = Path(path).read_bytes() if path else b""
    return hashlib.sha256(raw).hexdigest()[:12]
