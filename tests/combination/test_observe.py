"""What dates said about factors, beside SciPy and statsmodels on the stocks themselves."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import pearsonr, spearmanr

from intralpha.combination import Past, PastShapeError, observe
from intralpha.combination.factor_premium import premia

from .pasts import NAMES, WEEKS, random_market, random_past


def stocks_of(day: int, market: tuple) -> tuple[np.ndarray, np.ndarray]:
    """z-scores over the universe and returns of those who count, straight from the definition."""
    parts, inside, ret, buyable = market
    columns = []
    for part in parts:
        x = np.where(inside[day], part[day], np.nan)
        columns.append((x - np.nanmean(x)) / np.nanstd(x))
    z = np.stack(columns, axis=1)
    kept = inside[day] & buyable[day] & np.isfinite(ret[day]) & np.isfinite(z).any(axis=1)
    return z[kept], ret[day][kept]


def test_rank_ics_and_correlations_are_scipys() -> None:
    market, past = random_market(), random_past()
    parts, inside, ret, buyable = market
    for day in (0, 17, 39):
        for k, part in enumerate(parts):
            kept = inside[day] & buyable[day] & np.isfinite(ret[day]) & np.isfinite(part[day])
            expected = spearmanr(part[day][kept], ret[day][kept])[0]
            assert past.rank_ic_WHK[day, 0, k] == pytest.approx(expected, abs=1e-12)
            both = inside[day] & np.isfinite(part[day])
            other = pearsonr(parts[0][day][both], part[day][both])[0]
            assert past.corr_WKK[day, 0, k] == pytest.approx(other, abs=1e-12)


def test_premia_are_those_of_a_regression_on_the_stocks() -> None:
    market, past = random_market(), random_past()
    found = premia(past)
    for day in (0, 17, 39):
        z, ret = stocks_of(day, market)
        fit = sm.OLS(ret, sm.add_constant(np.nan_to_num(z))).fit()
        np.testing.assert_allclose(found[day], fit.params[1:], rtol=1e-9)
        assert past.count_W[day] == len(ret)
        assert past.spread_W[day] == pytest.approx(ret.std(), rel=1e-12)


def test_stocks_that_are_not_there_change_no_bit() -> None:
    parts, inside, ret, buyable = random_market(1)
    plain = random_past(1)
    wide = [np.insert(x, [0, 20, 80], np.nan, axis=1) for x in (*parts, ret)]
    masks = [np.insert(x, [0, 20, 80], False, axis=1) for x in (inside, buyable)]
    week = WEEKS[:40]
    found = observe(NAMES, week, week + 7, wide[:4], masks[0], [wide[4]], masks[1])
    for name in ("rank_ic_WHK", "corr_WKK", "gram_WKK", "cross_WK", "spread_W", "count_W"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name))


def test_scores_alone_have_correlations_and_no_returns() -> None:
    parts, inside, _, _ = random_market(2)
    week = WEEKS[:40]
    found = observe(NAMES, week, week, parts, inside)
    np.testing.assert_array_equal(found.corr_WKK, random_past(2).corr_WKK)
    assert found.rank_ic_WHK.shape == (40, 0, 4)
    assert (found.spread_W == 0).all()


def test_dates_with_few_stocks_say_nothing() -> None:
    past = random_past(3, dates=3, stocks=29)
    assert (past.count_W < 30).all()
    assert np.isnan(past.gram_WKK).all()
    assert np.isnan(past.rank_ic_WHK).all()
    np.testing.assert_array_equal(past.mean_corr(), np.eye(4))


def test_a_day_sees_what_is_complete_by_then() -> None:
    past = random_past(4)
    seen = past.until(WEEKS[20], 5)
    assert seen.known_dates.tolist() == WEEKS[16:21].tolist()
    assert seen.dates.tolist() == WEEKS[15:20].tolist()
    np.testing.assert_array_equal(seen.cross_WK, past.cross_WK[15:20])
    assert len(past.until(WEEKS[0], 5).dates) == 0


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(PastShapeError, match="expected"):
        Past.of_rank_ics(("a",), WEEKS[:3], np.zeros((3, 2)))
    with pytest.raises(PastShapeError, match="ascending"):
        Past.of_rank_ics(("a",), WEEKS[:3][::-1], np.zeros((3, 1)))
