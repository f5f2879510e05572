"""Limits: prices of a few days by hand, and the same rule wherever it is asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.market import TradingRules, at_down_limit, at_up_limit, locked
from intralpha.market.limits import HALF_TICK_YUAN, TICK_YUAN

NAN = np.nan
ticks = st.integers(100, 200_000)


def one(*values: float) -> list[np.ndarray]:
    return [np.array([v]) for v in values]


def test_half_a_tick_is_half_a_cent() -> None:
    assert (TICK_YUAN, HALF_TICK_YUAN) == (0.01, 0.005)


@pytest.mark.parametrize(
    ("price", "limit", "up", "down"),
    [
        (11.00, 11.00, True, True),
        (10.99, 11.00, False, True),
        (11.01, 11.00, True, False),
        (0.1 + 0.2, 0.30, True, True),  # the same price, not the same binary fraction
        (11.00, NAN, False, False),
        (NAN, 11.00, False, False),
    ],
)
def test_at_a_limit(price: float, limit: float, up: bool, down: bool) -> None:
    assert at_up_limit(*one(price, limit)).tolist() == [up]
    assert at_down_limit(*one(price, limit)).tolist() == [down]


def test_a_finer_tick() -> None:
    """Funds have a tick of 0.001 CNY: 1.099 is below a limit of 1.100."""
    assert at_up_limit(*one(1.099, 1.100)).tolist() == [True]
    assert at_up_limit(*one(1.099, 1.100), 0.001).tolist() == [False]
    assert at_down_limit(*one(0.901, 0.900), 0.001).tolist() == [False]


@pytest.mark.parametrize(
    ("high", "low", "expected"),
    [
        (11.00, 11.00, True),
        (9.00, 9.00, True),
        (11.00, 10.99, False),  # opened for a tick
        (10.00, 10.00, False),  # one price, no limit
        (11.01, 11.01, False),  # beyond the limit is not at it
        (NAN, NAN, False),
    ],
)
def test_locked_is_one_price_at_a_limit(high: float, low: float, expected: bool) -> None:
    assert locked(*one(high, low, 11.00, 9.00)).tolist() == [expected]
    assert locked(*one(high, low, NAN, NAN)).tolist() == [False]


def test_limits_of_a_day_are_those_of_all_its_bars() -> None:
    high = np.array([[11.0, 11.0, 10.5], [9.0, 9.2, 9.0]])
    low = np.array([[11.0, 10.9, 10.5], [9.0, 9.0, 9.0]])
    found = locked(high, low, np.array([[11.0], [11.0]]), np.array([[9.0], [9.0]]))
    assert found.tolist() == [[True, False, False], [True, False, True]]


@given(st.lists(ticks, min_size=1, max_size=20), st.sampled_from([0.05, 0.1, 0.2]))
def test_the_limits_of_the_rules_are_at_the_limit_and_a_tick_inside_is_not(
    preclose: list[int], ratio: float
) -> None:
    up, down = TradingRules.default().limit_prices(np.array(preclose) / 100, ratio)
    assert at_up_limit(up, up).all()
    assert at_down_limit(down, down).all()
    assert not at_up_limit(np.round(up - 0.01, 2), up).any()
    assert not at_down_limit(np.round(down + 0.01, 2), down).any()
    assert locked(up, up, up, down).all()
    assert locked(down, down, up, down).all()
