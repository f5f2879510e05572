"""Metrics against SciPy, NumPy and vectors worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from intralpha.base import Panel
from intralpha.evaluation import (
    FactorTestSpec,
    average_ranks,
    decay,
    excess_nav,
    ic,
    max_drawdown,
    nav,
    neutralise,
    quantile_returns,
    rank_factor_ic,
    rank_ic,
    run_factor_test,
    sharpe,
    summarise,
    top_weights,
    turnover,
    zscore,
)


def sample(seed: int = 0, days: int = 6, assets: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = np.round(rng.standard_normal((days, assets)), 1)
    fwd = rng.standard_normal((days, assets))
    score[0, :4] = np.nan
    fwd[1, 5:9] = np.nan
    return score, fwd


def test_correlations_equal_scipy_with_ties_and_gaps() -> None:
    score, fwd = sample()
    mask = np.random.default_rng(1).random(score.shape) < 0.9
    for d in range(len(score)):
        known = mask[d] & np.isfinite(score[d]) & np.isfinite(fwd[d])
        s, y = score[d, known], fwd[d, known]
        assert rank_ic(score, fwd, mask)[d] == pytest.approx(stats.spearmanr(s, y)[0], abs=1e-12)
        assert ic(score, fwd, mask)[d] == pytest.approx(stats.pearsonr(s, y)[0], abs=1e-12)
        rank_factor = stats.pearsonr(stats.rankdata(s), y)[0]
        assert rank_factor_ic(score, fwd, mask)[d] == pytest.approx(rank_factor, abs=1e-12)


def test_ranks_share_ties() -> None:
    row = np.array([[3.0, 1.0, 3.0, np.nan, 2.0]])
    np.testing.assert_array_equal(average_ranks(row), [[3.5, 1, 3.5, np.nan, 2]])


def test_too_few_stocks_give_nan_not_a_number() -> None:
    score, fwd = sample(assets=20)
    assert np.isnan(rank_ic(score, fwd)).all()
    assert np.isfinite(rank_ic(score, fwd, min_stocks=10)).all()
    assert np.isnan(summarise(rank_ic(score, fwd)).mean)


@settings(max_examples=20)
@given(st.integers(0, 100), st.permutations(range(60)))
def test_order_and_monotone_changes_do_not_matter(seed: int, order: list[int]) -> None:
    score, fwd = sample(seed)
    expected = rank_ic(score, fwd)
    np.testing.assert_allclose(rank_ic(score[:, order], fwd[:, order]), expected, atol=1e-12)
    np.testing.assert_allclose(rank_ic(np.exp(score), fwd), expected, atol=1e-12)
    np.testing.assert_allclose(rank_ic(-score, fwd), -expected, atol=1e-12)


def test_groups_hold_equal_counts_and_the_best_come_last() -> None:
    score = np.arange(60.0)[None]
    fwd = np.arange(60.0)[None] / 100
    found = quantile_returns(score, fwd, 6)
    np.testing.assert_allclose(found, np.arange(6)[None] / 10 + 0.045)


def test_vectors_of_the_specification() -> None:
    ret, bench = np.array([0.01, -0.02, 0.015]), np.array([0.008, -0.015, 0.01])
    assert excess_nav(ret, bench)[-1] - 1 == pytest.approx(0.00197495, abs=1e-8)
    weights = np.array([[0.5, 0.5, 0.0], [0.3, 0.4, 0.3]])
    assert turnover(weights)[1] == pytest.approx(0.6)
    assert turnover(weights, sides=1)[1] == pytest.approx(0.3)


def test_nav_figures_by_hand() -> None:
    ret = np.array([0.1, -0.5, 0.2])
    np.testing.assert_allclose(nav(ret), [1.1, 0.55, 0.66])
    assert max_drawdown(nav(ret)) == pytest.approx(0.5)
    total = 0.66 ** (252 / 3) - 1
    expected = total / (ret.std(ddof=1) * np.sqrt(252))
    assert sharpe(ret, 252.0) == pytest.approx(expected)


def test_zscores_and_residuals_equal_numpy() -> None:
    score, _ = sample(days=3)
    x = np.random.default_rng(4).standard_normal((3, 60, 2))
    z, residual = zscore(score), neutralise(score, x)
    for d in range(3):
        known = np.isfinite(score[d])
        np.testing.assert_allclose(z[d, known], stats.zscore(score[d, known]), atol=1e-12)
        design = np.column_stack([np.ones(known.sum()), x[d, known]])
        fit = np.linalg.lstsq(design, score[d, known], rcond=None)[0]
        np.testing.assert_allclose(residual[d, known], score[d, known] - design @ fit, atol=1e-10)
    assert np.nanmax(np.abs(zscore(score, clip=1.0))) == 1.0


def test_decay_looks_back_not_forward() -> None:
    score, fwd = sample(days=12)
    lagged = decay(score, fwd, (0, 2))
    np.testing.assert_allclose(lagged[:, 0], rank_ic(score, fwd), atol=1e-12)
    assert lagged[5, 1] == pytest.approx(rank_ic(score[3:4], fwd[5:6])[0], abs=1e-12)


def test_the_top_group_is_the_floor_of_the_share() -> None:
    weights = top_weights(np.arange(57.0)[None], 0.1)
    assert (weights > 0).sum() == 5
    assert weights[0, -5:].sum() == pytest.approx(1)


def panel(values: np.ndarray, days: np.ndarray, *names: str) -> Panel:
    assets = np.array([f"{600000 + i}.SH" for i in range(values.shape[1])])
    return Panel(values.reshape(*values.shape[:2], len(names)), days, assets, names)


def test_the_standard_test_of_a_perfect_factor() -> None:
    rng = np.random.default_rng(0)
    fwd = 0.02 * rng.standard_normal((10, 50))
    days = np.arange("2024-01-01", "2024-01-11", dtype="datetime64[D]")
    spec = FactorTestSpec(n_groups=5, top_share=0.2, periods_per_year=50.0)
    ahead = panel(np.stack([fwd, -fwd], axis=-1), days, "fwd_1_6", "fwd_1_11")
    report = run_factor_test(panel(fwd, days, "score"), ahead, None, spec, "perfect")
    assert report.summary["rank_ic"] == pytest.approx(1)
    assert report.summary["rank_ic_1_11"] == pytest.approx(-1)
    best = np.sort(fwd, axis=1)[:, -10:].mean(axis=1) - fwd.mean(axis=1)
    assert report.summary["top_excess"] == pytest.approx(best.mean() * 50)
    assert report.summary["top_ir"] == pytest.approx(best.mean() / best.std(ddof=1) * np.sqrt(50))
    assert report.yearly["dates"].to_list() == [10]
    assert report.series.width == 5 + 5
