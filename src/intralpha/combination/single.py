"""One factor alone."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.combination.past import Past
from intralpha.combination.spec import CombinerSpec, FactorNamesError


class SingleSpec(CombinerSpec):
    """One factor alone, standardised."""

    kind: Literal["single"] = "single"
    name: str | None = Field(
        default=None, description="which factor; may be left out if there is one"
    )

    def names(self, factors: Sequence[str]) -> tuple[str, ...]:
        """The one factor; see :meth:`CombinerSpec.names`."""
        only = factors[0] if len(factors) == 1 else None
        wanted = self.name if self.name is not None else only
        if wanted is None or wanted not in factors:
            meant = f"one named {wanted}" if wanted else "a single factor, or a name"
            raise FactorNamesError(factors, meant)
        return (wanted,)

    def weigh(self, names: tuple[str, ...], past: Past | None = None) -> Float[ndarray, "K"]:
        """1 for the one factor, 0 for others; see :meth:`CombinerSpec.weigh`."""
        del past
        (wanted,) = self.names(names)
        return np.array([float(name == wanted) for name in names])
