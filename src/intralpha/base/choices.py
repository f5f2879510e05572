"""Choices: the kinds of a family, told as text."""

from collections.abc import Iterator, Sequence
from inspect import cleandoc
from textwrap import shorten
from typing import Any

import yaml
from pydantic import ValidationError

from intralpha.base.errors import ConfigError
from intralpha.base.keys import rows_of, summary
from intralpha.base.kind import Kinded

LONG = 90  # characters of the last column of a list


class NoKindError(ConfigError):
    """A family has no such kind."""

    def __init__(self, family: type[Kinded], kind: str) -> None:
        self.family, self.kind = family.__name__, kind
        super().__init__(f"no kind {kind} of {self.family}.\nHint: {family.hint(kind)}.")


def kind_named(family: type[Kinded], kind: str) -> type[Kinded]:
    """The class of a kind.

    Parameters
    ----------
    family : whose kinds are looked through
    kind : its name

    Raises
    ------
    NoKindError
    """
    found = family.of_kind(kind)
    if found is None:
        raise NoKindError(family, kind)
    return found


def by_default(family: type[Kinded], kind: str) -> Kinded | None:
    """A kind with its defaults; None where a key has none.

    Parameters
    ----------
    family : whose kinds are looked through
    kind : its name; a class may stand for several

    Raises
    ------
    NoKindError
    """
    try:
        return kind_named(family, kind).model_validate({"kind": kind})
    except ValidationError:
        return None


def listed(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text in columns; the last is cut where it becomes long.

    Parameters
    ----------
    rows : of equal length, the first is the heading
    """
    rows = [(*row[:-1], shorten(row[-1], LONG, placeholder=" ...")) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{c:{w}}" for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def described(kind: type[Kinded]) -> Iterator[str]:
    """What a kind is: its docstring, without the marks of a formula."""
    text = cleandoc(kind.__doc__ or summary(kind))
    yield text.replace(".. math:: ", "    ").replace("``", "`")


def keys_told(kind: type[Kinded]) -> Iterator[str]:
    """The keys of a kind, one a line."""
    rows = list(rows_of(kind))
    yield from ["", "keys", *rows] if rows else ["", "no keys"]


def recipe_lines(key: str, spec: Kinded) -> str:
    """The lines of a recipe that choose a spec, defaults written out.

    Parameters
    ----------
    key : what it is chosen for, such as ``model``
    spec : the choice
    """
    chosen = {key: _kind_first(spec.model_dump(mode="json"))}
    return yaml.safe_dump(chosen, sort_keys=False, allow_unicode=True).rstrip()


def _kind_first(value: Any) -> Any:
    """The same mapping with ``kind`` before its other keys, and so in those inside."""
    if not isinstance(value, dict):
        return value
    names = sorted(value, key=lambda name: name != "kind")
    return {name: _kind_first(value[name]) for name in names}
