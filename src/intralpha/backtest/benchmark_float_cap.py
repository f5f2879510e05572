"""Benchmark: the universe weighted by its float capitalisation."""

from typing import Literal

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.backtest.benchmark import BenchmarkSpec
from intralpha.base import DataError, Panel
from intralpha.base.node import EVERYTHING
from intralpha.market import Lake, cap_weights, float_cap


class NoFloatCapError(DataError):
    """No stock of the universe has a float capitalisation on a date of a decision."""

    def __init__(self, date: np.datetime64, stocks: int) -> None:
        self.date, self.stocks = date, stocks
        super().__init__(
            f"none of the {stocks} stocks of the universe has a float capitalisation on {date}; "
            "expected daily.float_shares, or the item float_cap in fundamentals by then.\n"
            "Hint: ingest share counts, or set portfolio.benchmark: {kind: equal}."
        )


def float_cap_weights(
    lake: Lake,
    dates: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
    inside_DA: Bool[ndarray, "D A"],
    fwd_snapshot: bool = False,
) -> Float[ndarray, "D A"]:
    """Float capitalisation over the total of the stocks inside.

    Parameters
    ----------
    lake : with ``daily.float_shares``, or ``float_cap`` in ``fundamentals``
    dates, assets : axes
    inside_DA : the universe
    fwd_snapshot : as of :func:`intralpha.market.float_cap`: the weights then look ahead

    Returns
    -------
    ndarray of float64, shape [D, A]
        Rows sum to 1, or to 0 where no stock inside has a capitalisation. Known at the close of
        each date, as far as :func:`intralpha.market.float_cap` is.
    """
    cap = float_cap(lake, dates, assets, fwd_snapshot)["float_cap"]
    return cap_weights(cap, inside_DA)


class FloatCapBenchmarkSpec(BenchmarkSpec):
    """Float-cap weights over the universe, set at every decision; they drift in between.

    With ``fwd_snapshot`` they are known only when the snapshot is.
    """

    kind: Literal["float_cap"] = "float_cap"
    fwd_snapshot: bool = Field(
        default=False,
        description="look ahead: the lake's last snapshot of float caps weighs stocks on earlier "
        "dates, where nothing else is known",
    )

    @property
    def fwd_sessions(self) -> int:
        """All that the lake has, with ``fwd_snapshot``; see :attr:`BenchmarkSpec.fwd_sessions`."""
        return EVERYTHING if self.fwd_snapshot else 0

    def weights(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        inside_DA: Bool[ndarray, "D A"],
    ) -> Float[ndarray, "D A"]:
        """See :func:`float_cap_weights`."""
        return float_cap_weights(lake, dates, assets, inside_DA, self.fwd_snapshot)

    def told(self, lake: Lake, laid: Panel) -> pl.DataFrame | None:
        """By year: how much of the weight is made of a later float cap, with ``fwd_snapshot``.

        Parameters
        ----------
        lake : with ``daily``
        laid : of the decision dates

        Returns
        -------
        pl.DataFrame
            ``year``, ``decisions`` and ``later_float_cap_share``, the mean over the dates. None
            where nothing looks ahead.
        """
        if not self.fwd_snapshot or len(laid.dates) == 0:
            return None
        known_DA = np.isfinite(float_cap(lake, laid.dates, laid.assets)["float_cap"])
        later = np.where(known_DA, 0.0, np.nan_to_num(laid["weight"])).sum(axis=1)
        rows = pl.DataFrame({"date": laid.dates, "later_float_cap_share": later})
        by_year = rows.group_by(pl.col("date").dt.year().alias("year"))
        share = pl.col("later_float_cap_share").mean()
        return by_year.agg(pl.len().alias("decisions"), share).sort("year")

    def missing(self, date: np.datetime64, stocks: int) -> DataError:
        """No capitalisation is known."""
        return NoFloatCapError(date, stocks)
