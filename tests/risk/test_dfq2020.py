"""Styles of DFQ-2020 against plain loops, and no look ahead."""

import numpy as np
import pytest
import statsmodels.api as sm

from intralpha.audit import FUTURES
from intralpha.features.fama_french import residual_risk
from intralpha.market import Lake, UniverseSpec, read_daily, universe
from intralpha.risk import DFQ_STYLES, Dfq2020Spec
from intralpha.risk.dfq_prices import days_listed, dfq_price_descriptors, shrunk
from intralpha.risk.history import read_history
from intralpha.risk.over_blocks import Block

from .test_cne5 import invented, with_items

DAYS = 60
SPEC = Dfq2020Spec(days=DAYS, trend_days=(5, 20, 40))


@pytest.fixture(scope="module")
def dates(lake: Lake) -> np.ndarray:
    return lake.dates("daily")[[200, 260, 300]]


@pytest.fixture(scope="module")
def rich(lake, assets, tmp_path_factory) -> Lake:
    return with_items(lake, tmp_path_factory.mktemp("dfq") / "lake", invented(assets))


def estimate(lake: Lake, dates: np.ndarray, assets: np.ndarray) -> np.ndarray:
    mask = universe(lake, UniverseSpec(min_listed_days=20), dates, assets)
    return SPEC.estimate(lake, dates, assets, mask).values


@pytest.fixture(scope="module")
def block(rich, assets) -> Block:
    sessions = rich.dates("daily")[180:301]
    history = read_history(rich, sessions, assets)
    rows, shape = np.array([119, 120]), (2, len(assets))
    return Block(history, rows, np.ones(shape, bool), np.zeros(shape, np.int32))


def test_descriptors_of_price_equal_plain_loops(rich, block, assets):
    found = dfq_price_descriptors(block, rich, assets, DAYS, (5, 20, 40), 36)
    history = block.history
    ends = history.dates[0].item(), history.dates[-1].item()
    daily = read_daily(rich, ("adj_high", "adj_low", "traded"), *ends, assets)
    turn = np.log(np.where(history.turnover_HA > 0, history.turnover_HA, np.nan))
    compared = 0
    for d, row in enumerate(block.rows.tolist()):
        span = slice(row - DAYS + 1, row + 1)
        for a in range(0, len(assets), 5):
            ret, market = history.ret_HA[span, a], history.market_H[span]
            known = np.isfinite(ret)
            if known.sum() < 36:
                continue
            fit = sm.OLS(ret[known], sm.add_constant(market[known])).fit()
            traded = daily["traded"][span, a] == 1
            high, low = (daily[n][span, a][traded] for n in ("adj_high", "adj_low"))
            own = np.isfinite(turn[span, a])
            level = np.nanmean(turn[span], axis=1)
            slope = np.polyfit(level[own], turn[span, a][own], 1)[0]
            price = history.price_HA[:, a]

            def ewma(half, price=price, row=row):
                lags = [k for k in range(2 * half) if np.isfinite(price[row - k])]
                w = [0.5 ** (k / half) for k in lags]
                return sum(x * price[row - k] for x, k in zip(w, lags, strict=True)) / sum(w)

            expected = {
                "beta": fit.params[1], "beta_error": fit.bse[1] ** 2,
                "stdvol": ret[known].std(), "range": high.max() / low.min() - 1,
                "max_ret": np.sort(ret[known])[-6:].mean(),
                "min_ret_turned": -np.sort(ret[known])[:6].mean(),
                "turnover": turn[span, a][own].mean(), "liquidity_beta": slope,
                "trend_120": ewma(5) / ewma(20), "trend_240": ewma(5) / ewma(40),
            }  # fmt: skip
            for name, value in expected.items():
                assert found[name][d, a] == pytest.approx(value, rel=1e-8), name
            compared += 1
    assert compared > 10


def test_residual_deviation_is_that_of_the_feature(rich, block, assets):
    """The same regression as ``ivol``, which has its own plain reference."""
    from intralpha.features.residual_risk import ResidualRiskSpec

    found = residual_risk(rich, block.history.dates, block.rows, assets, DAYS, 36)[..., 0]
    other = ResidualRiskSpec(days=DAYS).make().compute(rich, block.dates, assets)["ivol"]
    assert np.isfinite(other).sum() > 50
    np.testing.assert_allclose(found, other, rtol=1e-5)


def test_shrinkage_by_hand():
    """Mean 1, variance 0.25; an error as large as that moves a slope half way."""
    slope, error = np.array([0.5, 1.5, 3.0]), np.array([0.25, 0.0, 0.75])
    core = np.array([True, True, False])
    np.testing.assert_allclose(shrunk(slope, error, core), [0.75, 1.5, 1.5])


def test_days_listed(rich, dates, assets):
    began = dict(rich.scan("instruments").select("symbol", "list_date").collect().iter_rows())
    found = days_listed(rich, dates, assets)
    for d, day in enumerate(dates.tolist()):
        for a, symbol in enumerate(assets.tolist()):
            since = (day - began[symbol]).days if began[symbol] else -1
            np.testing.assert_equal(found[d, a], float(since) if since >= 0 else np.nan)


def test_styles_are_standardised_means(rich, dates, assets):
    found = estimate(rich, dates, assets)
    mask = universe(rich, UniverseSpec(min_listed_days=20), dates, assets)
    assert found.shape == (3, len(assets), len(DFQ_STYLES))
    there = np.isfinite(found[:, :, 0])
    assert np.isfinite(found[there]).all()
    for style in ("value", "growth", "certainty", "volatility", "trend"):
        z = found[2, mask[2], DFQ_STYLES.index(style)]
        assert 0.3 < z.std() < 1.05
    size, cubic = (found[2, mask[2], DFQ_STYLES.index(n)] for n in ("size", "cubic_size"))
    assert abs(np.corrcoef(size, cubic)[0, 1]) < 0.15


@pytest.mark.slow
@pytest.mark.one_in(2)
@pytest.mark.parametrize("future", ["noise", "shifted"])
def test_another_future_changes_nothing_before_it(future, rich, dates, assets, tmp_path):
    other = FUTURES[future](rich, dates[1].item(), tmp_path / "lake")
    old, new = (estimate(one, dates, assets) for one in (rich, other))
    assert np.isfinite(old[:2]).sum() > 500, "nothing was compared"
    np.testing.assert_array_equal(old[:2], new[:2])
    assert not np.array_equal(old[2], new[2], equal_nan=True)


def test_a_date_is_the_same_whatever_else_is_asked_for(rich, dates, assets):
    whole = estimate(rich, dates, assets)
    np.testing.assert_array_equal(estimate(rich, dates[1:2], assets)[0], whole[1])
