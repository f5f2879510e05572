"""Bias statistic and QLIKE by hand and on normal returns."""

import numpy as np
import pytest

from intralpha.risk import bias_statistic, qlike


def test_a_right_forecast_has_bias_one_and_the_least_qlike():
    rng = np.random.default_rng(0)
    variance = np.exp(rng.normal(-9, 1, 20_000))
    realised = rng.standard_normal(20_000) * np.sqrt(variance)
    assert bias_statistic(realised, variance) == pytest.approx(1, abs=0.02)
    assert bias_statistic(realised, variance / 4) == pytest.approx(2, abs=0.04)
    right = qlike(realised, variance)
    assert right < qlike(realised, 1.3 * variance)
    assert right < qlike(realised, variance / 1.3)
    assert right < qlike(realised, np.full(20_000, realised.var()))


def test_by_hand_and_what_is_missing():
    realised = np.array([0.02, np.nan, -0.01])
    variance = np.array([1e-4, 1e-4, 1e-4])
    assert bias_statistic(realised, variance) == pytest.approx(np.std([2, -1], ddof=1))
    assert qlike(realised, variance) == pytest.approx(2.5 + np.log(1e-4))
    assert np.isnan(qlike(realised[1:2], variance[1:2]))
    assert np.isnan(bias_statistic(realised[:1], variance[:1]))
