"""Tables behind a test, by hand and by scrambled futures."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.evaluation import evidence as of

DAYS = np.array(["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02"], "datetime64[D]")
IC = np.array([0.1, 0.3, np.nan, 0.2])
SERIES = pl.DataFrame(
    {
        "date": DAYS,
        "rank_ic": IC,
        "universe": [0.01, 0.01, 0.0, 0.0],
        "group_1": [0.0, 0.01, -0.1, np.nan],
        "group_2": [0.02, 0.01, 0.1, 0.0],
    }
)


def test_months_and_courses_by_hand() -> None:
    months = of.monthly_table(SERIES)
    assert months.to_dicts() == [
        {"year": 2024, "month": 1, "dates": 2, "rank_ic": pytest.approx(0.2)},
        {"year": 2024, "month": 2, "dates": 1, "rank_ic": pytest.approx(0.2)},
    ]
    courses = of.group_courses(SERIES)
    assert courses["group_1"].to_list() == pytest.approx([0.99, 0.99, 0.891, 0.891])
    assert courses["group_2"].to_list() == pytest.approx([1.01, 1.01, 1.111, 1.111])


def test_groups_by_hand() -> None:
    low, high = of.group_table(SERIES, 50.0).to_dicts()
    assert low["per_date"] == pytest.approx((-0.01 + 0 - 0.1) / 3)
    assert high["win_date"] == pytest.approx(0.5)
    assert high["max_drawdown"] == 0.0
    assert high["t"] == pytest.approx(high["per_date"] / high["per_date_se"])


def test_histogram_counts_every_date_and_so_does_the_normal() -> None:
    ic_D = np.random.default_rng(0).normal(0.05, 0.1, 2000)
    table = of.histogram_table(np.append(ic_D, np.nan))
    assert table["dates"].sum() == 2000
    assert table["normal"].sum() == pytest.approx(2000, abs=5)
    assert (table["to"] - table["from"]).n_unique() <= 20
    assert of.histogram_table(np.array([0.1, 0.1])).is_empty()


def test_quantiles_of_a_normal_sample_lie_on_the_line() -> None:
    table = of.quantile_table(np.random.default_rng(0).normal(0.05, 0.1, 4000))
    middle = table[400:-400]
    assert (middle["rank_ic"] - middle["line"]).abs().max() < 0.01  # type: ignore[operator]
    assert table["normal"][0] == pytest.approx(-3.6623, abs=1e-4)  # tables: 0.5 / 4000


def test_rolling_figures_by_hand() -> None:
    table = of.rolling_table(np.append(IC, 0.4), np.append(DAYS, np.datetime64("2024-02-05")), 2)
    assert table["date"].to_list() == [
        date(2024, m, d) for m, d in ((1, 30), (1, 31), (2, 2), (2, 5))
    ]
    assert table["mean"].to_list() == [None, *(pytest.approx(x) for x in (0.2, 0.25, 0.3))]
    assert table["sum"][-1] == pytest.approx(1.0)


def test_rolling_figures_do_not_know_later_dates() -> None:
    rng = np.random.default_rng(1)
    ic_D, days = rng.normal(size=60), np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    before = of.rolling_table(ic_D, days, 10)
    later = np.where(np.arange(60) >= 40, rng.normal(size=60), ic_D)
    assert of.rolling_table(later, days, 10)[:40].equals(before[:40])
    assert not of.rolling_table(later, days, 10).equals(before)
