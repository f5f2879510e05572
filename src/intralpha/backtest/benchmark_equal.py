"""Benchmark: every stock of the universe with the same weight."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.backtest.benchmark import BenchmarkSpec
from intralpha.market import Lake


class EqualBenchmarkSpec(BenchmarkSpec):
    """Equal weights over the universe: needs no share counts and no index."""

    kind: Literal["equal"] = "equal"

    def weights(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        inside_DA: Bool[ndarray, "D A"],
    ) -> Float[ndarray, "D A"]:
        """See :meth:`BenchmarkSpec.weights`: 1 over the number of stocks of the universe."""
        del lake, dates, assets
        count = np.maximum(inside_DA.sum(axis=1, keepdims=True), 1)
        return inside_DA / count
