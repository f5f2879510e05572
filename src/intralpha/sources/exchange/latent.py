r"""What moves the simulated prices: the daily state that no file of the lake shows.

The log value of a stock changes by

.. math:: \Delta V_t = \beta m_t + g_t + \sigma_t \epsilon_t + a_t\, s_{t-1} + (u_t - u_{t-1})

with the market m, the industry g and the stock's own shock. The signal s is an AR(1) of unit
variance, known at the close of a day and paid from the next day on. The transitory part
:math:`u_t = \rho u_{t-1} + c\, \sigma_t \epsilon_t` is given back in the days that follow: the
short-term reversal. Volatilities of the market and of each stock cluster. Each calendar year has
a regime of its own: how much a signal pays and where it shows.
"""

from dataclasses import dataclass
from math import gamma, pi, sqrt

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from intralpha.base.years import years_of
from intralpha.sources.exchange.stocks import INDUSTRIES, Stocks
from intralpha.sources.exchange.streams import Purpose, stream

MARKET_VOL, INDUSTRY_VOL = 0.0116, 0.006
MARKET_CLUSTER, STOCK_CLUSTER = (0.95, 0.16), (0.94, 0.20)
BUSY_CLUSTER, BUSY_BY_VOL = (0.9, 0.10), 1.2
REVERSAL_PERSISTENCE, REVERSAL_SHARE = 0.5 ** (1 / 4), 0.30
FAT_TAIL_DF, RISE_OVER_FALL = 2.7, 0.15
HALT_CHANCE, HALT_MEAN_DAYS, HALT_MOST_DAYS = 0.0012, 4.0, 20
QUIET_AFTER_LISTING = 20
YOUNG_DAYS, YOUNG_VOL = 5, 2.0
TRACES = ("overnight", "bend", "tilt", "swing", "side")
PAY_SPREAD, TRACE_SPREAD = 0.2, 0.25


@dataclass(frozen=True, eq=False)
class Latent:
    """Daily state of every stock, axes sessions and stocks in the order of their numbers.

    Attributes
    ----------
    signal_DA : known at the close, unit variance
    transitory_DA : log price that will be given back
    move_DA : change of log value on the day
    vol_DA : daily volatility of the stock's whole return
    common_DA : share of it that is the market's, as a correlation
    busy_DA : log of the day's volume over the usual
    noise_DAK : three standard normals a day that blur the traces of the signal
    halted_DA : no trading on the day
    pay_D : log return of the day that a signal of 1 at the close before pays
    trace_DJ : how strongly the signal shows in each of ``TRACES``; about 1
    """

    signal_DA: Float[ndarray, "D A"]
    transitory_DA: Float[ndarray, "D A"]
    move_DA: Float[ndarray, "D A"]
    vol_DA: Float[ndarray, "D A"]
    common_DA: Float[ndarray, "D A"]
    busy_DA: Float[ndarray, "D A"]
    noise_DAK: Float[ndarray, "D A K"]
    halted_DA: Bool[ndarray, "D A"]
    pay_D: Float[ndarray, "D"]
    trace_DJ: Float[ndarray, "D J"]


def make_latent(
    seed: int, stocks: Stocks, sessions: ndarray, persistence: float, signal_daily_vol: float
) -> Latent:
    """Draw the state of all sessions; the first ones do not depend on how many follow.

    Parameters
    ----------
    seed : of the market
    stocks : their fixed traits
    sessions : datetime64[D]
    persistence : of the signal from one day to the next
    signal_daily_vol : log return a day that a signal of 1 pays in an ordinary year
    """
    n, days = len(stocks.symbols), len(sessions)
    pay_D, trace_DJ = _regimes(seed, sessions)
    market_D, industry_DG, market_vol_D = _common(seed, days)
    start = stream(seed, Purpose.START).standard_normal((n, 4))
    daily = np.stack([stream(seed, Purpose.DAILY, t).standard_normal((n, 6)) for t in range(days)])
    shock = np.stack(
        [stream(seed, Purpose.SHOCK, t).standard_t(FAT_TAIL_DF, n) for t in range(days)]
    )
    signal = _ar1(start[:, 0], daily[:, :, 0], persistence, np.sqrt(1 - persistence**2))
    before = np.concatenate([start[None, :, 0], signal[:-1]])
    cluster = _ar1(np.zeros(n), daily[:, :, 1], *STOCK_CLUSTER)
    young = _young(stocks, days)
    idio_vol = stocks.idio_vol * np.exp(cluster) * np.where(young, YOUNG_VOL, 1.0)
    own = idio_vol * _skewed(shock)
    transitory = _ar1(np.zeros(n), own, REVERSAL_PERSISTENCE, REVERSAL_SHARE)
    given_back = np.diff(transitory, axis=0, prepend=np.zeros((1, n)))
    common = stocks.beta * market_D[:, None] + industry_DG[:, stocks.industry]
    pay_D *= signal_daily_vol
    move = common + own + pay_D[:, None] * before + given_back
    pop = (np.arange(days)[:, None] == stocks.first) & stocks.new
    busy = _ar1(np.zeros(n), daily[:, :, 2], *BUSY_CLUSTER)
    busy += BUSY_BY_VOL * (cluster + 0.5 * np.log(market_vol_D / MARKET_VOL)[:, None])
    market_part = stocks.beta * market_vol_D[:, None]
    vol = np.sqrt(idio_vol**2 + INDUSTRY_VOL**2 + market_part**2)
    return Latent(
        signal_DA=signal,
        transitory_DA=transitory,
        move_DA=move + np.where(pop, stocks.pop_logret, 0.0),
        vol_DA=vol,
        common_DA=market_part / vol,
        busy_DA=busy + 0.25 * np.minimum(np.abs(shock), 4.0) + np.where(young, 1.5, 0.0),
        noise_DAK=daily[:, :, 3:],
        halted_DA=_halts(seed, stocks, days),
        pay_D=pay_D,
        trace_DJ=trace_DJ,
    )


