"""Addresses: what a slice is made of, as one hash."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np

from intralpha.base import spec_hash
from intralpha.base.node import Node, Read, Slice
from intralpha.base.panel import as_days
from intralpha.base.spec import contents
from intralpha.market import TABLES, Lake
from intralpha.pipeline.axes import Axes
from intralpha.pipeline.code import Homes, code_reached

ABSENT = "-"


@dataclass
class LakePrints:
    """Digests of what a slice may read of a lake.

    Parameters
    ----------
    lake : the data
    sessions : datetime64[D], sessions that reads are counted in
    """

    lake: Lake
    sessions: np.ndarray
    _of_days: dict[tuple[str, int | None], list[str]] = field(default_factory=dict)
    _chains: dict[tuple[str, int | None], list[str]] = field(default_factory=dict)

    def of(self, read: Read, first: np.datetime64, last: np.datetime64) -> str:
        """Digest of the rows between the look-back of the first and the lead of the last day.

        Parameters
        ----------
        read : table and look-back
        first, last : sessions of the slice, datetime64[D]
        """
        at = np.searchsorted(self.sessions, as_days([first, last]))
        stop = min(int(at[1]) + read.ahead, len(self.sessions) - 1)
        if TABLES[read.table].partition == "single":
            return self.lake.table_print(read.table, self.sessions[stop])
        if read.back is None:
            return self._chain(read)[stop]
        start = max(int(at[0]) - read.back, 0)
        return _hashed(self._days(read)[start : stop + 1])

    def _days(self, read: Read) -> list[str]:
        """Digest of each session of a table; ``-`` where it has none."""
        key = (read.table, read.freq)
        if key not in self._of_days:
            known = self.lake.day_prints(*key)
            self._of_days[key] = [known.get(day.item(), ABSENT) for day in self.sessions]
        return self._of_days[key]

    def _chain(self, read: Read) -> list[str]:
        """Digest of everything up to each session."""
        key = (read.table, read.freq)
        if key not in self._chains:
            digest, out = hashlib.blake2b(digest_size=12), []
            for one in self._days(read):
                digest.update(one.encode())
                out.append(digest.hexdigest())
            self._chains[key] = out
        return self._chains[key]


def stem(node: Node, home: Homes | None = None) -> str:
    """What all slices of a node have in common: kind of work, code and spec."""
    code = code_reached(node.make, node.spec, home)
    return spec_hash(node.kind, code, plain(node.spec), contents(node.spec))


def addresses(
    nodes: Sequence[Node], stems: Mapping[str, str], axes: Axes, prints: LakePrints
) -> dict[str, dict[str, str]]:
    """Node -> slice -> address.

    Parameters
    ----------
    nodes : every node after those it takes as inputs; a slice that goes on from an earlier one of
        its own node has that one's address in its own, and so all before it
    stems : node -> what :func:`stem` gives
    axes, prints : of the lake, for nodes that read it
    """
    out: dict[str, dict[str, str]] = {}
    for node in nodes:
        common = stems[node.name]
        own = out[node.name] = {}
        for one in node.slices:
            own[one.name] = _address(node, one, common, out, axes, prints)
    return out


def digest_of(keys: Iterable[str]) -> str:
    """One hash over several addresses."""
    return _hashed(list(keys))


def _address(
    node: Node,
    one: Slice,
    common: str,
    done: dict[str, dict[str, str]],
    axes: Axes,
    prints: LakePrints,
) -> str:
    digest = hashlib.sha256(f"{common} {one.name}".encode())
    digest.update(spec_hash(plain(one.about)).encode())
    for name, of in sorted(node.inputs.items()):
        keys = done[of]
        digest.update(f"\n{name}:".encode())
        digest.update(",".join(keys[part] for part in one.needs.get(name, ())).encode())
    if one.days is not None and node.reads:
        first, last = as_days(list(one.days))
        digest.update(f"\nstocks {axes.print_of(last)}".encode())
        for read in node.reads:
            digest.update(f"\n{read} {prints.of(read, first, last)}".encode())
    return digest.hexdigest()[:24]


def plain(spec: Any) -> Any:
    """A spec, or a mapping or sequence of specs and values, as JSON can hold it."""
    if hasattr(spec, "model_dump"):
        return spec.model_dump(mode="json")
    if isinstance(spec, dict):
        return {key: plain(value) for key, value in spec.items()}
    if is_dataclass(spec) and not isinstance(spec, type):
        return {f.name: plain(getattr(spec, f.name)) for f in fields(spec)}
    if isinstance(spec, np.ndarray):
        return [str(value) for value in spec]
    return [plain(s) for s in spec] if isinstance(spec, tuple | list) else spec


def _hashed(parts: Sequence[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()
