"""Calendar years beside Python's own dates, and tables by them beside plain sums."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.base.years import ALL, by_year, years_of

DATES = st.lists(st.dates(date(1950, 1, 1), date(2100, 12, 31)), max_size=30).map(sorted)


@given(DATES)
def test_years_are_those_of_the_calendar(days: list[date]) -> None:
    found = years_of(np.array(days, dtype="datetime64[D]"))
    assert found.tolist() == [day.year for day in days]


@given(DATES, st.randoms(use_true_random=False))
def test_sums_are_those_of_plain_loops(days: list[date], random) -> None:
    kinds = [random.choice("ab") for _ in days]
    rows = pl.DataFrame(
        {"date": days, "kind": kinds, "x": list(range(len(days)))},
        schema={"date": pl.Date, "kind": pl.String, "x": pl.Int64},
    )
    expected: dict[tuple[str, str], int] = {}
    for day, kind, x in rows.rows():
        for year in (str(day.year), ALL):
            expected[year, kind] = expected.get((year, kind), 0) + x
    found = by_year(rows, [pl.col("x").sum()], ("kind",))
    assert found.columns == ["year", "kind", "x"]
    assert {(year, kind): x for year, kind, x in found.rows()} == expected
    assert found["year"].to_list() == sorted(found["year"].to_list())


@pytest.mark.parametrize("count", [0, 3])
def test_the_last_row_is_of_all_even_where_there_is_none(count: int) -> None:
    rows = pl.DataFrame(
        {"date": [date(2023, 12, 29)] * count, "x": [1.0] * count},
        schema={"date": pl.Date, "x": pl.Float64},
    )
    found = by_year(rows, [pl.col("x").sum()])
    assert found.rows() == [*([("2023", 3.0)] if count else []), (ALL, float(count))]