def _regimes(seed: int, sessions: ndarray) -> tuple[Float[ndarray, "D"], Float[ndarray, "D J"]]:
    """What a signal pays, over the usual, and how strong each trace is; the same all year."""
    years = years_of(sessions)
    spread = np.array([PAY_SPREAD] + [TRACE_SPREAD] * len(TRACES))
    known, place = np.unique(years, return_inverse=True)
    draws = [stream(seed, Purpose.REGIME, y).standard_normal(len(spread)) for y in known.tolist()]
    level = np.exp(spread * np.array(draws) - 0.5 * spread**2)[place]
    return level[:, 0], level[:, 1:]


def _common(
    seed: int, days: int
) -> tuple[Float[ndarray, "D"], Float[ndarray, "D G"], Float[ndarray, "D"]]:
    """Returns of the market and of the industries, and the market's volatility."""
    groups = len(INDUSTRIES)
    draws = np.stack(
        [stream(seed, Purpose.MARKET, t).standard_normal(2 + groups) for t in range(days)]
    )
    vol = MARKET_VOL * np.exp(_ar1(np.zeros(1), draws[:, :1], *MARKET_CLUSTER)[:, 0])
    return vol * draws[:, 1], INDUSTRY_VOL * draws[:, 2:], vol


def _skewed(shock: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
    r"""Student's t of mean 0 and variance 1, whose rises are larger than its falls.

    .. math:: x = (1 + \kappa\, \mathrm{sign}\, t)\, t - \kappa E|t|,
              \qquad E|t| = \frac{2 \sqrt{\nu}\, \Gamma((\nu + 1) / 2)}
                              {(\nu - 1) \sqrt{\pi}\, \Gamma(\nu / 2)}

    over the root of :math:`(1 + \kappa^2)\, \nu / (\nu - 2) - \kappa^2 E|t|^2`.
    """
    df, tilt = FAT_TAIL_DF, RISE_OVER_FALL
    size = 2 * sqrt(df) * gamma((df + 1) / 2) / ((df - 1) * sqrt(pi) * gamma(df / 2))
    variance = (1 + tilt**2) * df / (df - 2) - (tilt * size) ** 2
    return (shock + tilt * (np.abs(shock) - size)) / sqrt(variance)


def _ar1(
    start: Float[ndarray, "A"], shock_DA: Float[ndarray, "D A"], persistence: float, scale: float
) -> Float[ndarray, "D A"]:
    """Each day ``persistence`` times the day before plus ``scale`` times the day's shock."""
    out = np.empty(shock_DA.shape)
    level = start
    for t, shock in enumerate(shock_DA):
        level = persistence * level + scale * shock
        out[t] = level
    return out


def _young(stocks: Stocks, days: int) -> Bool[ndarray, "D A"]:
    age = np.arange(days)[:, None] - stocks.first
    return stocks.new & (age >= 0) & (age < YOUNG_DAYS)


def _halts(seed: int, stocks: Stocks, days: int) -> Bool[ndarray, "D A"]:
    """Suspensions that begin at random and last for some days, never soon after a listing."""
    n = len(stocks.symbols)
    out = np.zeros((days, n), dtype=bool)
    left = np.zeros(n, dtype=np.int64)
    for t in range(days):
        draw = stream(seed, Purpose.HALT, t).random((n, 2))
        length = 1 + np.floor(-np.log(1 - draw[:, 1]) * HALT_MEAN_DAYS).astype(np.int64)
        begins = (
            (draw[:, 0] < HALT_CHANCE) & (left == 0) & (t >= stocks.first + QUIET_AFTER_LISTING)
        )
        left = np.where(begins, np.minimum(length, HALT_MOST_DAYS), left)
        out[t] = left > 0
        left = np.maximum(left - 1, 0)
    return out
