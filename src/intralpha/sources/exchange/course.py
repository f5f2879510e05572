"""Course: where each stock's value goes on a day, and when its traders are busy.

Traces of the hidden signal are drawn here, each blurred by noise so that it shows only in many
stocks and days: a stock about to rise opens low and gains during the day (the day's return is the
same), sags towards noon and recovers late, and trades more of its volume late. One trace no sum of
simple factors can see: on a busy day such a stock runs ahead in the morning and falls back in the
afternoon, on a quiet day the other way round. The last is the side of the informed traders.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from intralpha.sources.exchange.flow import DayPlan
from intralpha.sources.exchange.streams import Purpose, stream

MINUTES, AUCTION_MINUTES = 240, 3
TICKS_PER_YUAN = 100
OVERNIGHT_SHARE, OVERNIGHT_NOISE, OVERNIGHT_TRACE = 0.20, 0.30, 0.036
BEND_NOISE, BEND_TRACE = 0.16, 0.065
TILT_NOISE, TILT_TRACE = 0.30, 0.08
SWING_TRACE, SWING_BUSY = 0.18, 0.3
INTRADAY_VOL = 1.0
JITTER = 0.4
VARIANCE_SHAPE, VOLUME_SHAPE = (12.0, 0.0), (3.0, 0.7)
BUSY_PERSISTENCE, BUSY_SPREAD, BUSY_VARIANCE, BUSY_TOGETHER = 0.97, 0.6, 2.0, 0.3
LOCKED_ACTIVITY = 0.3
WIDE_BAND = 3.0
TRADED_SHARE = 0.29  # of the shares entered, how much trades; the rest is taken back


@dataclass(frozen=True, eq=False)
class Session:
    """What is given before the first order of a session; axis A: stocks.

    Attributes
    ----------
    preclose, up, down : ticks; ``up`` is far away and ``down`` 1 where there is no limit
    logret : log return from the preclose that the day aims at
    vol : daily volatility
    common : part of it that is the market's, as a correlation
    signal : of the stock, times the strength of the traces
    busy : log of the day's volume over the usual
    trace : how strongly it shows in each of ``latent.TRACES``
    noise : three standard normals that blur them
    shares : expected volume of the day
    orders : expected number of orders
    halted : nothing trades
    closing_auction, shanghai : conventions
    least, step : shares of a buy order, smallest and step above it
    """

    preclose: Int[ndarray, "A"]
    up: Int[ndarray, "A"]
    down: Int[ndarray, "A"]
    logret: Float[ndarray, "A"]
    vol: Float[ndarray, "A"]
    common: Float[ndarray, "A"]
    signal: Float[ndarray, "A"]
    busy: Float[ndarray, "A"]
    trace: Float[ndarray, "J"]
    noise: Float[ndarray, "A 3"]
    shares: Float[ndarray, "A"]
    orders: Float[ndarray, "A"]
    halted: Bool[ndarray, "A"]
    closing_auction: Bool[ndarray, "A"]
    shanghai: Bool[ndarray, "A"]
    least: Int[ndarray, "A"]
    step: Int[ndarray, "A"]


def closing_ticks(session: Session) -> Int[ndarray, "A"]:
    """The price the day ends at: the value at 15:00 on the tick grid, inside the limits."""
    value = np.rint(session.preclose * np.exp(session.logret)).astype(np.int64)
    close = np.clip(value, session.down, session.up)
    return np.where(session.halted, session.preclose, close)


def day_plans(
    session: Session, seed: int, number: int, half_spread_bps: float
) -> dict[int, DayPlan]:
    """The plan of every stock that trades, by its position.

    Parameters
    ----------
    session : the day
    seed, number : of the market and of the session; the same numbers give the same plans
    half_spread_bps : usual distance of the best quote from the value
    """
    busy = _busy(len(session.vol), seed, number)
    value, weight = _values(session, busy, seed, number), _weights(session, busy, seed, number)
    close = closing_ticks(session)
    wide = np.ceil(WIDE_BAND * session.preclose).astype(np.int64)
    narrow = np.maximum((session.preclose / WIDE_BAND).astype(np.int64), 1)
    high = np.maximum(np.minimum(session.up, wide), close)
    low = np.minimum(np.maximum(session.down, narrow), close)
    spread = np.maximum(half_spread_bps * 1e-4 * session.preclose, 0.5)
    locked = (value[:, 1:] > high[:, None]) | (value[:, 1:] < low[:, None])
    weight *= np.where(locked, LOCKED_ACTIVITY, 1.0)
    return {
        i: DayPlan(
            value[i],
            weight[i],
            int(low[i]),
            int(high[i]),
            int(session.preclose[i]),
            int(close[i]),
            float(session.orders[i]),
            float(session.shares[i] / session.orders[i] / TRADED_SHARE),
            int(session.least[i]),
            int(session.step[i]),
            float(spread[i]),
            float(session.trace[4] * session.signal[i]),
            bool(session.shanghai[i]),
            bool(session.closing_auction[i]),
        )
        for i in np.flatnonzero(~session.halted).tolist()
    }


def _clock() -> Float[ndarray, "M"]:
    """Share of the session gone by at the end of each minute."""
    return np.arange(1, MINUTES + 1) / MINUTES


def _u_shape(open_height: float, close_height: float) -> Float[ndarray, "M"]:
    """Busy at the open, quiet at noon, busier at the close; sums to 1."""
    clock = _clock()
    shape = 1 + open_height * np.exp(-clock / 0.08) + close_height * np.exp((clock - 1) / 0.1)
    return shape / shape.sum()


def _busy(n: int, seed: int, number: int) -> Float[ndarray, "A M"]:
    """Log of how busy each minute is over the usual: spells that last half an hour or so.

    In a busy spell a stock trades more and its value moves more.
    """
    own = stream(seed, Purpose.SPELL, number).standard_normal((n, MINUTES))
    draws = np.sqrt(1 - BUSY_TOGETHER) * own + np.sqrt(BUSY_TOGETHER) * _together(seed, number)[1]
    draws[:, 1:] *= np.sqrt(1 - BUSY_PERSISTENCE**2)
    spells = np.multiply(draws.T, BUSY_SPREAD, order="C")
    for minute in range(1, MINUTES):
        spells[minute] += BUSY_PERSISTENCE * spells[minute - 1]
    return np.ascontiguousarray(spells.T)


def _together(seed: int, number: int) -> Float[ndarray, "2 M"]:
    """What happens to all stocks in the same minute: of the value, and of how busy it is."""
    return stream(seed, Purpose.TOGETHER, number).standard_normal((2, MINUTES))


def _values(
    session: Session, busy: Float[ndarray, "A M"], seed: int, number: int
) -> Float[ndarray, "A edges"]:
    """Value in ticks at the open and at the end of each minute, limits not applied."""
    draws = stream(seed, Purpose.PATH, number).standard_normal((len(session.vol), MINUTES))
    common = session.common[:, None]
    draws = np.sqrt(1 - common**2) * draws + common * _together(seed, number)[0]
    variance = _u_shape(*VARIANCE_SHAPE) * np.exp(BUSY_VARIANCE * busy)
    variance /= variance.sum(axis=1, keepdims=True)
    gone = np.cumsum(variance, axis=1)
    walk = np.cumsum(draws * np.sqrt(variance), axis=1)
    bridge = walk - gone * walk[:, -1:]
    vol, signal, noise = session.vol, session.signal, session.noise
    overnight = OVERNIGHT_SHARE * session.logret + vol * (
        OVERNIGHT_NOISE * noise[:, 0] - OVERNIGHT_TRACE * session.trace[0] * signal
    )
    bend = vol * (BEND_NOISE * noise[:, 1] - BEND_TRACE * session.trace[1] * signal)
    clock = _clock()
    path = np.empty((len(vol), MINUTES + 1))
    path[:, 0] = overnight
    path[:, 1:] = overnight[:, None] + (session.logret - overnight)[:, None] * gone
    path[:, 1:] += INTRADAY_VOL * vol[:, None] * bridge
    path[:, 1:] += bend[:, None] * (4 * clock * (1 - clock))
    swing = vol * SWING_TRACE * session.trace[3] * signal * np.tanh(session.busy / SWING_BUSY)
    path[:, 1:] += swing[:, None] * np.sin(2 * np.pi * clock)
    return session.preclose[:, None] * np.exp(path)


def _weights(
    session: Session, busy: Float[ndarray, "A M"], seed: int, number: int
) -> Float[ndarray, "A M"]:
    """Share of the day's events in each minute of continuous trading."""
    rng = stream(seed, Purpose.VOLUME, number)
    jitter = rng.standard_normal((len(session.vol), MINUTES), dtype=np.float32)
    tilt = TILT_NOISE * session.noise[:, 2] + TILT_TRACE * session.trace[2] * session.signal
    weight = _u_shape(*VOLUME_SHAPE) * np.exp(
        busy + tilt[:, None] * (2 * _clock() - 1) + JITTER * jitter
    )
    weight[session.closing_auction, -AUCTION_MINUTES:] = 0.0
    return weight / weight.sum(axis=1, keepdims=True)
