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
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
