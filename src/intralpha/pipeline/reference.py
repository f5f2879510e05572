"""Reference: every key of a recipe, a mapping and a library, told from the specs themselves."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from intralpha.base import ConfigError
from intralpha.base.keys import Key, keys_of, kinds_of, rows_of, summary
from intralpha.base.kind import FAMILY, Kinded
from intralpha.features.language.library import Library
from intralpha.pipeline.recipe import Recipe

NAME = "NAME"  # stands for a name of the user's own
ROOTS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("Recipe", Recipe, "The YAML file of `intralpha run`."),
    ("Library", Library, "The YAML file that `library` of a feature set of kind `library` names."),
)
DRAFT = "https://json-schema.org/draft/2020-12/schema"


class UnknownKeyError(ConfigError):
    """No recipe, mapping or library has such a key."""

    def __init__(self, key: str, near: Sequence[str]) -> None:
        self.key, self.near = key, tuple(near)
        hint = f"did you mean {', '.join(near)}? " if near else ""
        super().__init__(
            f"no key or kind {key}.\nHint: {hint}`intralpha explain` alone lists the keys of a "
            "recipe; kinds of plug-ins need --plugins."
        )


@dataclass(frozen=True)
class Place:
    """Somewhere in a file.

    Attributes
    ----------
    path : keys from the top; a kind stands in brackets, ``NAME`` is a name of the user's own
    key : what stands there; None of a kind
    spec : the spec of the kind; of a key, the one it belongs to
    """

    path: tuple[str, ...]
    key: Key | None
    spec: type[BaseModel]

    @property
    def written(self) -> str:
        """The path as text."""
        return ".".join(self.path)

    def answers(self, asked: Sequence[str]) -> bool:
        """Whether a dotted key means this place: its end, where kinds and the top may be left out.

        Parameters
        ----------
        asked : the parts of the key
        """
        if not asked or not _fits(self.path[-1], asked[-1]):
            return False
        left = list(asked[:-1])
        for part in reversed(self.path[:-1]):
            if left and _fits(part, left[-1]):
                left.pop()
            elif left and not part.startswith("[") and part != NAME:
                return False
        return not left

    def has(self, asked: Sequence[str]) -> bool:
        """Whether every part of a dotted key is a word of the path.

        Parameters
        ----------
        asked : the parts of the key
        """
        return {*asked} <= {part.strip("[]") for part in self.path}


def _fits(part: str, word: str) -> bool:
    return part == NAME or part.strip("[]") == word


def places() -> Iterator[Place]:
    """Every place of the files, from the top; a spec that is known is not opened again."""
    seen: set[type[BaseModel]] = set()
    for _, root, _ in ROOTS:
        yield from _below((), root, seen)


def _below(
    path: tuple[str, ...], spec: type[BaseModel], seen: set[type[BaseModel]]
) -> Iterator[Place]:
    if spec in seen:
        return
    seen.add(spec)
    kinds = kinds_of(spec)
    for name, kind in kinds.items():
        here = (*path, f"[{name}]")
        yield Place(here, None, kind)
        yield from _below(here, kind, seen)
    for key in () if kinds else keys_of(spec):
        here = (*path, key.name)
        yield Place(here, key, spec)
        below = (*here, NAME) if key.many else here
        for part in key.specs:
            yield from _below(below, part, seen)


def explain_key(asked: str = "") -> str:
    """What a key or a kind is: type, default, choices, meaning, and what may stand below it.

    Parameters
    ----------
    asked : dotted, from the top or any part of it: ``factors.x.model``, ``sources.mapping``,
        ``volume_unit``; empty for the keys of a recipe

    Raises
    ------
    UnknownKeyError
        There is no such key.
    """
    if not asked:
        return "\n".join(["Recipe: " + summary(Recipe), *rows_of(Recipe)])
    known = list(places())
    parts = asked.split(".")
    found = [place for place in known if place.answers(parts)]
    word_for_word = [place for place in found if place.has(parts)]  # network is no user's name
    found = word_for_word or found or _named_by_users(known, parts) or _kinds_named(known, asked)
    found = found or _opened_elsewhere(known, parts)
    if not found:
        names = {place.path[-1].strip("[]") for place in known}
        raise UnknownKeyError(asked, get_close_matches(parts[-1], sorted(names), n=3))
    return "\n\n".join("\n".join(_told(place)) for place in found)


def _named_by_users(known: Sequence[Place], parts: Sequence[str]) -> list[Place]:
    """Mappings under which the last part is a name of the user's own, such as a factor's."""
    many = [place for place in known if place.key is not None and place.key.many]
    return [place for place in many if place.answers(parts[:-1])]


def _opened_elsewhere(known: Sequence[Place], parts: Sequence[str], hops: int = 2) -> list[Place]:
    """Places below a key whose specs are listed where another key has them, or below one there."""
    for at in range(len(parts) - 1, 0, -1):
        owners = [p.key.specs for p in known if p.key and p.key.specs and p.answers(parts[:at])]
        twins = [p for p in known if p.key and p.key.specs in owners]
        asked = [[*(part.strip("[]") for part in twin.path), *parts[at:]] for twin in twins]
        found = [place for place in known if any(place.answers(words) for words in asked)]
        if not found and hops > 1:
            further = (_opened_elsewhere(known, words, hops - 1) for words in asked)
            found = next((places for places in further if places), [])
        if found:
            return found
    return []


def _kinds_named(known: Sequence[Place], asked: str) -> list[Place]:
    """Kinds of plug-ins, whose names have dots of their own."""
    return [place for place in known if place.key is None and place.path[-1] == f"[{asked}]"]


def _told(place: Place) -> Iterator[str]:
    """A place as lines of text."""
    if place.key is None:
        yield f"{place.written}: {summary(place.spec)}"
        yield from rows_of(place.spec)
        return
    key = place.key
    yield f"{place.written}: {key.about}"
    yield f"  type     {key.takes}"
    yield f"  default  {key.default}"
    if key.choices:
        yield f"  choices  {', '.join(key.choices)}"
    for spec in key.specs:
        kinds = kinds_of(spec)
        for name, kind in kinds.items():
            yield f"  kind: {name} - {summary(kind)}"
            yield from rows_of(kind, "    ")
        if not kinds:
            yield f"  {spec.__name__}: {summary(spec)}"
            yield from rows_of(spec, "    ")


def keys_page() -> str:
    """The page docs/keys.md: all keys of recipes, mappings and libraries, as Markdown."""
    lines = [
        "# Keys",
        "",
        "Every key of a recipe, a mapping and a library of factors. This page is what",
        "`intralpha explain --page` prints; `intralpha explain KEY` tells of one of them, those of",
        "plug-ins included, and `intralpha explain --schema > recipe.schema.json` is what editors",
        "read (`# yaml-language-server: $schema=recipe.schema.json` heads the recipe).",
        "A key with a kind takes a mapping with `kind` and the keys of that kind.",
    ]
    seen: set[type[BaseModel]] = set()
    for title, root, about in ROOTS:
        lines += ["", f"## {title}", "", about]
        lines += _sections(root, seen)
    return "\n".join([*lines, ""])


def _sections(spec: type[BaseModel], seen: set[type[BaseModel]]) -> list[str]:
    """Sections of a spec and of everything below it, each once."""
    if spec in seen:
        return []
    seen.add(spec)
    kinds = kinds_of(spec)
    if kinds:
        lines = ["", f"### {spec.__name__}", "", summary(spec)]
        return lines + [line for k, c in kinds.items() for line in _kind_section(k, c, seen)]
    keys = keys_of(spec)
    lines = ["", f"### {spec.__name__}", "", summary(spec), "", *_table(keys)]
    return lines + [line for key in keys for part in key.specs for line in _sections(part, seen)]


def _kind_section(name: str, kind: type[BaseModel], seen: set[type[BaseModel]]) -> list[str]:
    keys = keys_of(kind)
    lines = ["", f"#### kind: {name}", "", summary(kind)]
    lines += ["", *_table(keys)] if keys else []
    return lines + [line for key in keys for part in key.specs for line in _sections(part, seen)]


def _table(keys: Sequence[Key]) -> list[str]:
    rows = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key in keys:
        cells = (f"`{key.name}`", key.takes, f"`{key.default}`", key.about)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return rows


def recipe_schema() -> str:
    """JSON schema of a recipe with every kind that is known, for editors."""
    families: dict[str, type[Kinded]] = {}
    models = list(dict.fromkeys([Recipe, *_specs(families)]))
    refs, whole = models_json_schema([(model, "validation") for model in models], title="Recipe")
    defs = {name: _opened(part) for name, part in whole["$defs"].items()}
    for name, family in families.items():
        kinds = [refs[kind, "validation"] for kind in dict.fromkeys(family.kinds().values())]
        defs[name] = {"oneOf": kinds, "description": summary(family)}
        for kind in kinds:
            _settle(defs[kind["$ref"].rpartition("/")[2]], family)
    whole_or_more = [{"required": ["extends"]}, {"$ref": "#/$defs/Recipe"}]
    head = {"$schema": DRAFT, "title": "intralpha recipe", "anyOf": whole_or_more}
    return json.dumps(head | {"$defs": defs}, indent=1)


def _specs(families: dict[str, type[Kinded]]) -> Iterator[type[BaseModel]]:
    """Every spec of a recipe that is no family; the families are entered by name."""
    waiting: list[type[BaseModel]] = [Recipe]
    seen = set[type[BaseModel]]()
    while waiting:
        spec = waiting.pop()
        if spec in seen:
            continue
        seen.add(spec)
        kinds = kinds_of(spec)
        if kinds and issubclass(spec, Kinded):
            families[spec.__name__] = spec
            waiting += kinds.values()
        else:
            yield spec
            waiting += [part for key in keys_of(spec) for part in key.specs]


def _opened(part: Any) -> Any:
    """A schema in which every family is a reference to its kinds."""
    if isinstance(part, list):
        return [_opened(one) for one in part]
    if not isinstance(part, dict):
        return part
    if FAMILY in part:
        return {"$ref": f"#/$defs/{part[FAMILY]}"}
    return {name: _opened(one) for name, one in part.items() if name != "default"}


def _settle(schema: dict[str, Any], family: type[Kinded]) -> None:
    """Say which kind a mapping is; what a preset may bring is not required."""
    required = set() if "preset" in schema["properties"] else set(schema.get("required", ()))
    needs_kind = family.default_kind not in _literal(schema["properties"]["kind"])
    schema["required"] = sorted(required | ({"kind"} if needs_kind else set()))


def _literal(kind: dict[str, Any]) -> list[str]:
    return kind.get("enum", [kind.get("const")])
