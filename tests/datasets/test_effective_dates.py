"""How many dates there are once some count more than others."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.datasets.effective_dates import effective_dates

WEIGHTS = st.lists(st.floats(0.01, 100.0), min_size=1, max_size=30)


def told(weights: list[float], fold: str = "2024") -> pl.DataFrame:
    days = [date(2024, 1, 2) + timedelta(days=d) for d in range(len(weights))]
    rows = {"factor": ["a"] * len(days), "fold": [fold] * len(days), "date": days}
    return pl.DataFrame(rows | {"weight": weights})


@given(WEIGHTS, st.floats(0.1, 10.0))
def test_only_ratios_count_and_the_number_is_between_one_and_all(
    weights: list[float], scale: float
) -> None:
    found = effective_dates(told(weights))["effective_dates"].item()
    scaled = effective_dates(told([scale * w for w in weights]))["effective_dates"].item()
    assert 1 - 1e-9 <= found <= len(weights) + 1e-9
    assert scaled == pytest.approx(found, rel=1e-9)


def test_equal_weights_count_all_and_one_weight_counts_one() -> None:
    both = pl.concat([told([2.0] * 7), told([0.0, 0.0, 3.0], "2025")])
    found = effective_dates(both)
    assert found["effective_dates"].to_list() == [7.0, 1.0]
    assert found["training_dates"].to_list() == [7, 3]
    assert found["oldest_weight"].to_list() == [2.0, 0.0]
    assert found["newest_date"].to_list() == [date(2024, 1, 8), date(2024, 1, 4)]


def test_half_a_life_of_infinitely_many_dates_is_what_the_sum_says() -> None:
    half_life = 50.0
    weights = np.exp2(-np.arange(5_000)[::-1] / half_life)
    q = 2 ** (-1 / half_life)
    expected = (1 + q) / (1 - q)  # of the geometric series
    found = effective_dates(told(weights.tolist()))["effective_dates"].item()
    assert found == pytest.approx(expected, rel=1e-9)
