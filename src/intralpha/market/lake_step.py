"""LakeStep: work on a lake after its ingest, rows of some tables made of those of others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import Spec, spec_hash
from intralpha.market.lake import Lake

TableOf = tuple[str, int | None]  # name, and the minutes of one bar


@dataclass(frozen=True)
class StepDone:
    """What a step did.

    Attributes
    ----------
    sessions : how many were written
    text : a line a session, and a last one of all
    """

    sessions: int
    text: str


class LakeStep(Spec):
    """Work that is done on a lake session by session, and left alone where it is done.

    Attributes
    ----------
    word : what it is called in plans and logs
    of : table whose sessions it works on
    reads, writes : tables with a date that it depends on, and that it leaves
    """

    word: ClassVar[str]
    of: ClassVar[str]
    reads: ClassVar[tuple[TableOf, ...]]
    writes: ClassVar[tuple[TableOf, ...]]

    def todo(self, lake: Lake, dates: Shaped[ndarray, " D"]) -> tuple[date, ...]:
        """Sessions whose rows are not what the lake and these settings give; nothing is written.

        Parameters
        ----------
        lake : its tables of now
        dates : datetime64[D], sessions of the table :attr:`of`, ascending
        """
        raise NotImplementedError

    def make(self, lake: Lake, dates: Shaped[ndarray, " D"], show_progress: bool) -> StepDone:
        """Write those sessions; a stopped run goes on where it was.

        Parameters
        ----------
        lake : gets the rows
        dates : datetime64[D], sessions of the table :attr:`of`, ascending
        show_progress : a bar on stderr
        """
        raise NotImplementedError

    def print_of(self, lake: Lake, dates: Shaped[ndarray, " D"]) -> str:
        """Digest of all that the step reads and writes of some sessions, from checksums alone.

        Parameters
        ----------
        lake : its tables of now
        dates : datetime64[D], sessions; of what is read also those before the last of them
        """
        if len(dates) == 0:
            return spec_hash(self)
        first, last = dates[0].item(), dates[-1].item()
        read = [_known(lake.day_prints(*table), last) for table in self.reads]
        left = [_known(lake.day_prints(*table), last, first) for table in self.writes]
        return spec_hash(self, [str(day) for day in dates], read, left)


def _known(found: Mapping[date, str], last: date, first: date = date.min) -> list[tuple[str, str]]:
    return sorted((str(day), text) for day, text in found.items() if first <= day <= last)
