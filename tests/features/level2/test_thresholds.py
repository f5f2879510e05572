"""Thresholds of big orders: by hand, and nothing of the day or of too long ago in them."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.features.level2 import order_statistics as kept
from intralpha.features.level2.order_statistics import (
    OrderStatistics,
    StatisticsStore,
    order_statistics,
)
from intralpha.features.level2.thresholds import BigOrderSpec, thresholds
from intralpha.market import Lake
from intralpha.market.tick_blocks import read_ticks

FIRST = date(2024, 1, 1)
STOCKS = ("000001.SZ", "000002.SZ", "600000.SH")


def day(n: int) -> date:
    return FIRST + timedelta(days=n)


def trade_rows(n: int, amounts: dict[str, list[int]]) -> pl.DataFrame:
    """Buys of those amounts at 1 CNY, each in two fills, against one seller."""
    rows = []
    for symbol, sizes in amounts.items():
        for k, size in enumerate(sizes):
            for part, shares in enumerate((size // 4, size - size // 4)):
                rows.append(
                    (day(n), symbol, 2 * k + part + 1, 34_200_000, 1.0, shares, k + 1, 9, 1)
                )
    names = ["date", "symbol", "seq", "time", "price", "volume", "buy_id", "sell_id", "side"]
    return pl.DataFrame(rows, schema=names, orient="row")


def daily_rows(n: int, shares: dict[str, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "date": [day(n)] * len(shares),
            "symbol": list(shares),
            **dict.fromkeys(("open", "high", "low", "close", "preclose"), 1.0),
            "volume": 100,
            "adj_factor": 1.0,
            "suspended": False,
            "float_shares": list(shares.values()),
        },
        schema_overrides={"float_shares": pl.Float64},
    )


def sizes_of(n: int, symbol: str) -> list[int]:
    rng = np.random.default_rng(100 * n + STOCKS.index(symbol))
    return rng.integers(10, 1_000_000, 7).tolist()


def by_hand(lists: list[list[int]]) -> tuple[float, float]:
    """exp(mean + std) and exp(mean) of the logs of all orders, the one seller's included."""
    logs = np.log([x for sizes in lists for x in (*sizes, sum(sizes))])
    return float(np.exp(logs.mean() + logs.std())), float(np.exp(logs.mean()))


def make_lake(folder: Path, days: int) -> Lake:
    """Everyone trades every day; the third stock only on the last four."""
    lake = Lake(folder, create=True)
    for n in range(days):
        traded = STOCKS[: 3 if n >= days - 4 else 2]
        lake.append("trades", trade_rows(n, {s: sizes_of(n, s) for s in traded}))
        lake.append("daily", daily_rows(n, dict.fromkeys(STOCKS, 100.0)))
    return lake


def replace(lake: Lake, n: int, symbol: str, amounts: list[int]) -> None:
    lake.append("trades", trade_rows(n, {symbol: amounts}), on_conflict="replace")


def theta(lake: Lake, n: int, **settings: object) -> np.ndarray:
    spec = BigOrderSpec.model_validate(settings)
    return thresholds(lake, day(n), spec).of(np.array(STOCKS))[0]


def test_the_vector_of_the_specification(tmp_path: Path):
    """Spec 20: orders of 1e4, 2e4, 4e4 and 8e4 give 61391.29."""
    lake = Lake(tmp_path, create=True)
    rows = trade_rows(0, {"600000.SH": [10_000, 20_000, 40_000, 80_000]})
    lake.append("trades", rows.with_columns(sell_id=pl.lit(0)))
    (trades,) = read_ticks(lake, "trades", day(0), kept.COLUMNS)
    trades.columns["sell_id"][:] = np.repeat([5, 6, 7, 8], 2)  # four equal sellers: the same logs
    found = order_statistics(trades)
    assert found.count.tolist() == [8]
    mean = found.log_sum / found.count
    value = np.exp(mean + np.sqrt(found.log_squares / found.count - mean**2))
    assert value[0] == pytest.approx(61391.29, abs=0.005)


