"""Factors: the expressions of one library over one frame, made one session after another."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import time
from typing import Any, Literal

import numpy as np
from jaxtyping import Int, Shaped
from numpy import ndarray

from intralpha.base.ahead import readers
from intralpha.base.node import Read
from intralpha.features.engine.program import Program, assemble
from intralpha.features.feature_set import DAY_CLOSE, KnownAt
from intralpha.features.language.compile import Compiler
from intralpha.features.language.graph import Graph
from intralpha.features.language.library import Library
from intralpha.features.language.parameters import Parameter
from intralpha.features.language.syntax import naming
from intralpha.features.language.units import Unit
from intralpha.features.language.vocabulary import Vocabulary
from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.market import Lake

READ_AHEAD = 2
# Symbols [S] and values [S, T, F] of a session, T = 1 for daily factors.
Made = tuple[ndarray, ndarray]


@dataclass(frozen=True)
class Keys:
    """How a recipe chooses bars and rows, for hints.

    Attributes
    ----------
    freq : key of the minutes of the bars that are read
    rows : what stands before the minutes of a row; empty: they cannot be chosen
    """

    freq: str = "base_freq"
    rows: str = "rows: "


@dataclass(frozen=True)
class Settings:
    """What a feature set says beside its expressions.

    Attributes
    ----------
    base_freq : minutes of the bars that are read; None: those of a row
    segments : minutes of the bars described, if not the library's own
    smooth_days : the mean of so many sessions
    cache : keep dense bars and daily values beside the lake's files
    big_order : when is an order big
    offers : parameters that the library offers, for hints
    rows : minutes of a row, if not the library's own; then what wants more rows than a bar
        has is refused
    keys : that say these, for hints
    """

    base_freq: int | None = None
    segments: Literal[5, 10, 15, 30] | None = None
    smooth_days: int = 1
    cache: bool = True
    big_order: BigOrderSpec = field(default_factory=BigOrderSpec)
    offers: Mapping[str, Parameter] = field(default_factory=dict)
    rows: int | None = None
    keys: Keys = Keys()


class Maker(ABC):
    """Makes the values of one session after another; it lives as long as one stream of them.

    Attributes
    ----------
    steps : int, numbers of the sessions to visit, ascending; all those that are wanted are in it
    """

    steps: Int[ndarray, "N"]

    def read(self, number: int) -> Any:
        """What :meth:`values` needs of a session; called ahead of it, in other threads."""
        del number
        return None

    @abstractmethod
    def values(self, number: int, found: Any) -> Made | None:
        """Symbols and values of a session.

        Parameters
        ----------
        number : of ``steps``, which come in order
        found : what :meth:`read` gave

        Returns
        -------
        tuple or None
            Symbols, each once, and values [S, T, F]; None where there are none, or none are wanted
        """

    def tell(self) -> None:
        """Say in the log what was found about all sessions, when they are made."""
        return


class Factors(ABC):
    """Factors of one library, compiled for the rows of its frame.

    Nothing here knows about means over sessions: the feature set makes those.
    """

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names in the library."""

    @property
    @abstractmethod
    def units(self) -> tuple[Unit, ...]:
        """Units of the factors."""

    @property
    def times(self) -> tuple[time, ...] | None:
        """Ends of the bars, or None for daily factors."""
        return None

    @property
    @abstractmethod
    def lookback_days(self) -> int:
        """Sessions before a date that its values are made from."""

    def known_at_slot(self, name: str) -> KnownAt:
        """When the value of one bar is known."""
        del name
        return DAY_CLOSE

    def libraries(self) -> list[Library]:
        """Factors of other libraries that these name, one library each."""
        return []

    @abstractmethod
    def reads(self) -> tuple[Read, ...]:
        """Tables and sessions of the lake that the values of a date are made from."""

    @abstractmethod
    def check(self, lake: Lake, dates: Shaped[ndarray, "D"], back: int) -> None:
        """Raise where the lake has nothing of what is read; log what it lacks.

        Parameters
        ----------
        lake : values will be made from
        dates : datetime64[D] [D], sessions asked for
        back : sessions before them that are wanted, too, besides :attr:`lookback_days`

        Raises
        ------
        MissingLevel2Error
            No session has it.
        OtherRuleError
            Orders counted as big by another rule than ``big_order`` when minutes were made.
        """

    @abstractmethod
    def maker(
        self,
        lake: Lake,
        sessions: Shaped[ndarray, "N"],
        wanted: Int[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
    ) -> Maker:
        """What makes the values of some sessions.

        Parameters
        ----------
        lake : values are made from
        sessions : datetime64[D] [N], all sessions of its table ``daily``
        wanted : int [D], numbers among them, ascending
        assets : str [A], sorted, each once; values of others may come, too
        """


class RowFactors(Factors):
    """Factors that are programs of the machine over rows inside a day, or a window of days.

    Parameters
    ----------
    library : parameters chosen
    settings : of the feature set
    vocabulary : of its frame
    bar_rows : rows of a segment; 0: factors are daily
    """

    def __init__(
        self, library: Library, settings: Settings, vocabulary: Vocabulary, bar_rows: int = 0
    ) -> None:
        self.library, self.settings, self.vocabulary = library, settings, vocabulary
        self._graph = Graph()
        compiler = Compiler(vocabulary, self._graph, bar_rows, strict=settings.rows is not None)
        self._outputs: list[int] = []
        for one in library.factors:
            with naming(one.name):
                self._outputs.append(compiler.factor(one.expr, one.on_locked))
        self._units, self._bar_rows = compiler.units, bar_rows
        self._programs: dict[tuple[int, ...], Program] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the library."""
        return tuple(f.name for f in self.library.factors)

    @property
    def units(self) -> tuple[Unit, ...]:
        """Units of the factors."""
        return self._units

    @property
    def row_inputs(self) -> tuple[str, ...]:
        """Row inputs that come first, whether they are used or not; see :func:`assemble`."""
        return ()

    def program(self, columns: tuple[int, ...] = ()) -> Program:
        """Program of some of the factors, by their place; of all if none is named."""
        if columns not in self._programs:
            outputs = self._outputs_of(columns)
            self._programs[columns] = assemble(self._graph, outputs, self.row_inputs)
        return self._programs[columns]

    def _outputs_of(self, columns: tuple[int, ...]) -> list[int]:
        """Operations that hold some of the factors, by their place; all if none is named."""
        return [self._outputs[i] for i in columns] or self._outputs

    def known_at_slot(self, name: str) -> KnownAt:
        """``"bar end"`` for factors of bars that read nothing of the rest of the day."""
        used = self._graph.used([self._outputs[self.names.index(name)]])
        inputs = {self._graph.ops[i].name for i in used}
        late = inputs & {*self.vocabulary.whole_day, *self.vocabulary.late}
        return "bar end" if self._bar_rows and not late else DAY_CLOSE

    def inputs_read(self) -> set[str]:
        """Series and numbers of the day that the factors need."""
        ops = (self._graph.ops[i] for i in self._graph.used(self._outputs))
        return {op.name for op in ops if op.code == "input"}


def read_ahead(
    numbers: Int[ndarray, "N"], read: Callable[[int], Any], pieces: int = READ_AHEAD
) -> Iterator[tuple[int, Any]]:
    """Sessions in order with what was read of them, while the next ones are being read.

    Parameters
    ----------
    numbers : int [N], of the sessions
    read : what is read of a session by its number; called in other threads
    pieces : sessions that are read at a time; so many, and the one given out, are in memory

    Yields
    ------
    number, what ``read`` returned
    """
    waiting: deque[tuple[int, Future[Any]]] = deque()
    with readers(pieces) as pool:
        for number in numbers.tolist():
            waiting.append((number, pool.submit(read, number)))
            if len(waiting) > pieces:
                at, task = waiting.popleft()
                yield at, task.result()
        while waiting:
            at, task = waiting.popleft()
            yield at, task.result()


def windows(wanted: Int[ndarray, "D"], back: int) -> Int[ndarray, "N"]:
    """Numbers of the sessions wanted and of so many before each, ascending."""
    steps = [np.maximum(wanted - k, 0) for k in range(back + 1)]
    return np.unique(np.concatenate(steps)) if len(wanted) else wanted


def merged(reads: list[Read]) -> tuple[Read, ...]:
    """One for each table and frequency, with the longest look-back of all."""
    out: dict[tuple[str, int | None], Read] = {}
    for read in reads:
        old = out.setdefault((read.table, read.freq), read)
        if old.back is not None and (read.back is None or read.back > old.back):
            out[read.table, read.freq] = read
    return tuple(out.values())


def earlier(reads: tuple[Read, ...], sessions: int) -> list[Read]:
    """What is read if values of so many sessions before are needed, too."""
    return [r if r.back is None else replace(r, back=r.back + sessions) for r in reads]
