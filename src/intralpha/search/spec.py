"""SearchSpec: which settings are tried next, one kind a file."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from intralpha.base import Kinded
from intralpha.search.space import Space


class Told(NamedTuple):
    """A trial that is over.

    Attributes
    ----------
    settings : key -> value
    value : what it reached, the higher the better; None: it failed
    """

    settings: Mapping[str, Any]
    value: float | None


class SearchSpec(Kinded):
    """Trials in batches, each chosen by what the batches before it reached. A new one is one file.

    What is asked follows from what was told and from the seed alone: a study that was stopped asks
    for the same trials again, finds them made, and goes on. Batches are as large as the spec says,
    whatever the number of workers, for what a trial is chosen by must not depend on that.
    """

    homes = ("intralpha.search",)
    informed: ClassVar[bool] = True  # whether it looks at what was reached

    trials: int = Field(default=20, ge=1, description="how many, all batches together")
    batch: int = Field(
        default=4, ge=1, description="trials chosen at once, which may run beside each other"
    )
    seed: int = Field(default=0, ge=0, description="of the draws")

    def ask(self, space: Space, told: Sequence[Told], count: int) -> list[dict[str, Any]]:
        """Settings of the next trials.

        Parameters
        ----------
        space : what is varied
        told : all trials that are over, in the order in which they were asked for
        count : trials wanted, at least 1

        Returns
        -------
        list of ``count`` dictionaries, key -> value, in the order of the space
        """
        raise NotImplementedError
