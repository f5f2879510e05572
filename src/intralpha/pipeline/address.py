"""Addresses: what a slice is made of, as one hash."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from typing import Any

import numpy as np

from intralpha.base import spec_hash
from intralpha.base.node import EVERYTHING, Node, Read, Slice
from intralpha.base.panel import as_days
from intralpha.base.spec import contents
from intralpha.market import TABLES, Lake
from intralpha.pipeline.axes import Axes
from intralpha.pipeline.code import Look, code_reached

ABSENT = "-"
NOTHING = spec_hash(None)  # most slices say nothing about themselves


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
    _known: dict[tuple[str, int], str] = field(default_factory=dict)
    _of_days: dict[tuple[str, int | None], list[str]] = field(default_factory=dict)
    _chains: dict[tuple[str, int | None], list[str]] = field(default_factory=dict)

    def of(self, read: Read, first: int, last: int) -> str:
        """Digest of the rows between the look-back of the first and the lead of the last day.

        Parameters
        ----------
        read : table and look-back
        first, last : places of the slice's days among the sessions
        """
        stop = min(last + read.ahead, len(self.sessions) - 1)
        if TABLES[read.table].partition == "single":
            if read.ahead >= EVERYTHING:
                return self.lake.table_print(read.table, np.datetime64(date.max, "D"))
            return self._as_of(read.table, stop)
        if read.back is None:
            return self._chain(read)[stop]
        return _hashed(self._days(read)[max(first - read.back, 0) : stop + 1])

    def _as_of(self, table: str, at: int) -> str:
        """Digest of what a reference table says as of a session."""
        if (table, at) not in self._known:
            self._known[table, at] = self.lake.table_print(table, self.sessions[at])
        return self._known[table, at]

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


def stem(node: Node, look: Look | None = None) -> str:
    """What all slices of a node have in common: kind of work, code, spec and, if it is
    float16, the form of what is kept.
    """
    code = code_reached(node.make, node.spec, look)
    form = ("half",) if node.half else ()
    return spec_hash(node.kind, code, plain(node.spec), contents(node.spec), *form)


def addresses(
    nodes: Sequence[Node], stems: Mapping[str, str], axes: Axes, prints: LakePrints
) -> dict[str, dict[str, str]]:
    """Node -> slice -> address.

    Parameters
    ----------
    nodes : every node after those it takes as inputs; a slice that goes on from an earlier one of
        its own node has that one's address in its own, and so all before it. An input that a slice
        does not name in its needs is no part of it: a node may gain inputs for later slices
    stems : node -> what :func:`stem` gives
    axes, prints : of the lake, for nodes that read it
    """
    out: dict[str, dict[str, str]] = {}
    for node in nodes:
        own = out[node.name] = {}
        for one, read in zip(node.slices, _read(node, axes, prints), strict=True):
            own[one.name] = _address(node, one, stems[node.name], out, read)
    return out


def digest_of(keys: Iterable[str]) -> str:
    """One hash over several addresses."""
    return _hashed(list(keys))


def _address(
    node: Node, one: Slice, common: str, done: dict[str, dict[str, str]], read: str
) -> str:
    digest = hashlib.sha256(f"{common} {one.name}".encode())
    about = NOTHING if one.about is None else spec_hash(plain(one.about))
    digest.update(about.encode())
    for name, of in sorted(node.inputs.items()):
        if name in one.needs:
            keys = done[of]
            digest.update(f"\n{name}:".encode())
            digest.update(",".join(keys[part] for part in one.needs[name]).encode())
    digest.update(read.encode())
    return digest.hexdigest()[:24]


def _read(node: Node, axes: Axes, prints: LakePrints) -> Iterator[str]:
    """What each slice of a node may read of the lake: stocks known by then, and rows."""
    if not node.reads:
        yield from ("" for _ in node.slices)
        return
    reads = [(read, str(read)) for read in node.reads]
    days = as_days([day for one in node.slices for day in one.days or ()])
    places = iter(np.searchsorted(prints.sessions, days).tolist())
    for one in node.slices:
        if one.days is None:
            yield ""
            continue
        first, last = next(places), next(places)
        rows = (f"\n{text} {prints.of(read, first, last)}" for read, text in reads)
        yield f"\nstocks {axes.print_of(as_days(one.days[1:])[0])}" + "".join(rows)


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
