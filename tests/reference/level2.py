"""Factors of trades, parent orders, orders and Level-2 minutes [Spec 3.2, 3.3, 4.3, 7].

Where the text is open: a factor of big orders is NaN without a threshold; trades and orders have
no least count but those of moments and correlations, and `day_outsize` asks for 60 trades; a sum
over no trade is 0. On a day locked for more than half its minutes only what has a price, a return
or an active side goes.
"""

import math

import numpy as np

from .level2_day import (
    Level2Day,
    continuous,
    flows,
    minute_day,
    minutes_of,
    net_bids,
    order_totals,
    parent_amounts,
    quotes,
)
from .minute15 import MINUTE15, minute15
from .stats import NAN, kurt, lead_lag, mean, over, pearson, seen, skew, t_ratio, total

DAY, WINDOW = 60, 10  # least minutes [Spec 2.7]
SIDE, EARLY = 50, 20  # least orders

TRADES = ("early_bigorder_buy_perc", "bigorder_ret2", "early_active_bigorder_ret",
          "day_big_actbuy", "day_big_actsell", "day_outsize")  # fmt: skip
PARENTS = ("bigorder_amt_perc", "concentration_diff", "day_big_net", "day_small_net",
           "day_conc_buy", "day_conc_sell")  # fmt: skip
ORDERS = ("skew_order_diff", "kurt_order_diff", "early_kurt_order", "corr_buyorder_volume_price")
MINUTES = ("early_active_buy_perc", "corr_netactivebuy_lastret", "corr_netactivebuy_nextret",
           "day_actbuy", "day_actbuy_late", "day_netact_str", "day_netbid_open",
           "net_actbuy_ratio_open", "net_actbuy_str_open", "buy_intent_ratio_open",
           "buy_intent_str_open", "big_net_ratio_open", "big_net_str_open")  # fmt: skip
STAYS = {*PARENTS, "early_bigorder_buy_perc", "skew_order_diff", "kurt_order_diff",
         "early_kurt_order", "big_net_ratio_open", "big_net_str_open"}  # fmt: skip
BIG = {*TRADES[:5], "bigorder_amt_perc", "day_big_net", "big_net_ratio_open", "big_net_str_open"}
HF27 = (*MINUTE15, "bigorder_amt_perc", *TRADES[:3], "concentration_diff", *MINUTES[:3], *ORDERS)


def _guarded(day: Level2Day, values: dict[str, float]) -> dict[str, float]:
    """NaN where the stock is suspended, the day locked, or the threshold unknown."""
    gone = {n for n in values if day.suspended or (n in BIG and math.isnan(day.theta))}
    if minute_day(day).half_locked:
        gone |= {*values} - STAYS
    if math.isnan(day.middle):
        gone |= {"day_small_net"}
    return {n: NAN if n in gone else x for n, x in values.items()}


def _moves(day: Level2Day) -> np.ndarray:
    """Delta of every trade of continuous trading; 0 for the first of the day and after lunch."""
    out, before, morning = [], NAN, None
    inside = continuous(day, day.trades["time"])
    for m, p in zip(
        minutes_of(day.trades["time"])[inside], day.trades["price"][inside], strict=True
    ):
        first = morning is None or morning != (m <= 120)
        out.append(0.0 if first else math.log(p / before))
        before, morning = p, m <= 120
    return np.array(out)


def level2_trades(
    day: Level2Day, early_minutes: int = 30, base: str = "big", active: str = "both"
) -> dict[str, float]:
    """Factors of single trades of continuous trading, in the order of ``TRADES``.

    ``base``: early big buys against big orders of both sides or ``all`` that was traded;
    ``active``: returns of big aggressors of both sides or of the ``buy`` side.
    """
    inside = continuous(day, day.trades["time"])
    m = minutes_of(day.trades["time"])[inside]
    a, side = day.amount[inside], day.trades["side"][inside]
    totals = {n: x[inside] for n, x in order_totals(day).items()}
    big = {n: x >= day.theta for n, x in totals.items()}
    free = ~minute_day(day).locked[m - 1]
    early, delta = m <= early_minutes, _moves(day)
    bought, sold = (math.fsum(a[early & big[n]]) for n in ("buy", "sell"))
    beside = bought + sold if base == "big" else float(a[early].sum())
    aggressor = (side > 0) & big["buy"]
    if active == "both":
        aggressor |= (side < 0) & big["sell"]
    up, down = free & (side > 0), free & (side < 0)
    size = over(float(a[down].sum()), int(down.sum()))
    usual = over(float(a[free].sum()), int(free.sum())) if free.sum() >= DAY else NAN
    values = {
        "early_bigorder_buy_perc": over(bought, beside),
        "bigorder_ret2": math.exp(math.fsum(delta[big["buy"] | big["sell"]])) - 1,
        "early_active_bigorder_ret": math.exp(math.fsum(delta[aggressor & early & free])) - 1,
        "day_big_actbuy": over(float(a[up & big["buy"]].sum()), day.day_amount),
        "day_big_actsell": over(float(a[down & big["sell"]].sum()), day.day_amount),
        "day_outsize": over(size, usual),
    }
    return _guarded(day, values)


def _net(bought: np.ndarray, sold: np.ndarray, whole: float) -> float:
    return over(math.fsum(bought) - math.fsum(sold), whole)


