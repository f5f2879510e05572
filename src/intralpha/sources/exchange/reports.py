"""Reports: quarterly accounts of the simulated companies, dated by the day they are announced."""

from datetime import date, timedelta

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha.sources.exchange.stocks import Stocks
from intralpha.sources.exchange.streams import Purpose, stream

ITEMS = ("book_equity", "net_profit_ttm", "revenue_ttm")
FIRST_DAYS = ((4, 8), (7, 10), (10, 8), (1, 15))
DEADLINES = ((4, 30), (8, 31), (10, 31), (4, 30))
QUARTERS, LOOK_BACK_YEARS = 4, 2
PRICE_TO_BOOK, PRICE_TO_BOOK_SPREAD = 2.2, 0.6
RETURN_ON_EQUITY, RETURN_SPREAD, RETURN_NOISE = 0.08, 0.06, 0.5
REVENUE_TO_BOOK, REVENUE_SPREAD = 1.2, 0.6
SEASON = np.array([0.20, 0.26, 0.27, 0.27])
KEPT_SHARE = 0.7


def report_rows(
    seed: int, stocks: Stocks, list_dates: list[date], first: date, last: date
) -> pl.DataFrame:
    """Rows of ``fundamentals``: equity, and profit and revenue of the last four quarters, in CNY.

    Reports come out between the end of the quarter and the exchange's deadline (30 April for the
    year and for the first quarter, 31 August, 31 October), most of them late. A stock that was
    listed has two years of reports behind it; the accounts of a newcomer are those of its
    prospectus, dated on its first day. Where two reports come out on one day the later quarter
    counts.

    Parameters
    ----------
    seed : of the market
    stocks : their price and share counts at the start
    list_dates : of each stock
    first, last : sessions of the market; nothing announced after the last one is given

    Returns
    -------
    DataFrame with symbol, announce_date, item, value
        Known at the close of ``announce_date``, which need not be a session.
    """
    start = first.year - LOOK_BACK_YEARS
    years = np.arange(start, last.year + 1)
    book, profit, revenue = _accounts(seed, stocks, years)
    parts = []
    for k in range(QUARTERS, len(years) * QUARTERS):
        year, quarter = divmod(k, QUARTERS)
        on = announced(seed, len(list_dates), int(years[year]), quarter)
        on = np.maximum(on, np.array(list_dates, dtype="datetime64[D]"))
        year_back = slice(k - QUARTERS + 1, k + 1)
        values = (book[k], profit[year_back].sum(axis=0), revenue[year_back].sum(axis=0))
        parts += [
            pl.DataFrame(
                {"symbol": stocks.symbols.tolist(), "announce_date": on, "value": value}
            ).with_columns(item=pl.lit(item), quarter=pl.lit(k))
            for item, value in zip(ITEMS, values, strict=True)
        ]
    key = ["symbol", "announce_date", "item"]
    rows = pl.concat(parts).filter(pl.col("announce_date") <= last).sort([*key, "quarter"])
    return rows.unique(key, keep="last", maintain_order=True).drop("quarter")


def announced(seed: int, n: int, year: int, quarter: int) -> ndarray:
    """Day on which each of ``n`` companies reports a quarter.

    Parameters
    ----------
    seed : of the market
    n : companies
    year : of the quarter
    quarter : 0 to 3; 3 is the whole year, reported in the next one

    Returns
    -------
    ndarray of datetime64[D], shape [n]
        Between ``FIRST_DAYS`` and ``DEADLINES``, both included, mostly late; need not be a session.
        The first companies have the same days however many there are.
    """
    of = year + (quarter == QUARTERS - 1)
    opens, deadline = (date(of, *day[quarter]) for day in (FIRST_DAYS, DEADLINES))
    early = stream(seed, Purpose.REPORTS, year * QUARTERS + quarter).random(n) ** 2
    days = ((1 - early) * (deadline - opens + timedelta(days=1)).days).astype(np.int64)
    span = (deadline - opens).days
    return np.datetime64(opens) + np.minimum(days, span)


def _accounts(
    seed: int, stocks: Stocks, years: ndarray
) -> tuple[Float[ndarray, "Q A"], Float[ndarray, "Q A"], Float[ndarray, "Q A"]]:
    """Equity at the end of each quarter, profit and revenue in it."""
    n = len(stocks.symbols)
    trait = stream(seed, Purpose.REPORTS).standard_normal((n, 3))
    cap_yuan = stocks.price_yuan * stocks.total_shares
    equity = cap_yuan / (PRICE_TO_BOOK * np.exp(PRICE_TO_BOOK_SPREAD * trait[:, 0]))
    return_on_equity = RETURN_ON_EQUITY + RETURN_SPREAD * trait[:, 1]
    sales = equity * REVENUE_TO_BOOK * np.exp(REVENUE_SPREAD * trait[:, 2])
    book, profit, revenue = [], [], []
    for year in years.tolist():
        draws = stream(seed, Purpose.REPORTS, year).standard_normal((n, QUARTERS))
        for quarter in range(QUARTERS):
            season = SEASON[quarter] * (1 + RETURN_NOISE * draws[:, quarter])
            profit.append(return_on_equity * equity * season)
            equity = np.maximum(equity + KEPT_SHARE * profit[-1], 0.1 * equity)
            book.append(equity)
            revenue.append(sales * SEASON[quarter] * (1 + 0.1 * draws[:, quarter]))
        sales = sales * (1 + 0.5 * return_on_equity)
    return np.array(book), np.array(profit), np.array(revenue)
