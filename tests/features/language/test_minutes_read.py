"""Minutes read: what a factor over ticks is made from, told from its expression."""

import numpy as np
import pytest

from intralpha.features.factors import Settings
from intralpha.features.frames import frame_named
from intralpha.features.language.library import Library

EARLY, ALL = (0, 60), (0, 240)  # minutes from 09:30, the last not included


def read(frame: str, expression: str) -> np.ndarray:
    library = Library.model_validate(
        {
            "name": "mine",
            "frame": frame,
            "segments": "day",
            "factors": [{"name": "f", "expr": expression}],
        }
    )
    return frame_named(frame).factors(library, Settings()).minutes()[0]


@pytest.mark.parametrize(
    ("frame", "expression", "minutes"),
    [
        ("trade", 'sum(amount[clock("09:30", "10:30")]) / CNY', EARLY),
        ("trade", 'sum(amount[buy & clock("09:30", "10:30") & ~locked]) / CNY', EARLY),
        ("trade", 'sum((amount * 2)[clock("09:30", "10:30")]) / CNY', EARLY),
        ("trade", 'corr(price[clock("09:30", "10:30")], volume)', EARLY),
        ("trade", "sum(amount) / CNY", ALL),
        # The orders behind a trade, and what the day traded, are known when the day is over.
        ("trade", 'sum(amount[buy_total > 5 * CNY & clock("09:30", "10:30")]) / CNY', ALL),
        ("trade", 'sum(amount[clock("09:30", "10:30")]) / day_amount', ALL),
        ("trade", 'sum(amount[~clock("09:30", "10:30")]) / CNY', ALL),
        ("trade", 'acorr(volume[clock("09:30", "10:30")])', ALL),
        ("trade", 'mean(amount[clock("09:30", "10:30")]) / mean(amount)', ALL),
        ("trade", 'count(volume[clock("10:30", "11:30") | clock("13:00", "13:30")])', ALL),
        ("order", 'kurt(volume[clock("10:30", "11:30")], least=20)', (60, 120)),
        ("order", 'count(price[top(volume[clock("10:30", "11:30")], 0.1)])', (60, 120)),
        ("snapshot", 'mean((ap1 / bp1)[clock("13:00", "14:57")])', (120, 237)),
        ("snapshot", 'mean(levels(bq, 5)[clock("13:00", "14:57")]) / SHARE', (120, 237)),
        ("parent", "sum(amount[buy]) / CNY", ALL),
        ("trade", "theta / CNY", (0, 0)),
    ],
)
def test_the_minutes_of_an_expression(frame, expression, minutes):
    expected = np.zeros(240, bool)
    expected[slice(*minutes)] = True
    np.testing.assert_array_equal(read(frame, expression), expected)


@pytest.mark.parametrize(
    ("frame", "expression", "minutes"),
    [
        ("minute", 'sum(amount[clock("09:30", "10:30")]) / CNY', EARLY),
        ("minute", 'sum(net_active[okT & clock("09:30", "10:30")]) / CNY', EARLY),
        ("minute", 'corr(ret[ok & clock("09:30", "10:30")], volume)', EARLY),
        ("minute", 'std(ret[clock("10:30", "11:30")])', (59, 120)),
        ("minute", 'corr(lag(ret[clock("10:30", "11:30")], 5), volume)', ALL),
        ("minute", 'mean(lag(volume, 5)[clock("10:30", "11:30")]) / SHARE', (55, 120)),
        ("minute", 'mean(row[clock("10:30", "11:30")])', (60, 120)),
        (
            "minute",
            'mean(close[top(volume[clock("10:30", "11:30")], 0.2)]) / CNY * SHARE',
            (60, 120),
        ),
        ("minute", 'mean(lead(volume)[clock("10:30", "11:30")]) / SHARE', ALL),
        ("minute", "sum(amount) / CNY", ALL),
        ("minute", 'sum(amount[clock("09:30", "10:30")]) / day_amount', ALL),
        # Which orders were big, and what the market explains of a return, is known at the close.
        ("minute", 'sum(big_buy_amount[clock("09:30", "10:30")]) / CNY', ALL),
        ("minute", 'sum(surprise[clock("09:30", "10:30")])', ALL),
        ("minute", "auction_amount / CNY", (0, 0)),
        ("bar30", 'sum(amount[clock("13:00", "14:30")]) / CNY', (120, 210)),
        ("bar30", 'std(ret[clock("13:00", "14:30")])', (90, 210)),
        ("bar5", 'sum(amount[clock("09:30", "10:30")]) / day_amount', ALL),
    ],
)
def test_the_minutes_of_an_expression_over_bars(frame, expression, minutes):
    """A return reads the bar before as well; the rule of locked days asks for no minutes."""
    expected = np.zeros(240, bool)
    expected[slice(*minutes)] = True
    np.testing.assert_array_equal(read(frame, expression), expected)
