"""RiskEstimate: against the whole covariance written out, and what it refuses."""

import numpy as np
import pytest

from intralpha.risk import RiskEstimate, RiskEstimateError

NAMES = ("size", "beta")


def made(**changes):
    """Three stocks and two factors."""
    parts = {
        "assets": np.array(["000001.SZ", "600000.SH", "600519.SH"]),
        "names": NAMES,
        "loadings_AK": np.array([[1.0, 0.5], [-0.5, 1.5], [0.0, 1.0]]),
        "factor_cov_KK": np.array([[4e-4, 1e-4], [1e-4, 9e-4]]),
        "specific_var_A": np.array([1e-4, 2e-4, 3e-4]),
    }
    return RiskEstimate(**(parts | changes))


def test_variance_is_that_of_the_whole_matrix():
    risk, weights = made(), np.array([0.5, -0.3, 0.2])
    loadings = risk.loadings_AK
    sigma = loadings @ risk.factor_cov_KK @ loadings.T + np.diag(risk.specific_var_A)
    assert risk.variance(weights) == pytest.approx(weights @ sigma @ weights, rel=1e-14)


def test_variance_by_hand():
    """Exposed by 0.5 + 0.15 + 0 = 0.65 and 0.25 - 0.45 + 0.2 = 0."""
    risk = made()
    weights = np.array([0.5, -0.3, 0.2])
    assert np.allclose(weights @ risk.loadings_AK, [0.65, 0.0])
    by_hand = 0.65**2 * 4e-4 + 0.25 * 1e-4 + 0.09 * 2e-4 + 0.04 * 3e-4
    assert risk.variance(weights) == pytest.approx(by_hand, rel=1e-12)


def test_on_other_assets():
    risk = made()
    some = risk.on(np.array(["600519.SH", "000001.SZ"]))
    assert some.loadings_AK.tolist() == [[0.0, 1.0], [1.0, 0.5]]
    assert some.specific_var_A.tolist() == [3e-4, 1e-4]
    with pytest.raises(RiskEstimateError, match=r"1 of 2 names: 600001\.SH"):
        risk.on(np.array(["600519.SH", "600001.SH"]))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"names": ("size",)}, "expected"),
        ({"specific_var_A": np.array([1e-4, 0.0, 1e-4])}, r"600000\.SH is 0"),
        ({"specific_var_A": np.array([1e-4, np.nan, 1e-4])}, "no numbers"),
        ({"factor_cov_KK": np.array([[1e-4, 2e-4], [0.0, 1e-4]])}, "not symmetric"),
        ({"factor_cov_KK": np.array([[1e-4, 2e-4], [2e-4, 1e-4]])}, "eigenvalue"),
    ],
)
def test_refused(changes, told):
    with pytest.raises(RiskEstimateError, match=told):
        made(**changes)
