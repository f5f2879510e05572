"""t-statistics of series whose neighbours share returns, against statsmodels and by hand."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import ttest_1samp

from intralpha.evaluation import CountError, newey_west_t, overlap_of, overlap_t


def series(overlap: int = 5, dates: int = 300) -> np.ndarray:
    rng = np.random.default_rng(4)
    steps = rng.standard_normal(dates + overlap) * 0.1
    return 0.02 + np.convolve(steps, np.ones(overlap) / overlap, "valid")[:dates]


@pytest.mark.parametrize("lags", [0, 1, 4, 12])
def test_newey_west_is_that_of_statsmodels(lags: int) -> None:
    values = series()
    with_gaps = np.insert(values, [3, 50], np.nan)
    fit = sm.OLS(values, np.ones(len(values)))
    even = fit.fit(cov_type="HAC", cov_kwds={"maxlags": lags, "kernel": "uniform"})
    falling = fit.fit(cov_type="HAC", cov_kwds={"maxlags": lags})
    np.testing.assert_allclose(newey_west_t(with_gaps, lags), falling.tvalues[0], rtol=1e-9)
    np.testing.assert_allclose(overlap_t(with_gaps, lags + 1), even.tvalues[0], rtol=1e-9)


def test_overlap_takes_away_what_neighbours_share() -> None:
    values = series()
    plain = ttest_1samp(values, 0).statistic
    np.testing.assert_allclose(overlap_t(values, 1), plain * np.sqrt(300 / 299), rtol=1e-12)
    assert overlap_t(values, 5) < 0.7 * plain
    assert newey_west_t(values, 4) < 0.8 * plain


def test_what_has_no_t() -> None:
    for values in (np.full(9, 0.1), np.array([0.1]), np.full(5, np.nan)):
        assert np.isnan(newey_west_t(values))
        assert np.isnan(overlap_t(values, 2))
    with pytest.raises(CountError, match="overlap"):
        overlap_t(series(), 0)


def test_dates_that_a_return_spans() -> None:
    days = np.arange("2024-01-01", "2024-06-01", 7, dtype="datetime64[D]")
    assert [overlap_of(days, n) for n in (1, 5, 6, 10)] == [1, 1, 2, 2]
