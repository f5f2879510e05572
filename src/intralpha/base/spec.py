"""Spec: a frozen, typed piece of configuration, and its content hash."""

import hashlib
import json

from pydantic import BaseModel, ConfigDict


class Spec(BaseModel):
    """Base of every configuration object: immutable, unknown keys refused.

    A component's spec sits beside the component, its defaults live here and nowhere else, and
    components with several kinds carry a ``kind`` field that YAML picks by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def content(self) -> str:
        """What the spec stands for besides its fields: the text of files that it names; part of
        every address made from it. Empty for most.
        """
        return ""

    def code(self) -> tuple[str, ...]:
        """Modules that the spec finds by name while it works, so that no import tells of them;
        part of every address made from it. None for most.
        """
        return ()


def spec_hash(*parts: object) -> str:
    """Content address of specs and plain values.

    Parameters
    ----------
    *parts : Spec, or anything JSON can hold
        Their order matters. Key order inside a spec does not.

    Returns
    -------
    str
        First 16 hexadecimal digits of the SHA-256 of the canonical JSON of the parts.
    """
    plain = [p.model_dump(mode="json") if isinstance(p, BaseModel) else p for p in parts]
    named = contents(parts)
    whole = [*plain, named] if named else plain
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def contents(part: object) -> list[str]:
    """The content of every spec inside a spec, a mapping or a sequence, in their order."""
    if isinstance(part, BaseModel):
        inner = [c for field in type(part).model_fields for c in contents(getattr(part, field))]
        own = part.content() if isinstance(part, Spec) else ""
        return [own, *inner] if own else inner
    if isinstance(part, dict):
        return [c for value in part.values() for c in contents(value)]
    if isinstance(part, tuple | list):
        return [c for value in part for c in contents(value)]
    return []
