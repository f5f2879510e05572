"""Benchmark: an index of the lake."""

from typing import Literal

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.backtest.benchmark import BenchmarkSpec, index_returns
from intralpha.backtest.benchmark_float_cap import NoFloatCapError, float_cap_weights
from intralpha.base import ConfigError, DataError, Panel
from intralpha.market import Lake, read_daily


class NoIndexError(ConfigError):
    """The benchmark index has no daily rows."""

    def __init__(self, index: str) -> None:
        self.index = index
        super().__init__(
            f"benchmark index {index!r} has no daily rows; expected a symbol such as 000852.SH.\n"
            "Hint: ingest the index, or set portfolio.benchmark to kind float_cap or equal."
        )


class IndexGapError(DataError):
    """The benchmark index lacks sessions of the replay."""

    def __init__(self, index: str, missing: ndarray, sessions: int) -> None:
        self.index, self.missing = index, missing
        shown = ", ".join(map(str, missing[:5])) + (" ..." if len(missing) > 5 else "")
        super().__init__(
            f"benchmark index {index} has no close on {len(missing)} of {sessions} sessions: "
            f"{shown}; expected one on each, as a gap would count as a return of 0.\n"
            "Hint: complete the index in the lake, or choose test.start and test.end inside it."
        )


class IndexBenchmarkSpec(BenchmarkSpec):
    """Returns of an index; the optimiser deviates from the float-cap weights of the universe.

    An index without published weights is stood in for by its universe, so name its members with
    ``universe.indices``.
    """

    kind: Literal["index"] = "index"
    index: str = Field(min_length=1, description="symbol of the index, such as 000852.SH")

    def weights(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        inside_DA: Bool[ndarray, "D A"],
    ) -> Float[ndarray, "D A"]:
        """See :func:`float_cap_weights`."""
        return float_cap_weights(lake, dates, assets, inside_DA)

    def missing(self, date: np.datetime64, stocks: int) -> DataError:
        """No capitalisation is known."""
        return NoFloatCapError(date, stocks)

    def returns(self, lake: Lake, weights: Panel, market: Panel) -> Float[ndarray, "D"]:
        """Close-to-close returns of the index on the market's sessions.

        Parameters
        ----------
        lake : with the index in ``daily``
        weights : not used
        market : gives the sessions

        Returns
        -------
        ndarray of float64, shape [D]
            0 on the first session.

        Raises
        ------
        NoIndexError
            The lake has no daily row of the index.
        IndexGapError
            It lacks some of them.
        """
        del weights
        first, last = market.dates[0].item(), market.dates[-1].item()
        close = read_daily(lake, ("close",), first, last, np.array([self.index]))
        if not np.isfinite(close.values).any() and not self._stands_in(lake):
            raise NoIndexError(self.index)
        value = close.at(market.dates)["close"][:, 0]
        gaps = market.dates[~np.isfinite(value)]
        if len(gaps):
            raise IndexGapError(self.index, gaps, len(market.dates))
        return index_returns(value)

    def _stands_in(self, lake: Lake) -> bool:
        """Whether the lake has any daily row of the index."""
        rows = lake.scan("daily").filter(pl.col("symbol") == self.index)
        return rows.head(1).collect().height > 0
