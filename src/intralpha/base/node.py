"""Node: a piece of work as a pure function of its own spec and its named inputs, cut in time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np

from intralpha.base.errors import ConfigError
from intralpha.base.panel import Panel


class SliceOrderError(ConfigError):
    """A slice needs a slice of its own node that does not stand before it."""

    def __init__(self, node: str, slice_name: str, needed: list[str]) -> None:
        self.node, self.slice, self.needed = node, slice_name, needed
        super().__init__(
            f"slice {slice_name} of node {node} needs {', '.join(needed)} of the same node; "
            "expected only slices that stand before it.\nHint: put the slices in time order."
        )


EVERYTHING = 1_000_000  # sessions ahead: what is announced after the last session, too


@dataclass(frozen=True)
class Read:
    """Rows of a lake's table that a slice may look at.

    Attributes
    ----------
    table : name of the table
    freq : minutes of the bars, for ``bars``
    back : sessions before the slice's first day; None for everything before
    ahead : sessions after its last day; more than 0 only for labels and tests, and for what a key
        named ``fwd_`` asks for; ``EVERYTHING`` for all rows there are
    """

    table: str
    freq: int | None = None
    back: int | None = None
    ahead: int = 0


@dataclass(frozen=True)
class Slice:
    """The smallest part of a node that is made, kept and made again by itself.

    Attributes
    ----------
    name : unique in the node: a date, a fold and a seed, or ``all``
    days : first and last session that its reads of the lake are counted from; None: it reads none
    about : what tells this slice from others besides its name (dates of a fold, a seed)
    needs : input -> slices of it that this one is made from; of its own node, earlier ones
    """

    name: str
    days: tuple[date, date] | None = None
    about: Any = None
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Inputs(ABC):
    """All that a node may look at while it works: what is not here cannot be read."""

    @property
    @abstractmethod
    def lake(self) -> Any:
        """The lake, cut to the tables and sessions that the node reads."""

    @property
    @abstractmethod
    def assets(self) -> np.ndarray:
        """Symbols known by the last day of what is made, sorted: one axis for all inputs."""

    @abstractmethod
    def panel(self, name: str) -> Panel:
        """The needed days of an input as one Panel, memory-mapped."""

    @abstractmethod
    def saved(self, name: str) -> Path:
        """The same Panel as a folder, for other processes."""

    def kept(self, name: str) -> Path:
        """The same as it is kept, for windows: float16 (:class:`~intralpha.base.half.HalfPanel`)
        where the node keeps that.
        """
        return self.saved(name)

    @abstractmethod
    def folders(self, name: str) -> Mapping[str, Path]:
        """Slice -> folder, of an input whose slices are folders; of the node itself, those of its
        slices that are finished by now.
        """


@dataclass(frozen=True)
class Task:
    """What is to be made now.

    Attributes
    ----------
    slices : those that are missing, in order
    folder : slice -> folder to write into; what an earlier, killed attempt left there is still
        there. A node of days writes a Panel of all its slices to ``panel``
    finish : called with the name of a slice whose folder is complete; it is then kept, whatever
        happens to the others
    show_progress : whether to draw bars on stderr
    """

    slices: tuple[Slice, ...]
    folder: Callable[[str], Path]
    finish: Callable[[str], None]
    show_progress: bool = False


Make = Callable[[Any, Inputs, Task], None]
Watch = Callable[[Any, Sequence[Slice], Callable[[str], Path], Any], AbstractContextManager[None]]


@dataclass(frozen=True)
class Node:
    """One kind of work of a recipe, before it is done.

    Attributes
    ----------
    name : unique in a plan, such as ``features/gru``
    make : module-level function ``(spec, inputs, task)``; the address has the code it reaches
    spec : everything of the recipe that it depends on
    slices : in time order
    inputs : name that ``make`` uses -> name of an earlier node, or of the node itself: then a slice
        may go on from slices before it, which are finished before it is
    reads : of the lake
    form : ``days``, a Panel of one date a slice; or ``folders``, files of any kind
    block : slices of days that are made in one call
    half : whether days are kept as float16, see :func:`intralpha.base.half.halved`
    at_once : folders that a worker makes in one job
    watch : ``(spec, slices, folder, bar)``: shows inside its block, on a bar, how far slices are
        that other processes make, from what they leave in their folders
    """

    name: str
    make: Make
    spec: Any
    slices: tuple[Slice, ...]
    inputs: Mapping[str, str] = field(default_factory=dict)
    reads: tuple[Read, ...] = ()
    form: Literal["days", "folders"] = "days"
    block: int = 250
    half: bool = False
    at_once: int = 1
    watch: Watch | None = None

    def __post_init__(self) -> None:
        own = [name for name, of in self.inputs.items() if of == self.name]
        earlier: set[str] = set()
        for one in self.slices if own else ():
            later = [
                part for name in own for part in one.needs.get(name, ()) if part not in earlier
            ]
            if later:
                raise SliceOrderError(self.name, one.name, later)
            earlier.add(one.name)

    @property
    def kind(self) -> str:
        """Folder of the store: the name up to the first slash."""
        return self.name.partition("/")[0]


ALL = "all"  # name of the only slice of a node that is made in one piece


def names_of(days: np.ndarray) -> tuple[str, ...]:
    """Slice names of dates."""
    return tuple(str(day) for day in days)


def day_slices(
    days: np.ndarray,
    reads_lake: bool,
    needs: Mapping[str, Callable[[int], np.ndarray]] | None = None,
) -> tuple[Slice, ...]:
    """One slice a date.

    Parameters
    ----------
    days : ndarray of datetime64[D], ascending
    reads_lake : whether the node reads the lake
    needs : input -> function from the position of a date to the dates needed of that input;
        default: nothing
    """
    wanted = needs or {}
    out = []
    for at, day in enumerate(days):
        on = day.item()
        parts = {name: names_of(of(at)) for name, of in wanted.items()}
        out.append(Slice(str(day), (on, on) if reads_lake else None, None, parts))
    return tuple(out)
