"""Kinded: a spec with a ``kind``; each family keeps one table of its kinds, open to plug-ins."""

import importlib
import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from intralpha.base.errors import ConfigError
from intralpha.base.spec import Spec

OURS = "intralpha"
FAMILY = "x-family"  # in JSON schemas: whose kinds may stand there


class KindNameError(ConfigError):
    """A kind is named as no kind may be, or its name is taken."""

    def __init__(self, kind: str, where: str, why: str) -> None:
        self.kind, self.where = kind, where
        super().__init__(
            f"kind {kind!r} of {where}: {why}.\nHint: docs/plug-ins.md says how kinds are named."
        )


@dataclass
class _Prefixes:
    """Which plug-in is being loaded, what was defined meanwhile, and whose each prefix is."""

    loading: str | None = None
    entered: "list[tuple[type[Kinded], str]]" = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)


_PREFIXES = _Prefixes()


@contextmanager
def defining(plugin: str, top: str) -> Iterator[None]:
    """Inside the block every new kind is the plug-in's; after an error none of them is left.

    Parameters
    ----------
    plugin : name, which is the prefix of its kinds
    top : its package (or the module, where it is one file); from then on no other may define kinds
        with this prefix

    Raises
    ------
    KindNameError
        From the class that is named otherwise.
    """
    outer = _PREFIXES.loading, _PREFIXES.entered
    _PREFIXES.loading, _PREFIXES.entered = plugin, []
    try:
        yield
    except BaseException:
        for cls, kind in _PREFIXES.entered:
            del cls.family.known_kinds[kind]
        raise
    finally:
        _PREFIXES.loading, _PREFIXES.entered = outer
    _PREFIXES.taken[plugin] = top


def is_family(cls: type[Spec]) -> bool:
    """Whether a class stands directly below :class:`Kinded` (whose name may not be bound yet)."""
    return any(Spec in base.__bases__ for base in cls.__bases__)


