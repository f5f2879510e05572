"""What companies have announced by a date: the last value of each item."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base.panel import as_days
from intralpha.market.daily import fill_forward
from intralpha.market.lake import Lake

MONTHS = 12


def announced(
    lake: Lake,
    dates: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
    items: Sequence[str],
) -> dict[str, Float[ndarray, "D A"]]:
    """The value of each item that was announced last, up to and with each date.

    Parameters
    ----------
    lake : its ``fundamentals`` may be absent
    dates : ascending; need not be sessions
    assets : symbols
    items : names, such as ``book_equity``

    Returns
    -------
    dict of item -> ndarray of float64, shape [D, A]
        NaN before the first announcement of a stock. A value that is announced anew later, such as
        a restated one, counts from then on and changes nothing before.
    """
    days, place = as_days(dates), {symbol: i for i, symbol in enumerate(assets.tolist())}
    values = np.full((len(items), len(days), len(assets)), np.nan)
    if len(days):
        mine = pl.col("item").is_in(list(items)) & pl.col("symbol").is_in(list(place))
        rows = (
            lake.scan("fundamentals")
            .filter(mine, pl.col("announce_date") <= days[-1].item())
            .select("symbol", "announce_date", "item", "value")
            .sort("announce_date")
            .collect()
        )
        since = np.searchsorted(days, as_days(rows["announce_date"]))
        column = np.array([place[s] for s in rows["symbol"].to_list()], dtype=np.int64)
        which = np.array([list(items).index(i) for i in rows["item"].to_list()], dtype=np.int64)
        values[which, since, column] = rows["value"].to_numpy()  # of equal places the last one
    return dict(zip(items, map(fill_forward, values), strict=True))


def years_before(dates: Shaped[ndarray, "D"], years: int) -> Shaped[ndarray, "D"]:
    """The same day of an earlier year; of 29 February 1 March.

    Examples
    --------
    >>> years_before(np.array(["2024-02-29", "2024-05-06"], dtype="datetime64[D]"), 1).astype(str)
    array(['2023-03-01', '2023-05-06'], dtype='<U28')
    """
    days = as_days(dates)
    months = days.astype("datetime64[M]")
    into = days - months.astype("datetime64[D]")
    return (months - MONTHS * years).astype("datetime64[D]") + into
