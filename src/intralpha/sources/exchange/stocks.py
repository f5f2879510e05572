"""The stocks of the simulated market: what each of them is, from its number and the seed."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from intralpha.base.panel import as_days
from intralpha.market import TradingRules, board_of
from intralpha.sources.exchange.streams import Purpose, stream

INDUSTRIES = (
    "banks",
    "chemicals",
    "computers",
    "electronics",
    "food",
    "machinery",
    "media",
    "pharma",
)
FORMS = ("600{:03d}.SH", "000{:03d}.SZ", "601{:03d}.SH", "300{:03d}.SZ", "688{:03d}.SH")
MOST_STOCKS = 999 * len(FORMS)
NEVER = 10**9


@dataclass(frozen=True, eq=False)
class Stocks:
    """Fixed traits, in the order of the stocks' numbers.

    Attributes
    ----------
    symbols, boards, exchanges : of length A
    industry : position in ``INDUSTRIES``
    beta, idio_vol : loading on the market; daily volatility of the stock's own part
    price_yuan, float_shares, total_shares, turnover : at the start; turnover is a share of the
        float a day
    first, end : first session with a row, and the session after the last one
    new : whether the listing itself falls into the sample
    age_days : calendar days since the listing, for stocks that were there before
    pop_logret : rise of the first day over the issue price
    st_from, st_until : sessions under special treatment, the second one excluded
    payer : how readily the stock pays a dividend, 0 to 1
    """

    symbols: ndarray
    boards: tuple[str, ...]
    exchanges: tuple[str, ...]
    industry: Int[ndarray, "A"]
    beta: Float[ndarray, "A"]
    idio_vol: Float[ndarray, "A"]
    price_yuan: Float[ndarray, "A"]
    float_shares: Float[ndarray, "A"]
    total_shares: Float[ndarray, "A"]
    turnover: Float[ndarray, "A"]
    first: Int[ndarray, "A"]
    end: Int[ndarray, "A"]
    new: Bool[ndarray, "A"]
    age_days: Int[ndarray, "A"]
    pop_logret: Float[ndarray, "A"]
    st_from: Int[ndarray, "A"]
    st_until: Int[ndarray, "A"]
    payer: Float[ndarray, "A"]

    def listed(self, t: int) -> Bool[ndarray, "A"]:
        """Stocks that have a row on session ``t``."""
        return (self.first <= t) & (t < self.end)

    def special(self, t: int) -> Bool[ndarray, "A"]:
        """Stocks under special treatment on session ``t``."""
        return (self.st_from <= t) & (t < self.st_until)


def make_stocks(seed: int, n_assets: int, sessions: ndarray, rules: TradingRules) -> Stocks:
    """Stocks 0 to ``n_assets - 1``; each is the same in a market of any size.

    One stock of twelve is listed during the first year, one of fifteen is under special treatment
    for some months, one of forty is delisted after half a year of it. A board that opens during
    the sample has its stocks listed from that day on.

    Parameters
    ----------
    seed : of the market
    n_assets : at most ``MOST_STOCKS``
    sessions : datetime64[D] [D], on which the stocks' first and last days are counted
    rules : tell when a board opened: with its first price limit

    Returns
    -------
    Stocks
        In the order of their numbers. A first session may lie behind the last one of the sample:
        such a stock has no row in it.
    """
    number = np.arange(n_assets)
    forms = [FORMS[i % len(FORMS)].format(1 + i // len(FORMS)) for i in number]
    boards = tuple(board_of(s) for s in forms)
    uniform = stream(seed, Purpose.TRAITS).random((n_assets, 12))
    normal = stream(seed, Purpose.TRAITS, 1).standard_normal((n_assets, 4))
    price = np.round(np.exp(np.log(5) + uniform[:, 0] * np.log(10)), 2)
    cap_yuan = np.exp(np.log(6e9) + 0.9 * normal[:, 0])
    float_shares = np.maximum(np.rint(cap_yuan / price / 1e4), 1000) * 1e4
    dates = _life(number, boards, uniform, sessions, rules)
    return Stocks(
        symbols=np.array(forms),
        boards=boards,
        exchanges=tuple("SSE" if s.endswith("SH") else "SZSE" for s in forms),
        industry=(uniform[:, 1] * len(INDUSTRIES)).astype(np.int64),
        beta=0.6 + 0.8 * uniform[:, 2],
        idio_vol=0.0126 * np.exp(0.3 * normal[:, 1] - 0.08 * normal[:, 0]),
        price_yuan=price,
        float_shares=float_shares,
        total_shares=np.rint(float_shares * (1.05 + uniform[:, 3]) / 1e4) * 1e4,
        turnover=0.014 * np.exp(0.5 * normal[:, 2]),
        age_days=200 + (uniform[:, 4] * 4000).astype(np.int64),
        pop_logret=0.1 + 0.7 * uniform[:, 5],
        payer=uniform[:, 6],
        **dates,
    )


def _life(
    number: ndarray,
    boards: tuple[str, ...],
    uniform: ndarray,
    sessions: ndarray,
    rules: TradingRules,
) -> dict[str, ndarray]:
    """Listing, special treatment and delisting, as positions of sessions."""
    listed_late = number % 12 == 7
    first = np.where(listed_late, 20 + (uniform[:, 7] * 220).astype(np.int64), 0)
    limits = rules.price_limits.sort("effective")
    opening = {b: limits.filter(pl.col("board") == b)["effective"][0] for b in set(boards)}
    opened = np.searchsorted(sessions, as_days([opening[b] for b in boards]))
    treated, leaving = number % 15 == 4, number % 40 == 22
    begin = 40 + (uniform[:, 8] * 120).astype(np.int64)
    length = 60 + (uniform[:, 9] * 180).astype(np.int64)
    leave = begin + 140
    st_from = np.where(treated | leaving, begin, NEVER)
    first = np.maximum(first, opened)
    return {
        "first": first,
        "new": first > 0,
        "end": np.where(leaving, np.maximum(leave, first + 140), NEVER),
        "st_from": np.where(st_from < NEVER, np.maximum(st_from, first + 40), NEVER),
        "st_until": np.where(leaving, NEVER, np.where(treated, begin + length, 0)),
    }
