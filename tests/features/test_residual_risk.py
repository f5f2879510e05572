"""ivol and ivr: sorts and regressions against plain loops and statsmodels."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from intralpha.features.fama_french import three_factors, what_is_left
from intralpha.features.residual_risk import ResidualRiskSpec
from intralpha.market import Lake

STOCKS, SESSIONS = 30, 75
ASSETS = np.array([f"{600000 + i}.SH" for i in range(STOCKS)])
DAYS = np.array([d for d in np.arange("2023-01-03", "2023-06-30", dtype="datetime64[D]")
                 if np.is_busday(d)])[:SESSIONS]  # fmt: skip


def plain_factors(ret, cap, bp):
    """One session, stock by stock."""
    known = [i for i in range(len(ret)) if ret[i] == ret[i] and cap[i] == cap[i]]
    sorts = [i for i in known if bp[i] == bp[i] and bp[i] > 0]
    middle = np.median([cap[i] for i in sorts])
    low, high = (np.quantile([bp[i] for i in sorts], q) for q in (0.3, 0.7))

    def held(inside):
        return sum(cap[i] * ret[i] for i in inside) / sum(cap[i] for i in inside)

    cells = {}
    for small in (True, False):
        for name, test in (("L", lambda v: v <= low), ("M", lambda v: low < v <= high),
                           ("H", lambda v: v > high)):  # fmt: skip
            cells[small, name] = held(
                [i for i in sorts if (cap[i] <= middle) == small and test(bp[i])]
            )
    smb = np.mean([cells[True, n] - cells[False, n] for n in "LMH"])
    hml = np.mean([cells[s, "H"] - cells[s, "L"] for s in (True, False)])
    return held(known), smb, hml


def test_factors_equal_plain_sorts():
    rng = np.random.default_rng(0)
    ret = rng.normal(0, 0.02, (20, 60))
    ret[rng.random(ret.shape) < 0.1] = np.nan
    cap, bp = np.exp(rng.normal(23, 1, ret.shape)), rng.normal(0.6, 0.4, ret.shape)
    bp[:, :3] = np.nan
    assert (bp < 0).any()
    found = three_factors(ret, cap, bp)
    expected = [plain_factors(*one) for one in zip(ret, cap, bp, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


def test_a_session_without_one_of_the_six_has_no_factors():
    cap = np.arange(1.0, 9.0)[None]
    bp = np.arange(1.0, 9.0)[None]  # no small stock has a high book to price
    assert np.isnan(three_factors(np.full((1, 8), 0.01), cap, bp)).all()
    assert np.isnan(three_factors(np.full((1, 8), 0.01), cap, np.full((1, 8), np.nan))).all()


def test_what_is_left_equals_statsmodels():
    rng = np.random.default_rng(1)
    factors = rng.normal(0, 0.01, (60, 3))
    factors[7] = np.nan
    ret = factors @ rng.normal(0.5, 0.5, (3, 12)) + rng.normal(0, 0.02, (60, 12))
    ret[rng.random(ret.shape) < 0.2] = np.nan
    ret[:40, 3] = np.nan
    ret[:, 4] = 0.0
    deviation, share = what_is_left(ret, factors, 36)
    for a in range(12):
        known = np.isfinite(ret[:, a]) & np.isfinite(factors[:, 0])
        if a == 3:
            assert known.sum() < 36
            assert np.isnan([deviation[a], share[a]]).all()
        elif a == 4:
            assert deviation[a] == 0
            assert np.isnan(share[a])
        else:
            fit = sm.OLS(ret[known, a], sm.add_constant(factors[known])).fit()
            assert deviation[a] == pytest.approx(np.sqrt(fit.ssr / known.sum()), rel=1e-10)
            assert share[a] == pytest.approx(1 - fit.rsquared, rel=1e-10)


@pytest.fixture(scope="module")
def frames() -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(2)
    close = np.round(np.exp(rng.normal(2.5, 0.5, STOCKS)), 2)
    shares, rows = np.exp(rng.normal(19, 1, STOCKS)), []
    equity = close * shares * rng.uniform(0.2, 1.5, STOCKS)
    for day in DAYS.astype(object):
        before, close = close, np.round(close * np.exp(rng.normal(0, 0.02, STOCKS)), 2)
        for a, symbol in enumerate(ASSETS.tolist()):
            volume = 0 if rng.random() < 0.03 else 1000
            now = close[a] if volume else before[a]
            close[a] = now
            rows.append((day, symbol, now, now, now, now, before[a], volume, now * volume, 1.0,
                         volume == 0, shares[a], shares[a]))  # fmt: skip
    names = "date symbol open high low close preclose volume amount adj_factor suspended "
    daily = pl.DataFrame(
        rows,
        schema=(names + "float_shares total_shares").split(),
        orient="row",
        infer_schema_length=None,
    )
    books = [
        (symbol, date(2022, 12, 1) + timedelta(days=45 * k), "book_equity",
         float(equity[a] * (1 + 0.1 * k * (a % 3 - 1))))
        for a, symbol in enumerate(ASSETS.tolist()) for k in range(4) if a != 5
    ]  # fmt: skip
    return daily, pl.DataFrame(
        books, schema=["symbol", "announce_date", "item", "value"], orient="row"
    )


def lake_of(root, frames) -> Lake:
    lake = Lake(root, create=True)
    for table, frame in zip(("daily", "fundamentals"), frames, strict=True):
        lake.append(table, frame)
    return lake


def test_features_equal_plain_loops(frames, tmp_path):
    daily, books = frames
    panel = ResidualRiskSpec().make().compute(lake_of(tmp_path, frames), DAYS[[30, 60, 74]], ASSETS)
    wide = {
        name: daily.pivot("symbol", index="date", values=name)
        .sort("date").select(ASSETS.tolist()).to_numpy()
        for name in ("close", "preclose", "volume", "total_shares")
    }  # fmt: skip
    ret = np.where(wide["volume"] > 0, wide["close"] / wide["preclose"] - 1, np.nan)
    book = np.full(ret.shape, np.nan)
    for symbol, on, _, value in books.sort("announce_date").iter_rows():
        book[np.datetime64(on) <= DAYS, list(ASSETS).index(symbol)] = value
    cap = wide["close"] * wide["total_shares"]
    factors = np.full((SESSIONS, 3), np.nan)
    for t in range(1, SESSIONS):
        factors[t] = plain_factors(ret[t], cap[t - 1], book[t - 1] / cap[t - 1])
    assert np.isnan(panel.values[0]).all()  # 30 returns are fewer than 36
    for d, t in ((1, 60), (2, 74)):
        for a in range(STOCKS):
            span = slice(t - 59, t + 1)
            known = np.isfinite(ret[span, a]) & np.isfinite(factors[span, 0])
            fit = sm.OLS(ret[span, a][known], sm.add_constant(factors[span][known])).fit()
            expected = [np.sqrt(fit.ssr / known.sum()), 1 - fit.rsquared]
            np.testing.assert_allclose(panel.values[d, a], expected, rtol=1e-5)


def test_restated_equity_changes_nothing_before(frames, tmp_path):
    daily, books = frames
    late = DAYS[60].item()
    again = books.with_columns(
        pl.when(pl.col("announce_date") > late).then(pl.col("value") * 9).otherwise("value")
    )
    extra = books.unique("symbol").with_columns(
        pl.lit(DAYS[61].item()).alias("announce_date"), pl.col("value") * 7
    )
    again = pl.concat([again, extra]).unique(["symbol", "announce_date", "item"], keep="last")
    days = DAYS[[50, 60, 74]]
    features = ResidualRiskSpec().make()
    old = features.compute(lake_of(tmp_path / "a", frames), days, ASSETS).values
    new = features.compute(lake_of(tmp_path / "b", (daily, again)), days, ASSETS).values
    np.testing.assert_array_equal(old[:2], new[:2])
    assert np.isfinite(old).any(axis=(1, 2)).all()
    assert not np.array_equal(old[2], new[2])
