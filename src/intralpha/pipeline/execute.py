"""Execute: make some slices of a node from what they may see, and keep them when they are whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from intralpha.base import Panel
from intralpha.base.node import EVERYTHING, Inputs, Node, Slice, Task
from intralpha.base.only_one import only_one
from intralpha.base.panel import as_days
from intralpha.market import Lake
from intralpha.pipeline.address import digest_of, plain
from intralpha.pipeline.code import git_commit
from intralpha.pipeline.full_disk import telling
from intralpha.pipeline.plan import Plan
from intralpha.pipeline.store import DAYS
from intralpha.pipeline.turns import in_turn

IN_MEMORY_BYTES = 2**27

Slices = tuple[Slice, ...]


@dataclass(eq=False)
class WorkInputs(Inputs):
    """What one call of a node's ``make`` may look at.

    Parameters
    ----------
    plan : addresses and store
    node : whose work is done
    slices : what is made
    folder : Panels that are too large for memory are laid out here
    """

    plan: Plan
    node: Node
    slices: tuple[Slice, ...]
    folder: Path
    _panels: dict[str, Panel] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def lake(self) -> Lake:  # type: ignore[override]
        """The lake, cut to the tables that the node reads and to its last session.

        Raises
        ------
        DamagedFileError, PrintError
            A file of what the node reads is not as it was written.
        """
        self._check_reads()
        ahead = max((read.ahead for read in self.node.reads), default=0)
        tables = frozenset((read.table, read.freq) for read in self.node.reads)
        if ahead >= EVERYTHING:
            return self.plan.lake.limited(tables)
        sessions = self.plan.axes.sessions
        at = int(np.searchsorted(sessions, self._last)) + ahead
        last = sessions[min(at, len(sessions) - 1)].item()
        return self.plan.lake.limited(tables, last)

    def _check_reads(self) -> None:
        """Look at the bytes of every file that what is made may be made of, once in a process."""
        days = [day for one in self.slices if one.days is not None for day in one.days]
        sessions = self.plan.axes.sessions
        for read in self.node.reads if days else ():
            first, last = np.searchsorted(sessions, as_days([min(days), max(days)]))
            since = None if read.back is None else sessions[max(first - read.back, 0)].item()
            until = sessions[min(last + read.ahead, len(sessions) - 1)].item()
            self.plan.lake.demand_sound(read.table, since, until, read.freq)

    @property
    def assets(self) -> np.ndarray:
        """Stocks known by the last day of what is made, sorted."""
        return self.plan.axes.known(self._last)

    def panel(self, name: str) -> Panel:
        """The needed days of an input, laid out once; on disk where they are large."""
        if name not in self._panels:
            kind, keys = self._of(name).kind, self._keys(name)
            large = self.plan.store.size(kind, keys[-1][1]) * len(keys) > IN_MEMORY_BYTES
            self._panels[name] = (
                Panel.load(self.saved(name))
                if large
                else self.plan.store.panel(kind, keys, self.assets)
            )
        return self._panels[name]

    def saved(self, name: str) -> Path:
        """The needed days of an input as a folder that :meth:`Panel.load` opens."""
        return self._laid_out(name, half=False)

    def kept(self, name: str) -> Path:
        """The same as it is kept: float16 stays what it is."""
        return self._laid_out(name, half=self._of(name).half)

    def _laid_out(self, name: str, half: bool) -> Path:
        number = list(self.node.inputs).index(name)  # a factor may have any name, a folder may not
        path = self.folder / "inputs" / f"{number}{'-half' if half else ''}"
        store = self.plan.store
        with only_one(path.with_name(f"{path.name}.lock")):  # other workers read the same
            if not (path / "axes.npz").is_file():
                lay = store.half_panel if half else store.panel
                lay(self._of(name).kind, self._keys(name), self.assets, path)
        return path

    def folders(self, name: str) -> Mapping[str, Path]:
        """Slice -> folder of an input; of the node itself, what is finished."""
        of, keys, store = (
            self._of(name),
            self.plan.addresses[self.node.inputs[name]],
            self.plan.store,
        )
        needed = self._needed(name)
        if of.name == self.node.name:
            needed = [s for s in needed if store.has(of.kind, of.form, keys[s])]
        return {s: store.get(of.kind, keys[s]).path for s in needed}

    def _of(self, name: str) -> Node:
        return self.plan.node(self.node.inputs[name])

    def _needed(self, name: str) -> list[str]:
        """Slices of an input that any of what is made needs, in the input's order."""
        wanted = {part for one in self.slices for part in one.needs.get(name, ())}
        return [s.name for s in self._of(name).slices if s.name in wanted]

    def _keys(self, name: str) -> list[tuple[date, str]]:
        keys = self.plan.addresses[self.node.inputs[name]]
        return [(date.fromisoformat(s), keys[s]) for s in self._needed(name)]

    @cached_property
    def _last(self) -> np.datetime64:
        """Last session of what is made, or of all that it needs."""
        days = [one.days[1] for one in self.slices if one.days is not None]
        if not days:
            parts = [p for one in self.slices for needed in one.needs.values() for p in needed]
            days = [date.fromisoformat(p[:10]) for p in parts if p[:4].isdigit()]
        return as_days([max(days)])[0] if days else self.plan.axes.dates[-1]


