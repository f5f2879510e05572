"""What a fit moves from stocks to factors: by hand, and on returns whose covariance is planted."""

import numpy as np
import pytest

from intralpha.risk.cross_section_fit import fit_cross_section, fit_map
from intralpha.risk.design import Design
from intralpha.risk.factor_covariance import factor_covariance
from intralpha.risk.fit_error import leverages, without_fit_error
from intralpha.risk.specific import specific_variance

STOCKS, INDUSTRIES, SESSIONS = 80, 12, 600
STYLE = -1


def market(seed: int) -> tuple[Design, np.ndarray]:
    """Industries of 2 to 10 stocks and one style; caps."""
    rng = np.random.default_rng(seed)
    industry = np.sort(np.r_[np.repeat(np.arange(INDUSTRIES), 2), rng.integers(0, 12, 56)])
    x = np.column_stack(
        [np.ones(STOCKS), np.eye(INDUSTRIES)[industry], rng.standard_normal(STOCKS)]
    )
    names = ("country", *(f"industry:{j}" for j in range(INDUSTRIES)), "style")
    return Design(names, x, slice(1, 1 + INDUSTRIES)), np.exp(rng.normal(23, 0.5, STOCKS))


def test_the_map_gives_the_factor_returns_of_the_fit():
    design, cap = market(0)
    rng = np.random.default_rng(1)
    core = rng.random(STOCKS) < 0.9
    ret = rng.normal(0, 0.02, STOCKS)
    found = fit_map(design, cap, core)
    np.testing.assert_allclose(
        found @ ret, fit_cross_section(ret, design, cap, core).returns_K, rtol=0, atol=1e-14
    )
    assert (found[:, ~core] == 0).all()
    assert (~core).any()


def test_a_factor_that_nobody_has_gets_no_return():
    design, cap = market(0)
    core = design.loadings_AK[:, 3] == 0
    found = fit_map(design, cap, core)
    assert (found[3] == 0).all()
    assert np.abs(found[4]).max() > 0


def test_leverages_by_hand():
    """Two industries of 1 and 4 equal stocks: each stock is one of so many."""
    x = np.column_stack([np.ones(5), np.eye(2)[[0, 1, 1, 1, 1]]])
    design = Design(("country", "industry:a", "industry:b"), x, slice(1, 3))
    found = leverages(x, fit_map(design, np.ones(5), np.ones(5, dtype=bool)))
    np.testing.assert_allclose(found, [1, 0.25, 0.25, 0.25, 0.25], atol=1e-12)


def test_noise_is_taken_out_up_to_three_quarters_of_what_was_found():
    """F + N = diag(2, 1), N = diag(0.5, 3): 1.5 is left of the first, a quarter of the second."""
    cov, noise = np.diag([2.0, 1.0]), np.array([0.5, 3.0])
    found = without_fit_error(cov, np.eye(2), noise)
    np.testing.assert_allclose(found, np.diag([1.5, 0.25]), atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_no_portfolio_becomes_riskier(seed):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((6, 6))
    cov = root @ root.T
    found = without_fit_error(cov, rng.standard_normal((6, 30)), rng.uniform(0, 0.1, 30))
    assert np.linalg.eigvalsh(found).min() > -1e-12
    assert np.linalg.eigvalsh(cov - found).min() > -1e-12
    assert np.abs(cov - found).max() > 0.1


def test_planted_variances_come_back_that_a_plain_estimate_misses():
    """A quiet style among few stocks: much of what is fitted is the stocks' own noise."""
    design, cap = market(2)
    rng = np.random.default_rng(3)
    x, everyone = design.loadings_AK, np.ones(STOCKS, dtype=bool)
    sd = np.full(x.shape[1], 0.005)
    sd[STYLE] = 0.004
    own_sd = rng.uniform(0.015, 0.03, STOCKS)
    factors = rng.standard_normal((SESSIONS, x.shape[1])) * sd
    returns = factors @ x.T + rng.standard_normal((SESSIONS, STOCKS)) * own_sd
    fits = [fit_cross_section(one, design, cap, everyone) for one in returns]
    fitted, left = (np.array([getattr(f, n) for f in fits]) for n in ("returns_K", "left_A"))
    cov = factor_covariance(fitted, 1e9, 0)
    map_KA = fit_map(design, cap, everyone)
    plain = specific_variance(left, x, cap, 1e9, 120, 0.0)
    mended = specific_variance(left, x, cap, 1e9, 120, 0.0, leverages(x, map_KA))
    # A portfolio without exposures: its variance is specific alone.
    w = rng.standard_normal((20, STOCKS))
    w -= (np.linalg.lstsq(x, w.T, rcond=None)[0].T) @ x.T
    truth = (w**2) @ own_sd**2
    assert np.mean(w**2 @ plain / truth) < 0.88
    assert np.mean(w**2 @ mended / truth) == pytest.approx(1, abs=0.02)
    assert cov[STYLE, STYLE] > 1.25 * sd[STYLE] ** 2
    clean = without_fit_error(cov, map_KA, mended)
    assert clean[STYLE, STYLE] == pytest.approx(sd[STYLE] ** 2, rel=0.12)
    assert clean[0, 0] == pytest.approx(sd[0] ** 2, rel=0.15)


def test_the_only_stock_of_an_industry_has_the_models_variance():
    x = np.column_stack([np.ones(40), np.eye(2)[[0] + [1] * 39]])
    design = Design(("country", "industry:a", "industry:b"), x, slice(1, 3))
    cap, everyone = np.ones(40), np.ones(40, dtype=bool)
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 0.02, (250, 40))
    left = np.array([fit_cross_section(one, design, cap, everyone).left_A for one in rows])
    assert np.abs(left[:, 0]).max() < 1e-15
    h = leverages(x, fit_map(design, cap, everyone))
    found = specific_variance(left, x, cap, 90.0, 120, 0.0, h)
    assert np.sqrt(found[0]) == pytest.approx(0.02, rel=0.15)
    assert specific_variance(left, x, cap, 90.0, 120, 0.0)[0] == 1e-8