def level2_parents(day: Level2Day) -> dict[str, float]:
    """Factors of orders rebuilt from all trades of the day, in the order of ``PARENTS``."""
    bought, sold = (parent_amounts(day, side) for side in ("buy", "sell"))
    whole = day.day_amount
    big = [x[x >= day.theta] for x in (bought, sold)]
    squares = [math.fsum(x**2) for x in (bought, sold)]
    values = {
        "bigorder_amt_perc": over(math.fsum(big[0]) + math.fsum(big[1]), 2 * whole),
        "concentration_diff": over(squares[0] - squares[1], whole**2),
        "day_big_net": _net(*big, whole),
        "day_small_net": _net(bought[bought < day.middle], sold[sold < day.middle], whole),
        "day_conc_buy": over(squares[0] * len(bought), whole**2),
        "day_conc_sell": over(squares[1] * len(sold), whole**2),
    }
    return _guarded(day, values)


def level2_orders(day: Level2Day, early_minutes: int = 30) -> dict[str, float]:
    """Factors of orders as entered, in the order of ``ORDERS``; window to 14:57 on every day."""
    o = day.orders
    fresh = continuous(day, o["time"]) & ~o["cancel"].astype(bool)
    m = minutes_of(o["time"])
    window = fresh & (m <= 237)
    q, price = o["volume"].astype(np.float64), o["price"]
    bids, asks = q[window & (o["side"] > 0)], q[window & (o["side"] < 0)]
    priced = window & (o["side"] > 0) & (price > 0)
    values = {
        "skew_order_diff": skew(bids, SIDE) - skew(asks, SIDE),
        "kurt_order_diff": kurt(bids, SIDE) - kurt(asks, SIDE),
        "early_kurt_order": kurt(q[fresh & (m <= early_minutes)], EARLY),
        "corr_buyorder_volume_price": pearson(q[priced], price[priced], SIDE),
    }
    return _guarded(day, values)


def level2_minutes(day: Level2Day, early_minutes: int = 30) -> dict[str, float]:
    """Factors of minutes with active sides, in the order of ``MINUTES``."""
    grid, flow, bid = minute_day(day), flows(day), net_bids(day)
    m, ok = np.arange(1, 241), grid.ok
    opening, late = m <= early_minutes, (m >= 211) & (m <= 237)
    first = ok & opening
    net, both = flow["AB"] - flow["AS"], flow["AB"] + flow["AS"]
    intent, big = net + bid, flow["big_buy"] - flow["big_sell"]

    def share(x: np.ndarray, y: np.ndarray, mask: np.ndarray, least: int = WINDOW) -> float:
        return over(total(seen(x, mask), least), total(seen(y, mask)))

    values = {
        "early_active_buy_perc": share(flow["AB"], both, first),
        "corr_netactivebuy_lastret": lead_lag(seen(grid.r, ok), seen(net, ok), least=DAY),
        "corr_netactivebuy_nextret": lead_lag(seen(net, ok), seen(grid.r, ok), least=DAY),
        "day_actbuy": share(flow["AB"], both, ok, DAY),
        "day_actbuy_late": share(flow["AB"], both, ok & late),
        "day_netact_str": t_ratio(seen(net, ok), DAY),
        "day_netbid_open": share(bid, grid.amount, opening),
        "net_actbuy_ratio_open": share(net, grid.amount, first),
        "net_actbuy_str_open": t_ratio(seen(net, first), WINDOW),
        "buy_intent_ratio_open": share(intent, grid.amount, first),
        "buy_intent_str_open": t_ratio(seen(intent, first), WINDOW),
        "big_net_ratio_open": share(big, grid.amount, opening),
        "big_net_str_open": t_ratio(seen(big, opening), WINDOW),
    }
    return _guarded(day, values)


def hf27(day: Level2Day) -> dict[str, float]:
    """The 27 factors of seed 002, in its order."""
    found = minute15(minute_day(day)) | level2_trades(day) | level2_parents(day)
    found |= level2_minutes(day) | level2_orders(day)
    return {name: found[name] for name in HF27}


def l2(day: Level2Day) -> dict[str, float]:
    """The 20 series of the l2 set, in the order of [Spec 4.3]."""
    t, p, o, m = level2_trades(day), level2_parents(day), level2_orders(day), level2_minutes(day)
    gone = day.suspended or minute_day(day).half_locked
    spread, imbalance = (NAN if gone else mean(x, DAY) for x in quotes(day))
    return {
        "l2_actbuy": m["day_actbuy"],
        "l2_actbuy_open": m["early_active_buy_perc"],
        "l2_actbuy_late": m["day_actbuy_late"],
        "l2_netact_str": m["day_netact_str"],
        "l2_big_share": p["bigorder_amt_perc"],
        "l2_big_net": p["day_big_net"],
        "l2_big_net_open": m["big_net_ratio_open"],
        "l2_big_net_str": m["big_net_str_open"],
        "l2_small_net": p["day_small_net"],
        "l2_big_actbuy": t["day_big_actbuy"],
        "l2_big_actsell": t["day_big_actsell"],
        "l2_big_ret": t["bigorder_ret2"],
        "l2_conc_buy": p["day_conc_buy"],
        "l2_conc_sell": p["day_conc_sell"],
        "l2_outsize": t["day_outsize"],
        "l2_spread": spread,
        "l2_depth_imb": imbalance,
        "l2_netbid_open": m["day_netbid_open"],
        "l2_buyintent_open": m["buy_intent_ratio_open"],
        "l2_order_kurt": o["kurt_order_diff"],
    }


def threshold(amounts: np.ndarray) -> tuple[float, float]:
    """exp(mu + sigma) and exp(mu) of the amounts of orders, CNY [Spec 2.6]."""
    logs = np.log(amounts)
    return math.exp(mean(logs) + float(np.std(logs))), math.exp(mean(logs))
