"""Dividends and bonus shares of the simulated market, by stock and session."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from intralpha.base.years import years_of
from intralpha.sources.exchange.latent import QUIET_AFTER_LISTING
from intralpha.sources.exchange.stocks import Stocks
from intralpha.sources.exchange.streams import Purpose, stream

SEASON_START, SEASON_DAYS = "05-10", 75
BONUS_CHANCE = 0.15
BONUS_TENTHS = (2, 3, 4, 5, 10)


@dataclass(frozen=True, eq=False)
class Actions:
    """What happens before the open of each session.

    Attributes
    ----------
    cash_share_DA : dividend as a share of the last close, 0 where none
    bonus_tenths_DA : new shares for ten old ones
    """

    cash_share_DA: Float[ndarray, "D A"]
    bonus_tenths_DA: Int[ndarray, "D A"]


def make_actions(
    seed: int, stocks: Stocks, sessions: ndarray, halted_DA: Bool[ndarray, "D A"]
) -> Actions:
    """One date a year and stock, from 10 May to July; none while halted or newly listed.

    Parameters
    ----------
    seed : of the market
    stocks : what they are, how readily they pay, and when they are listed
    sessions : datetime64[D] [D]
    halted_DA : no trading on the day

    Returns
    -------
    Actions
        A date that is no session takes effect on the next one. Nothing happens on the first session
        of the market and on the first 20 of a stock. Bonus shares may come without a dividend.
    """
    n = len(stocks.symbols)
    cash, bonus = np.zeros(halted_DA.shape), np.zeros(halted_DA.shape, dtype=np.int64)
    years = years_of(sessions)
    for year in range(int(years[0]), int(years[-1]) + 1):
        draw = stream(seed, Purpose.ACTION, year).random((n, 5))
        season = np.datetime64(f"{year}-{SEASON_START}", "D")
        on = season + (draw[:, 0] * SEASON_DAYS).astype("timedelta64[D]")
        at = np.searchsorted(sessions, on)
        pays = draw[:, 1] < stocks.payer
        tenths = np.array(BONUS_TENTHS)[(draw[:, 3] * len(BONUS_TENTHS)).astype(np.int64)]
        tenths = np.where(draw[:, 2] < BONUS_CHANCE, tenths, 0)
        inside = (on > sessions[0]) & (at < len(sessions))
        rows, columns = at[inside], np.flatnonzero(inside)
        old = (rows >= stocks.first[columns] + QUIET_AFTER_LISTING) & (rows < stocks.end[columns])
        keep = old & ~halted_DA[rows, columns]
        rows, columns = rows[keep], columns[keep]
        cash[rows, columns] = np.where(pays, 0.003 + 0.027 * draw[:, 4], 0.0)[columns]
        bonus[rows, columns] = tenths[columns]
    return Actions(cash, bonus)


def ex_prices(
    close: Int[ndarray, "A"], cash_share: Float[ndarray, "A"], bonus_tenths: Int[ndarray, "A"]
) -> tuple[Int[ndarray, "A"], Int[ndarray, "A"]]:
    r"""Dividend and preclose in ticks.

    .. math:: \text{preclose} = (\text{close} - \text{cash}) / (1 + \text{bonus})

    rounded half up to the tick, as the exchanges do.

    Parameters
    ----------
    close : of the session before, ticks, shape [A]
    cash_share : dividend as a share of it, shape [A]
    bonus_tenths : new shares for ten old ones, shape [A]

    Returns
    -------
    cash, preclose : int64, shape [A] each
        Ticks a share. The dividend leaves at least a tick of the close, and the preclose is at
        least one. Known before the session opens.

    Examples
    --------
    Ten yuan, a dividend of 0.50 and three new shares for ten: 9.50 / 1.3 = 7.3077.

    >>> ex_prices(np.array([1000]), np.array([0.05]), np.array([3]))
    (array([50]), array([731]))
    """
    cash = np.minimum(np.rint(cash_share * close).astype(np.int64), close - 1)
    tenths = 10 + bonus_tenths
    return cash, np.maximum((20 * (close - cash) + tenths) // (2 * tenths), 1)
