"""FactorSpec: the family of everything that gives a score a stock and date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import Kinded
from intralpha.base.node import Node, Task
from intralpha.base.panel import as_days
from intralpha.datasets import Fold
from intralpha.features import DAY_CLOSE
from intralpha.labels import LabelSpec

UNIVERSE, TRADED = "universe", "traded"


@dataclass(frozen=True, eq=False)
class Ground:
    """What the factors of a recipe stand on.

    Parameters
    ----------
    dates : datetime64[D] [D], sessions of the recipe
    samples : datetime64[D] [G], dates on which networks learn, among ``dates``
    scored : datetime64[D] [P], dates on which a score is asked for, by tests or for decisions
    universe : node of the masks ``universe`` and ``traded``, a day a slice
    scores : nodes ``score/NAME`` of the factors that stand before, by name
    """

    dates: Shaped[ndarray, " D"]
    samples: Shaped[ndarray, " G"]
    scored: Shaped[ndarray, " P"]
    universe: str = UNIVERSE
    scores: Mapping[str, Node] = field(default_factory=dict[str, Node])

    def window(self, day: np.datetime64, length: int) -> Shaped[ndarray, " L"]:
        """The last ``length`` sessions up to a date, fewer at the beginning."""
        at = int(np.searchsorted(self.dates, day))
        return self.dates[max(at - length + 1, 0) : at + 1]


class FactorSpec(Kinded):
    """A factor: a Panel ``score`` on the dates asked for, and the nodes that make it.

    A kind of one's own gives its nodes; their ``make`` are module-level functions
    ``(spec, inputs, task)`` that see nothing but what they declare.
    """

    homes = ("intralpha.factors",)

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        """The work, inputs first; the last is ``score/NAME``, a slice a date of ``ground.scored``.

        A factor that has to learn first may begin later; from its first date on none is missing.

        Parameters
        ----------
        name : of the factor in the recipe
        ground : dates and shared nodes
        """
        raise NotImplementedError

    def made_of(self) -> tuple[str, ...]:
        """Factors of the recipe that it is made of, which stand before it; most: none."""
        return ()

    @property
    def in_turn(self) -> int:
        """Returns of single sessions that it predicts one after the other; most: 0.

        They are ``h01``, ``h02``, ... of its node ``outputs/NAME``, from the next session on.
        """
        return 0

    @property
    def known_at(self) -> time:
        """When on its date a score is known; most: at the close. Midnight: before it.

        An audit holds it to that: noise from then on must not move a score.
        """
        return DAY_CLOSE

    @property
    def tested_by(self) -> tuple[LabelSpec, ...]:
        """Returns that its scores are tested with besides those of the recipe; most: none.

        They begin within the date, after :attr:`known_at`; their stocks are those of the node
        ``universe/NAME``.
        """
        return ()

    def folds(self, ground: Ground) -> tuple[Fold, ...]:
        """Its trainings in time order; none for a factor that learns nothing.

        Parameters
        ----------
        ground : dates
        """
        del ground
        return ()

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the spec by itself, in words; nothing is read."""
        return ()


def days_of(task: Task) -> Shaped[ndarray, " D"]:
    """Dates of the slices of a node of days."""
    return as_days([one.name for one in task.slices])
