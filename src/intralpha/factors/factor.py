"""FactorSpec: the family of everything that gives a score a stock and date."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import Kinded
from intralpha.base.node import Node, Task
from intralpha.base.panel import as_days

UNIVERSE, TRADED = "universe", "traded"


@dataclass(frozen=True, eq=False)
class Ground:
    """What the factors of a recipe stand on.

    Parameters
    ----------
    dates : datetime64[D] [D], sessions of the recipe
    samples : datetime64[D] [G], its grid of samples and tests, among ``dates``
    universe : node of the masks ``universe`` and ``traded``, a day a slice
    """

    dates: Shaped[ndarray, " D"]
    samples: Shaped[ndarray, " G"]
    universe: str = UNIVERSE

    def window(self, day: np.datetime64, length: int) -> Shaped[ndarray, " L"]:
        """The last ``length`` sessions up to a date, fewer at the beginning."""
        at = int(np.searchsorted(self.dates, day))
        return self.dates[max(at - length + 1, 0) : at + 1]


class FactorSpec(Kinded):
    """A factor: a Panel ``score`` on the grid, and the nodes that make it.

    A kind of one's own gives its nodes; their ``make`` are module-level functions
    ``(spec, inputs, task)`` that see nothing but what they declare.
    """

    homes = ("intralpha.factors",)

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        """The work, inputs first; the last node is ``score/NAME`` with a slice a date.

        Parameters
        ----------
        name : of the factor in the recipe
        ground : dates and shared nodes
        """
        raise NotImplementedError

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the spec by itself, in words; nothing is read."""
        return ()


def days_of(task: Task) -> Shaped[ndarray, " D"]:
    """Dates of the slices of a node of days."""
    return as_days([one.name for one in task.slices])
