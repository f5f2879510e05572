"""Sessions laid out once, dates together, values of earlier rows: each as if alone."""

import numpy as np
import polars as pl
import pytest

from intralpha.market import Lake, last_known
from intralpha.risk import FactorRiskSpec, PcaRiskSpec, PriceVolumeSpec, SessionReturns
from intralpha.risk.laid import LaidSessions
from intralpha.risk.past_returns import caps_of
from intralpha.risk.windows import lag_weights, weighted_fit, weighted_std, window_matrix

STYLES = PriceVolumeSpec(
    momentum_days=60, beta_days=60, volatility_days=60, month_days=10, year_months=6
)
WINDOWS = {"window_days": 60, "min_days": 40, "young_days": 30}
SPECS = {
    "factors": FactorRiskSpec(exposures=STYLES, industry_min_stocks=1, **WINDOWS),
    "pca": PcaRiskSpec(n_factors=3, **WINDOWS),
}


def plain(past, names, assets):
    """A loop over every session, factor and stock."""
    returns = np.full((len(past), len(names)), np.nan)
    left = np.full((len(past), len(assets)), np.nan)
    for t, one in enumerate(past):
        for k, name in enumerate(names):
            if name in one.names:
                returns[t, k] = one.returns_K[one.names.index(name)]
        for a, symbol in enumerate(assets.tolist()):
            at = np.flatnonzero(one.assets == symbol)
            if len(at):
                left[t, a] = one.left_A[at[0]]
    return returns, left


def test_sessions_are_laid_out_as_a_loop_lays_them():
    rng = np.random.default_rng(0)
    axis = rng.permutation([f"{n:04d}.SZ" for n in range(40)])
    stranger = np.array(["9999.SH"])
    sessions = []
    for t in range(30):
        names = tuple(rng.permutation(list("abcde"))[: rng.integers(1, 6)])
        seen = np.concatenate([rng.permutation(axis)[: rng.integers(0, 40)], stranger])
        sessions.append(SessionReturns(
            np.datetime64("2024-01-01") + t, names, rng.standard_normal(len(names)), seen,
            rng.standard_normal(len(seen)), 0.5,
        ))  # fmt: skip
    laid = LaidSessions(axis)
    for stop in (10, 11, 17, 30):  # sessions come and go
        known = rng.random(40) < 0.7
        past = tuple(sessions[stop - 10 : stop])
        found = laid.of(past, ("c", "a", "f"), known)
        for mine, expected in zip(found, plain(past, ("c", "a", "f"), axis[known]), strict=True):
            np.testing.assert_array_equal(mine, expected)


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=pytest.mark.slow if k == "factors" else ()) for k in SPECS]
)
def test_dates_together_are_dates_one_by_one(kind, lake: Lake, assets):
    """With gaps between them, on a lake with suspensions, listings and a delisting."""
    spec, days = SPECS[kind], lake.dates("daily")[150:240]
    mask = np.ones((len(days), len(assets)), dtype=bool)
    mask[:, ::7] = False
    sessions = list(spec.explain(lake, days[1:], assets, mask[:-1]))
    at = np.array([50, 51, 63, 88])
    pasts = [tuple(sessions[max(d - 60, 0) : d]) for d in at]
    together = list(spec.estimates(lake, days[at], assets, mask[at], pasts))
    assert len(together) == len(at)
    for found, d, past in zip(together, at, pasts, strict=True):
        alone = spec.estimate(lake, days[d], assets, mask[d], past)
        assert found.names == alone.names
        for name in ("assets", "loadings_AK", "factor_cov_KK", "specific_var_A"):
            np.testing.assert_array_equal(getattr(found, name), getattr(alone, name))
    assert not list(spec.estimates(lake, days[:0], assets, mask[:0], []))


def test_caps_of_dates_far_apart_are_those_of_each(lake: Lake, assets):
    days = lake.dates("daily")[[3, 5, 200, 260, 330]]  # more than 250 sessions
    alone = [caps_of(lake, days[d : d + 1], assets)[0] for d in range(len(days))]
    np.testing.assert_array_equal(caps_of(lake, days, assets), np.stack(alone))


@pytest.mark.parametrize("at", [20, 200])
def test_the_last_known_values_are_those_of_all_earlier_rows(lake: Lake, assets, at):
    """Whether they are of the last two months or older, of a column of nulls, or of nobody."""
    days = lake.dates("daily")
    before, close = days[at].item(), pl.col("close")
    some = (pl.col("symbol") < assets[9]) & (pl.col("date") < days[at // 2].item())
    older = pl.when(some).then(close).otherwise(float("nan"))
    values = {"all": close, "caps": close * pl.col("total_shares"), "older": older}
    wanted = np.append(assets, "999999.SH")
    rows = lake.scan("daily", None, before).filter(pl.col("date") < before).collect()
    counts = {}
    for name, value in (values | {"none": pl.lit(None)}).items():
        found = last_known(lake, value, before, wanted)
        each = rows.select("date", "symbol", value.cast(pl.Float64).alias("v"))
        kept = each.filter(pl.col("v").is_finite()).sort("date")
        newest = dict(kept.select("symbol", "v").iter_rows())  # the last row of a symbol stays
        np.testing.assert_array_equal(found, [newest.get(s, np.nan) for s in wanted.tolist()])
        counts[name] = int(np.isfinite(found).sum())
    assert counts["all"] > counts["older"] > counts["none"] == 0


def test_a_windowed_fit_is_numpys_on_each_stock():
    rng = np.random.default_rng(3)
    y, x = rng.normal(0, 0.02, (90, 6)), rng.normal(0, 0.01, 90)
    y[rng.random(y.shape) < 0.1] = np.nan
    x[[7, 70]] = np.nan
    y[:, 5] = np.nan
    weights = lag_weights(50, 20.0)
    window = window_matrix(np.array([60, 89]), 90, weights)
    slope, left = weighted_fit(window, y, x, 20)
    spread = weighted_std(window, y, 20)
    assert np.isnan(slope[:, 5]).all()
    for d, row in enumerate((60, 89)):
        part = slice(row - 49, row + 1)
        for a in range(5):
            both = np.isfinite(y[part, a]) & np.isfinite(x[part])
            w, u, v = weights[::-1][both], x[part][both], y[part, a][both]
            b, c = np.polyfit(u, v, 1, w=np.sqrt(w))
            assert slope[d, a] == pytest.approx(b)
            assert left[d, a] == pytest.approx(np.sqrt(np.average((v - b * u - c) ** 2, weights=w)))
            seen = np.isfinite(y[part, a])
            mine, w = y[part, a][seen], weights[::-1][seen]
            mean = np.average(mine, weights=w)
            std = np.sqrt(np.average((mine - mean) ** 2, weights=w))
            assert spread[d, a] == pytest.approx(std)
