"""The same factor through alphalens-reloaded, an independent tool."""

import warnings

import numpy as np
import pytest

from intralpha.evaluation import (
    quantile_groups,
    quantile_returns,
    rank_autocorrelation,
    rank_ic,
    turnover,
)

DAYS, ASSETS, GROUPS = 40, 103, 5


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    score = np.cumsum(rng.standard_normal((DAYS, ASSETS)), axis=0)
    fwd = 0.01 * rng.standard_normal((DAYS, ASSETS)) + 0.001 * score
    score[3, 5:9] = np.nan
    return score, fwd


@pytest.fixture(scope="module")
def theirs(data: tuple[np.ndarray, np.ndarray]):
    """alphalens' own table: factor, forward return and quantile of every (date, asset)."""
    pd = pytest.importorskip("pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        performance = pytest.importorskip("alphalens.performance")
    score, fwd = data
    days = pd.date_range("2024-01-01", periods=DAYS, freq="D")
    index = pd.MultiIndex.from_product([days, range(ASSETS)], names=["date", "asset"])
    frame = pd.DataFrame({"1D": fwd.ravel(), "factor": score.ravel()}, index=index).dropna()
    quantile = frame.groupby("date")["factor"].transform(
        lambda x: pd.qcut(x, GROUPS, labels=False) + 1
    )
    return performance, frame.assign(factor_quantile=quantile.astype(int))


def quiet(call, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **options)


def test_information_coefficient(data, theirs) -> None:
    performance, frame = theirs
    expected = quiet(performance.factor_information_coefficient, frame)["1D"].to_numpy()
    np.testing.assert_allclose(rank_ic(*data), expected, atol=1e-9)


def test_mean_return_by_quantile(data, theirs) -> None:
    """Equal where their quantile edges and our equal counts put the same names in a group."""
    performance, frame = theirs
    score, fwd = data
    days = [d for d in range(DAYS) if np.isfinite(score[d]).sum() % GROUPS == 3]
    assert len(days) > 30
    mine = quantile_groups(score, GROUPS)
    table = frame.reset_index()
    day_index = (table["date"] - table["date"].min()).dt.days.to_numpy()
    their_groups = np.zeros((DAYS, ASSETS), dtype=int)
    their_groups[day_index, table["asset"].to_numpy()] = table["factor_quantile"].to_numpy()
    same = [d for d in days if (mine[d] == their_groups[d]).all()]
    expected = quiet(performance.mean_return_by_quantile, frame, by_date=True, demeaned=False)[0]
    wide = expected["1D"].unstack("factor_quantile").to_numpy()
    found = quantile_returns(score, fwd, GROUPS)
    for d in same:
        np.testing.assert_allclose(found[d], wide[d], atol=1e-9)
    # Elsewhere only names at the edges change sides: 103 names cannot make five equal groups.
    moved = (mine != their_groups).sum(axis=1)
    assert moved.max() <= 2 * GROUPS
    np.testing.assert_allclose(found.mean(axis=1), wide.mean(axis=1), atol=2e-3)


def test_turnover_of_the_top_quantile(data, theirs) -> None:
    """Their turnover is the share of new names; with equal weights that is half the two-sided."""
    performance, frame = theirs
    expected = quiet(performance.quantile_turnover, frame["factor_quantile"], GROUPS, 1).to_numpy()
    table = frame.reset_index()
    day_index = (table["date"] - table["date"].min()).dt.days.to_numpy()
    top = np.zeros((DAYS, ASSETS))
    top[day_index, table["asset"].to_numpy()] = table["factor_quantile"].to_numpy() == GROUPS
    weights = top / top.sum(axis=1, keepdims=True)
    sizes = top.sum(axis=1)
    equal = np.flatnonzero(sizes[1:] == sizes[:-1]) + 1
    assert len(equal) > 30
    np.testing.assert_allclose(turnover(weights)[equal] / 2, expected[equal], atol=1e-9)


def test_rank_autocorrelation(data, theirs) -> None:
    """Equal on days when the same names are present on both dates."""
    performance, frame = theirs
    expected = quiet(performance.factor_rank_autocorrelation, frame, 1).to_numpy()
    found = rank_autocorrelation(data[0], 1)
    whole = np.ones(DAYS, dtype=bool)
    whole[[0, 3, 4]] = False
    np.testing.assert_allclose(found[whole], expected[whole], atol=1e-9)
