"""several: feature sets side by side, such as half-hours of prices and of trades as one tensor."""

from collections import Counter
from collections.abc import Iterator
from datetime import time
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import ConfigError
from intralpha.base.node import Read
from intralpha.features.factors import merged
from intralpha.features.feature_set import FeatureSet, FeatureSpec, KnownAt
from intralpha.market import Lake


class SideBySideError(ConfigError):
    """Feature sets that cannot stand side by side."""

    def __init__(self, found: str, expected: str) -> None:
        self.found, self.expected = found, expected
        super().__init__(f"features of kind several: {found}; expected {expected}.")


class SeveralFeaturesSpec(FeatureSpec):
    """The features of several sets, one set after the other."""

    kind: Literal["several"] = "several"
    sets: tuple[FeatureSpec, ...] = Field(
        min_length=1, description="all of the day, or all of the same bars; no name twice"
    )

    def make(self) -> "SeveralFeatures":
        """The sets as one.

        Raises
        ------
        SideBySideError
            A name stands in two of them, or they have different bars.
        """
        return SeveralFeatures(tuple(one.make() for one in self.sets))

    def reads(self) -> tuple[Read, ...]:
        """What each of them reads."""
        return merged([read for one in self.sets for read in one.reads()])


class SeveralFeatures(FeatureSet):
    """Values of several sets in the order of the sets; each as its own set makes it.

    Parameters
    ----------
    sets : of the day, or of the same bars

    Notes
    -----
    Known when each set says. Peak memory: a date of all of them, and what each itself says.
    """

    def __init__(self, sets: tuple[FeatureSet, ...]) -> None:
        self.sets = sets
        twice = [name for name, n in Counter(self.names).items() if n > 1]
        if twice:
            raise SideBySideError(f"{', '.join(twice)} in more than one set", "every name once")
        bars = {0 if one.times is None else len(one.times) for one in sets}
        if len(bars) > 1:
            counts = ", ".join(str(n) for n in sorted(bars))
            raise SideBySideError(f"sets of {counts} bars a day", "the same bars, or none, of all")

    @property
    def name(self) -> str:
        """Those of the sets."""
        return "+".join(one.name for one in self.sets)

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the sets, one set after the other."""
        return tuple(name for one in self.sets for name in one.names)

    @property
    def times(self) -> tuple[time, ...] | None:
        """Those that all have."""
        return self.sets[0].times

    @property
    def lookback_days(self) -> int:
        """The longest."""
        return max(one.lookback_days for one in self.sets)

    @property
    def known_at(self) -> time:
        """The latest."""
        return max(one.known_at for one in self.sets)

    def known_at_slot(self, name: str) -> KnownAt:
        """As the set of the feature says."""
        super().known_at_slot(name)
        return next(one.known_at_slot(name) for one in self.sets if name in one.names)

    def days(
        self, lake: Lake, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
    ) -> Iterator[tuple[np.datetime64, ndarray]]:
        """See :meth:`FeatureSet.days`: the values of all sets on each date."""
        streams = [one.days(lake, dates, assets) for one in self.sets]
        for made in zip(*streams, strict=True):
            yield made[0][0], np.concatenate([values for _, values in made], axis=-1)