class Kinded(Spec):
    """Base of every choice in a recipe: a frozen spec whose ``kind`` says which one it is.

    A direct subclass is a *family* (models, labels, constraints, ...); it names the packages where
    its kinds live and declares the method that makes the noun. Every class below it that has a
    ``kind`` is entered into the family's table where it is defined, so that a new kind is one new
    file, in this package or in a plug-in. A field of a spec that is annotated with the family takes
    any kind of it: a mapping with ``kind``, or an object.

    Notes
    -----
    The kinds of plug-ins carry their plug-in's name as prefix, ``acme.mynet``; ours carry none.
    Modules of a family's packages are imported when a kind is looked for, not before.

    Examples
    --------
    >>> from typing import Literal
    >>> class ShapeSpec(Kinded):
    ...     "A family."
    >>> class RoundSpec(ShapeSpec):
    ...     kind: Literal["round"] = "round"
    ...     radius: float = 1.0
    >>> class Drawing(Spec):
    ...     shape: ShapeSpec
    >>> Drawing.model_validate({"shape": {"kind": "round", "radius": 2}}).shape
    RoundSpec(kind='round', radius=2.0)
    """

    family: ClassVar[type["Kinded"]]
    homes: ClassVar[tuple[str, ...]] = ()
    default_kind: ClassVar[str | None] = None
    known_kinds: ClassVar[dict[str, type["Kinded"]]]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if is_family(cls):
            cls.family, cls.known_kinds = cls, {}
            return
        for kind in _declared(cls):
            _enter(cls, kind)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        if not is_family(cls):
            return handler(source)
        return core_schema.with_info_plain_validator_function(
            cls._choose,
            serialization=core_schema.plain_serializer_function_ser_schema(
                _dumped, info_arg=True, return_schema=core_schema.any_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        if not is_family(cls):
            return handler(schema)
        about = f"one of {cls._listed()}"
        return {"type": "object", "title": cls.__name__, FAMILY: cls.__name__, "description": about}

    @classmethod
    def kinds(cls) -> dict[str, type["Kinded"]]:
        """Every kind of the family by its name, ours first; all its modules are imported."""
        for module, _ in cls._files():
            importlib.import_module(module)
        return dict(
            sorted(cls.family.known_kinds.items(), key=lambda kind: ("." in kind[0], kind[0]))
        )

    @classmethod
    def of_kind(cls, kind: str) -> "type[Kinded] | None":
        """The class of a kind, or None; only files that mention the name are imported."""
        table = cls.family.known_kinds
        if kind not in table:
            quoted = re.compile(rf"[\"']{re.escape(kind)}[\"']")
            for module, path in cls._files():
                if quoted.search(path.read_text(encoding="utf-8")):
                    importlib.import_module(module)
                if kind in table:
                    break
        return table.get(kind)

    @classmethod
    def _files(cls) -> Iterator[tuple[str, Path]]:
        """Modules of the family's packages and their files, without importing any of them."""
        for home in cls.family.homes:
            spec = importlib.util.find_spec(home)
            for folder in (spec.submodule_search_locations or ()) if spec else ():
                for path in sorted(Path(folder).glob("*.py")):
                    if path.stem != "__init__":
                        yield f"{home}.{path.stem}", path

    @classmethod
    def _choose(cls, value: Any, info: Any) -> "Kinded":
        """The value itself, or the spec that its ``kind`` asks for."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise PydanticCustomError(
                "kinded", "expected a mapping with kind, one of {kinds}", {"kinds": cls._listed()}
            )
        kind = value.get("kind", cls.default_kind)
        if kind is None:
            raise PydanticCustomError(
                "kind_missing", "kind is missing; expected one of {kinds}", {"kinds": cls._listed()}
            )
        found = cls.of_kind(str(kind))
        if found is None:
            raise PydanticCustomError(
                "kind_unknown",
                "no kind {kind}; {hint}",
                {"kind": kind, "hint": cls.hint(str(kind))},
            )
        return found.model_validate({**value, "kind": kind}, context=info.context)

    @classmethod
    def _listed(cls) -> str:
        return ", ".join(cls.kinds())

    @classmethod
    def hint(cls, kind: str) -> str:
        """What to do about a kind that nobody has defined."""
        prefix, dot, _ = kind.partition(".")
        known = list(cls.kinds())
        if dot and not any(k.startswith(f"{prefix}.") for k in known):
            return (
                f"it belongs to a plug-in: name it with --plugins {prefix} (an installed package) "
                f"or --plugins ./{prefix}.py (a file), from Python with `load_plugins` of "
                "intralpha.base.plugins; see docs/plug-ins.md"
            )
        near = get_close_matches(kind, known, n=1)
        return (f"did you mean {near[0]}? " if near else "") + f"known are {', '.join(known)}"


def _declared(cls: type[Kinded]) -> tuple[str, ...]:
    """Names in the ``Literal`` of the class's own ``kind``; none for a class in between."""
    if "kind" not in cls.__annotations__:
        return ()
    return tuple(str(k) for k in get_args(cls.model_fields["kind"].annotation))


def _enter(cls: type[Kinded], kind: str) -> None:
    """Put a class into its family's table.

    Raises
    ------
    KindNameError
        A plug-in's kind without its prefix, one of ours with a prefix, or a name that is taken.
    """
    where, table = f"{cls.__module__}.{cls.__qualname__}", cls.family.known_kinds
    why = _misnamed(kind, cls.__module__.partition(".")[0])
    if why:
        raise KindNameError(kind, where, why)
    old = table.get(kind)
    if old is not None and (old.__module__, old.__qualname__) != (cls.__module__, cls.__qualname__):
        raise KindNameError(kind, where, f"{old.__module__}.{old.__qualname__} has that name")
    if old is None and _PREFIXES.loading and "." in kind:
        _PREFIXES.entered.append((cls, kind))
    table[kind] = cls


def _misnamed(kind: str, top: str) -> str:
    """Why a kind may not be named so; empty if it may."""
    prefix, dot, _ = kind.partition(".")
    if top == OURS:
        return "ours carry no prefix" if dot else ""
    if not dot:
        return "a plug-in's carries a prefix, such as acme.mynet"
    loading, owner = _PREFIXES.loading, _PREFIXES.taken.get(prefix)
    if loading and prefix != loading:
        return (
            f"expected {loading}.{kind.partition('.')[2]}, since the plug-in that is being loaded "
            f"is {loading}; if it builds on another plug-in, name that one before it"
        )
    if owner not in (None, top) and not loading:
        return f"the prefix {prefix} is that of the plug-in {owner}"
    return ""


def _dumped(value: Kinded, info: Any) -> dict[str, Any]:
    """The spec with the fields of its own kind."""
    mode = "json" if info.mode == "json" else "python"
    return value.model_dump(mode=mode, exclude_unset=info.exclude_unset)
