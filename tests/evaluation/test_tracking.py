"""Tracking by hand, and without a look at later dates."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.evaluation import tracking as of

DAYS = np.array(["2024-01-05", "2024-01-12", "2024-01-19", "2024-01-26"], "datetime64[D]")
EXCESS = np.array([[0.1, 0.0], [-0.1, 0.0], [0.0, 0.1], [np.nan, 0.1]])
NAMES = ("a", "b")


def test_strength_by_hand() -> None:
    table = of.strength_table(EXCESS, DAYS, NAMES, 2)
    assert table["a"][0] is None
    mean = 1.05 * 0.95
    assert table["a"][1] == pytest.approx(1.1 * 0.9 / mean - 1)
    assert table["b"].to_list()[1] == pytest.approx(1 / mean - 1)
    assert table["b"][3] == pytest.approx(1.21 / 1.05**2 - 1)


def test_highs_by_hand() -> None:
    table = of.high_table(EXCESS[:, 0], DAYS)
    assert table["value"].to_list() == pytest.approx([1.1, 0.99, 0.99, 0.99])
    assert table["drawdown"].to_list() == pytest.approx([0.0, -0.1, -0.1, -0.1])
    assert table["days_since_high"].to_list() == [0, 7, 14, 21]


def test_events_by_hand() -> None:
    events = {"fall": (date(2024, 1, 8), date(2024, 1, 20)), "none": (date(2025, 1, 1),) * 2}
    rows = of.event_table(EXCESS, DAYS, NAMES, events).to_dicts()
    assert [(r["event"], r["factor"], r["dates"]) for r in rows[:3]] == [
        ("fall", "a", 2),
        ("fall", "b", 2),
        ("none", "a", 0),
    ]
    assert rows[0]["max_drawdown"] == pytest.approx(0.1)
    assert rows[1]["excess_ret"] == pytest.approx(0.1)
    assert rows[2]["max_drawdown"] is None


def test_the_band_by_hand_and_its_alarm() -> None:
    ic = np.array([0.1, 0.2, 0.1, 0.2, -0.3, -0.3])
    days = np.arange("2024-01-01", "2024-01-07", dtype="datetime64[D]")
    table = of.control_table(ic, days, 2, sigmas=2.0, lag=1)
    assert table["low"][:3].to_list() == [None, None, None]
    spread = np.std(ic[:2], ddof=1) / np.sqrt(2)
    assert table["low"][3] == pytest.approx(0.15 - 2 * spread)
    assert table["high"][5] == pytest.approx(0.15 + 2 * np.std(ic[:4], ddof=1) / np.sqrt(2))
    assert table["alarm"].to_list()[3:] == [False, True, True]
    assert table["known"].to_list() == [*days[1:].tolist(), None]
    (row,) = of.alarm_table({"a": table}).to_dicts()
    assert (row["alarm"], row["since"]) == (True, date(2024, 1, 5))
    assert row["alarm_share"] == pytest.approx(2 / 3)
    assert of.alarm_table({"a": table[:2]}).is_empty()


def test_a_band_knows_only_what_was_known_then() -> None:
    rng = np.random.default_rng(0)
    days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    ic, excess = rng.normal(size=60), rng.normal(0, 0.01, (60, 2))

    def tables() -> list[pl.DataFrame]:
        return [
            of.control_table(ic, days, 8).drop("known"),
            of.strength_table(excess, days, NAMES, 8),
            of.high_table(excess[:, 0], days),
        ]

    before = tables()
    ic[40:], excess[40:] = rng.normal(size=20), rng.normal(0, 0.01, (20, 2))
    for one, other in zip(before, tables(), strict=True):
        assert one[:40].equals(other[:40])
        assert not one.equals(other)


def test_crowding_by_hand() -> None:
    weights = np.array([[[0.5, 0.5, 0.0, 0.0]], [[0.5, 0.5, 0.0, 0.0]], [[0.0, 0.0, 0.5, 0.5]]])
    amount = np.array([[1.0, 2.0, 3.0, 4.0]])
    (row,) = of.crowding_table(weights, amount, DAYS[:1], ("a", "b", "c")).to_dicts()
    assert row["holdings_correlation"] == pytest.approx((1 - 1 - 1) / 3)
    assert (row["a"], row["c"]) == (pytest.approx(0.3), pytest.approx(0.7))
    alone = of.crowding_table(weights[:1], amount, DAYS[:1], ("a",))
    assert alone["holdings_correlation"].to_list() == [None]


def test_fading_by_hand() -> None:
    fresh, stale = np.array([0.2, 0.2, np.nan, 0.2]), np.array([0.1, 0.1, 0.1, 0.3])
    table = of.fading_table(fresh, stale, DAYS, 2)
    assert table["kept_share"].to_list() == [None, pytest.approx(0.5), pytest.approx(1.0)]
