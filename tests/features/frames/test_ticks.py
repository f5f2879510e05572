"""Rows of ticks through the machine: every factor of every library against its plain reference."""

import math
from dataclasses import replace

import numpy as np
import pytest

from intralpha.features.language.library import Library
from intralpha.features.libraries import load_library

from ...reference import level2
from ...reference.level2_day import Level2Day, continuous, minutes_of, rounded
from ...reference.level2_days import big_above, level2_days
from ...sources.replay.book_inputs import real_600519
from ..level2_inputs import program_of, rows_of_ticks, values_of

DAYS = {f"{name}/{seed}": day for seed in (1, 2) for name, day in level2_days(seed).items()}
BEST = ("bid_price1", "ask_price1", "bid_volume1", "ask_volume1")
# Library, what a recipe chooses, and what it means to the reference.
CHOICES = [
    ("level2_trades", {}, {}),
    ("level2_trades", {"early": "10:30"}, {"early_minutes": 60}),
    ("level2_trades", {"early": "11:30"}, {"early_minutes": 120}),
    ("level2_trades", {"base": 1}, {"base": "all"}),
    ("level2_trades", {"active": "active_big_buy"}, {"active": "buy"}),
    ("level2_parents", {}, {}),
    ("level2_orders", {}, {}),
    ("level2_orders", {"early": "10:30"}, {"early_minutes": 60}),
    ("level2_orders", {"early": "11:30"}, {"early_minutes": 120}),
    ("level2_minutes", {}, {}),
    ("level2_minutes", {"early": "10:30"}, {"early_minutes": 60}),
    ("level2_minutes", {"early": "11:30"}, {"early_minutes": 120}),
]
TABLE = {"level2_orders": "orders"}


def found_by(name: str, choice: dict, dtype: type) -> dict[str, np.ndarray]:
    """Day -> factors, of the days that have rows."""
    library, out = load_library(name, choice), {}
    table = TABLE.get(name, "trades")
    for closing in (True, False):
        days = {k: d for k, d in DAYS.items()
                if d.closing_auction == closing and len(getattr(d, table)["time"])}  # fmt: skip
        values = values_of(library, list(days.values()), dtype)
        out |= dict(zip(days, values, strict=True))
    return out


def compare(name: str, choice: dict, meant: dict, dtype: type, tolerance: float) -> None:
    names = [f.name for f in load_library(name, choice).factors]
    compared = dict.fromkeys(names, 0)
    for label, row in found_by(name, choice, dtype).items():
        if dtype is np.float32 and label.startswith("theta_exact"):
            continue  # rounded prices move the order that lies on the threshold
        day = rounded(DAYS[label]) if dtype is np.float32 else DAYS[label]
        want = getattr(level2, name)(day, **meant)
        assert list(want) == names
        for factor, value in zip(names, row.tolist(), strict=True):
            expected = want[factor]
            assert math.isnan(value) == math.isnan(expected), (label, factor, value, expected)
            if not math.isnan(expected):
                compared[factor] += 1
                gap = abs(value - expected) / max(1.0, abs(expected))
                assert gap <= tolerance, (label, factor, value, expected)
    assert min(compared.values()) >= 20, compared


@pytest.mark.one_in(6)
@pytest.mark.parametrize(("name", "choice", "meant"), CHOICES, ids=str)
def test_every_factor_equals_its_reference(name, choice, meant):
    compare(name, choice, meant, np.float64, 1e-9)


@pytest.mark.slow
@pytest.mark.one_in(4)
@pytest.mark.parametrize(("name", "choice", "meant"), [c for c in CHOICES if not c[1]], ids=str)
def test_float32_keeps_four_digits(name, choice, meant):
    compare(name, choice, meant, np.float32, 1e-4)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("column", "nothing"), [*((n, 0) for n in BEST), *((n, math.nan) for n in BEST[:2])]
)
def test_snapshots_without_a_best_price_or_its_shares_are_left_out(column, nothing):
    day = DAYS["random/1"]
    book = {n: x.astype(float) for n, x in day.snapshots.items()}
    whole = np.all([book[n] > 0 for n in BEST], axis=0)
    book[column][::3] = nothing
    program = program_of(load_library("tick100"))
    data = rows_of_ticks(program, "snapshot", [replace(day, snapshots=book)], np.float64)
    kept = whole & continuous(day, book["time"]) & (np.arange(len(whole)) % 3 > 0)
    np.testing.assert_array_equal(data.rows[program.rows.index("ap1")], book["ask_price1"][kept])
    assert not np.isnan(data.rows).any()


