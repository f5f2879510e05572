"""Raw descriptors from statements, forecasts and holdings, as they were announced by a date."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base.panel import as_days
from intralpha.market import Lake, announced, read_daily, years_before

YEARS, LEAST_YEARS = 5, 3
BOOK, PROFIT, REVENUE, CASH = "book_equity", "net_profit_ttm", "revenue_ttm", "cash_earnings_ttm"
FORECAST, LONG_GROWTH, SHORT_GROWTH = (
    "net_profit_forecast",
    "growth_forecast_long",
    "growth_forecast_short",
)
PREFERRED, LONG_DEBT, DEBT, ASSETS = (
    "preferred_equity",
    "long_term_debt",
    "total_debt",
    "total_assets",
)
STATE, FUNDS, COVERAGE = "state_share", "fund_share", "analyst_coverage"
ITEMS = {
    BOOK: "equity of the shareholders, CNY",
    PROFIT: "net profit of the last four quarters, CNY",
    REVENUE: "revenue of the last four quarters, CNY",
    CASH: "cash earnings (net profit, depreciation, amortisation) of four quarters, CNY",
    FORECAST: "analysts' forecast of the next twelve months' net profit, CNY",
    LONG_GROWTH: "their forecast of growth a year over three to five years, fraction",
    SHORT_GROWTH: "their forecast of growth over the next year, fraction",
    PREFERRED: "preferred equity at book, CNY; absent: none",
    LONG_DEBT: "long-term debt at book, CNY",
    DEBT: "all debt at book, CNY",
    ASSETS: "all assets at book, CNY",
    STATE: "share held by owners of the state, fraction",
    FUNDS: "share held by mutual funds, fraction",
    COVERAGE: "analysts that cover the company, count",
}

Cells = Float[ndarray, "D A"]


class Statements:
    """What was announced by some dates, and by the same days of earlier years.

    Parameters
    ----------
    lake : with ``fundamentals``; where an item is absent all is NaN
    dates : sessions, ascending
    assets : symbols
    """

    def __init__(
        self, lake: Lake, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
    ) -> None:
        self._lake, self._dates, self._assets = lake, as_days(dates), assets
        self._known: dict[tuple[int, str], Cells] = {}

    def item(self, name: str, years: int = 0) -> Cells:
        """The last value announced by each date.

        Parameters
        ----------
        name : one of ``ITEMS``
        years : by the same day of how many years before
        """
        if (years, name) not in self._known:
            days = years_before(self._dates, years)
            found = announced(self._lake, days, self._assets, tuple(ITEMS))
            self._known |= {(years, item): values for item, values in found.items()}
        return self._known[years, name]

    def per_share(self, name: str, years: int) -> Cells:
        """An item over the shares of its time, in shares of the first session of the lake.

        The cumulative adjustment factor takes out splits; as it also holds cash dividends, those
        count as growth of a few percent a year, of all stocks alike.

        Parameters
        ----------
        name : one of ``ITEMS``
        years : before the dates
        """
        sessions = self._lake.dates("daily")
        at = np.searchsorted(sessions, years_before(self._dates, years), side="right") - 1
        out = np.full((len(at), len(self._assets)), np.nan)
        there = at >= 0
        if there.any():
            days, place = np.unique(sessions[at[there]], return_inverse=True)
            names = ("total_shares", "adj_factor")
            ends = days[0].item(), days[-1].item()
            daily = read_daily(self._lake, names, *ends, self._assets).at(days)
            out[there] = (daily["adj_factor"] / daily["total_shares"])[place]
        return self.item(name, years) * out

    def yearly(self, name: str) -> Float[ndarray, "5 D A"]:
        """An item a share at five days a year apart, oldest first; the item itself for a stock
        whose shares are unknown on one of them on which the item is known.

        Parameters
        ----------
        name : one of ``ITEMS``
        """
        lags = range(YEARS - 1, -1, -1)
        whole = np.stack([self.item(name, years) for years in lags])
        shares = np.stack([self.per_share(name, years) for years in lags])
        told = (np.isfinite(shares) | ~np.isfinite(whole)).all(axis=0)
        return np.where(told, shares, whole)


def trend_over_mean(values_YDA: Float[ndarray, "Y D A"]) -> Cells:
    """Slope of a straight line through yearly values, over the absolute value of their mean.

    Parameters
    ----------
    values_YDA : oldest first, NaN where unknown

    Returns
    -------
    ndarray of float64, shape [D, A]
        A year. NaN with fewer than three of five, or a mean of 0. The mean is taken without its
        sign, so that a falling loss is growth.
    """
    known = np.isfinite(values_YDA)
    count = known.sum(axis=0)
    year = np.where(known, np.arange(len(values_YDA))[:, None, None], 0.0)
    value = np.where(known, values_YDA, 0.0)
    n = np.maximum(count, 1)
    moved = np.where(known, year - year.sum(axis=0) / n, 0.0)
    slope = ratio((moved * value).sum(axis=0), (moved**2).sum(axis=0))
    out = ratio(slope, np.abs(value.sum(axis=0) / n))
    return np.where(count >= LEAST_YEARS, out, np.nan)


def ratio(top: Cells, bottom: Cells) -> Cells:
    """Quotient; NaN where the bottom is not above 0."""
    return np.divide(
        top, bottom, out=np.full(np.shape(top), np.nan), where=np.nan_to_num(bottom) > 0
    )


def cne5_descriptors(known: Statements, cap_DA: Cells) -> dict[str, Cells]:
    """Descriptors of value, earnings yield, growth and leverage [Spec 9.1].

    Parameters
    ----------
    known : statements
    cap_DA : total cap, CNY

    Returns
    -------
    dict of name -> ndarray of float64, shape [D, A]
        NaN where an item is not announced. Known at the close of each date.
    """
    book, debt = known.item(BOOK), known.item(LONG_DEBT)
    owed = np.nan_to_num(known.item(PREFERRED)) + debt
    return {
        "btop": ratio(book, cap_DA),
        "epfwd": ratio(known.item(FORECAST), cap_DA),
        "cetop": ratio(known.item(CASH), cap_DA),
        "etop": ratio(known.item(PROFIT), cap_DA),
        "sgro": trend_over_mean(known.yearly(REVENUE)),
        "egro": trend_over_mean(known.yearly(PROFIT)),
        "egrlf": known.item(LONG_GROWTH),
        "egrsf": known.item(SHORT_GROWTH),
        "mlev": ratio(cap_DA + owed, cap_DA),
        "dtoa": ratio(known.item(DEBT), known.item(ASSETS)),
        "blev": ratio(book + owed, book),
    }


def dfq_descriptors(known: Statements, cap_DA: Cells) -> dict[str, Cells]:
    """Descriptors of value, growth, state ownership and certainty [Spec 9.2].

    Parameters
    ----------
    known : statements
    cap_DA : total cap, CNY

    Returns
    -------
    dict of name -> ndarray of float64, shape [D, A]
        ``delta_roe`` a year: the mean change of three years; growth rates a year over three years,
        NaN where a figure is not above 0.
    """
    roe = [ratio(known.item(PROFIT, years), known.item(BOOK, years)) for years in (0, 3)]
    return {
        "bp": ratio(known.item(BOOK), cap_DA),
        "ep": ratio(known.item(PROFIT), cap_DA),
        "delta_roe": (roe[0] - roe[1]) / 3,
        "sales_growth": _growth(known.item, REVENUE),
        "equity_growth": _growth(known.item, BOOK),
        "state": known.item(STATE),
        "funds": known.item(FUNDS),
        "coverage": known.item(COVERAGE),
    }


def _growth(item: Callable[[str, int], Cells], name: str) -> Cells:
    """A year, compounded over three."""
    times = ratio(item(name, 0), item(name, 3))
    return np.cbrt(np.where(times > 0, times, np.nan)) - 1
