"""What a setting may be: one of several values, or any number of a range."""

import math
from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from intralpha.base import Spec


class RangeSpec(Spec):
    """Numbers between two bounds, both of them included."""

    low: float = Field(description="least value")
    high: float = Field(description="greatest value")
    log: bool = Field(
        default=False, description="draw orders of magnitude evenly; for learning rates"
    )
    whole: bool = Field(default=False, description="whole numbers only")

    @model_validator(mode="after")
    def _has_numbers(self) -> "RangeSpec":
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}, both finite")
        if self.log and self.low <= 0:
            raise ValueError(f"low is {self.low:g}; with log it is above 0")
        if self.whole and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(f"whole, but the bounds are {self.low:g} and {self.high:g}")
        return self


Space = Mapping[str, tuple[Any, ...] | RangeSpec]
"""Key of a recipe -> its values, or the range that they lie in."""
