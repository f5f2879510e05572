"""The Level-2 references by hand, beside groups and SciPy, and where they must be NaN."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats as scipy_stats

from .level2 import (
    HF27,
    MINUTES,
    ORDERS,
    PARENTS,
    STAYS,
    TRADES,
    hf27,
    l2,
    level2_minutes,
    level2_orders,
    level2_parents,
    level2_trades,
    threshold,
)
from .level2_day import (
    ORDER,
    TRADE,
    Level2Day,
    at,
    flows,
    is_continuous,
    minute_day,
    minute_of,
    net_bids,
    order_totals,
    with_trades,
)
from .level2_days import level2_days, ordinary

DAYS = level2_days(4)
LISTS = {"trades": TRADES, "parents": PARENTS, "orders": ORDERS, "minutes": MINUTES}


def every(day: Level2Day) -> dict[str, float]:
    return level2_trades(day) | level2_parents(day) | level2_orders(day) | level2_minutes(day)


def of_rows(rows: list[tuple], names: tuple[str, ...] = TRADE) -> dict[str, np.ndarray]:
    """Columns of rows that begin with a clock."""
    flat = [(at(row[0]), *row[1:]) for row in rows]
    return {n: np.array([row[i] for row in flat]) for i, n in enumerate(names)}


def traded(rows: list[tuple], **more: float) -> Level2Day:
    return Level2Day(of_rows(rows), **more)


# Buys of 100, 300 and 600 CNY, sells of 500 and 500 [Spec 20].
VECTOR = [
    ("10:00:00", 1.0, 100, 2, 1, 1),
    ("10:00:01", 1.0, 300, 4, 1, 1),
    ("10:00:02", 1.0, 100, 6, 1, 1),
    ("10:00:03", 1.0, 500, 6, 7, -1),
]


def test_vectors_of_the_specification() -> None:
    values = level2_parents(traded(VECTOR, theta=400.0, middle=200.0))
    assert values["concentration_diff"] == pytest.approx(-0.04)
    assert values["bigorder_amt_perc"] == pytest.approx(0.8)
    assert values["day_big_net"] == pytest.approx((600 - 1000) / 1000)
    assert values["day_small_net"] == pytest.approx(0.1)
    assert values["day_conc_buy"] == pytest.approx(0.46 * 3)
    assert values["day_conc_sell"] == pytest.approx(0.5 * 2)
    theta, middle = threshold(np.array([1e4, 2e4, 4e4, 8e4]))
    assert theta == pytest.approx(61391.29, abs=0.005)
    assert middle == pytest.approx(math.sqrt(8e8))


def test_names_are_those_of_the_specification() -> None:
    day = DAYS["random"]
    assert tuple(level2_trades(day)) == TRADES
    assert tuple(level2_minutes(day)) == MINUTES
    assert len(hf27(day)) == len(set(HF27)) == 27
    assert len(l2(day)) == 20


@pytest.mark.one_in(5)
@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
def test_no_value_is_infinite_and_shares_are_shares(day: Level2Day) -> None:
    values = every(day)
    assert not np.isinf([*values.values(), *l2(day).values()]).any()
    shares = ("early_bigorder_buy_perc", "bigorder_amt_perc", "early_active_buy_perc",
              "day_actbuy", "day_big_actbuy", "day_big_actsell")  # fmt: skip
    for name in shares:
        assert math.isnan(values[name]) or 0 <= values[name] <= 1, name
    for name in ("day_conc_buy", "day_conc_sell"):
        assert math.isnan(values[name]) or values[name] >= 1 - 1e-12, name
    for name in ("concentration_diff", "day_big_net", "day_small_net"):
        assert math.isnan(values[name]) or abs(values[name]) <= 1, name


HAND = [
    ("09:25:00", 10.0, 100, 1, 2, 0),
    ("09:30:00", 10.1, 200, 3, 2, 1),
    ("09:59:59.999", 9.9, 300, 1, 4, -1),
    ("10:00:00", 10.2, 400, 5, 2, 1),
    ("11:30:00", 10.4, 20, 5, 6, 1),
    ("13:00:00", 10.5, 30, 7, 8, -1),
    ("14:56:59.999", 10.6, 40, 9, 8, 1),
    ("15:00:00", 10.7, 500, 9, 10, 0),
]


def test_trade_factors_by_hand() -> None:
    """Orders at or above 2000 CNY: buys 1 (3970), 3 (2020), 5 (4288), 9 (5774), sells 2, 4, 10."""
    day = traded(HAND, theta=2000.0, preclose=10.0)
    whole = 1000 + 2020 + 2970 + 4080 + 208 + 315 + 424 + 5350
    assert day.day_amount == pytest.approx(whole)
    values = level2_trades(day)
    early = 2020 + 2970
    assert values["early_bigorder_buy_perc"] == pytest.approx(early / (early + early))
    moves = [math.log(9.9 / 10.1), math.log(10.2 / 9.9), math.log(10.4 / 10.2),
             math.log(10.6 / 10.5)]  # fmt: skip
    assert values["bigorder_ret2"] == pytest.approx(math.exp(sum(moves)) - 1)
    # The first trade has no move; that of 09:59:59.999 is active on the side of sell order 4.
    assert values["early_active_bigorder_ret"] == pytest.approx(9.9 / 10.1 - 1)
    buys = level2_trades(day, active="buy")["early_active_bigorder_ret"]
    assert buys == 0
    hour = level2_trades(day, early_minutes=60)["early_active_bigorder_ret"]
    assert hour == pytest.approx(10.2 / 10.1 - 1)
    assert values["day_big_actbuy"] == pytest.approx((2020 + 4080 + 208 + 424) / whole)
    assert values["day_big_actsell"] == pytest.approx(2970 / whole)
    assert math.isnan(values["day_outsize"])  # six trades
    assert level2_trades(day, base="all")["early_bigorder_buy_perc"] == pytest.approx(1)
    alone = level2_trades(replace(day, theta=2500.0))
    assert alone["early_bigorder_buy_perc"] == pytest.approx(2970 / (2970 + 2020 + 2970))


def test_the_auction_is_in_totals_and_in_no_row() -> None:
    day = traded(HAND, theta=2000.0)
    totals = order_totals(day)
    assert totals["buy"].tolist() == pytest.approx([3970, 2020, 3970, 4288, 4288, 315, 5774, 5774])
    grid = minute_day(day)
    assert (grid.auction_amount, grid.amount[0]) == pytest.approx((1000, 2020))
    assert grid.volume[119] == 20
    assert grid.volume[120] == 30
    assert grid.volume[236] == 40
    assert grid.volume[239] == 500
    assert flows(day)["AB"][239] == flows(day)["AS"][239] == 0


def test_outsize_is_the_size_of_active_sells() -> None:
    rows = [
        (f"09:40:{s:02d}", 1.0, 300 if s % 3 else 600, 0, 0, -1 if s % 3 else 1) for s in range(60)
    ]
    # 40 sells of 300 and 20 buys of 600: mean 400.
    assert level2_trades(traded(rows))["day_outsize"] == pytest.approx(0.75)
    assert math.isnan(level2_trades(traded(rows[:-1]))["day_outsize"])


def test_trades_without_an_id_are_orders_of_their_own() -> None:
    rows = [("10:00:00", 1.0, 100, 0, 3, 1), ("10:00:01", 1.0, 300, 0, 3, 1)]
    day = traded(rows, theta=250.0)
    assert order_totals(day)["buy"].tolist() == [100, 300]
    assert order_totals(day)["sell"].tolist() == [400, 400]
    assert level2_parents(day)["bigorder_amt_perc"] == pytest.approx((300 + 400) / 800)
    assert level2_parents(day)["day_conc_buy"] == pytest.approx(2 * 1e5 / 16e4)


def test_order_factors_beside_scipy() -> None:
    day = DAYS["busy"]
    o = day.orders
    new = ~o["cancel"] & (o["time"] >= at("09:30:00")) & (o["time"] < at("14:57:00"))
    bid, ask = (o["volume"][new & (o["side"] == s)].astype(float) for s in (1, -1))
    values = level2_orders(day)
    skews, kurts = scipy_stats.skew, scipy_stats.kurtosis
    assert values["skew_order_diff"] == pytest.approx(skews(bid) - skews(ask))
    assert values["kurt_order_diff"] == pytest.approx(kurts(bid) - kurts(ask))
    early = new & (o["time"] < at("10:00:00"))
    assert values["early_kurt_order"] == pytest.approx(kurts(o["volume"][early].astype(float)))
    priced = new & (o["side"] == 1) & (o["price"] > 0)
    assert priced.sum() < (new & (o["side"] == 1)).sum()
    both = np.corrcoef(o["volume"][priced], o["price"][priced])[0, 1]
    assert values["corr_buyorder_volume_price"] == pytest.approx(both)


def test_fifty_orders_a_side_are_enough() -> None:
    for count, enough in ((49, False), (50, True)):
        rows = [(f"10:{s // 60:02d}:{s % 60:02d}", 10.0 + s / 100, 100 * (s + 1), side, False)
                for s in range(count) for side in (1, -1)]  # fmt: skip
        values = level2_orders(replace(traded(VECTOR), orders=of_rows(rows, ORDER)))
        assert math.isfinite(values["skew_order_diff"]) == enough
        assert math.isfinite(values["corr_buyorder_volume_price"]) == enough
        assert math.isnan(values["early_kurt_order"])  # none before 10:00


def test_minute_factors_by_groups() -> None:
    day = DAYS["busy"]
    values, flow, grid = level2_minutes(day), flows(day), minute_day(day)
    net = (flow["AB"] - flow["AS"])[:237]
    assert values["day_actbuy"] == pytest.approx(
        flow["AB"][:237].sum() / (flow["AB"] + flow["AS"])[:237].sum()
    )
    assert values["day_netact_str"] == pytest.approx(net.mean() / net.std())
    apart = np.arange(1, 237) != 120
    for name, x, y in (
        ("corr_netactivebuy_lastret", net[1:], grid.r[:236]),
        ("corr_netactivebuy_nextret", net[:-1], grid.r[1:237]),
    ):
        assert values[name] == pytest.approx(np.corrcoef(x[apart], y[apart])[0, 1]), name
    big = (flow["big_buy"] - flow["big_sell"])[:30]
    assert values["big_net_str_open"] == pytest.approx(big.mean() / big.std())
    first, bid = grid.amount[:30].sum(), net_bids(day)[:30]
    assert values["day_netbid_open"] == pytest.approx(bid.sum() / first)
    whole = values["net_actbuy_ratio_open"] + values["day_netbid_open"]
    assert values["buy_intent_ratio_open"] == pytest.approx(whole)


def test_net_bids_by_hand() -> None:
    """10 * 100 - 11 * 200 = -1200, then 10 * 300 - 11 * 200 = 800, then no ask: 3000."""
    clocks = ("09:25:00", "09:30:00", "09:30:03", "11:30:00", "13:00:00", "13:00:03", "14:57:00")
    book = {
        "time": np.array([at(clock) for clock in clocks]),
        "bid_price1": np.full(7, 10.0),
        "ask_price1": np.array([11.0, 11, 11, 0, 11, 11, 11]),
        "bid_volume1": np.array([900, 100, 300, 300, 100, 200, 900]),
        "ask_volume1": np.array([900, 200, 200, 500, 200, 200, 900]),
    }
    found = net_bids(replace(traded(VECTOR), snapshots=book))
    want = np.zeros(240)
    want[0], want[119], want[120] = 2000, 2200, 1000
    assert found.tolist() == want.tolist()


@pytest.mark.parametrize("name", ["locked_up", "locked_60", "locked_119", "old_sse_locked"])
def test_a_locked_day_keeps_amounts_and_sizes(name: str) -> None:
    values = every(DAYS[name])
    assert {n for n, x in values.items() if math.isfinite(x)} == STAYS


def test_half_a_day_at_the_limit_is_not_more_than_half() -> None:
    assert math.isfinite(level2_trades(DAYS["locked_118"])["bigorder_ret2"])
    assert math.isnan(level2_trades(DAYS["locked_119"])["bigorder_ret2"])


def test_flags_in_a_locked_minute_mean_nothing() -> None:
    day = DAYS["locked_early"]
    turned = with_trades(day, side=np.where(minutes(day) <= 25, -1, day.trades["side"]))
    turned.trades["side"][minutes(day) <= 2] = day.trades["side"][minutes(day) <= 2]
    assert every(turned) == pytest.approx(every(day), nan_ok=True)
    free = replace(turned, up_limit=math.nan)
    assert level2_trades(free)["day_big_actsell"] != level2_trades(day)["day_big_actsell"]


def minutes(day: Level2Day) -> np.ndarray:
    return np.array([minute_of(t) if t >= at("09:30:00") else 0 for t in day.trades["time"]])


def test_a_suspended_day_has_nothing_and_no_threshold_no_big_orders() -> None:
    assert not np.isfinite(list(every(DAYS["suspended"]).values())).any()
    values = every(DAYS["theta_unknown"])
    for name in ("bigorder_amt_perc", "bigorder_ret2", "day_small_net", "big_net_ratio_open"):
        assert math.isnan(values[name]), name
    assert math.isfinite(values["concentration_diff"])


def test_the_session_ends_at_14_57_or_at_the_close() -> None:
    day, old = DAYS["random"], DAYS["old_sse"]
    for clock, new_rule, old_rule in (
        ("09:29:59.999", False, False),
        ("09:30:00", True, True),
        ("11:30:00", True, True),
        ("11:30:00.001", False, False),
        ("12:59:59.999", False, False),
        ("13:00:00", True, True),
        ("14:56:59.999", True, True),
        ("14:57:00", False, True),
        ("15:00:00", False, True),
        ("15:00:00.001", False, False),
    ):
        assert is_continuous(day, at(clock)) == new_rule, clock
        assert is_continuous(old, at(clock)) == old_rule, clock
    assert [minute_of(at(c)) for c in ("09:30:59.999", "09:31:00", "11:30:00", "15:00:00")] == [
        1, 2, 120, 240,
    ]  # fmt: skip


def test_only_one_side_active() -> None:
    buys, sells = every(DAYS["only_buys"]), every(DAYS["only_sells"])
    assert buys["day_actbuy"] == buys["early_active_buy_perc"] == 1
    assert sells["day_actbuy"] == sells["early_active_buy_perc"] == 0
    assert math.isnan(buys["day_outsize"])
    assert sells["day_big_actbuy"] == 0
    assert math.isnan(every(DAYS["no_sides"])["day_actbuy"])
    assert math.isnan(buys["skew_order_diff"])


def test_turning_the_sides_turns_the_signs() -> None:
    day = ordinary(np.random.default_rng(3))
    t = day.trades
    turned = with_trades(day, buy_id=t["sell_id"], sell_id=t["buy_id"], side=-t["side"])
    turned = replace(turned, orders=day.orders | {"side": -day.orders["side"]})
    here, there = every(day), every(turned)
    for name in ("concentration_diff", "day_big_net", "day_small_net", "skew_order_diff",
                 "kurt_order_diff", "day_netact_str", "big_net_ratio_open"):  # fmt: skip
        assert there[name] == pytest.approx(-here[name]), name
    assert there["day_big_actbuy"] == pytest.approx(here["day_big_actsell"])
    assert there["bigorder_amt_perc"] == pytest.approx(here["bigorder_amt_perc"])
    assert there["day_actbuy"] == pytest.approx(1 - here["day_actbuy"])
