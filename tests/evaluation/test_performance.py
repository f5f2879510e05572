"""Figures a year follow the dates of the series: any sampling of the same course, the same year."""

import numpy as np
import polars as pl
import pytest

from intralpha.evaluation import performance, yearly_table
from intralpha.market import Calendar

SESSIONS = Calendar.xshg()
DAYS = SESSIONS.sessions[SESSIONS.index("2021-01-04") :][: 244 * 3]


@pytest.mark.parametrize(
    ("every", "a_year", "within"),
    [(1, 244.0, 0.0), (5, 48.8, 0.0), (2, 122, 0.0), (20, 12.2, 0.05)],
)
def test_a_year_has_as_many_rows_as_the_dates_say(every: int, a_year: float, within: float) -> None:
    rng = np.random.default_rng(every)
    dates = DAYS[::every]
    ret, benchmark = 0.01 * rng.standard_normal((2, len(dates)))
    figures, year = performance(ret, benchmark, dates), pytest.approx(a_year, rel=within or 1e-12)
    assert (figures.volatility / ret.std(ddof=1)) ** 2 == year
    grown = np.prod(1 + ret)
    assert len(dates) * np.log(1 + figures.ret_annualised) / np.log(grown) == year
    by_year = yearly_table(ret, benchmark, dates)
    first = ret[dates < np.datetime64("2022-01-01")]
    one = by_year.row(0, named=True)
    assert (one["volatility"] / first.std(ddof=1)) ** 2 == year


def test_the_same_course_has_the_same_return_a_year_however_it_is_sampled() -> None:
    daily = np.full(len(DAYS), 0.0004)
    nothing = np.zeros(len(DAYS))
    expected = performance(daily, nothing, DAYS).ret_annualised
    weekly = (1 + daily[: len(DAYS) // 5 * 5].reshape(-1, 5)).prod(axis=1) - 1
    got = performance(weekly, nothing[: len(weekly)], DAYS[4::5][: len(weekly)])
    assert got.ret_annualised == pytest.approx(expected, rel=1e-9)


def test_what_is_given_is_taken() -> None:
    ret, dates = np.array([0.01, -0.02, 0.03]), DAYS[:3]
    assert performance(ret, ret * 0, dates, 100.0).volatility == pytest.approx(ret.std(ddof=1) * 10)
    frame = yearly_table(ret, ret * 0, dates, 100.0)
    assert isinstance(frame, pl.DataFrame)
    assert frame["volatility"][0] == pytest.approx(ret.std(ddof=1) * 10)


def test_the_error_of_the_excess_by_hand() -> None:
    """Excesses of 1, -2 and 3 %: mean 2/3 %, deviation 2.5166 %, so 1.4530 % a row."""
    benchmark = np.array([0.002, 0.001, -0.004])
    found = performance(np.array([0.01, -0.02, 0.03]) + benchmark, benchmark, DAYS[:3], 100.0)
    assert found.excess_annualised_se == pytest.approx(1.45297, abs=1e-5)
    assert np.isnan(performance(benchmark[:1], benchmark[:1], DAYS[:1], 100.0).excess_annualised_se)
