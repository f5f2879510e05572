"""Benchmark: an index of the lake."""

from typing import Literal

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.backtest.benchmark import BenchmarkSpec, index_returns
from intralpha.base import ConfigError, DataError, Panel
from intralpha.base.node import EVERYTHING
from intralpha.market import Lake, constituents, index_weights, read_daily
from intralpha.market.index_weights import FLOAT_CAP, LATER_CAP, PUBLISHED

ORIGINS = (
    ("published_share", PUBLISHED),
    ("float_cap_share", FLOAT_CAP),
    ("later_float_cap_share", LATER_CAP),
)


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


class NoConstituentsError(DataError):
    """An index has no constituent with a weight on a date of a decision."""

    def __init__(self, index: str, date: np.datetime64) -> None:
        self.index, self.date = index, date
        super().__init__(
            f"no constituent of {index} has a weight on {date}; expected rows of `membership` that "
            "hold on that day, with a weight or with float caps (daily.float_shares, or float_cap "
            "in fundamentals) known by then.\n"
            "Hint: ingest constituents up to that day (sources index_members, index_weight), end "
            "the test before, or set portfolio.benchmark.fwd_snapshot if share counts are known "
            "only later."
        )


class IndexBenchmarkSpec(BenchmarkSpec):
    """An index: its returns, its constituents, and their weights.

    The universe may be wider: stocks of it that are no constituents are off the benchmark.
    """

    kind: Literal["index"] = "index"
    index: str = Field(min_length=1, description="symbol of the index, such as 000852.SH")
    fwd_snapshot: bool = Field(
        default=False,
        description="look ahead: the lake's last snapshot of float caps weighs constituents on "
        "earlier dates, where nothing else is known",
    )

    @property
    def fwd_sessions(self) -> int:
        """All that the lake has, with ``fwd_snapshot``; see :attr:`BenchmarkSpec.fwd_sessions`."""
        return EVERYTHING if self.fwd_snapshot else 0

    @property
    def indices(self) -> tuple[str, ...]:
        """See :attr:`BenchmarkSpec.indices`."""
        return (self.index,)

    def laid(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        inside_DA: Bool[ndarray, "D A"],
    ) -> Panel:
        """See :func:`intralpha.market.index_weights`: ``weight``, ``member`` and ``origin``.

        Parameters
        ----------
        lake, dates, assets : as of :meth:`BenchmarkSpec.laid`
        inside_DA : not used: an index has its own rules
        """
        del inside_DA
        return index_weights(lake, self.index, dates, assets, self.fwd_snapshot)

    def weights(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        inside_DA: Bool[ndarray, "D A"],
    ) -> Float[ndarray, "D A"]:
        """Weights of the constituents; see :meth:`BenchmarkSpec.weights`.

        Parameters
        ----------
        lake, dates, assets, inside_DA : as of :meth:`laid`
        """
        return self.laid(lake, dates, assets, inside_DA)["weight"]

    def told(self, lake: Lake, laid: Panel) -> pl.DataFrame:
        """By year: constituents, those with a weight, and what their weights are made of.

        Parameters
        ----------
        lake : with ``membership``
        laid : of the decision dates; dates without weights count with 0

        Returns
        -------
        pl.DataFrame
            ``year``, ``decisions``, ``constituents`` and ``with_weight`` (the fewest of a date),
            ``published_share``, ``float_cap_share`` and ``later_float_cap_share`` of the weight,
            means over the dates
        """
        weight = np.nan_to_num(laid["weight"].astype(np.float64))
        shares = {name: (weight * (laid["origin"] == value)).sum(1) for name, value in ORIGINS}
        rows = constituents(lake, self.index, laid.dates).with_columns(
            with_weight=pl.Series((weight > 0).sum(axis=1)),
            **{n: pl.Series(s) for n, s in shares.items()},
        )
        return (
            rows.group_by(pl.col("date").dt.year().alias("year"))
            .agg(
                pl.len().alias("decisions"),
                pl.col("members").min().alias("constituents"),
                pl.col("with_weight").min(),
                pl.col(*shares).mean(),
            )
            .sort("year")
        )

    def missing(self, date: np.datetime64, stocks: int) -> DataError:
        """No constituent has a weight."""
        del stocks
        return NoConstituentsError(self.index, date)

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
