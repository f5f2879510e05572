"""Many factors into one."""

from intralpha.combination.combine import CombinerSpec, EqualSpec, WeightsSpec, combine

__all__ = ["CombinerSpec", "EqualSpec", "WeightsSpec", "combine"]
