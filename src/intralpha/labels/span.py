"""Span: from which session's price to which a label runs."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base.node import Read
from intralpha.labels.forward import Price, fwd_locked, fwd_return
from intralpha.market import Lake


@dataclass(frozen=True)
class Span:
    """Two sessions counted from the sample date t, and the price that is taken on them.

    Parameters
    ----------
    first, last : sessions after t, 0 <= first < last
    price : adjusted close or adjusted vwap
    """

    first: int
    last: int
    price: Price = "close"

    def returns(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Float[ndarray, "D A"]:
        """Simple returns over the span of the stocks that could be bought.

        Parameters
        ----------
        lake : with ``daily``
        dates, assets : the axes; dates are sessions, ascending
        mask_DA : bool, shape [D, A]; stocks that count. Default: all

        Returns
        -------
        ndarray of float64, shape [D, A]
            NaN outside the mask, where the stock does not trade or is limit-locked all day on
            t+1, and where the lake ends before t + ``last``. Known at the close of t + ``last``.

        Raises
        ------
        UnknownSampleDateError
            A date is no session of the lake.
        """
        values_DA = fwd_return(lake, dates, assets, self.first, self.last, self.price).values[
            :, :, 0
        ]
        usable_DA = np.isfinite(values_DA) & ~fwd_locked(lake, dates, assets)
        if mask_DA is not None:
            usable_DA &= mask_DA
        return np.where(usable_DA, values_DA, np.nan)

    def read(self) -> Read:
        """Daily rows that decide the returns.

        A stock with a return trades on t+1, so a price of t+1 or later is never carried from
        before t+1. The price of t itself is, where the stock had no row on t.
        """
        return Read("daily", None, None if self.first == 0 else 0, self.last)


T1_T11 = Span(1, 11)
