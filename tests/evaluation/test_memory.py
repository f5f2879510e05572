"""Memory of returns: beside statsmodels, by hand, and with what is absent left out."""

import numpy as np
import pytest

from intralpha.evaluation import LaggedSums, bartlett_band, memory_table, pacf, pacf_of_each

NAN = np.nan


def sums(x: np.ndarray, lags: int) -> LaggedSums:
    out = LaggedSums(x.shape[1], lags)
    out.add(x)
    return out


def autoregression(rows: int, stocks: int, weight: float) -> np.ndarray:
    x = np.random.default_rng(4).standard_normal((rows, stocks))
    for t in range(1, rows):
        x[t] += weight * x[t - 1]
    return x


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_one_stock_is_that_of_statsmodels() -> None:
    tools = pytest.importorskip("statsmodels.tsa.stattools", reason="statsmodels is not installed")
    x = autoregression(400, 1, 0.4)
    found = memory_table("daily", sums(x, 90))
    acf, interval = tools.acf(x[:, 0], nlags=90, adjusted=True, alpha=0.05)
    np.testing.assert_allclose(found["acf"], acf, atol=1e-9)
    half = (interval[:, 1] - interval[:, 0]) / 2
    np.testing.assert_allclose(found["acf_band"], half, atol=1e-9)
    partial, interval = tools.pacf(x[:, 0], nlags=90, method="ywadjusted", alpha=0.05)
    np.testing.assert_allclose(found["pacf"], partial, atol=1e-9)
    np.testing.assert_allclose(found["pacf_band"], (interval[:, 1] - interval[:, 0]) / 2, atol=1e-9)
    for column in ("acf", "pacf"):
        for side in ("low", "high"):
            np.testing.assert_array_equal(found[f"{column}_{side}"], found[column])


def test_many_stocks_are_their_median_and_quartiles() -> None:
    x = autoregression(300, 9, 0.3)
    x[5:40, 2] = NAN
    x[150:, 8] = NAN
    x[:160, 7] = NAN  # fewer than half of the longest: left out
    kept = np.arange(9) != 7
    found = memory_table("daily", sums(x, 20))
    each = sums(x, 20).acf()[:, kept]
    partial = np.stack([pacf(each[:, a]) for a in range(8)], axis=1)
    np.testing.assert_allclose(found["acf"], np.median(each, axis=1), atol=1e-12)
    np.testing.assert_allclose(found["pacf"], np.median(partial, axis=1), atol=1e-12)
    np.testing.assert_allclose(found["acf_high"], np.quantile(each, 0.75, axis=1), atol=1e-12)
    assert found["stocks"].unique().to_list() == [8]
    assert found["rows"].unique().to_list() == [300.0]
    one = memory_table("daily", sums(x, 20), None, np.array([2]))
    np.testing.assert_array_equal(one["acf"], each[:, 2])
    assert one["rows"][0] == 265


def test_a_series_has_lags_up_to_half_of_its_length() -> None:
    assert memory_table("daily", sums(autoregression(41, 2, 0.0), 100))["lag"].max() == 20


def test_nothing_is_known_of_stocks_without_values() -> None:
    found = memory_table("daily", sums(np.full((30, 3), NAN), 5))
    assert found["lag"].to_list() == [0]
    assert found["acf"].is_nan().all()
    assert found["stocks"][0] == 0
    flat = memory_table("daily", sums(np.zeros((30, 3)), 5))
    assert flat["acf"].is_nan().all()


def test_bands_by_hand() -> None:
    acf = np.array([1.0, 0.5, 0.5, 0.1])
    z = 1.959963984540054
    wide = z * np.sqrt(np.array([1.0, 1.5, 2.0]) / 100)
    np.testing.assert_allclose(bartlett_band(acf, 100.0), [0.0, *wide], rtol=1e-12)


def test_partial_correlations_of_many_are_those_of_each() -> None:
    both = np.array([[1.0, 1.0], [0.5, 1.0], [0.25, 0.3], [0.125, 0.2]])
    expected = [[1.0, 1.0], [0.5, 1.0], [0.0, NAN], [0.0, NAN]]
    np.testing.assert_allclose(pacf_of_each(both), expected, atol=1e-15)


def test_only_what_has_memory_leaves_its_band() -> None:
    for weight, least in ((0.0, 0), (0.5, 1)):
        found = memory_table("daily", sums(autoregression(2000, 31, weight), 80))
        inside = np.abs(found["pacf"]) <= found["pacf_band"]
        assert inside[least + 1 :].all()
        assert inside[1] == (weight == 0.0)
