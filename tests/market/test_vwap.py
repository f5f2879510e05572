"""Amounts that do not fit prices and volume, by hand; arrays and expressions say the same."""

import numpy as np
import polars as pl
import pytest

from intralpha.market import vwap_outside

# low, high, volume, amount, outside
CASES = {
    "inside": (9.9, 10.1, 12_345, 123_450.0, False),
    "at the high": (9.9, 10.1, 12_345, 124_684.5, False),
    "a tick above the high": (9.9, 10.1, 12_345, 124_807.0, False),
    "two ticks above the high": (9.9, 10.1, 12_345, 124_932.0, True),
    "two ticks below the low": (9.9, 10.1, 12_345, 121_967.0, True),
    "thousand CNY": (9.9, 10.1, 12_345, 123.45, True),
    "ten thousand CNY": (9.9, 10.1, 12_345, 12.345, True),
    "volume in lots": (9.9, 10.1, 123, 123_450.0, True),
    "volume a hundred times": (9.9, 10.1, 1_234_500, 123_450.0, True),
    "lots and thousand CNY": (9.9, 10.1, 123, 123.45, True),
    "nothing traded": (9.9, 10.1, 0, 0.0, False),
    "traded for nothing": (9.9, 10.1, 100, 0.0, True),
    "volume rounded to lots": (9.9, 9.9, 300, 3_465.0, False),
    "amount rounded to ten thousand": (9.9, 9.9, 12_345, 130_000.0, False),
    "amount rounded to thousand, too far": (9.9, 9.9, 12_345, 124_000.0, True),
    "single precision of 3e9": (1_500.0, 1_500.0, 2_000_001, 3_000_001_792.0, False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_row_by_hand(case: str) -> None:
    *numbers, outside = CASES[case]
    arrays = [np.array([x], dtype=np.float64) for x in numbers]
    assert vwap_outside(*arrays).tolist() == [outside]


def test_expressions_say_what_arrays_say() -> None:
    names = ("low", "high", "volume", "amount", "outside")
    frame = pl.DataFrame(list(CASES.values()), schema=names, orient="row", strict=False)
    found = frame.select(vwap_outside(*(pl.col(n) for n in names[:4])).alias("outside"))
    assert found["outside"].to_list() == frame["outside"].to_list()


def test_what_is_unknown_is_not_outside() -> None:
    one, nothing = np.array([10.0]), np.array([np.nan])
    assert vwap_outside(nothing, nothing, one, one).tolist() == [False]
    assert vwap_outside(one, one, one, nothing).tolist() == [False]


def test_a_coarser_tick_is_the_callers_to_say() -> None:
    one = np.array([1.0])
    row = (2.65 * one, 2.65 * one, 12_345 * one, 2.655 * 12_345 * one)
    assert not vwap_outside(*row, tick_yuan=0.01).any()
    assert vwap_outside(*row, tick_yuan=0.001).all()
