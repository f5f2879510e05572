"""random: settings drawn without regard to what was found, the yardstick of every search."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from intralpha.search.space import RangeSpec, Space
from intralpha.search.spec import SearchSpec, Told


class RandomSpec(SearchSpec):
    """Each setting by itself: values with equal chances, numbers evenly in their range.

    The draw of a trial depends on the seed and on its place alone.
    """

    kind: Literal["random"] = "random"
    informed: ClassVar[bool] = False

    def ask(self, space: Space, told: Sequence[Told], count: int) -> list[dict[str, Any]]:
        """See :meth:`SearchSpec.ask`."""
        places = range(len(told), len(told) + count)
        return [self._drawn(space, np.random.default_rng([self.seed, at])) for at in places]

    def _drawn(self, space: Space, rng: np.random.Generator) -> dict[str, Any]:
        return {
            key: _number(among, rng) if isinstance(among, RangeSpec) else _one_of(among, rng)
            for key, among in space.items()
        }


def _one_of(values: Sequence[Any], rng: np.random.Generator) -> Any:
    return values[int(rng.integers(len(values)))]


def _number(among: RangeSpec, rng: np.random.Generator) -> float | int:
    """One number; of whole ones both bounds have as much room as the others."""
    room = 0.5 if among.whole else 0.0
    low, high = among.low - room, among.high + room
    if among.log:
        drawn = math.exp(rng.uniform(math.log(low), math.log(high)))
    else:
        drawn = rng.uniform(low, high)
    kept = min(max(drawn, among.low), among.high)  # rounding may leave the range by a digit
    return round(kept) if among.whole else kept
