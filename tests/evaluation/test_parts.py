"""RankIC inside parts, against SciPy day by day, and the tables made of it."""

import warnings

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError
from scipy.stats import spearmanr

from intralpha.evaluation import (
    BreakdownSpec,
    Division,
    breakdown,
    newey_west_error,
    part_rank_ic,
    quantile_groups,
    rank_ic,
)

DAYS, ASSETS, PARTS, FEWEST = 40, 60, 5, 8


def market(seed: int = 4) -> tuple[np.ndarray, ...]:
    """Scores with ties, holes and infinities; parts that stocks leave and enter; one tiny part."""
    rng = np.random.default_rng(seed)
    fwd = rng.standard_normal((DAYS, ASSETS))
    score = np.round(fwd + 2 * rng.standard_normal((DAYS, ASSETS)), 0)
    fwd[:, ::3] = np.round(fwd[:, ::3], 1)
    score[rng.random(score.shape) < 0.1] = np.nan
    fwd[rng.random(fwd.shape) < 0.1] = np.nan
    score[5, 3], fwd[6, 4] = np.inf, -np.inf
    score[7] = 1.0  # says nothing
    part = np.repeat(rng.integers(-1, PARTS - 1, ASSETS)[None], DAYS, axis=0)
    part[DAYS // 2 :] = np.roll(part[0], 7)  # every code changes hands
    part[:, :4] = PARTS - 1
    return score, fwd, part.astype(np.int32), rng.random(score.shape) > 0.05


def by_scipy(score, fwd, part, mask, fewest) -> tuple[np.ndarray, np.ndarray]:
    found, stocks = np.full((DAYS, PARTS), np.nan), np.zeros((DAYS, PARTS), int)
    for d in range(DAYS):
        for p in range(PARTS):
            mine = mask[d] & (part[d] == p) & np.isfinite(score[d]) & np.isfinite(fwd[d])
            stocks[d, p] = mine.sum()
            if mine.sum() >= fewest:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # a constant score
                    found[d, p] = spearmanr(score[d, mine], fwd[d, mine]).statistic
    return found, stocks


def test_every_part_and_day_is_what_scipy_says() -> None:
    score, fwd, part, mask = market()
    expected, members = by_scipy(score, fwd, part, mask, FEWEST)
    found, stocks = part_rank_ic(score, fwd, part, PARTS, mask, FEWEST)
    np.testing.assert_array_equal(stocks, members)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert np.isfinite(found[:, :-1]).sum() > 100, "nothing was compared"
    assert np.isnan(found[:, -1]).all()
    assert np.isnan(found[7]).all()


def test_the_order_of_stocks_and_later_dates_change_nothing() -> None:
    score, fwd, part, mask = market()
    expected, members = part_rank_ic(score, fwd, part, PARTS, mask, FEWEST)
    order = np.random.default_rng(0).permutation(ASSETS)
    laid = [array[:, order] for array in (score, fwd, part, mask)]
    found, stocks = part_rank_ic(*laid[:3], PARTS, laid[3], FEWEST)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(stocks, members)
    for array in (score, fwd):
        array[20:] = np.random.default_rng(1).standard_normal((DAYS - 20, ASSETS))
    other, _ = part_rank_ic(score, fwd, part, PARTS, mask, FEWEST)
    np.testing.assert_array_equal(other[:20], expected[:20])
    assert not np.array_equal(other[20:], expected[20:], equal_nan=True)


def test_one_part_of_everything_is_the_whole() -> None:
    score, fwd, _, mask = market()
    found, _ = part_rank_ic(score, fwd, np.zeros(score.shape, np.int32), 1, mask, 10)
    np.testing.assert_array_equal(found[:, 0], rank_ic(score, fwd, mask, 10))


def tables(every: int = 1) -> dict[str, pl.DataFrame]:
    score, fwd, part, mask = market()
    dates = np.arange("2023-12-12", "2024-01-21", dtype="datetime64[D]")
    size = np.tile(np.arange(float(ASSETS)), (DAYS, 1))
    cut = Division("size", quantile_groups(size, 3, mask) - np.int32(1), ("1", "2", "3"))
    industries = Division("industry", part, ("none", "bank", "food", "steel", "tiny"))
    return breakdown(score, fwd, mask, dates, (industries, cut), FEWEST, overlap=3, every=every)


@pytest.mark.parametrize("every", [1, 3])
def test_rows_are_means_of_the_dates_that_count(every: int) -> None:
    score, fwd, part, mask = market()
    expected, members = by_scipy(score, fwd, part, mask, FEWEST)
    expected[np.arange(DAYS) % every != 0] = np.nan
    rows = tables(every)["by_industry"].rows(named=True)
    assert [row["industry"] for row in rows] == ["none", "bank", "food", "steel", "tiny"]
    for at, row in enumerate(rows[:-1]):
        known = expected[np.isfinite(expected[:, at]), at]
        assert row["dates"] == len(known) > 5
        assert row["rank_ic"] == pytest.approx(known.mean(), abs=1e-12)
        assert row["icir"] == pytest.approx(known.mean() / known.std(ddof=1), abs=1e-12)
        error = newey_west_error(known, max(int(4 * (len(known) / 100) ** (2 / 9)), 2))
        assert row["se"] == pytest.approx(error, abs=1e-12)
        assert row["t"] == pytest.approx(known.mean() / error)
        assert row["stocks"] == pytest.approx(members[members[:, at] > 0, at].mean())
    assert rows[-1]["dates"] == 0
    assert np.isnan(rows[-1]["rank_ic"])
    assert 0 < rows[-1]["stocks"] <= 4


def test_years_are_told_apart_and_sizes_are_thirds() -> None:
    found = tables()
    assert list(found) == ["by_industry", "industry_years", "by_size", "size_years"]
    score, fwd, part, mask = market()
    expected, _ = by_scipy(score, fwd, part, mask, FEWEST)
    years = found["industry_years"].filter(pl.col("part") == "bank")
    assert years["year"].to_list() == [2023, 2024]
    means = [np.nanmean(expected[:20, 1]), np.nanmean(expected[20:, 1])]
    np.testing.assert_allclose(years["rank_ic"].to_numpy(), means, atol=1e-12)
    assert found["by_size"]["size"].to_list() == ["1", "2", "3"]
    assert found["by_size"]["stocks"].min() > 12


def test_a_part_without_stocks_is_no_row() -> None:
    score, fwd, _, mask = market()
    dates = np.arange("2023-12-12", "2024-01-21", dtype="datetime64[D]")
    nobody = Division("industry", np.full(score.shape, -1, np.int32), ("bank",))
    assert breakdown(score, fwd, mask, dates, (nobody,), FEWEST) == {}


def test_a_single_group_of_size_is_refused() -> None:
    assert BreakdownSpec(sizes=0).sizes == 0
    with pytest.raises(ValidationError, match="expected 0, or 2 and more"):
        BreakdownSpec(sizes=1)
