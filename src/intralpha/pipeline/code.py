"""Code reached: a hash of every source file that a piece of work could use, and the git commit."""

import ast
import hashlib
import importlib.util
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from os.path import isfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import intralpha
from intralpha.base import Spec
from intralpha.base.lazy import offers
from intralpha.base.plugins import loaded

PACKAGE = Path(intralpha.__file__).parent
DATA_SUFFIXES = (".csv", ".yaml", ".html", ".css", ".json")
OWN = "intralpha"


@dataclass(frozen=True)
class Source:
    """One module: its file, what it imports of the same packages, and the data files it names."""

    path: Path
    imports: tuple[tuple[str, str | None], ...]
    data: tuple[Path, ...]

    @cached_property
    def by_top(self) -> dict[str, list[tuple[str, str | None]]]:
        """The imports by their top-level module."""
        out: dict[str, list[tuple[str, str | None]]] = {}
        for module, member in self.imports:
            out.setdefault(module.partition(".")[0], []).append((module, member))
        return out

    @property
    def digest(self) -> str:
        """Hash of the file and the data files it names."""
        out = hashlib.blake2b(digest_size=16)
        for path in (self.path, *self.data):
            out.update(_bytes_digest(path, path.stat().st_mtime_ns))
        return out.hexdigest()


class Look:
    """Source files as they are now: each is looked at once; they may change until the next look."""

    def __init__(self) -> None:
        self.path = cache(_path)
        self.source = cache(self._source)
        self.home = cache(self._home)
        self.needs = cache(self._needs)
        self.digest = cache(self._digest)

    def _source(self, module: str) -> Source | None:
        """The parsed module; None if it has no file (or does not exist)."""
        path = self.path(module)
        return None if path is None else _parsed(module, path, path.stat().st_mtime_ns)

    def _home(self, module: str, member: str | None) -> tuple[str, ...]:
        """Modules that ``from module import member`` really needs."""
        if member is None:
            return (module,)
        if self.path(f"{module}.{member}") is not None:
            return (f"{module}.{member}",)
        source = self.source(module)
        if source is None or source.path.name != "__init__.py":
            return (module,)
        given = {name: (base, name) for base, name in source.imports if name}
        base, name = (given | offers(source.path)).get(member, (module, member))
        return self.home(base, name) if base != module else (module,)

    def _needs(self, module: str, top: str) -> tuple[str, ...]:
        """Modules below a top-level one that a module really needs."""
        source = self.source(module)
        assert source is not None
        imports = source.by_top.get(top, ())
        return tuple({home: None for one in imports for home in self.home(*one)})

    def _digest(self, module: str) -> str:
        source = self.source(module)
        assert source is not None
        return source.digest


def code_reached(make: Any, spec: Any, look: Look | None = None) -> str:
    """Hash of the code that ``make`` and the classes of a spec reach through their imports.

    A name imported from a package counts as the module that defines it, not as everything the
    package offers, so that a new network, library or chart moves only what uses it.

    Parameters
    ----------
    make : a function of a module
    spec : a spec, or specs in mappings and sequences
    look : shared by nodes whose files are looked at together
    """
    look = look or Look()
    digest = hashlib.sha256()
    roots = {make.__module__, *spec_modules(spec)}
    for name in sorted(reached(roots, look)):
        digest.update(f"{name} {look.digest(name)}\n".encode())
    return digest.hexdigest()[:16]


def reached(roots: Iterable[str], look: Look | None = None) -> dict[str, Source]:
    """Every module that the roots import, directly or not, with the roots themselves.

    Followed are imports of this package, of plug-ins, of the roots' packages, and of whatever else
    is no installed library: a user's own modules.
    """
    named = {*roots, OWN, *(plugin.module for plugin in loaded())}
    tops = {module.partition(".")[0] for module in named}
    out: dict[str, Source] = {}
    look = look or Look()
    waiting = sorted(roots)
    while waiting:
        name = waiting.pop()
        if name in out:
            continue
        source = look.source(name)
        if source is None:
            continue
        out[name] = source
        for top in source.by_top:
            if top in tops or _users_own(top):
                waiting.extend(look.needs(name, top))
    return out


@cache
def _users_own(top: str) -> bool:
    """Whether a top-level module lies elsewhere than the standard library and installed ones."""
    path = None if top in sys.stdlib_module_names else _path(top)
    return path is not None and not {"site-packages", "dist-packages"} & set(path.parts)


def spec_modules(spec: Any) -> set[str]:
    """Modules of the classes of all specs inside a spec, a mapping or a sequence, and those that
    the specs find by name.
    """
    if isinstance(spec, BaseModel):
        parts = (getattr(spec, field) for field in type(spec).model_fields)
        found = spec.code() if isinstance(spec, Spec) else ()
        return {type(spec).__module__, *found}.union(*map(spec_modules, parts))
    if isinstance(spec, dict):
        return set[str]().union(*map(spec_modules, spec.values()))
    if isinstance(spec, tuple | list):
        return set[str]().union(*map(spec_modules, spec))
    return set()


@cache
def _parsed(module: str, path: Path, mtime_ns: int) -> Source:
    del mtime_ns
    with tokenize.open(path) as handle:  # a plug-in may declare another encoding than UTF-8
        text = handle.read()
    tree = ast.parse(text)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    imports = tuple(sorted(set(_imports(tree, package)), key=str))
    names_data = any(suffix in text for suffix in DATA_SUFFIXES)
    everywhere = module.partition(".")[0] == OWN
    data = set(_data_files(tree, path.parent, everywhere)) if names_data else ()
    return Source(path, imports, tuple(sorted(data)))


def _imports(tree: ast.AST, package: str) -> Iterator[tuple[str, str | None]]:
    """(module, member) of every import, inside functions too; not those for type checkers only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")
                above = above[: len(above) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield from ((base, alias.name) for alias in node.names)
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):  # no expression
            yield from _imports(node, package)


def _data_files(tree: ast.AST, folder: Path, everywhere: bool) -> Iterator[Path]:
    """Files that one of the module's strings names.

    Parameters
    ----------
    everywhere : whether names are looked for in all folders below. In a user's only what lies at
        the named place counts: what a run writes somewhere below is no part of the module
    """
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(text, str) or not text.endswith(DATA_SUFFIXES) or "\n" in text:
            continue
        named = folder.rglob(text) if everywhere and "/" not in text else (folder / text,)
        yield from (path for path in named if path.is_file())


def _path(module: str) -> Path | None:
    """File of a module, without importing it."""
    if module.partition(".")[0] == OWN:
        place = "/".join((str(PACKAGE), *module.split(".")[1:]))
        files = (f"{place}.py", f"{place}/__init__.py")
        # Strings, for a plan asks thousands of times.
        return next((Path(file) for file in files if isfile(file)), None)  # noqa: PTH113
    known = sys.modules.get(module)
    try:
        found = importlib.util.find_spec(module) if known is None else None
    except (ImportError, ValueError):
        return None
    file = getattr(known, "__file__", None) or (found.origin if found else None)
    return Path(file) if file and file.endswith(".py") else None


@cache
def _bytes_digest(path: Path, mtime_ns: int) -> bytes:
    del mtime_ns
    return hashlib.blake2b(path.name.encode() + b"\0" + path.read_bytes(), digest_size=16).digest()


@cache
def git_commit() -> str:
    """Commit of the checkout the package runs from, ``+`` if it has changes, else ``unknown``."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    done = subprocess.run(  # noqa: S603
        ["git", "-C", str(PACKAGE), *words],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
