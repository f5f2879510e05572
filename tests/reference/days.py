"""Days to test with: ordinary ones and every way a day can be degenerate."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .day import LAST_CONTINUOUS, MINUTES, MinuteDay
from .stats import NAN


def _tick(price: np.ndarray | float) -> np.ndarray:
    return np.round(np.asarray(price, dtype=np.float64), 2)


def _fill(rows: dict[str, np.ndarray], traded: np.ndarray, first: float) -> None:
    """Rows without trades repeat the close before them, as the grid asks [Spec 2.2]."""
    last = first
    for m in range(MINUTES):
        if traded[m]:
            last = rows["close"][m]
            continue
        for name in ("open", "high", "low", "close"):
            rows[name][m] = last
        for name in ("volume", "amount", "trades"):
            rows[name][m] = 0.0


def _busy(traded: np.ndarray, closing_auction: bool) -> np.ndarray:
    """The rows 238 and 239 never trade on a day that ends in an auction."""
    busy = np.asarray(traded, dtype=bool).copy()
    if closing_auction:
        busy[LAST_CONTINUOUS : MINUTES - 1] = False
    return busy


def _volumes(rng: np.random.Generator, shares: float) -> np.ndarray:
    shape = 1.0 + 1.5 * np.abs(np.linspace(-1, 1, MINUTES)) ** 3
    return np.maximum(np.round(shares * shape * rng.lognormal(0, 0.8, MINUTES) / 100), 1) * 100


def ordinary(
    rng: np.random.Generator,
    preclose: float = 20.0,
    traded: np.ndarray | None = None,
    closing_auction: bool = True,
    shares: float = 20_000.0,
    rounded: Callable[[np.ndarray], np.ndarray] = _tick,
    step: float = 8e-4,
    limits: bool = True,
) -> MinuteDay:
    """A random walk on the price grid; rows of ``traded`` that are False are filled."""
    busy = _busy(np.ones(MINUTES) if traded is None else traded, closing_auction)
    start = preclose * np.exp(rng.normal(0, 5 * step))
    close = rounded(start * np.exp(np.cumsum(step * rng.standard_t(4, MINUTES))))
    opened = rounded(np.append(start, close[:-1]) * np.exp(rng.normal(0, step / 3, MINUTES)))
    reach = np.abs(rng.normal(0, step / 2, (2, MINUTES)))
    high = rounded(np.maximum(opened, close) * (1 + reach[0]))
    low = rounded(np.minimum(opened, close) * (1 - reach[1]))
    if closing_auction:
        opened[-1] = high[-1] = low[-1] = close[-1]
    volume = _volumes(rng, shares)
    vwap = low + (high - low) * rng.random(MINUTES)
    trades = np.maximum(1.0, np.round(volume / rng.lognormal(6.5, 0.4, MINUTES)))
    rows = {"open": opened, "high": high, "low": low, "close": close}
    rows |= {"volume": volume, "amount": vwap * volume, "trades": trades}
    print_price = float(rounded(np.array([start]))[0])
    _fill(rows, busy, print_price)
    return MinuteDay(
        **rows,
        preclose=preclose,
        up_limit=float(_tick(preclose * 1.1)) if limits else NAN,
        down_limit=float(_tick(preclose * 0.9)) if limits else NAN,
        closing_auction=closing_auction,
        auction_price=print_price,
        auction_volume=10 * shares,
        auction_amount=10 * shares * print_price,
        auction_trades=40.0,
        suspended=False,
    )


def without_auction(day: MinuteDay) -> MinuteDay:
    """The same day with no print at 09:25."""
    return replace(
        day, auction_price=NAN, auction_volume=0.0, auction_amount=0.0, auction_trades=0.0
    )


def still(day: MinuteDay, price: float) -> MinuteDay:
    """The same volumes, all at one price."""
    flat = {name: np.full(MINUTES, price) for name in ("open", "high", "low", "close")}
    return replace(
        day,
        **flat,
        amount=day.volume * price,
        auction_price=price,
        auction_amount=day.auction_volume * price,
    )


def pinned(day: MinuteDay, start: int, stop: int, price: float) -> MinuteDay:
    """Minutes start..stop-1 (from 0) trade at one price only, as at a limit."""
    rows = {name: getattr(day, name).copy() for name in ("open", "high", "low", "close", "amount")}
    for name in ("open", "high", "low", "close"):
        rows[name][start:stop] = price
    rows["amount"][start:stop] = day.volume[start:stop] * price
    return replace(day, **rows)


def _huge(day: MinuteDay, m: int) -> MinuteDay:
    volume, amount, trades = day.volume.copy(), day.amount.copy(), day.trades.copy()
    volume[m], amount[m], trades[m] = 1e9, 1e9 * day.low[m], 1e5
    return replace(day, volume=volume, amount=amount, trades=trades)


def _near_constant(rng: np.random.Generator) -> MinuteDay:
    day = ordinary(rng, 10.0, rounded=lambda price: price, step=1e-7)
    return replace(day, preclose=10.0)


def suspended_day(price: float) -> MinuteDay:
    """A day without trading: every row repeats the previous close."""
    flat, none = np.full(MINUTES, price), np.zeros(MINUTES)
    up, down = float(_tick(price * 1.1)), float(_tick(price * 0.9))
    return MinuteDay(flat, flat, flat, flat, none, none, none, price, up, down, suspended=True)


def _degenerate(rng: np.random.Generator) -> dict[str, MinuteDay]:
    base = ordinary(rng)
    none, one = np.zeros(MINUTES), np.arange(MINUTES) == 77
    tiny = ordinary(rng, 3.0, rng.random(MINUTES) < 0.4, shares=1.0)
    return {
        "zero_volume": without_auction(ordinary(rng, traded=none)),
        "auction_only": ordinary(rng, traded=none),
        "constant_price": still(base, 20.0),
        "one_trade": without_auction(ordinary(rng, traded=one)),
        "limit_locked": still(base, base.up_limit),
        "limit_locked_down_old_sse": still(ordinary(rng, closing_auction=False), base.down_limit),
        "locked_60": pinned(base, 0, 144, base.up_limit),
        "locked_25": pinned(base, 100, 160, base.up_limit),
        "locked_late": pinned(base, 200, MINUTES, base.down_limit),
        "suspended": suspended_day(20.0),
        "half_missing": ordinary(rng, traded=rng.random(MINUTES) < 0.5),
        "mostly_missing": ordinary(rng, traded=rng.random(MINUTES) < 0.22),
        "tiny_volumes": tiny,
        "one_huge_minute": _huge(base, 150),
        "near_constant": _near_constant(rng),
    }


def days(seed: int) -> dict[str, MinuteDay]:
    """Named days: four ordinary ones and the degenerate ones."""
    rng = np.random.default_rng(seed)
    ordinary_days = {
        "random": ordinary(rng),
        "random_dear": ordinary(rng, 1500.0, shares=800.0),
        "random_cheap": ordinary(rng, 2.5, shares=300_000.0),
        "random_no_limits": ordinary(rng, 33.0, step=4e-3, limits=False),
        "old_sse": ordinary(rng, closing_auction=False),
    }
    return ordinary_days | _degenerate(rng)


def history(seed: int, n: int = 20) -> tuple[list[MinuteDay], np.ndarray]:
    """Consecutive days with a suspension (day 7) and a 2-for-1 split before day 13.

    Returns the days and the adjust factor of each: price times factor is comparable.
    """
    rng = np.random.default_rng(seed)
    price, factor, out, factors = 20.0, 1.0, [], []
    for d in range(n):
        if d == 13:
            price, factor = float(_tick(price / 2)), 2.0
        day = suspended_day(price) if d == 7 else ordinary(rng, price, rng.random(MINUTES) < 0.8)
        price = float(day.close[-1])
        out.append(day)
        factors.append(factor)
    return out, np.array(factors)
