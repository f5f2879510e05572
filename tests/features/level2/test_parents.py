"""Parent orders: against dictionaries, in every shape of ids, on any number of threads."""

from collections import defaultdict
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from intralpha.features.level2.parents import parent_orders, parent_totals
from intralpha.market.stock_parts import over_stocks
from intralpha.market.ticks import Ticks

ON = date(2024, 1, 2)
SHAPES = {"close": (1, 30), "far": (1, 2**62), "spread": (10**7, 10**7 + 5000), "few": (5, 7)}


def make(counts: list[int], shape: str, seed: int) -> Ticks:
    """Random trades; some ids are 0 or negative, and many are used again."""
    rng = np.random.default_rng(seed)
    n, (low, high) = sum(counts), SHAPES[shape]
    some = rng.integers(low, high, max(n // 2, 1))
    ids = [np.where(rng.random(n) < 0.1, -rng.integers(0, 2, n), rng.choice(some, n))
           for _ in range(2)]  # fmt: skip
    columns = {
        "time": rng.integers(33_900_000, 54_000_000, n).astype(np.int32),
        "price": rng.integers(900, 1100, n) / 100,
        "volume": rng.integers(1, 10_000, n),
        "buy_id": ids[0],
        "sell_id": ids[1],
    }
    symbols = np.array([f"{600_000 + i}.SH" for i in range(len(counts))], dtype="U9")
    bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Ticks(ON, "trades", symbols, bounds, columns)


def totals_by_hand(trades: Ticks, name: str) -> np.ndarray:
    """Each trade's total from a dictionary by stock and id."""
    out = np.zeros(len(trades))
    for lo, hi in zip(trades.bounds[:-1], trades.bounds[1:], strict=True):
        sums: dict[int, float] = defaultdict(float)
        for i in range(lo, hi):
            sums[trades[name][i]] += trades["price"][i] * trades["volume"][i]
        for i in range(lo, hi):
            own = trades["price"][i] * trades["volume"][i]
            out[i] = sums[trades[name][i]] if trades[name][i] > 0 else own
    return out


@settings(max_examples=60)
@given(
    counts=st.lists(st.integers(0, 60), max_size=6),
    shape=st.sampled_from(sorted(SHAPES)),
    seed=st.integers(0, 999),
    threads=st.integers(1, 3),
)
def test_totals_are_those_of_a_dictionary(counts, shape, seed, threads):
    trades = make(counts, shape, seed)
    totals = parent_totals(trades, threads)
    assert_array_equal(totals.buy, totals_by_hand(trades, "buy_id"))
    assert_array_equal(totals.sell, totals_by_hand(trades, "sell_id"))


@pytest.mark.parametrize("step", [1, 2**20, 2**40, 0x9E3779B97F4A7C15 >> 3])
def test_ids_that_would_fall_together_stay_apart(step: int):
    n = 4000
    trades = make([n], "few", 0)
    ids = 1 + step * (np.arange(n, dtype=np.uint64) % 1500)
    trades.columns["buy_id"] = (ids % np.uint64(2**63 - 1)).astype(np.int64) + 1
    assert_array_equal(parent_totals(trades, 1).buy, totals_by_hand(trades, "buy_id"))


@given(
    counts=st.lists(st.integers(0, 40), max_size=5),
    shape=st.sampled_from(sorted(SHAPES)),
    seed=st.integers(0, 999),
    threads=st.integers(1, 3),
)
def test_orders_are_those_of_a_dictionary(counts, shape, seed, threads):
    trades = make(counts, shape, seed)
    orders = parent_orders(trades, threads)
    assert orders.symbols.tolist() == trades.symbols.tolist()
    for s, (lo, hi) in enumerate(zip(trades.bounds[:-1], trades.bounds[1:], strict=True)):
        expected = []
        for side, name in ((1, "buy_id"), (-1, "sell_id")):
            found: dict[object, list] = {}
            for i in range(lo, hi):
                known = int(trades[name][i])
                key = known if known > 0 else ("nobody", i)
                row = found.setdefault(key, [max(known, 0), side, 0.0, 0, 0, 10**9, 0])
                row[2] += trades["price"][i] * trades["volume"][i]
                row[3] += trades["volume"][i]
                row[4] += 1
                row[5] = min(row[5], trades["time"][i])
                row[6] = max(row[6], trades["time"][i])
            expected += found.values()
        part = orders.slice(s, s + 1)
        columns = ("id", "side", "amount", "shares", "fills", "first_time", "last_time")
        for c, name in enumerate(columns):
            assert part[name].tolist() == [row[c] for row in expected], name


def test_the_vectors_of_the_specification():
    """Spec 20: buys of 100, 300 and 600, sells of 500 and 500, a day of 1000, a cut of 400."""
    amount = [100, 300, 100, 500]  # buys 1, 2, 3, 3; sells 8, 8, 8, 9
    columns = {
        "time": np.arange(4, dtype=np.int32),
        "price": np.ones(4),
        "volume": np.array(amount),
        "buy_id": np.array([1, 2, 3, 3]),
        "sell_id": np.array([8, 8, 8, 9]),
    }
    trades = Ticks(ON, "trades", np.array(["600000.SH"]), np.array([0, 4]), columns)
    orders = parent_orders(trades)
    assert orders["amount"].tolist() == [100, 300, 600, 500, 500]
    assert orders["side"].tolist() == [1, 1, 1, -1, -1]
    squares = orders["side"] * (orders["amount"] / 1000) ** 2
    assert squares.sum() == pytest.approx(-0.04, abs=1e-15)  # concentration_diff
    big = orders["amount"] >= 400
    assert orders["amount"][big].sum() / 2000 == 0.8  # bigorder_amt_perc
    # The same two from the totals of trades, as the factors take them.
    totals = parent_totals(trades)
    assert (columns["volume"] * (totals.buy - totals.sell)).sum() / 1000**2 == pytest.approx(-0.04)
    pooled = sum((columns["volume"] * (side >= 400)).sum() for side in totals)
    assert pooled / 2000 == 0.8


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("counts", [[], [0], [0, 0, 9], [5, 0, 100, 1, 1], [1] * 40])
def test_every_stock_is_worked_on_once(counts: list[int], threads: int):
    bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    seen = np.zeros(len(counts), int)

    def work(first: int, last: int) -> None:
        seen[first:last] += 1

    over_stocks(bounds, work, threads)
    assert (seen == 1).all()
