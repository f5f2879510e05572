"""Courses of a portfolio by hand, and without a look at later sessions."""

from datetime import date

import numpy as np
import pytest

from intralpha.evaluation.courses import cost_table, courses, drawdown_table, monthly_excess

DAYS = np.arange("2024-01-29", "2024-02-05", dtype="datetime64[D]")
NAV = np.array([0.9, 1.1, 1.0, 0.88, 1.2, 1.2, 1.14])


def test_falls_by_hand() -> None:
    falls = drawdown_table(NAV, DAYS)
    assert falls["max_drawdown"].to_list() == pytest.approx([0.2, 0.1, 0.05])
    assert falls["high"].to_list() == [date(2024, 1, 30), None, date(2024, 2, 3)]
    assert falls["low"].to_list() == [date(2024, 2, 1), date(2024, 1, 29), date(2024, 2, 4)]
    assert falls["recovered"].to_list() == [date(2024, 2, 2), date(2024, 1, 30), None]
    assert falls["sessions"].to_list() == [3, 2, 1]
    assert drawdown_table(NAV, DAYS, most=1).height == 1
    assert drawdown_table(np.array([1.0, 1.1]), DAYS[:2]).is_empty()


def test_values_months_and_costs_by_hand() -> None:
    ret, own = np.array([0.02, -0.01, 0.03]), np.array([0.01, 0.0, 0.01])
    cost, days = np.array([0.001, 0.0, 0.0]), DAYS[1:4]
    table = courses(ret, own, cost, days, window=2)
    assert table["excess"].to_list() == pytest.approx([1.01, 0.9999, 1.019898])
    assert table["excess_before_cost"][0] == pytest.approx(1.011)
    assert table["excess_drawdown"].to_list() == pytest.approx([0.0, -0.01, 0.0])
    assert table["rolling_excess"].to_list() == [
        None,
        pytest.approx(0.0),
        pytest.approx(0.005 * 244),
    ]
    months = monthly_excess(ret, own, days)
    assert months["month"].to_list() == [1, 2]
    assert months["excess_ret"].to_list() == pytest.approx([0.9999 - 1, 0.02])
    before, after = cost_table(ret, own, cost, days).to_dicts()
    assert before["ret_annualised"] > after["ret_annualised"]
    assert after["cost_share"] == pytest.approx(0.001 / 3 * 244)


def test_a_session_knows_no_later_one() -> None:
    rng = np.random.default_rng(0)
    ret, own, cost = rng.normal(0, 0.01, (3, 30))
    days = np.arange("2024-01-01", "2024-01-31", dtype="datetime64[D]")
    before = courses(ret, own, cost, days, window=5)
    ret[20:], own[20:], cost[20:] = rng.normal(0, 0.01, (3, 10))
    after = courses(ret, own, cost, days, window=5)
    assert after[:20].equals(before[:20])
    assert not after.equals(before)
