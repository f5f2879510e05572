"""Returns of what the portfolio is measured against."""

import numpy as np
import pytest

from intralpha.backtest import (
    BenchmarkGapError,
    BenchmarkWeightsError,
    benchmark_returns,
    benchmark_weights,
    index_returns,
)

ASSETS = np.array(["600001.SH", "600002.SH"])
DATES = np.array(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"], dtype="datetime64[D]")
# 600001: +10 %, split 1 for 1 with 5 -> 5.5 (+10 %), absent. 600002: 0, -10 %, +20 %.
CLOSE = np.array([[10.0, 20.0], [11.0, 20.0], [6.05, 18.0], [np.nan, 21.6]])
PRECLOSE = np.array([[10.0, 20.0], [10.0, 20.0], [5.5, 20.0], [np.nan, 18.0]])


@pytest.fixture
def market(make_market):
    return make_market(DATES, ASSETS, {"close": CLOSE, "preclose": PRECLOSE})


def test_weights_drift_with_prices(market, make_targets):
    # 01-03: 0.55, 0.50 of 1.05; 01-04: 0.605, 0.45 of 1.055; 01-05: 0.605, 0.54 of 1.145.
    drifted = benchmark_weights(make_targets(["2024-01-02"], ASSETS, [[3.0, 3.0]]), market)
    expected = [
        [0.5, 0.5],
        [0.55 / 1.05, 0.50 / 1.05],
        [0.605 / 1.055, 0.45 / 1.055],
        [0.605 / 1.145, 0.54 / 1.145],
    ]
    np.testing.assert_allclose(drifted.values[:, :, 0], expected, atol=1e-12)


def test_returns_are_those_of_the_weights_of_the_day_before(market, make_targets):
    returns = benchmark_returns(make_targets(["2024-01-02"], ASSETS, [[0.5, 0.5]]), market)
    np.testing.assert_allclose(returns, [0, 0.05, 1.055 / 1.05 - 1, 1.145 / 1.055 - 1], atol=1e-12)


def test_new_weights_count_from_the_next_session(market, make_targets):
    given = make_targets(["2024-01-03", "2024-01-04"], ASSETS, [[1.0, np.nan], [0.0, 1.0]])
    np.testing.assert_allclose(benchmark_returns(given, market), [0, 0, 0.1, 0.2], atol=1e-12)
    drifted = benchmark_weights(given, market)
    assert np.isnan(drifted.values[0]).all()
    assert drifted.values[2, :, 0].tolist() == [0.0, 1.0]


def test_drifting_benchmark_equals_holding_it(market, make_targets):
    """One review only: the compounded return is that of buying and holding."""
    weights = make_targets(["2024-01-02"], ASSETS, [[0.25, 0.75]])
    total = np.prod(1 + benchmark_returns(weights, market))
    assert total == pytest.approx(0.25 * 1.21 + 0.75 * 0.9 * 1.2)


@pytest.mark.parametrize("bad", [[0.0, 0.0], [1.0, -0.5]])
def test_weights_that_are_none(market, make_targets, bad):
    with pytest.raises(BenchmarkWeightsError, match="2024-01-02"):
        benchmark_weights(make_targets(["2024-01-02"], ASSETS, [bad]), market)


def test_a_benchmark_name_that_the_market_lacks(market, make_targets):
    strange = make_targets(["2024-01-02"], np.array(["600001.SH", "X"]), [[0.5, 0.5]])
    with pytest.raises(BenchmarkWeightsError, match="X is not in the market"):
        benchmark_returns(strange, market)


def test_index_returns_by_hand():
    close = np.array([100.0, 102.0, 51.0])
    np.testing.assert_allclose(index_returns(close), [0, 0.02, -0.5], atol=1e-15)
    assert index_returns(np.array([])).tolist() == []


@pytest.mark.parametrize("gap", [np.nan, np.inf, 0.0])
@pytest.mark.parametrize("row", [0, 1, 3])
def test_an_index_with_a_gap_has_no_returns(gap, row):
    close = np.array([100.0, 102.0, 101.0, 51.0])
    close[row] = gap
    with pytest.raises(BenchmarkGapError, match=f"no value on 1 of 4 sessions: {row};"):
        index_returns(close)