def make_block(
    plan: Plan,
    node: Node,
    part: Slices,
    together: Slices,
    show_progress: bool = False,
) -> None:
    """Make some slices of a node in this process, those that no other makes meanwhile.

    Parameters
    ----------
    plan : addresses and store
    node : one of the plan's, whose inputs are made
    part : the slices
    together : those whose inputs are laid out: of a node of folders all that are being made, here
        or by other workers; else the same
    show_progress : whether to draw bars on stderr

    Raises
    ------
    StoreWriteError
        The disk is full or refuses; slices that were finished are kept.
    """
    keys = plan.addresses[node.name]
    turns = [_name_of(plan, node, part)] if node.form == DAYS else [keys[s.name] for s in part]
    with telling(plan.store.root), in_turn(plan.store.root, turns):
        left = {one.name for one in plan.missing(node)}
        if node.form != DAYS:
            part = tuple(one for one in part if one.name in left)
        if not left.isdisjoint(one.name for one in part):
            _make(plan, node, part, together, show_progress)


def _make(plan: Plan, node: Node, part: Slices, together: Slices, show_progress: bool) -> None:
    store, keys = plan.store, plan.addresses[node.name]
    folder = work_folder(plan, node, part)
    inputs = WorkInputs(plan, node, together, folder)
    facts = _facts(plan, node)
    since = perf_counter()

    def place(name: str) -> Path:
        run = plan.recipe.name
        return folder / name if node.form == DAYS else store.work(node.kind, keys[name], run)

    def finish(name: str) -> None:
        nonlocal since
        more = {"slice": name, "seconds": round(perf_counter() - since, 3)}
        since = perf_counter()
        store.keep_folder(node.kind, keys[name], place(name), facts | more)

    done = folder / "panel"
    if node.form != DAYS or not done.is_dir():
        node.make(node.spec, inputs, Task(part, place, finish, show_progress))
    if node.form == DAYS:
        panel = Panel.load(done)
        days = {as_days([s.name])[0]: keys[s.name] for s in part}
        store.keep_days(node.kind, days, panel, plan.axes.since_of(panel.assets), node.half)
        store.note(node.kind, plan.stems[node.name], facts)
        store.discard(folder)


def work_folder(plan: Plan, node: Node, part: Slices) -> Path:
    """Where a part is worked on, and its inputs are laid out.

    Parameters
    ----------
    plan : addresses and store
    node : whose slices
    part : the slices; a node of folders has one place for all
    """
    return plan.store.work(node.kind, _name_of(plan, node, part), plan.recipe.name)


def _name_of(plan: Plan, node: Node, part: Slices) -> str:
    """Name of the folder that a block is worked on in, the same when a killed run goes on.

    It says what all slices are made of: what a killed run left there must not pass for others.
    """
    if node.form != DAYS:
        return f"inputs-{plan.keys[node.name]}"
    return digest_of(plan.addresses[node.name][one.name] for one in part)


def _facts(plan: Plan, node: Node) -> dict[str, Any]:
    return {
        "node": node.name,
        "run": plan.recipe.name,
        "spec": plain(node.spec),
        "inputs": dict(node.inputs),
        "reads": [str(read) for read in node.reads],
        "stem": plan.stems[node.name],
        "git_commit": git_commit(),
    }
