"""One session of the simulated market, minute by minute, in ticks and shares."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from intralpha.sources.exchange.streams import Purpose, stream

MINUTES = 240
AUCTION_MINUTES = 3
TICKS_PER_YUAN = 100
# How the day's return splits, and how much of a signal of 1 each trace carries; see `_path`.
OVERNIGHT_SHARE, OVERNIGHT_NOISE, OVERNIGHT_TRACE = 0.35, 0.40, 0.10
BEND_NOISE, BEND_TRACE = 0.40, 0.10
TILT_NOISE, TILT_TRACE = 0.36, 0.09
INTRADAY_VOL = 0.8
LOCKED_VOLUME = 0.2


@dataclass(frozen=True, eq=False)
class Session:
    """What is given before the first trade of a session.

    Attributes
    ----------
    preclose, up, down : ticks; ``up`` and ``down`` are far away where there is no limit
    logret : log return from the preclose that the day aims at
    vol : daily volatility
    signal : of the stock, times the strength of the traces
    noise : three standard normals that blur them
    shares : expected volume of the day
    shares_a_trade : average size of a trade
    halted : nothing trades
    closing_auction : the last three minutes are one print
    """

    preclose: Int[ndarray, "A"]
    up: Int[ndarray, "A"]
    down: Int[ndarray, "A"]
    logret: Float[ndarray, "A"]
    vol: Float[ndarray, "A"]
    signal: Float[ndarray, "A"]
    noise: Float[ndarray, "A 3"]
    shares: Float[ndarray, "A"]
    shares_a_trade: Float[ndarray, "A"]
    halted: Bool[ndarray, "A"]
    closing_auction: Bool[ndarray, "A"]


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars of one session: prices in ticks, amount in ticks times shares, volume in shares."""

    open: Int[ndarray, "A T"]
    high: Int[ndarray, "A T"]
    low: Int[ndarray, "A T"]
    close: Int[ndarray, "A T"]
    volume: Int[ndarray, "A T"]
    amount: Int[ndarray, "A T"]
    trades: Int[ndarray, "A T"]

    def longer(self, minutes: int) -> "Bars":
        """Bars of that many of these bars each."""
        stocks, bars = self.open.shape
        shape = (stocks, bars // minutes, minutes)
        return Bars(
            open=self.open.reshape(shape)[:, :, 0],
            high=self.high.reshape(shape).max(axis=2),
            low=self.low.reshape(shape).min(axis=2),
            close=self.close.reshape(shape)[:, :, -1],
            volume=self.volume.reshape(shape).sum(axis=2),
            amount=self.amount.reshape(shape).sum(axis=2),
            trades=self.trades.reshape(shape).sum(axis=2),
        )


def trade_session(session: Session, seed: int, number: int) -> Bars:
    """Minute bars of a session.

    The opening auction is inside the first bar. Where there is a closing auction, the minutes
    14:58 and 14:59 are empty and the last one holds the print. A halted stock has bars without
    volume at its preclose.
    """
    close = _path(session, seed, number)
    edge = np.clip(close, session.down[:, None], session.up[:, None])
    edge[session.halted] = session.preclose[session.halted, None]
    opens, closes = edge[:, :-1].copy(), edge[:, 1:]
    opens[session.closing_auction, -1] = closes[session.closing_auction, -1]
    volume = _volume(session, opens, closes, seed, number)
    high, low = _range(session, opens, closes, volume > 0, seed, number)
    return Bars(
        open=opens,
        high=high,
        low=low,
        close=closes,
        volume=volume,
        amount=volume // 4 * (opens + high + low + closes),
        trades=-(-volume // np.maximum(session.shares_a_trade, 1.0)[:, None]).astype(np.int64),
    )


def _clock() -> Float[ndarray, "M"]:
    """Share of the session gone by at the end of each minute."""
    return np.arange(1, MINUTES + 1) / MINUTES


def _u_shape(open_height: float, close_height: float) -> Float[ndarray, "M"]:
    """Busy at the open, quiet at noon, busier at the close; sums to 1."""
    clock = _clock()
    shape = 1 + open_height * np.exp(-clock / 0.08) + close_height * np.exp((clock - 1) / 0.1)
    return shape / shape.sum()


def _path(session: Session, seed: int, number: int) -> Int[ndarray, "A edges"]:
    """Prices in ticks at the open and at the end of each minute, limits not yet applied.

    Two of the signal's traces are here. A stock about to rise opens low and gains during the day
    (the day's return is the same), and it sags towards noon and recovers late.
    """
    draws = stream(seed, Purpose.PATH, number).standard_normal((len(session.vol), MINUTES))
    variance = _u_shape(3.0, 0.8)
    gone = np.cumsum(variance)
    walk = np.cumsum(draws * np.sqrt(variance), axis=1)
    bridge = walk - gone * walk[:, -1:]
    vol, signal, noise = session.vol, session.signal, session.noise
    overnight = OVERNIGHT_SHARE * session.logret + vol * (
        OVERNIGHT_NOISE * noise[:, 0] - OVERNIGHT_TRACE * signal
    )
    bend = vol * (BEND_NOISE * noise[:, 1] - BEND_TRACE * signal)
    clock = _clock()
    path = np.empty((len(vol), MINUTES + 1))
    path[:, 0] = overnight
    path[:, 1:] = overnight[:, None] + (session.logret - overnight)[:, None] * gone
    path[:, 1:] += INTRADAY_VOL * vol[:, None] * bridge
    path[:, 1:] += bend[:, None] * (4 * clock * (1 - clock))
    ticks = np.rint(session.preclose[:, None] * np.exp(path)).astype(np.int64)
    last = ticks[:, MINUTES - AUCTION_MINUTES, None]
    quiet = slice(MINUTES - AUCTION_MINUTES + 1, MINUTES)
    ticks[:, quiet] = np.where(session.closing_auction[:, None], last, ticks[:, quiet])
    return ticks


def _volume(
    session: Session,
    opens: Int[ndarray, "A M"],
    closes: Int[ndarray, "A M"],
    seed: int,
    number: int,
) -> Int[ndarray, "A M"]:
    """Shares of each minute, multiples of 100; a locked price trades little.

    The third trace: a stock about to rise trades more of its volume late in the day.
    """
    rng = stream(seed, Purpose.VOLUME, number)
    jitter = rng.standard_normal(closes.shape, dtype=np.float32)
    usual = _u_shape(2.5, 1.5)
    usual[0] += 0.010
    tilt = TILT_NOISE * session.noise[:, 2] + TILT_TRACE * session.signal
    weight = usual * np.exp(tilt[:, None] * (2 * _clock() - 1) + 0.4 * jitter)
    auction = session.closing_auction
    weight[auction, -1] = weight[auction, -AUCTION_MINUTES:].sum(axis=1)
    shares = session.shares[:, None] * weight / weight.sum(axis=1, keepdims=True)
    locked = (opens == closes) & (
        (closes == session.up[:, None]) | (closes == session.down[:, None])
    )
    lots = np.maximum(np.rint(np.where(locked, LOCKED_VOLUME, 1.0) * shares / 100), 1)
    volume = lots.astype(np.int64) * 100
    volume[auction, -AUCTION_MINUTES:-1] = 0
    volume[session.halted] = 0
    return volume


def _range(
    session: Session,
    opens: Int[ndarray, "A M"],
    closes: Int[ndarray, "A M"],
    traded: Bool[ndarray, "A M"],
    seed: int,
    number: int,
) -> tuple[Int[ndarray, "A M"], Int[ndarray, "A M"]]:
    """High and low of each minute, inside the limits; a single print has no range."""
    rng = stream(seed, Purpose.RANGE, number)
    draws = rng.standard_normal(closes.shape, dtype=np.float32)
    reach = (0.5 * session.vol * session.preclose / np.sqrt(MINUTES)).astype(np.float32)
    moving = traded.copy()
    moving[session.closing_auction, -1] = False
    beyond = np.rint(np.where(moving, draws * reach[:, None], 0.0)).astype(np.int64)
    top, bottom = np.maximum(opens, closes), np.minimum(opens, closes)
    high = np.minimum(top + np.maximum(beyond, 0), session.up[:, None])
    low = np.maximum(bottom + np.minimum(beyond, 0), session.down[:, None])
    return np.maximum(high, top), np.minimum(low, bottom)