def mine(frame: str, **exprs: str) -> Library:
    factors = [{"name": n, "expr": x} for n, x in exprs.items()]
    return Library.model_validate({"name": "mine", "frame": frame, "factors": factors})


def test_shares_and_fills_of_parent_orders():
    """Shares and trades of both sides, and of the buy order that took the most trades."""
    day = DAYS["one_buy_order/1"]
    library = mine("parent", shares="sum(volume[sell])", most="max(volume[buy])",
                   fills="sum(fills)", longest="max(fills[buy])")  # fmt: skip
    volume, trades = day.trades["volume"].sum(), len(day.trades["volume"])
    got = values_of(library, [day], np.float64)
    assert got.tolist() == [[volume, volume, 2 * trades, trades]]


def test_market_orders_have_no_limit():
    """``limit`` says which orders have a price of their own, whatever stands in the column."""
    day = DAYS["random/1"]
    library = mine("order", limits="count(volume[limit])", others="count(volume[~limit])")
    kept = continuous(day, day.orders["time"]) & ~day.orders["cancel"]
    priced = day.orders["price"][kept] > 0
    got = values_of(library, [day], np.float64)
    assert got.tolist() == [[priced.sum(), (~priced).sum()]]
    assert 0 < (~priced).sum() < priced.sum()


@pytest.mark.parametrize("name", ["level2_trades", "level2_orders", "tick100"])
def test_the_afternoon_begins_with_its_first_row(name):
    """Rows, their minutes and the first one after lunch (0 without one), told by loops."""
    library = load_library(name)
    program = program_of(library)
    table = {"level2_trades": "trades", "level2_orders": "orders"}.get(name, "snapshots")
    days = [d for d in DAYS.values() if d.closing_auction]
    data = rows_of_ticks(program, library.frame, days, np.float64)
    minute = data.rows[program.rows.index("minute")]
    assert isinstance(data.lunch, np.ndarray)
    for s, day in enumerate(days):
        rows = getattr(day, table)
        kept = continuous(day, rows["time"]) & ~rows.get("cancel", np.zeros(1)).astype(bool)
        if table == "snapshots":
            both = [
                rows[f"{side}_{what}1"] for side in ("bid", "ask") for what in ("price", "volume")
            ]
            kept &= np.all(np.array(both) > 0, axis=0)
        want = minutes_of(rows["time"][kept])
        np.testing.assert_array_equal(minute[data.bounds[s] : data.bounds[s + 1]], want)
        later = np.flatnonzero(want > 120)
        assert data.lunch[s] == (later[0] if len(later) else 0)
    assert (data.lunch > 0).sum() > 20


@pytest.mark.real_data
def test_a_real_day_of_shanghai_equals_the_references(real_data):
    """600519 on 2023-02-01: every trade, order as entered and snapshot of the day."""
    orders, trades, snapshots = (
        {n: frame[n].to_numpy() for n in frame.columns if frame[n].dtype.is_numeric()
         or n == "cancel"} for frame in real_600519(real_data)
    )  # fmt: skip
    book = {n: np.nan_to_num(x) for n, x in snapshots.items()}
    day = Level2Day(trades, orders, book)
    day = big_above(day, 0.9)
    for name in ("level2_trades", "level2_parents", "level2_orders", "level2_minutes"):
        want = getattr(level2, name)(day)
        got = values_of(load_library(name), [day], np.float64)[0]
        assert np.isfinite(got).all(), name
        np.testing.assert_allclose(got, [*want.values()], rtol=1e-8, atol=1e-9, err_msg=name)
