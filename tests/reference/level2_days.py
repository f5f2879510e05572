"""Stock-days of trades, orders and snapshots: ordinary ones, and every way to be degenerate."""

from dataclasses import replace

import numpy as np

from .level2_day import (
    AFTERNOON,
    AUCTION,
    BOOK,
    CLOSE,
    LEVELS,
    NOON,
    OPEN,
    ORDER,
    TRADE,
    Level2Day,
    at,
    minutes_of,
    none,
    parent_amounts,
    with_trades,
)
from .stats import NAN

EDGES = (
    *("09:30:00", "09:59:59.999", "10:00:00", "11:29:59.999", "11:30:00", "13:00:00"),
    *("14:29:59.999", "14:30:00", "14:56:59.999", "14:57:00", "14:59:59.999", "15:00:00"),
)


def _times(rng: np.random.Generator, n: int, end: int) -> np.ndarray:
    """Times of continuous trading, ascending."""
    morning = NOON - OPEN
    found = rng.integers(0, morning + end - AFTERNOON, n)
    return np.sort(np.where(found < morning, OPEN + found, AFTERNOON + found - morning))


def _trades(rng: np.random.Generator, n: int, price: float, end: int) -> dict[str, np.ndarray]:
    """Trades of orders that are filled in several parts; both auctions without an active side."""
    time = np.concatenate([np.full(8, at("09:25:00")), _times(rng, n - 12, end), np.full(4, CLOSE)])
    steps = rng.choice([-1, 0, 0, 1], n)
    steps[:8] = steps[-4:] = 0
    ids = np.sort(rng.integers(1, max(n // 2, 2), (2, n)), axis=1) + rng.integers(0, 9, (2, n))
    side = rng.choice([1, -1, 1, -1, 0], n)
    inside = (time >= OPEN) & (time < end)
    return {
        "time": time,
        "price": np.round(price + 0.01 * np.cumsum(steps), 2),
        "volume": 100 * np.ceil(rng.lognormal(1, 1.2, n)).astype(np.int64),
        "buy_id": 2 * ids[0],
        "sell_id": 2 * ids[1] + 1,
        "side": np.where(inside, side, 0),
    }


def _orders(rng: np.random.Generator, n: int, price: float, end: int) -> dict[str, np.ndarray]:
    """New orders and cancels; one in twenty is a market order without a price."""
    time = np.concatenate(
        [np.full(9, at("09:20:00")), _times(rng, n - 12, end), np.full(3, AUCTION)]
    )
    limit = np.round(price + 0.01 * rng.integers(-40, 40, n), 2)
    return {
        "time": time,
        "price": np.where(rng.random(n) < 0.05, 0.0, limit),
        "volume": 100 * np.ceil(rng.lognormal(1.5, 1.3, n)).astype(np.int64),
        "side": rng.choice([1, -1], n),
        "cancel": rng.random(n) < 0.2,
    }


def _snapshots(rng: np.random.Generator, n: int, price: float, end: int) -> dict[str, np.ndarray]:
    """The book, one row in ten with an empty side; auctions show one level of both sides."""
    early = [at("09:25:00"), at("09:29:57")]
    time = np.unique(np.concatenate([early, _times(rng, n, end), [AUCTION + 3000, CLOSE]]))
    n = len(time)
    mid = price + 0.01 * np.cumsum(rng.choice([-1, 0, 0, 1], n))
    out = {"time": time}
    empty = rng.choice(["bid", "ask", "", "", "", "", "", "", "", ""], n)
    for side, sign in (("bid", -1), ("ask", 1)):
        there = empty != side
        for level in LEVELS:
            gap = 0.01 * (level - (sign < 0))
            out[f"{side}_price{level}"] = np.where(there, np.round(mid + sign * gap, 2), 0.0)
            shares = 100 * np.ceil(rng.lognormal(2, 1, n)).astype(np.int64)
            out[f"{side}_volume{level}"] = np.where(there, shares, 0)
            out[f"{side}_orders{level}"] = np.where(there, rng.integers(1, 30, n), 0)
    return out


def ordinary(
    rng: np.random.Generator,
    price: float = 20.0,
    trades: int = 700,
    orders: int = 600,
    snapshots: int = 400,
    closing_auction: bool = True,
) -> Level2Day:
    """A random day; about a fifth of the orders are big."""
    end = AUCTION if closing_auction else CLOSE
    day = Level2Day(
        trades=_trades(rng, trades, price, end),
        orders=_orders(rng, orders, price, end),
        snapshots=_snapshots(rng, snapshots, price, end),
        preclose=price,
        up_limit=round(1.1 * price, 2),
        down_limit=round(0.9 * price, 2),
        closing_auction=closing_auction,
    )
    return big_above(day, 0.8)


def big_above(day: Level2Day, share: float) -> Level2Day:
    """Thresholds a little above quantiles of the day's own orders."""
    amounts = np.concatenate([parent_amounts(day, side) for side in ("buy", "sell")])
    middle, theta = (1.00001 * float(np.quantile(amounts, q)) for q in (share / 2, share))
    return replace(day, theta=theta, middle=middle)


def kept(rows: dict[str, np.ndarray], mask: np.ndarray) -> dict[str, np.ndarray]:
    """Some of the rows."""
    return {name: values[mask] for name, values in rows.items()}


def part_of_day(day: Level2Day, start: int, end: int) -> Level2Day:
    """Rows from one time to another, the later one left out."""
    tables = {}
    for name in ("trades", "orders", "snapshots"):
        rows = getattr(day, name)
        tables[name] = kept(rows, (rows["time"] >= start) & (rows["time"] < end))
    return replace(day, **tables)


def locked(day: Level2Day, first: int, last: int, limit: float) -> Level2Day:
    """Minutes first..last trade at a limit only."""
    m = minutes_of(day.trades["time"])
    price = np.where((m >= first) & (m <= last), limit, day.trades["price"])
    return with_trades(day, price=price)


def _every_minute(rng: np.random.Generator, price: float) -> Level2Day:
    """A day with at least one trade in every minute of continuous trading."""
    day = ordinary(rng, price, trades=900)
    starts = np.concatenate([OPEN + 60_000 * np.arange(120), AFTERNOON + 60_000 * np.arange(117)])
    time = day.trades["time"].copy()
    time[8 : 8 + len(starts)] = starts + 500
    time[8:-4] = np.sort(time[8:-4])
    return with_trades(day, time=time)


def _at_the_edges(rng: np.random.Generator) -> Level2Day:
    """Rows stamped exactly where a window or a session begins or ends."""
    day, edges = ordinary(rng), np.array([at(clock) for clock in EDGES])
    trades = with_trades(day, time=np.sort(rng.choice(edges, len(day.trades["time"])))).trades
    trades["side"] = np.where(trades["time"] < AUCTION, trades["side"], 0)
    orders = day.orders | {"time": np.sort(rng.choice(edges, len(day.orders["time"])))}
    book = kept(day.snapshots, np.arange(len(day.snapshots["time"])) < len(edges))
    return replace(day, trades=trades, orders=orders, snapshots=book | {"time": edges})


def _in_auction(day: Level2Day) -> np.ndarray:
    return (day.trades["time"] < OPEN) | (day.trades["time"] >= AUCTION)


def _first(day: Level2Day, trades: int, orders: int) -> Level2Day:
    """So many trades and orders of continuous trading."""
    inside = np.flatnonzero((day.trades["time"] >= OPEN) & (day.trades["time"] < AUCTION))
    new = np.flatnonzero((day.orders["time"] >= OPEN) & ~day.orders["cancel"])
    found = {n: x[inside[:trades]] for n, x in day.trades.items()}
    return replace(day, trades=found, orders={n: x[new[:orders]] for n, x in day.orders.items()})


def _huge(day: Level2Day) -> Level2Day:
    volume, entered = day.trades["volume"].copy(), day.orders["volume"].copy()
    volume[200], entered[100] = 400_000_000, 990_000_000
    return replace(with_trades(day, volume=volume), orders=day.orders | {"volume": entered})


def _one_side(day: Level2Day, side: int) -> Level2Day:
    active = np.where(day.trades["side"] != 0, side, 0)
    orders = day.orders | {"side": np.full(len(day.orders["side"]), side)}
    return replace(with_trades(day, side=active), orders=orders)


def _active(day: Level2Day) -> Level2Day:
    """In continuous trading somebody is always active."""
    inside = (day.trades["time"] >= OPEN) & (day.trades["time"] < AUCTION)
    by_turns = np.where(np.arange(len(inside)) % 2, 1, -1)
    return with_trades(day, side=np.where(inside, by_turns, 0))


def _exact_theta(day: Level2Day) -> Level2Day:
    """The threshold is the amount of an order, and so is the middle."""
    theta, middle = np.sort(parent_amounts(day, "buy"))[[-5, 40]].tolist()
    return replace(day, theta=theta, middle=middle)


def _ids(rng: np.random.Generator, day: Level2Day, share: float) -> Level2Day:
    """That share of the trades does not know its orders."""
    gone = rng.random((2, len(day.trades["time"]))) < share
    ids = [np.where(gone[i], 0, day.trades[f"{n}_id"]) for i, n in enumerate(("buy", "sell"))]
    return with_trades(day, buy_id=ids[0], sell_id=ids[1])


def _unknown_ids(rng: np.random.Generator, day: Level2Day) -> Level2Day:
    """Neighbours without an order: 0 twice and more in a row, and below 0."""
    ids = {n: day.trades[n].copy() for n in ("buy_id", "sell_id")}
    for values in ids.values():
        start = rng.integers(0, len(values), 60)
        for lo, number in zip(start, rng.choice([0, 0, -1, -7], 60), strict=True):
            values[lo : lo + 4] = number
    return big_above(with_trades(day, **ids), 0.8)


def _same_stamps(day: Level2Day) -> Level2Day:
    """Trades and orders stamped in whole minutes only, many of them alike."""
    tables = {n: getattr(day, n) for n in ("trades", "orders")}
    return replace(
        day, **{n: t | {"time": t["time"] // 60_000 * 60_000} for n, t in tables.items()}
    )


def _book_without(day: Level2Day, side: str, parts: tuple[str, ...], rows: slice) -> Level2Day:
    """Some snapshots show no price, shares or orders of a side, at any level."""
    book = {n: x.copy() for n, x in day.snapshots.items()}
    for name in (f"{side}_{part}{n}" for part in parts for n in LEVELS):
        book[name][rows] = 0
    return replace(day, snapshots=book)


def _books(base: Level2Day, busy: Level2Day) -> dict[str, Level2Day]:
    """Books that lack a side, or shares at its best price."""
    all_day, whole = slice(None), ("price", "volume", "orders")
    hollow = {n: x.copy() for n, x in base.snapshots.items()}
    hollow["bid_volume1"][::5] = 0
    hollow["ask_volume1"][::7] = 0
    at_limit = locked(busy, 0, 240, busy.up_limit)
    return {
        "limit_book": _book_without(at_limit, "ask", whole, all_day),
        "no_bids": _book_without(base, "bid", whole, all_day),
        "no_asks_at_first": _book_without(base, "ask", whole, slice(0, 120)),
        "hollow_book": replace(base, snapshots=hollow),
    }


def _ids_and_stamps(rng: np.random.Generator) -> dict[str, Level2Day]:
    """Orders that nobody knows, or that are all one, and rows of one time."""
    one = ordinary(rng)
    return {
        "unknown_ids": _unknown_ids(rng, ordinary(rng)),
        "one_buy_order": with_trades(one, buy_id=np.full(len(one.trades["time"]), 12)),
        "same_stamps": _same_stamps(ordinary(rng)),
    }


def _limits(rng: np.random.Generator) -> dict[str, Level2Day]:
    base = _every_minute(rng, 20.0)
    old = ordinary(rng, 20.0, 900, closing_auction=False)
    return {
        "locked_up": locked(base, 0, 240, base.up_limit),
        "locked_60": locked(base, 1, 144, base.up_limit),
        "locked_118": locked(base, 1, 118, base.up_limit),
        "locked_119": locked(base, 1, 119, base.up_limit),
        "locked_late": locked(base, 200, 240, base.down_limit),
        "locked_early": locked(base, 3, 25, base.up_limit),
        "old_sse_locked": locked(old, 0, 240, old.down_limit),
        "locked_early_big": replace(_active(locked(base, 3, 25, base.up_limit)), theta=1.0),
        "no_limits": replace(ordinary(rng), up_limit=NAN, down_limit=NAN),
    }


def _shapes(rng: np.random.Generator) -> dict[str, Level2Day]:
    base = ordinary(rng)
    flat = with_trades(base, price=np.full(len(base.trades["price"]), 20.0))
    return {
        "flat": replace(flat, orders=base.orders | {"price": np.full(600, 20.0)}),
        "only_buys": _one_side(base, 1),
        "only_sells": _one_side(base, -1),
        "no_sides": with_trades(base, side=np.zeros(len(base.trades["side"]))),
        "without_ids": big_above(_ids(rng, base, 1.0), 0.9),
        "some_ids": _ids(rng, base, 0.3),
        "huge_order": _huge(base),
        "theta_unknown": replace(base, theta=NAN, middle=NAN),
        "theta_exact": _exact_theta(base),
        "theta_alone": replace(base, middle=NAN),
        "all_big": replace(base, theta=1.0),
        "none_big": replace(base, theta=1e15),
    }


def _parts(rng: np.random.Generator) -> dict[str, Level2Day]:
    base = _every_minute(rng, 12.0)
    return {
        "auction_only": part_of_day(base, at("09:15:00"), OPEN),
        "auctions_only": replace(base, trades=kept(base.trades, _in_auction(base))),
        "morning_only": part_of_day(base, at("09:15:00"), NOON + 1),
        "afternoon_only": part_of_day(base, AFTERNOON, CLOSE + 1),
        "no_opening": part_of_day(base, OPEN, CLOSE + 1),
        "first_60": part_of_day(base, at("09:15:00"), at("10:30:00")),
        "first_59": part_of_day(base, at("09:15:00"), at("10:29:00")),
        "late_start": part_of_day(base, at("09:52:00"), CLOSE + 1),
        "one_trade": _first(base, 1, 1),
        "few": _first(base, 59, 99),
        "just_enough": _first(base, 60, 230),
        "no_orders": replace(base, orders=none(ORDER)),
        "no_snapshots": replace(base, snapshots=none(("time", *BOOK))),
        "empty": replace(base, trades=none(TRADE), orders=none(ORDER)),
        "suspended": replace(base, suspended=True),
    }


def level2_days(seed: int) -> dict[str, Level2Day]:
    """Named days."""
    rng = np.random.default_rng(seed)
    plain = {
        "random": ordinary(rng),
        "busy": _every_minute(rng, 33.3),
        "dear": ordinary(rng, 1700.0),
        "cheap": ordinary(rng, 2.5, trades=1500),
        "thin": ordinary(rng, 8.0, trades=80, orders=140, snapshots=70),
        "old_sse": ordinary(rng, closing_auction=False),
        "edges": _at_the_edges(rng),
    }
    books = _books(ordinary(rng), _every_minute(rng, 20.0))
    return plain | _limits(rng) | _shapes(rng) | _parts(rng) | books | _ids_and_stamps(rng)
