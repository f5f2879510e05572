"""The daily fit: statsmodels with the constraint written in says the same; planted returns."""

import numpy as np
import pytest
import statsmodels.api as sm

from intralpha.risk.cross_section_fit import fit_cross_section
from intralpha.risk.design import Design, _joined

INDUSTRIES, STYLES = 6, 3


def market(seed: int, stocks: int = 300) -> tuple[Design, np.ndarray, np.ndarray]:
    """Design, caps and which industry each stock is in."""
    rng = np.random.default_rng(seed)
    industry = rng.integers(0, INDUSTRIES, stocks)
    x = np.column_stack(
        [np.ones(stocks), np.eye(INDUSTRIES)[industry], rng.standard_normal((stocks, STYLES))]
    )
    names = ("country", *(f"industry:{j}" for j in range(INDUSTRIES)), "a", "b", "c")
    return Design(names, x, slice(1, 1 + INDUSTRIES)), np.exp(rng.normal(23, 1, stocks)), industry


def planted(seed: int, cap: np.ndarray, industry: np.ndarray) -> np.ndarray:
    """Factor returns whose industries sum to zero by cap."""
    rng = np.random.default_rng(seed)
    f = rng.normal(0, 0.01, 1 + INDUSTRIES + STYLES)
    share = np.bincount(industry, cap, minlength=INDUSTRIES) / cap.sum()
    f[1 : 1 + INDUSTRIES] -= share @ f[1 : 1 + INDUSTRIES]
    return f


@pytest.mark.parametrize("seed", range(5))
def test_equals_statsmodels_with_the_constraint_substituted(seed):
    design, cap, industry = market(seed)
    rng = np.random.default_rng(seed + 100)
    ret = rng.normal(0, 0.02, len(cap))
    core = rng.random(len(cap)) < 0.8
    found = fit_cross_section(ret, design, cap, core)

    total = np.array([cap[core & (industry == j)].sum() for j in range(INDUSTRIES)])
    dummies = np.array(
        [
            [(i == j) - (i == INDUSTRIES - 1) * total[j] / total[-1] for j in range(INDUSTRIES - 1)]
            for i in industry
        ]
    )
    x = np.column_stack([np.ones(len(cap)), dummies, design.loadings_AK[:, -STYLES:]])
    fit = sm.WLS(ret[core], x[core], weights=np.sqrt(cap[core])).fit()
    last = -(total[:-1] @ fit.params[1:INDUSTRIES]) / total[-1]
    expected = np.concatenate([fit.params[:INDUSTRIES], [last], fit.params[INDUSTRIES:]])
    np.testing.assert_allclose(found.returns_K, expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.left_A, ret - x @ fit.params, rtol=0, atol=1e-14)
    uncentred = 1 - fit.ssr / fit.uncentered_tss
    assert found.r2 == pytest.approx(uncentred, abs=1e-12)


def test_planted_returns_come_back():
    design, cap, industry = market(1)
    f = planted(2, cap, industry)
    everyone = np.ones(len(cap), dtype=bool)
    exact = fit_cross_section(design.loadings_AK @ f, design, cap, everyone)
    np.testing.assert_allclose(exact.returns_K, f, rtol=0, atol=1e-14)
    assert exact.r2 == pytest.approx(1.0)
    noise = np.random.default_rng(3).normal(0, 0.01, (400, len(cap)))
    many = [
        fit_cross_section(design.loadings_AK @ f + u, design, cap, everyone).returns_K
        for u in noise
    ]
    spread = np.std(many, axis=0)
    assert (np.abs(np.mean(many, axis=0) - f) < 4 * spread / np.sqrt(len(many))).all()
    assert (spread < 0.005).all()


def test_a_factor_nobody_has_is_unknown_and_nobody_else_changes():
    design, cap, industry = market(4)
    ret = np.random.default_rng(5).normal(0, 0.02, len(cap))
    core = industry != 2
    found = fit_cross_section(ret, design, cap, core)
    assert np.isnan(found.returns_K[3])
    assert np.isnan(found.left_A[~core]).all()
    few = Design(
        design.names[:3] + design.names[4:],
        np.delete(design.loadings_AK[core], 3, axis=1),
        slice(1, INDUSTRIES),
    )
    alone = fit_cross_section(ret[core], few, cap[core], np.ones(core.sum(), dtype=bool))
    np.testing.assert_array_equal(np.delete(found.returns_K, 3), alone.returns_K)
    np.testing.assert_array_equal(found.left_A[core], alone.left_A)


def test_what_is_missing_is_left_out():
    design, cap, _ = market(6)
    ret = np.random.default_rng(7).normal(0, 0.02, len(cap))
    everyone = np.ones(len(cap), dtype=bool)
    ret[0], cap[1] = np.nan, np.nan
    x = design.loadings_AK.copy()
    x[2] = np.nan
    holed = Design(design.names, x, design.industries)
    found = fit_cross_section(ret, holed, cap, everyone)
    inside = np.arange(len(cap)) > 2
    plain = fit_cross_section(ret, design, np.where(inside, cap, np.nan), everyone)
    np.testing.assert_array_equal(found.returns_K, plain.returns_K)
    assert np.isfinite(found.left_A).tolist() == [False, True, False, *[True] * (len(cap) - 3)]


def test_a_flat_style_earns_nothing_and_few_stocks_tell_nothing():
    design, cap, _ = market(8)
    ret = np.random.default_rng(9).normal(0, 0.02, len(cap))
    x = design.loadings_AK.copy()
    x[:, -1] = x[:, -2]
    twin = fit_cross_section(ret, Design(design.names, x, design.industries), cap, ret > -1)
    once = fit_cross_section(
        ret, Design(design.names[:-1], x[:, :-1], design.industries), cap, ret > -1
    )
    np.testing.assert_allclose(twin.returns_K[-2:], once.returns_K[-1] / 2, atol=1e-12)
    few = fit_cross_section(ret, design, cap, np.arange(len(cap)) < 8)
    assert np.isnan(few.returns_K).all()
    assert np.isnan(few.left_A).all()
    assert np.isnan(few.r2)


def test_small_industries_are_one():
    """By the stocks of the mask: 2 of `b` are left of 3, so it joins `c`; `a` stands alone."""
    code = np.array([0, 1, 1, 1, 2, 2, 2, 3])
    core = np.array([True, True, True, True, True, True, False, True])
    np.testing.assert_array_equal(_joined(code, core, 5, 3), [4, 1, 1, 1, 4, 4, 4, 4])
    np.testing.assert_array_equal(_joined(code, core, 5, 1), code)
