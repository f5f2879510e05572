"""Keys: what may stand in a YAML file, read from the specs themselves."""

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from intralpha.base.kind import Kinded, is_family

REQUIRED = "required"
BOUNDS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "min_length": "at least", "pattern": "like"}
PLAIN = {int: "integer", float: "number", str: "text", bool: "true or false", Any: "anything"}


@dataclass(frozen=True)
class Key:
    """One key of a spec.

    Attributes
    ----------
    name : as it is written in YAML
    takes : what may stand there, in words, with its bounds
    default : as YAML; ``required`` where there is none
    choices : the only values, where they are few
    about : what it means
    specs : specs, or families of specs, that may stand there
    many : whether names of the user's own lie between the key and the spec: a mapping
    """

    name: str
    takes: str
    default: str
    choices: tuple[str, ...]
    about: str
    specs: tuple[type[BaseModel], ...]
    many: bool = False


@cache
def keys_of(spec: type[BaseModel]) -> tuple[Key, ...]:
    """The keys of a spec, in order, without its ``kind``.

    Parameters
    ----------
    spec : class of a spec that is no family
    """
    fields = spec.model_fields.items()
    return tuple(_key(spec, name, field) for name, field in fields if name != "kind")


def summary(spec: type[BaseModel]) -> str:
    """First sentence of a class's docstring, on one line; empty if it has none of its own."""
    text = spec.__dict__.get("__doc__") or ""
    first = cleandoc(text).split("\n\n")[0]
    return _plain(" ".join(first.split()))


def rows_of(spec: type[BaseModel], indent: str = "  ") -> Iterator[str]:
    """The keys of a spec as text, one a line: name, what may stand there, default, meaning.

    Parameters
    ----------
    spec : class of a spec that is no family
    indent : before each line
    """
    keys = keys_of(spec)
    width = max((len(key.name) for key in keys), default=0)
    for key in keys:
        default = "required" if key.default == "required" else f"default {key.default}"
        yield f"{indent}{key.name:{width}}  {key.takes}; {default}. {key.about}"


def kinds_of(family: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Kinds of a family by name, those of loaded plug-ins included; a spec alone is none."""
    return dict(family.kinds()) if issubclass(family, Kinded) and is_family(family) else {}


def _key(spec: type[BaseModel], name: str, field: FieldInfo) -> Key:
    specs = tuple(dict.fromkeys(_specs(field.annotation)))
    about = _plain(field.description or "") or _documented(spec, name)
    about = about or "; ".join(filter(None, map(summary, specs)))
    return Key(
        field.alias or name,
        " ".join(filter(None, [_words(field.annotation), _bounds(field)])),
        _default(field),
        tuple(str(value) for value in _choices(field.annotation)),
        about,
        specs,
        bool(specs) and _is(field.annotation, dict),
    )


def _specs(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _specs(part)


def _is(annotation: Any, kind: type) -> bool:
    return get_origin(annotation) is kind or any(_is(a, kind) for a in get_args(annotation))


def _choices(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif get_origin(annotation) in (Union, types.UnionType, Annotated, tuple, list, dict):
        for part in get_args(annotation):
            yield from _choices(part)


def _words(annotation: Any) -> str:
    """What may stand there, in words."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is not None:
        return _composed(origin, args)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"{annotation.__name__} (a kind)" if kinds_of(annotation) else annotation.__name__
    return PLAIN.get(annotation, getattr(annotation, "__name__", str(annotation)).lower())


def _composed(origin: Any, args: tuple[Any, ...]) -> str:
    """The words of an annotation that is made of others."""
    if origin is Literal:
        return "one of " + ", ".join(str(a) or '""' for a in args)
    if origin in (Union, types.UnionType):
        return " or ".join("null" if a is type(None) else _words(a) for a in args)
    if origin in (tuple, list):
        return _listed(args)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"mapping of {_words(args[0])} to {_words(args[1])}"
    return _words(args[0])


def _listed(args: tuple[Any, ...]) -> str:
    if len(args) == 1 or (len(args) == 2 and args[1] is Ellipsis):
        return f"list of {_words(args[0])}"
    return "[" + ", ".join(map(_words, args)) + "]"


def _bounds(field: FieldInfo) -> str:
    found = [
        f"{sign} {value}"
        for part in field.metadata
        for name, sign in BOUNDS.items()
        if (value := getattr(part, name, None)) is not None
    ]
    return f"({', '.join(found)})" if found else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return REQUIRED
    value = field.get_default(call_default_factory=True)
    return REQUIRED if value is PydanticUndefined else yaml_of(value)


def yaml_of(value: Any) -> str:
    """A value as it is written on one line of YAML.

    Parameters
    ----------
    value : spec, plain value, mapping or sequence
    """
    if isinstance(value, BaseModel):
        given = {"kind": value.kind} if isinstance(value, Kinded) else {}  # type: ignore[attr-defined]
        return yaml_of(given) if given else "its defaults"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {yaml_of(v)}" for k, v in value.items()) + "}"
    if isinstance(value, tuple | list | set | frozenset):
        return "[" + ", ".join(map(yaml_of, value)) + "]"
    text = str(value)
    return text if re.fullmatch(r"[\w.+/-][\w.+/ -]*", text) else f'"{text}"'


def _documented(spec: type[BaseModel], name: str) -> str:
    """What a ``Parameters`` or ``Attributes`` section of the docstring says of a field."""
    for base in spec.__mro__:
        text = cleandoc(base.__dict__.get("__doc__") or "")
        found = re.search(rf"^(?:\w+, )*{name}(?:, \w+)* : (.*(?:\n    .*)*)", text, re.MULTILINE)
        if found:
            return _plain(" ".join(found[1].split()))
    return ""


def _plain(text: str) -> str:
    """Without the marks of a docstring."""
    text = re.sub(r":(?:class|func|meth|data|attr):`~?(?:[\w.]*\.)?([\w]+)`", r"`\1`", text)
    return text.replace("``", "`").strip()
