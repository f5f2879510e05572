"""Half-hour bars of one stock's day straight from a vendor's rows, by the formulas of spec 5.3."""

import numpy as np
from common.plain_level2 import CLOSING, LUNCH, NOON, OPEN, Trades, minute_of, minutes, parents

BARS, ROWS, CONTINUOUS = 8, 30, 237


def by_bar(values: np.ndarray) -> np.ndarray:
    """Sums of the continuous minutes of each half hour."""
    kept = np.where(np.arange(240) < CONTINUOUS, values, 0.0)
    return kept.reshape(BARS, ROWS).sum(axis=1)


def trade_bars(t: Trades) -> dict[str, np.ndarray]:
    """Active sides and big orders [8]; an order is big from the mean of the day's orders on."""
    b, (buys, sells) = minutes(t), parents(t)
    theta = np.mean([*buys.values(), *sells.values()])
    inside, place = t.time >= OPEN, minute_of(t.time)
    big = []
    for ids, totals in ((t.buy, buys), (t.sell, sells)):
        mine = inside & np.array([totals[n] >= theta for n in ids.tolist()])
        big.append(np.bincount(place[mine], t.amount[mine], 240))
    net = (b["AB"] - b["AS"])[:CONTINUOUS]
    parts = [net[ROWS * k : ROWS * (k + 1)] for k in range(BARS)]
    return {
        "act_buy_ratio": by_bar(b["AB"]) / by_bar(b["AB"] + b["AS"]),
        "net_act_str": np.array([x.mean() / x.std() for x in parts]),
        "big_share": by_bar(big[0] + big[1]) / (2 * by_bar(b["A"])),
        "big_net_ratio": by_bar(big[0] - big[1]) / by_bar(b["A"]),
    }


def book_bars(book: dict[str, np.ndarray], t: Trades) -> dict[str, np.ndarray]:
    """Spread, depth and what came to the best prices [8]."""
    clock = book["time"]
    inside = ((clock >= OPEN) & (clock <= LUNCH)) | ((clock >= NOON) & (clock < CLOSING))
    clock, bp, ap, bq, aq = (book[k][inside] for k in ("time", "bp", "ap", "bq", "aq"))
    bar, late = minute_of(clock) // ROWS, clock >= NOON
    bid, ask = np.round(bp[:, 0], 2), np.round(ap[:, 0], 2)
    both = (bid > 0) & (ask > 0) & (bq[:, 0] > 0) & (aq[:, 0] > 0)
    with np.errstate(invalid="ignore"):
        spread = 2 * (ask - bid) / (ask + bid)
        depth = (bq.sum(axis=1) - aq.sum(axis=1)) / (bq.sum(axis=1) + aq.sum(axis=1))
    worth = bid * bq[:, 0] - ask * aq[:, 0]
    gained = np.append(0.0, np.where(late[1:] == late[:-1], np.diff(worth), 0.0))
    count = np.bincount(bar[both], minlength=BARS)
    return {
        "spread_mean": np.bincount(bar[both], spread[both], BARS) / count,
        "depth_imb_mean": np.bincount(bar[both], depth[both], BARS) / count,
        "netbid_ratio": np.bincount(bar, gained, BARS) / by_bar(minutes(t)["A"]),
    }
