"""Folders that two worlds made, compared file by file."""

from datetime import date

from intralpha.audit import Finding
from intralpha.base.node import Node
from intralpha.pipeline.plan import Plan
from intralpha.pipeline.store import FACTS


def compare_files(true: Plan, other: Plan, node: Node, upto: date) -> Finding:
    """A node of folders, one a date, in both worlds: every byte up to a date.

    Parameters
    ----------
    true, other : executed plans of the same recipe
    node : whose files say nothing of how they were made
    upto : last date compared, included

    Returns
    -------
    Finding
        Files compared, and how many differ or are there in one world only. Days after the last one
        that the other world asks for, whose decisions end with the date, are not compared.
    """
    old, new = (p.addresses.get(node.name, {}) for p in (true, other))
    found, last = Finding(node.name, 0, 0, ""), min(max(new, default=""), str(upto))
    for day in sorted(one for one in {*old, *new} if one <= last):
        here, there = _files(true, node, old.get(day)), _files(other, node, new.get(day))
        for name in sorted({*here, *there}):
            differs = here.get(name) != there.get(name)
            found += Finding(node.name, 1, int(differs), f"{day} {name}" if differs else "")
    return found


def _files(planned: Plan, node: Node, key: str | None) -> dict[str, bytes]:
    """Name -> content of what a slice left; nothing where there is no such slice."""
    if key is None:
        return {}
    folder = planned.store.get(node.kind, key).path
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != FACTS}
