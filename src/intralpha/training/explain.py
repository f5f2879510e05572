"""Explain: which losses there are, and what one of them is and needs, as text."""

from intralpha.base.choices import (
    by_default,
    described,
    keys_told,
    kind_named,
    listed,
    recipe_lines,
)
from intralpha.base.keys import summary
from intralpha.training.objective import ObjectiveSpec


def list_losses() -> str:
    """One line a loss: kind, the part of an output that it looks at, what it is."""
    rows = [("kind", "looks at", "what")]
    for kind, cls in ObjectiveSpec.kinds().items():
        spec = by_default(ObjectiveSpec, kind)
        rows.append((kind, _needs(spec) if isinstance(spec, ObjectiveSpec) else "?", summary(cls)))
    return listed(rows)


def show_loss(kind: str) -> str:
    """Formula, what it is insensitive to, what it looks at, keys and recipe lines of a loss.

    Parameters
    ----------
    kind : its name

    Raises
    ------
    NoKindError
        There is no such loss.
    """
    cls = kind_named(ObjectiveSpec, kind)
    lines = [f"loss {kind}", "", *described(cls)]
    spec = by_default(ObjectiveSpec, kind)
    if isinstance(spec, ObjectiveSpec):
        lines += ["", f"looks at {_needs(spec)} of what a network gives (`intralpha models list`)"]
    lines += keys_told(cls)
    if spec is not None:
        lines += ["", "in a recipe, under factors.NAME:", "", recipe_lines("objective", spec)]
    return "\n".join(lines)


def _needs(spec: ObjectiveSpec) -> str:
    return ", ".join(spec.needs) or "score"