def test_twenty_sessions_before_the_day_and_no_other(tmp_path: Path):
    lake = make_lake(tmp_path, 23)
    expected = [by_hand([sizes_of(n, s) for n in range(2, 22)]) for s in STOCKS[:2]]
    limits, middle, own = thresholds(lake, day(22), BigOrderSpec()).of(np.array(STOCKS))
    assert limits[:2] == pytest.approx([e[0] for e in expected], rel=1e-12)
    assert middle[:2] == pytest.approx([e[1] for e in expected], rel=1e-12)
    assert own.tolist() == [True, True, False]  # three traded days are too few
    for n, moves in ((22, False), (1, False), (2, True), (21, True)):
        replace(lake, n, STOCKS[0], [77_777] * 7)
        assert (theta(lake, 22)[0] != limits[0]) == moves, n
        replace(lake, n, STOCKS[0], sizes_of(n, STOCKS[0]))
    assert theta(lake, 22)[0] == limits[0]


def test_fewer_days_and_least_days_are_settings(tmp_path: Path):
    lake = make_lake(tmp_path, 9)
    expected = by_hand([sizes_of(n, STOCKS[2]) for n in range(5, 8)])[0]
    assert theta(lake, 8, days=3, min_days=3)[2] == pytest.approx(expected, rel=1e-12)
    assert theta(lake, 8, days=3, min_days=4)[2] != pytest.approx(expected, rel=1e-12)
    assert np.isnan(theta(lake, 8, days=3, min_days=4)).all()


def test_a_session_without_trades_counts_as_one_without_trading(tmp_path: Path):
    lake = make_lake(tmp_path, 8)
    lake.append("daily", daily_rows(8, dict.fromkeys(STOCKS, 100.0)))
    expected = by_hand([sizes_of(n, STOCKS[0]) for n in range(3, 8)])[0]
    assert theta(lake, 9, days=6)[0] == pytest.approx(expected, rel=1e-12)
    assert np.isnan(theta(lake, 9, days=5)[0])


def test_stocks_of_like_size_stand_in(tmp_path: Path):
    """Twenty stocks in ten deciles; the new one is worth as much as the third decile."""
    old = [f"{600_000 + i}.SH" for i in range(19)]
    lake = Lake(tmp_path, create=True)
    for n in range(5):
        lake.append("trades", trade_rows(n, {s: [1000 * (i + 1)] * 3 for i, s in enumerate(old)}))
    shares = {s: 100.0 * (i + 1) for i, s in enumerate(old)} | {"000001.SZ": 550.0}
    nothing = dict.fromkeys(("000003.SZ", "000004.SZ", "000005.SZ"), 0.0)  # of no size: no decile
    lake.append("daily", daily_rows(4, shares | {"000002.SZ": None} | nothing))
    lake.append("daily", daily_rows(5, shares | {"000001.SZ": 1900.0}))  # of the day: not used
    found = thresholds(lake, day(5), BigOrderSpec())
    new = np.array(["000001.SZ", "000002.SZ", "999999.SZ", *old])
    assert found.of(np.array([*nothing]))[0].tolist() == [found.standing_in[0, -1]] * 3
    limits, middle, own = found.of(new)
    assert own.tolist() == [False] * 3 + [True] * 19
    # 20 sizes ascending: 100 ... 500, 550, 600 ...: the new one is in the pair (500, 550).
    assert limits[0] == limits[3 + 4]
    assert middle[0] == middle[3 + 4]
    assert limits[1] == limits[2] == np.median(limits[3:])  # size unknown: nobody there, so all
    assert by_hand([[5000] * 3])[0] == pytest.approx(limits[7], rel=1e-12)


