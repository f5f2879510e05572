"""One stock and one day of trades, orders and snapshots, and what [Spec 2.1, 2.2, 2.5] makes of it.

Slow loops over rows, in the order of the specification.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from .day import MINUTES, MinuteDay
from .stats import NAN

TRADE = ("time", "price", "volume", "buy_id", "sell_id", "side")
ORDER = ("time", "price", "volume", "side", "cancel")
LEVELS = range(1, 11)
BOOK = tuple(
    f"{s}_{w}{n}" for s in ("bid", "ask") for w in ("price", "volume", "orders") for n in LEVELS
)


def at(clock: str) -> int:
    """Milliseconds since midnight of ``09:30:00`` or ``14:56:59.999``."""
    hour, minute, second = clock.split(":")
    return 3_600_000 * int(hour) + 60_000 * int(minute) + round(1000 * float(second))


OPEN, NOON, AFTERNOON = at("09:30:00"), at("11:30:00"), at("13:00:00")
AUCTION, CLOSE = at("14:57:00"), at("15:00:00")


def none(names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """No rows."""
    return {name: np.zeros(0) for name in names}


@dataclass(frozen=True)
class Level2Day:
    """Rows as the lake has them, a dict of columns each, in their order; both auctions inside.

    Times are ms since midnight, prices CNY, volumes shares. ``side`` is 1, -1 or, where nobody
    was active, 0. A limit that does not exist is NaN. ``theta`` and ``middle`` (CNY) are
    [Spec 2.6]'s exp(mu + sigma) and exp(mu) of the sessions before, NaN where unknown.
    """

    trades: dict[str, np.ndarray]
    orders: dict[str, np.ndarray] = field(default_factory=lambda: none(ORDER))
    snapshots: dict[str, np.ndarray] = field(default_factory=lambda: none(("time", *BOOK)))
    preclose: float = 20.0
    up_limit: float = NAN
    down_limit: float = NAN
    theta: float = NAN
    middle: float = NAN
    closing_auction: bool = True
    suspended: bool = False

    @property
    def amount(self) -> np.ndarray:
        """CNY of every trade."""
        return self.trades["price"] * self.trades["volume"]

    @property
    def day_amount(self) -> float:
        """CNY of all trades, auctions included."""
        return float(self.amount.sum())

    @cached_property
    def grid(self) -> MinuteDay:
        """Of :func:`minute_day`, made once: from here on nobody may change what it is made of."""
        for name in ("time", "price", "volume"):
            self.trades[name].flags.writeable = False
        return _minute_day(self)


def is_continuous(day: Level2Day, time: float) -> bool:
    """Whether a row stamped so is of continuous trading."""
    afternoon = time < AUCTION if day.closing_auction else time <= CLOSE
    return OPEN <= time <= NOON or (time >= AFTERNOON and afternoon)


def continuous(day: Level2Day, time: np.ndarray) -> np.ndarray:
    """That of every row."""
    return np.array([is_continuous(day, t) for t in time], dtype=bool)


def minute_of(time: float) -> int:
    """Minute m = 1..240 of a time from 09:30 on; 11:30:00 and 15:00:00 close their minutes."""
    if time < AFTERNOON:
        return min(int((time - OPEN) // 60_000) + 1, 120)
    return min(int((time - AFTERNOON) // 60_000) + 121, MINUTES)


def minutes_of(time: np.ndarray) -> np.ndarray:
    """That of every row; 0 before 09:30."""
    return np.array([minute_of(t) if t >= OPEN else 0 for t in time], dtype=int)


def minute_day(day: Level2Day) -> MinuteDay:
    """The minute grid made from the trades, the opening auction apart."""
    return day.grid


def _minute_day(day: Level2Day) -> MinuteDay:
    rows = {n: np.zeros(MINUTES) for n in ("open", "high", "low", "close")}
    sizes = {n: np.zeros(MINUTES) for n in ("volume", "amount", "trades")}
    auction = {"price": NAN, "volume": 0.0, "amount": 0.0, "trades": 0.0}
    time, price, volume = (day.trades[n] for n in ("time", "price", "volume"))
    for t, p, q in zip(time, price, volume, strict=True):
        if t < OPEN:
            auction["price"] = p
            for name, size in (("volume", q), ("amount", p * q), ("trades", 1.0)):
                auction[name] += size
            continue
        m = minute_of(t) - 1
        if not sizes["trades"][m]:
            rows["open"][m] = rows["high"][m] = rows["low"][m] = p
        rows["high"][m], rows["low"][m] = max(rows["high"][m], p), min(rows["low"][m], p)
        rows["close"][m] = p
        for name, size in (("volume", q), ("amount", p * q), ("trades", 1.0)):
            sizes[name][m] += size
    last = auction["price"] if auction["trades"] else day.preclose
    for m in range(MINUTES):
        if sizes["trades"][m]:
            last = rows["close"][m]
            continue
        for name in rows:
            rows[name][m] = last
    limits = {"up_limit": day.up_limit, "down_limit": day.down_limit}
    opening = {f"auction_{n}": x for n, x in auction.items()}
    return MinuteDay(
        **rows, **sizes, preclose=day.preclose, **limits, closing_auction=day.closing_auction,
        **opening, suspended=day.suspended,
    )  # fmt: skip


def order_totals(day: Level2Day) -> dict[str, np.ndarray]:
    """B and S of the buy and of the sell order behind every trade, over the whole day.

    A trade without an order id is an order of its own.
    """
    out = {}
    for side in ("buy", "sell"):
        ids, found = day.trades[f"{side}_id"], {}
        for i, amount in zip(ids, day.amount, strict=True):
            if i > 0:
                found[i] = found.get(i, 0.0) + amount
        own = zip(ids, day.amount, strict=True)
        out[side] = np.array([found[i] if i > 0 else amount for i, amount in own])
    return out


def parent_amounts(day: Level2Day, side: str) -> np.ndarray:
    """B_j or S_k, one number an order."""
    ids, found = day.trades[f"{side}_id"], {}
    for row, (i, amount) in enumerate(zip(ids, day.amount, strict=True)):
        key = ("id", i) if i > 0 else ("row", row)
        found[key] = found.get(key, 0.0) + amount
    return np.array(list(found.values()))


def flows(day: Level2Day) -> dict[str, np.ndarray]:
    """Active sides of every minute (CNY, trades) and the fills of big orders (CNY)."""
    names = ("AB", "AS", "NB", "NS", "big_buy", "big_sell")
    out = {name: np.zeros(MINUTES) for name in names}
    totals, m = order_totals(day), minutes_of(day.trades["time"]) - 1
    for i, amount in enumerate(day.amount):
        if m[i] < 0:
            continue
        side = day.trades["side"][i]
        if side:
            out["AB" if side > 0 else "AS"][m[i]] += amount
            out["NB" if side > 0 else "NS"][m[i]] += 1
        for name in ("buy", "sell"):
            out[f"big_{name}"][m[i]] += amount * (totals[name][i] >= day.theta)
    if np.isnan(day.theta):
        out |= {name: np.full(MINUTES, NAN) for name in ("big_buy", "big_sell")}
    return out


def _worth(price: float, shares: float) -> float:
    return price * shares if price > 0 else 0.0


def net_bids(day: Level2Day) -> np.ndarray:
    """Net bid increment of every minute, CNY [Spec 7]; NaN without any snapshot."""
    book = day.snapshots
    if not len(book["time"]):
        return np.full(MINUTES, NAN)
    out, before, half = np.zeros(MINUTES), 0.0, None
    for i in np.flatnonzero(continuous(day, book["time"])):
        bid = _worth(book["bid_price1"][i], book["bid_volume1"][i])
        now = bid - _worth(book["ask_price1"][i], book["ask_volume1"][i])
        morning = book["time"][i] <= NOON
        if half is morning:  # the first snapshot of a half has none before it
            out[minute_of(book["time"][i]) - 1] += now - before
        before, half = now, morning
    return out


def quotes(day: Level2Day) -> tuple[np.ndarray, np.ndarray]:
    """Relative spread and ten-level imbalance of every snapshot with both best quotes."""
    book, spread, imbalance = day.snapshots, [], []
    for i in np.flatnonzero(continuous(day, book["time"])):
        bid, ask = book["bid_price1"][i], book["ask_price1"][i]
        if bid > 0 and ask > 0 and book["bid_volume1"][i] > 0 and book["ask_volume1"][i] > 0:
            bids = sum(book[f"bid_volume{n}"][i] for n in LEVELS)
            asks = sum(book[f"ask_volume{n}"][i] for n in LEVELS)
            spread.append((ask - bid) / ((ask + bid) / 2))
            imbalance.append((bids - asks) / (bids + asks))
    return np.array(spread), np.array(imbalance)


def with_trades(day: Level2Day, **columns: np.ndarray) -> Level2Day:
    """The day with other columns of its trades."""
    return replace(day, trades=day.trades | columns)


def rounded(day: Level2Day) -> Level2Day:
    """The same day with prices as float32 stores them."""
    tables = {}
    for name in ("trades", "orders"):
        rows = getattr(day, name)
        tables[name] = rows | {"price": rows["price"].astype(np.float32).astype(np.float64)}
    return replace(day, **tables)
