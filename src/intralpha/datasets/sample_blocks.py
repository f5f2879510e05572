"""Sample blocks: half-years that train a model each, and what is judged when [Spec 15.1]."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import Spec
from intralpha.base.panel import as_days
from intralpha.datasets.periods import periods
from intralpha.datasets.schedule import Fold


@dataclass(frozen=True, eq=False)
class SampleBlock:
    """What a decision date may know of a block.

    Parameters
    ----------
    fold : ``train`` lies in the block; ``valid`` is the interval after it whose metric stops the
        training, which no label of ``train`` reaches; ``predict`` are the later dates on which its
        generalisation is judged. All labels end at the decision or before it
    last : last session of the block
    """

    fold: Fold
    last: np.datetime64


@dataclass(frozen=True, eq=False)
class Decision:
    """A date on which blocks are chosen.

    Parameters
    ----------
    day : a session; at its close the blocks are chosen
    blocks : those there are, with the dates that judge them by then
    scored : datetime64[D], dates that are scored by what is chosen, the day itself or later
    """

    day: np.datetime64
    blocks: tuple[SampleBlock, ...]
    scored: Shaped[ndarray, " n_scored"]


class SampleBlocksSpec(Spec):
    """Blocks of half a year, one every three months; each is judged on what came after it."""

    first: date = Field(description="first date of the first block")
    every_months: int = Field(default=3, gt=0, description="months from one block to the next")
    train_days: int = Field(default=120, gt=0, description="sessions in a block")
    stop_days: int = Field(
        default=60, gt=0, description="sessions after the block whose metric stops its training"
    )

    def blocks(
        self,
        sessions: Shaped[ndarray, " n_sessions"],
        samples: Shaped[ndarray, " n_samples"],
        label_offset: int,
        decided: np.datetime64,
    ) -> tuple[SampleBlock, ...]:
        """The blocks that may be chosen from at the close of a date, with their parts.

        With e the last session of a block and s the date: the block is there if e + ``stop_days`` +
        offset lies at s or before it. It trains on its own dates; the metric on (e + offset, e +
        ``stop_days``] stops the training, and (e + ``stop_days``, s - offset] judges it.

        Parameters
        ----------
        sessions : datetime64[D], all sessions, ascending
        samples : datetime64[D], sample dates, sessions, ascending
        label_offset : sessions from a sample date to the last price of its label
        decided : the date s, a session

        Returns
        -------
        tuple of SampleBlock, in time order
            Without those that have no date to train on or none that stops; one may have no date
            that judges it yet. Later sessions change nothing.
        """
        days, dates = as_days(sessions), as_days(samples)
        now = int(np.searchsorted(days, decided))
        found = []
        for begins, _ in periods(days, self.every_months, np.datetime64(self.first, "D")):
            start = int(np.searchsorted(days, begins))
            last = start + self.train_days - 1
            if last + self.stop_days + label_offset > now:
                break
            fold = self._fold(days[: now + 1], dates, label_offset, start)
            if fold.trainable:
                found.append(SampleBlock(fold, days[last]))
        return tuple(found)

    def decisions(
        self,
        sessions: Shaped[ndarray, " n_sessions"],
        samples: Shaped[ndarray, " n_samples"],
        label_offset: int,
        scored: Shaped[ndarray, " n_scored"],
        refresh_months: int,
    ) -> tuple[Decision, ...]:
        """The first session of every so many months, from the first that has a block.

        Parameters
        ----------
        sessions : datetime64[D], all sessions, ascending, at least one
        samples : datetime64[D], sample dates, sessions, ascending
        label_offset : sessions from a sample date to the last price of its label
        scored : datetime64[D], dates that are scored, sessions, ascending
        refresh_months : months from one decision to the next

        Returns
        -------
        tuple of Decision, in time order
            Those that have a block and a date to score, which are disjoint and without a gap from
            the first decision on. Later sessions add decisions, and change none but by dates that
            the last one scores.
        """
        days, asked = as_days(sessions), as_days(scored)
        found = []
        for begins, ends in periods(days, refresh_months, days[0]):
            part = asked[(asked >= begins) & (asked < ends)]
            blocks = self.blocks(days, samples, label_offset, begins) if len(part) else ()
            if blocks:
                found.append(Decision(begins, blocks, part))
        return tuple(found)

    def _fold(
        self,
        known: Shaped[ndarray, " n_known"],
        samples: Shaped[ndarray, " n_samples"],
        offset: int,
        start: int,
    ) -> Fold:
        """Parts of the block that starts at a position of the sessions that are known."""
        place = np.searchsorted(known, samples)
        last = start + self.train_days - 1
        train = (place >= start) & (place <= last)
        stops = (place > last + offset) & (place <= last + self.stop_days)
        judges = (place > last + self.stop_days) & (place + offset < len(known))
        return Fold(str(known[start]), samples[train], samples[stops], samples[judges])
