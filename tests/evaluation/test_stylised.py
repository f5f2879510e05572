"""Stylised facts: numbers made by hand, processes whose answer is known, statsmodels, SciPy."""

import numpy as np
import pytest
from scipy import stats

from intralpha.base.arrays import CountError
from intralpha.evaluation import (
    LaggedSums,
    RunningMean,
    TailSums,
    bar_log_returns,
    corwin_schultz_spread,
    first_component_share,
    hill_index,
    horizon_rank_ic,
    lead_lag,
    mean_pair_correlation,
    pacf,
    paired_correlation,
    roll_spread,
    volume_shares,
)

NAN = np.nan


def ar1(phi: float, rows: int, assets: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((rows, assets))
    x = np.empty_like(noise)
    x[0] = noise[0] / np.sqrt(1 - phi**2)
    for t in range(1, rows):
        x[t] = phi * x[t - 1] + noise[t]
    return x


def sums(x: np.ndarray, max_lag: int) -> LaggedSums:
    out = LaggedSums(x.shape[1], max_lag)
    out.add(x)
    return out


def test_bar_returns_start_at_the_open_and_leave_out_bars_without_trades() -> None:
    open_TA = np.array([[10.0], [11.0], [11.0], [12.0]])
    close_TA = np.array([[11.0], [11.0], [11.0], [12.1]])
    ret = bar_log_returns(open_TA, close_TA, np.array([[5.0], [0.0], [3.0], [1.0]]))
    expected = [[np.log(1.1)], [NAN], [0.0], [np.log(1.1)]]
    np.testing.assert_allclose(ret, expected, rtol=1e-12)


def test_acf_by_hand() -> None:
    # 1, 2, 3, 4 three times over, mean 2.5: gamma_0 = 1.25; at lag 1 the eleven products are
    # 3 x (0.75 - 0.25 + 0.75) + 2 x (-2.25) = -0.75.
    x = np.tile([1.0, 2.0, 3.0, 4.0], 3)[:, None]
    assert sums(x, 1).acf()[:, 0] == pytest.approx([1.0, -0.75 / 11 / 1.25])


def test_acf_is_that_of_statsmodels() -> None:
    tools = pytest.importorskip("statsmodels.tsa.stattools")
    x = ar1(0.6, 300, 2) + 5.0
    ours = sums(x, 20).acf()
    for a in range(2):
        theirs = tools.acf(x[:, a], nlags=20, adjusted=True, fft=False)
        np.testing.assert_allclose(ours[:, a], theirs, atol=1e-12)
    gaps = x.copy()
    gaps[::7] = NAN
    theirs = tools.acf(gaps[:, 0], nlags=20, adjusted=True, fft=False, missing="conservative")
    np.testing.assert_allclose(sums(gaps, 20).acf()[:, 0], theirs, atol=1e-12)


def test_blocks_are_sessions_unless_they_carry_on() -> None:
    x = ar1(0.5, 120, 3)
    whole, apart, onward = sums(x, 8), LaggedSums(3, 8), LaggedSums(3, 8, carry=True)
    for block in np.split(x, [5, 35, 36, 80]):
        apart.add(block)
        onward.add(block)
    np.testing.assert_allclose(onward.acf(), whole.acf(), atol=1e-12)
    assert np.abs(apart.acf()[1:] - whole.acf()[1:]).max() > 1e-3
    gap = np.full((8, 3), NAN)
    split = sums(np.concatenate([x[:60], gap, x[60:]]), 8)
    two = LaggedSums(3, 8)
    two.add(x[:60])
    two.add(x[60:])
    np.testing.assert_allclose(two.acf(), split.acf(), atol=1e-12)


def test_an_autoregression_has_its_known_acf_and_pacf() -> None:
    acf = sums(ar1(0.7, 20_000, 10), 10).mean_acf()
    np.testing.assert_allclose(acf, 0.7 ** np.arange(11), atol=0.02)
    partial = pacf(acf)
    assert partial[1] == pytest.approx(0.7, abs=0.01)
    np.testing.assert_allclose(partial[2:], 0.0, atol=0.01)


def test_flat_and_short_series_have_no_acf() -> None:
    x = np.zeros((30, 3))
    x[:, 1] = NAN
    x[:, 2] = np.arange(30)
    acf = sums(x, 2).acf()
    assert np.isnan(acf[:, :2]).all()
    assert np.isfinite(acf[:, 2]).all()
    assert np.isnan(sums(x[:9], 2).acf()).all()
    np.testing.assert_array_equal(sums(x, 2).mean_acf(), acf[:, 2])


@pytest.mark.parametrize("seed", range(3))
def test_pacf_is_that_of_statsmodels(seed: int) -> None:
    tools = pytest.importorskip("statsmodels.tsa.stattools")
    x = np.convolve(np.random.default_rng(seed).standard_normal(500), [1.0, -0.5, 0.3, 0.8])
    for adjusted in (False, True):
        method = "ldadjusted" if adjusted else "ldbiased"
        acf = tools.acf(x, nlags=30, adjusted=adjusted, fft=False)
        np.testing.assert_allclose(pacf(acf), tools.pacf(x, nlags=30, method=method), atol=1e-12)


def test_pacf_stops_where_no_series_has_such_correlations() -> None:
    np.testing.assert_array_equal(pacf(np.array([1.0, 1.0, 0.3])), [1.0, 1.0, NAN])
    np.testing.assert_array_equal(pacf(np.array([1.0, 0.5, NAN, 0.1])), [1.0, 0.5, NAN, NAN])


def test_hill_by_hand_and_on_known_tails() -> None:
    # The threshold is exp(0) = 1, the ten logs above it are 1 to 10 and add up to 55.
    assert hill_index(np.exp(np.arange(11.0)), 10) == pytest.approx(10 / 55)
    rng = np.random.default_rng(0)
    assert hill_index(1.0 + rng.pareto(2.5, 100_000), 5_000) == pytest.approx(2.5, abs=0.12)
    student = np.abs(rng.standard_t(3, 500_000))
    assert hill_index(student, 1_000) == pytest.approx(3.0, abs=0.3)
    assert np.isnan(hill_index(student[:10], 10))
    assert np.isnan(hill_index(np.ones(50), 10))


def test_tails_in_blocks_are_those_of_the_whole() -> None:
    z = np.random.default_rng(1).standard_t(4, (4_000, 5))
    z[::11, 2] = NAN
    tails = TailSums(5, z.size)
    for block in np.array_split(z, 17):
        tails.add(block)
    expected = stats.kurtosis(z, axis=0, nan_policy="omit")
    np.testing.assert_allclose(tails.kurtosis(), np.asarray(expected), rtol=1e-9)
    pooled = np.abs(z[np.isfinite(z)])
    assert tails.hill() == pytest.approx(hill_index(pooled, int(0.01 * len(pooled))))


def test_normal_returns_have_the_normal_histogram_whatever_their_scale() -> None:
    z = 0.8 * np.random.default_rng(2).standard_normal((50_000, 4))
    tails = TailSums(4, z.size)
    tails.add(z)
    centre, density = tails.histogram()
    assert (density * np.diff(centre)[0]).sum() == pytest.approx(1.0)
    np.testing.assert_allclose(density, stats.norm.pdf(centre), atol=0.015)
    np.testing.assert_allclose(tails.kurtosis(), 0.0, atol=0.1)
    empty = TailSums(2, 10)
    empty.add(np.full((3, 2), NAN))
    assert len(empty.histogram()[0]) == 0
    assert np.isnan(empty.kurtosis()).all()
    assert np.isnan(empty.hill())


def test_volume_shares_and_running_means() -> None:
    shares = volume_shares(np.array([[6.0, 0.0, NAN], [2.0, 0.0, 1.0]]))
    np.testing.assert_array_equal(shares, [[0.75, NAN, NAN], [0.25, NAN, NAN]])
    mean = RunningMean((2, 3))
    mean.add(shares)
    mean.add(np.array([[0.25, 0.5, NAN], [0.75, NAN, NAN]]))
    np.testing.assert_array_equal(mean.mean(), [[0.5, 0.5, NAN], [0.5, NAN, NAN]])
    np.testing.assert_array_equal(mean.mean_over(axis=1), [0.5, 0.5])
    np.testing.assert_array_equal(mean.mean_over(axis=0), [0.5, 0.5, NAN])


def test_roll_finds_the_spread_of_trades_that_bounce() -> None:
    np.testing.assert_allclose(roll_spread(np.array([-1e-4, 1e-4, NAN])), [0.02, 0.0, NAN])
    rng = np.random.default_rng(3)
    value = np.cumsum(0.0005 * rng.standard_normal((100_000, 1)), axis=0)
    trades = value + 0.001 * rng.choice([-1.0, 1.0], value.shape)
    covariance = sums(np.diff(trades, axis=0), 1).autocovariance()[1]
    assert roll_spread(covariance)[0] == pytest.approx(0.002, rel=0.02)


def test_corwin_schultz_by_hand() -> None:
    # Equal ranges that hold nothing but the spread: beta = 2 l^2, gamma = l^2, alpha = l, so
    # S = 2 (H/L - 1) / (1 + H/L) with l = ln(H/L).
    high, low = np.full((2, 1), 101.0), np.full((2, 1), 100.0)
    spread = corwin_schultz_spread(high, low, np.full((2, 1), 100.5))
    assert spread[0, 0] == pytest.approx(2 * 0.01 / 2.01)
    gap = np.array([[0.0], [6.0]])  # the second day opens above the first close
    moved = corwin_schultz_spread(high + gap, low + gap, np.array([[101.0], [106.5]]))
    back = corwin_schultz_spread(high + gap / 6, low + gap / 6, np.full((2, 1), 101.0))
    assert moved[0, 0] == pytest.approx(back[0, 0])
    wide = np.array([[110.0], [121.0]])  # all range, no spread: the negative estimate becomes 0
    assert corwin_schultz_spread(wide, wide / 1.1, wide)[0, 0] == 0.0
    high[1] = NAN
    assert np.isnan(corwin_schultz_spread(high, low, low)).all()


def test_correlations_are_those_of_numpy() -> None:
    rng = np.random.default_rng(4)
    ret = rng.standard_normal((60, 8)) + 0.7 * rng.standard_normal((60, 1))
    table = np.corrcoef(ret.T)
    off = table[~np.eye(8, dtype=bool)].mean()
    assert mean_pair_correlation(ret) == pytest.approx(off)
    share, noise = first_component_share(ret)
    assert share == pytest.approx(np.linalg.eigvalsh(table)[-1] / 8)
    assert noise == pytest.approx((1 + np.sqrt(8 / 60)) ** 2 / 8)
    wide = first_component_share(ret[:5])[0]
    assert wide == pytest.approx(np.linalg.eigvalsh(np.corrcoef(ret[:5].T))[-1] / 8)
    pair = paired_correlation(ret[:, :1], ret[:, 1:2])
    assert pair[0] == pytest.approx(table[0, 1])


def test_common_moves_with_gaps_and_without_anything() -> None:
    ret = np.random.default_rng(5).standard_normal((40, 1)) @ np.ones((1, 3))
    assert mean_pair_correlation(ret) == pytest.approx(1.0)
    assert first_component_share(ret)[0] == pytest.approx(1.0)
    late = np.where(np.arange(40)[:, None] < 30, NAN, ret)  # a quarter of the days is too few
    assert mean_pair_correlation(np.hstack([ret, late])) == pytest.approx(1.0)
    nothing = np.full((40, 3), NAN)
    assert np.isnan(mean_pair_correlation(nothing))
    assert np.isnan(first_component_share(nothing)[0])
    assert np.isnan(paired_correlation(nothing, nothing)).all()


def test_a_follower_follows_inside_the_session_only() -> None:
    x = np.random.default_rng(6).standard_normal((50, 12))
    y = np.full(x.shape, NAN)
    y[:, 2:] = x[:, :-2]
    found = lead_lag(x, y, 3)
    assert found[5] == pytest.approx(1.0)  # lags -3 ... 3: position 5 is +2
    assert np.abs(np.delete(found, 5)).max() < 0.2
    assert np.isnan(lead_lag(x[:1], y[:1], 3)[0])  # nine pairs


@pytest.mark.parametrize("lags", [-1, 1_001, 10**9])
def test_lags_that_cannot_be_are_refused(lags) -> None:
    x = np.zeros((2, 12))
    with pytest.raises(CountError, match=f"max_lag is {lags}"):
        lead_lag(x, x, lags)


def test_rank_ic_by_horizon() -> None:
    fwd = np.random.default_rng(7).standard_normal((6, 12))
    mask = np.ones(fwd.shape, dtype=bool)
    table = horizon_rank_ic({"up": fwd, "down": -fwd}, {1: fwd, 5: fwd[::-1].copy()}, mask, 10)
    assert table.select("factor", "horizon").rows() == [
        ("up", 1),
        ("up", 5),
        ("down", 1),
        ("down", 5),
    ]
    assert table["rank_ic"][0] == 1.0
    assert table["rank_ic"][2] == -1.0
    assert table["dates"].to_list() == [6] * 4
    few = horizon_rank_ic({"up": fwd}, {1: fwd}, mask, 13)
    assert few["dates"].to_list() == [0]
    assert np.isnan(few["rank_ic"].to_list()[0])
