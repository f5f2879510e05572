"""The plain statistics by hand, beside SciPy and NumPy, and in the unit vectors of [Spec 20]."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from . import stats
from .bar64 import prop_std, proportions
from .minute15 import bigorder_ret, side_valper
from .ms22 import apb, hhi
from .stats import NAN

R = np.array([0.01, -0.02, 0.005, -0.001])
AMOUNT, TRADES = np.array([100.0, 400, 300, 200]), np.array([10.0, 20, 20, 40])
JUMPY = np.array([0.001, -0.001, 0.0005, 0, 0.02, -0.0005, 0.001])
X = np.array([2.0, 4, 6, 8, 5])


@pytest.fixture
def noise() -> np.ndarray:
    rng = np.random.default_rng(5)
    x = rng.standard_t(4, (2, 300)) + 3
    x[rng.random(x.shape) < 0.1] = NAN
    return x


def near(x: float, digits: float = 1e-6):
    return pytest.approx(x, abs=digits, nan_ok=True)


def test_vectors_of_the_specification_for_moments() -> None:
    assert stats.down_share(R) == near(0.762357)
    assert stats.skew(R) == near(-0.771734)
    assert stats.kurt(R) == near(-0.958610)


def test_vectors_of_the_specification_for_trade_sizes() -> None:
    assert side_valper(R < 0, AMOUNT, TRADES) == near(0.9)
    assert bigorder_ret(R, AMOUNT / TRADES, 1) == near(-0.0151, 1e-9)
    assert list(stats.top_share(AMOUNT / TRADES)) == [False, True, True, False]


def test_vectors_of_the_specification_for_jumps() -> None:
    assert stats.median_mad(JUMPY) == (near(0.0005, 1e-15), near(0.0005, 1e-15))
    assert stats.extreme_sum(JUMPY) == near(0.019, 1e-12)
    assert JUMPY.sum() - stats.extreme_sum(JUMPY) == near(0.002, 1e-12)


def test_vectors_of_the_specification_for_bars() -> None:
    assert stats.t_ratio(proportions(X)) == near(2.5, 1e-12)
    assert prop_std(X) == near(0.4, 1e-12)
    assert stats.acorr1(X, lunch=None) == near(0.377964)
    assert stats.acorr1(proportions(X), lunch=None) == near(0.377964)
    assert hhi(np.array([10.0, 20, 30, 40])) == near(0.30, 1e-15)
    vwap, volume = [10, 10.2, 10.1, 10.3, 10.4], [500.0, 100, 200, 100, 100]
    assert apb(np.array(vwap), np.array(volume)) == near(0.0088627, 1e-7)


def test_moments_equal_scipy(noise: np.ndarray) -> None:
    x = stats.observed(noise[0])
    assert stats.mean(noise[0]) == pytest.approx(np.mean(x), rel=1e-13)
    assert stats.std(noise[0]) == pytest.approx(np.std(x), rel=1e-13)
    assert stats.std(noise[0], ddof=1) == pytest.approx(np.std(x, ddof=1), rel=1e-13)
    assert stats.skew(noise[0]) == pytest.approx(scipy_stats.skew(x), rel=1e-11)
    assert stats.kurt(noise[0]) == pytest.approx(scipy_stats.kurtosis(x), rel=1e-11)


def test_correlations_equal_numpy(noise: np.ndarray) -> None:
    x, y = noise
    both = np.isfinite(x) & np.isfinite(y)
    assert stats.pearson(x, y) == pytest.approx(np.corrcoef(x[both], y[both])[0, 1], rel=1e-11)
    pair = np.isfinite(x[:-1]) & np.isfinite(y[1:])
    pair[119] = False
    expected = np.corrcoef(x[:-1][pair], y[1:][pair])[0, 1]
    assert stats.lead_lag(x, y) == pytest.approx(expected, rel=1e-11)


def test_the_pair_across_lunch_is_left_out_and_only_that_one() -> None:
    x = np.arange(6.0) ** 2
    assert stats.lead_lag(x, x, lunch=2, least=4) == pytest.approx(
        np.corrcoef([0, 4, 9, 16], [1, 9, 16, 25])[0, 1]
    )
    assert math.isnan(stats.lead_lag(x, x, lunch=2, least=5))
    assert not math.isnan(stats.lead_lag(x, x, lunch=None, least=5))


def test_a_missing_minute_breaks_both_of_its_pairs() -> None:
    x = np.array([1.0, 3, NAN, 2, 5, 4, 7])
    expected = np.corrcoef([1, 2, 5, 4], [3, 5, 4, 7])[0, 1]
    assert stats.acorr1(x, lunch=None, least=4) == pytest.approx(expected)
    assert math.isnan(stats.acorr1(x, lunch=None, least=5))


@pytest.mark.parametrize("level", [0.0, 1e-12, 3.3, 1e9])
def test_flat_series_have_no_ratio(level: float) -> None:
    flat, y = np.full(30, level), np.arange(30.0)
    for statistic in (stats.skew, stats.kurt, stats.t_ratio, stats.acorr1):
        assert math.isnan(statistic(flat))
    assert math.isnan(stats.pearson(flat, y))
    assert math.isnan(stats.pearson(y, flat))
    assert stats.std(flat) <= 1e-15 * max(level, 1)


def test_the_zero_variance_rule_is_relative_to_the_mean() -> None:
    wave = np.tile([1.0, -1.0], 20)
    assert stats.is_flat(5.0 + 4e-10 * wave)
    assert not stats.is_flat(5.0 + 6e-10 * wave)
    assert not stats.is_flat(1e-19 * wave)
    assert stats.is_flat(1e-21 * wave)


def test_too_few_observations_give_nan() -> None:
    x = np.array([1.0, 4, 2, NAN, 9])
    for statistic in (stats.mean, stats.std, stats.skew, stats.kurt, stats.t_ratio, stats.total):
        assert not math.isnan(statistic(x, 4))
        assert math.isnan(statistic(x, 5))
        assert math.isnan(statistic(np.full(3, NAN)))
    assert math.isnan(stats.down_share(x, 5))
    assert math.isnan(stats.extreme_sum(x, 5))


def test_largest_keys_are_rounded_up_and_ties_go_to_the_earlier() -> None:
    assert list(stats.top_share(np.array([5.0, 7, NAN, 7, 7]))) == [0, 1, 0, 1, 0]
    assert stats.top_share(np.full(11, 1.0)).nonzero()[0].tolist() == [0, 1, 2, 3]
    assert stats.top_share(np.arange(10.0)).sum() == 3
    assert stats.top_share(np.full(4, NAN)).sum() == 0


def test_nothing_is_extreme_where_most_values_agree() -> None:
    assert stats.extreme_sum([0.0] * 6 + [0.5]) == 0.0


def test_down_share_needs_a_move() -> None:
    assert math.isnan(stats.down_share(np.zeros(9)))
    assert stats.down_share([0.0, 0.1]) == 0.0
