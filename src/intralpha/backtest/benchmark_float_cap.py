"""Benchmark: the universe weighted by its float capitalisation."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.backtest.benchmark import BenchmarkSpec
from intralpha.base import DataError
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
) -> Float[ndarray, "D A"]:
    """Float capitalisation over the total of the stocks inside.

    Parameters
    ----------
    lake : with ``daily.float_shares``, or ``float_cap`` in ``fundamentals``
    dates, assets : axes
    inside_DA : the universe

    Returns
    -------
    ndarray of float64, shape [D, A]
        Rows sum to 1, or to 0 where no stock inside has a capitalisation. Known at the close of
        each date, as far as :func:`intralpha.market.float_cap` is.
    """
    return cap_weights(float_cap(lake, dates, assets)["float_cap"], inside_DA)


class FloatCapBenchmarkSpec(BenchmarkSpec):
    """Float-cap weights over the universe, set at every decision; they drift in between."""

    kind: Literal["float_cap"] = "float_cap"

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