def test_stocks_of_unknown_size_are_one_group(tmp_path: Path):
    lake = Lake(tmp_path, create=True)
    amounts = {"000001.SZ": [100], "000002.SZ": [9000], "600000.SH": [400], "600002.SH": [500]}
    none = dict.fromkeys(("000002.SZ", "600000.SH", "600002.SH"))
    for n in range(5):
        lake.append("trades", trade_rows(n, amounts))
    lake.append("daily", daily_rows(4, {"000001.SZ": 5.0} | none))
    limits, _, own = thresholds(lake, day(5), BigOrderSpec()).of(np.array([*amounts, "600001.SH"]))
    assert limits[:4] == pytest.approx([100, 9000, 400, 500], rel=1e-9)
    assert own.tolist() == [True] * 4 + [False]
    assert limits[4] == pytest.approx(500, rel=1e-9)  # the median, not the mean


def test_nobody_has_a_threshold_on_the_first_days(tmp_path: Path):
    lake = make_lake(tmp_path, 5)
    assert np.isnan(theta(lake, 0)).all()
    assert np.isnan(theta(lake, 4)).all()
    assert (theta(lake, 0, rule="fixed_200k") == 200_000).all()


@pytest.mark.slow
def test_a_tenth_of_the_orders_exceed_q90(tmp_path: Path):
    lake = make_lake(tmp_path, 21)
    pooled = [x for n in range(1, 21) for s in (sizes_of(n, STOCKS[1]),) for x in (*s, sum(s))]
    assert theta(lake, 21, rule="q90")[1] == pytest.approx(np.quantile(pooled, 0.9), rel=0.04)
    before = theta(lake, 21, rule="q90")[1]
    replace(lake, 20, STOCKS[1], [3_000_000] * 7)
    assert theta(lake, 21, rule="q90")[1] > before


def test_the_mean_order_is_of_the_day_itself(tmp_path: Path):
    lake = make_lake(tmp_path, 6)
    sizes = sizes_of(5, STOCKS[2])
    got = theta(lake, 5, rule="day_mean")
    assert got[2] == pytest.approx(2 * sum(sizes) / 8, rel=1e-12)
    replace(lake, 4, STOCKS[2], [1] * 7)
    assert (theta(lake, 5, rule="day_mean") == got).all()


def test_histogram_bins_are_four_percent_wide_and_hold_everything(tmp_path: Path):
    lake = Lake(tmp_path, create=True)
    lake.append("trades", trade_rows(0, {"600000.SH": [1, 2, 1000, 10**12]}))
    (trades,) = read_ticks(lake, "trades", day(0), kept.COLUMNS)
    found = order_statistics(trades)
    assert found.histogram.sum() == found.count[0] == 5
    assert found.histogram[0, [0, 17, 172]].tolist() == [1, 1, 1]  # ln 1, ln 2, ln 1000 times 25
    assert found.histogram[0, -1] == 2


def test_a_day_is_read_once_until_its_file_changes(tmp_path: Path, monkeypatch):
    lake = make_lake(tmp_path, 6)
    read: list[date] = []
    original = kept.read_ticks
    monkeypatch.setattr(
        kept, "read_ticks", lambda *a, **k: (read.append(a[2]), original(*a, **k))[1]
    )
    first = theta(lake, 6)
    assert read == [day(n) for n in range(6)]
    assert (theta(lake, 6)[:2] == first[:2]).all()
    assert len(read) == 6
    replace(lake, 3, STOCKS[0], [5] * 7)
    assert theta(lake, 6)[0] != first[0]
    assert read[6:] == [day(3)]
    assert len(list((lake.root / kept.CACHE).glob("*.npz"))) == 6  # the stale one is gone
    # What is kept equals what is computed.
    again = StatisticsStore(lake).get(day(3))
    (trades,) = read_ticks(lake, "trades", day(3), kept.COLUMNS)
    fresh = order_statistics(trades)
    for name in OrderStatistics.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(again, name), getattr(fresh, name))


def test_threads_do_not_matter(tmp_path: Path):
    lake = make_lake(tmp_path, 5)
    (trades,) = read_ticks(lake, "trades", day(4), kept.COLUMNS)
    one, three = order_statistics(trades, 1), order_statistics(trades, 3)
    for name in OrderStatistics.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one, name), getattr(three, name))
