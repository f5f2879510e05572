"""The ten styles against a plain reference; statements count from their announcement."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.audit import FUTURES
from intralpha.market import Lake, UniverseSpec, industry_codes, universe
from intralpha.risk import CNE5_STYLES, Cne5Spec, PriceVolumeSpec
from intralpha.risk.statements import ITEMS, trend_over_mean

WINDOWS = {"momentum_days": 60, "beta_days": 60, "volatility_days": 60, "month_days": 10,
           "year_months": 6}  # fmt: skip
SPEC = Cne5Spec(**WINDOWS)


@pytest.fixture(scope="module")
def dates(lake: Lake) -> np.ndarray:
    return lake.dates("daily")[[200, 260, 300]]


def invented(assets: np.ndarray) -> pl.DataFrame:
    """Five years of every item, of which each stock lacks some; the last stock has none."""
    rng, rows = np.random.default_rng(0), []
    for symbol in assets[:-1].tolist():
        level = np.exp(rng.normal(20, 1))
        has = [item for item in sorted(ITEMS) if rng.random() < 0.7]
        for year in range(2018, 2025):
            for item in has:
                day = date(year, int(rng.integers(3, 5)), int(rng.integers(1, 28)))
                scale = rng.normal(0.1, 0.1) if "growth" in item or "share" in item else level
                rows.append((symbol, day, item, float(scale * rng.uniform(0.5, 1.5))))
    return pl.DataFrame(rows, schema=["symbol", "announce_date", "item", "value"], orient="row")


def with_items(lake: Lake, root: Path, items: pl.DataFrame) -> Lake:
    out = Lake(root, create=True)
    for table in ("daily", "instruments", "industry"):
        out.append(table, lake.scan(table).collect())
    out.append("fundamentals", items)
    return out


@pytest.fixture(scope="module")
def rich(lake, assets, tmp_path_factory) -> Lake:
    return with_items(lake, tmp_path_factory.mktemp("rich") / "lake", invented(assets))


def estimate(lake: Lake, dates: np.ndarray, assets: np.ndarray) -> np.ndarray:
    mask = universe(lake, UniverseSpec(min_listed_days=20), dates, assets)
    return SPEC.estimate(lake, dates, assets, mask).values


def plain_descriptors(items: pl.DataFrame, daily: pl.DataFrame, day: date, symbol: str) -> dict:
    """One stock's descriptors, from the rows."""
    mine = items.filter(pl.col("symbol") == symbol).sort("announce_date")

    def known(item, years=0):
        if years and (day.month, day.day) == (2, 29):
            raise AssertionError("not tried here")
        upto = date(day.year - years, day.month, day.day)
        found = mine.filter(pl.col("item") == item, pl.col("announce_date") <= upto)["value"]
        return found[-1] if len(found) else float("nan")

    rows = daily.filter(pl.col("symbol") == symbol, pl.col("date") <= day)
    last = rows.filter(pl.col("close").is_not_null()).row(-1, named=True)
    cap = last["close"] * last["total_shares"]
    preferred = known("preferred_equity")
    owed = (0.0 if preferred != preferred else preferred) + known("long_term_debt")

    def trend(item):
        values = [known(item, years) for years in (4, 3, 2, 1, 0)]
        pairs = [(k, v) for k, v in enumerate(values) if v == v]
        if len(pairs) < 3:
            return float("nan")
        slope = np.polyfit(*np.transpose(pairs), 1)[0]
        return slope / abs(np.mean([v for _, v in pairs]))

    debt_assets = known("total_debt") / known("total_assets")
    return {
        "btop": known("book_equity") / cap, "epfwd": known("net_profit_forecast") / cap,
        "cetop": known("cash_earnings_ttm") / cap, "etop": known("net_profit_ttm") / cap,
        "sgro": trend("revenue_ttm"), "egro": trend("net_profit_ttm"),
        "egrlf": known("growth_forecast_long"), "egrsf": known("growth_forecast_short"),
        "mlev": (cap + owed) / cap, "dtoa": debt_assets,
        "blev": (known("book_equity") + owed) / known("book_equity"), "cap": cap,
    }  # fmt: skip


def plain_z(x, core, cap):
    """Winsorised, less the cap-weighted mean, over the equal-weight std."""
    inside = [i for i in range(len(x)) if core[i] and x[i] == x[i]]
    middle = np.median(x[inside])
    reach = 5 * 1.4826 * np.median(np.abs(x[inside] - middle))
    cut = np.clip(x, middle - reach, middle + reach)
    return (cut - np.average(cut[inside], weights=cap[inside])) / cut[inside].std()


def test_styles_of_statements_equal_a_plain_reference(rich, dates, assets):
    """At years before the lake's first session share counts are unknown: figures stand whole."""
    items, daily = rich.scan("fundamentals").collect(), rich.scan("daily").collect()
    found = estimate(rich, dates, assets)
    mask = universe(rich, UniverseSpec(min_listed_days=20), dates, assets)
    codes, _ = industry_codes(rich, dates, assets)
    mixes = {
        "book_to_price": {"btop": 1}, "earnings_yield": {"epfwd": 68, "cetop": 21, "etop": 11},
        "growth": {"sgro": 47, "egro": 24, "egrlf": 18, "egrsf": 11},
        "leverage": {"mlev": 38, "dtoa": 35, "blev": 27},
    }  # fmt: skip
    for d in (1, 2):
        there = np.flatnonzero(np.isfinite(found[d, :, 0]))
        rows = [plain_descriptors(items, daily, dates[d].item(), s) for s in assets[there].tolist()]
        raw = {n: np.array([row[n] for row in rows]) for n in rows[0]}
        core, cap, code = mask[d, there], raw["cap"], codes[d, there]
        for style, weights in mixes.items():
            z = {n: plain_z(raw[n], core, cap) for n in weights}
            mixed = np.full(len(there), np.nan)
            for i in range(len(there)):
                has = {n: w for n, w in weights.items() if z[n][i] == z[n][i]}
                if has:
                    mixed[i] = sum(w * z[n][i] for n, w in has.items()) / sum(has.values())
            mixed = plain_z(mixed, core, cap)
            for i in np.flatnonzero(np.isnan(mixed)):
                peers = [
                    mixed[j] for j in range(len(there))
                    if core[j] and code[j] == code[i] and mixed[j] == mixed[j]
                ]  # fmt: skip
                mixed[i] = np.median(peers) if peers else 0.0
            ours = found[d, there, CNE5_STYLES.index(style)]
            assert np.isnan(raw["btop"]).any()
            np.testing.assert_allclose(ours, mixed, rtol=1e-4, atol=1e-5)


def test_styles_of_price_are_those_of_price_and_volume(rich, dates, assets):
    mask = universe(rich, UniverseSpec(min_listed_days=20), dates, assets)
    other = PriceVolumeSpec(**WINDOWS).estimate(rich, dates, assets, mask)
    found = estimate(rich, dates, assets)
    for style in ("size", "beta", "momentum", "residual_volatility", "liquidity"):
        ours, theirs = found[2, :, CNE5_STYLES.index(style)], other[style][2]
        known = np.isfinite(ours)
        assert np.corrcoef(ours[known], theirs[known])[0, 1] > 0.99


def test_growth_is_per_share_where_shares_are_known():
    """Shares double with sales: no growth a share. By hand: 1, 2, 3 is a slope of 1 over 2."""
    values = np.array([np.nan, np.nan, 1.0, 2.0, 3.0])[:, None, None]
    assert trend_over_mean(values)[0, 0] == pytest.approx(0.5)
    assert trend_over_mean(-values)[0, 0] == pytest.approx(-0.5)
    assert np.isnan(trend_over_mean(values[:4])[0, 0])
    flat = np.full((5, 1, 1), 7.0)
    assert trend_over_mean(flat)[0, 0] == pytest.approx(0.0)


@pytest.mark.slow
@pytest.mark.parametrize("future", ["noise", "shifted"])
def test_another_future_changes_nothing_before_it(future, rich, dates, assets, tmp_path):
    other = FUTURES[future](rich, dates[1].item(), tmp_path / "lake")
    old, new = (estimate(one, dates, assets) for one in (rich, other))
    assert np.isfinite(old[:2]).sum() > 500, "nothing was compared"
    np.testing.assert_array_equal(old[:2], new[:2])
    assert not np.array_equal(old[2], new[2], equal_nan=True)


def test_restated_statements_change_nothing_before(lake, rich, dates, assets, tmp_path):
    items = rich.scan("fundamentals").collect()
    after, later = dates[1].item(), lake.dates("daily")[261].item()
    restated = (
        items.filter(pl.col("announce_date") <= after)
        .unique(["symbol", "item"])
        .with_columns(announce_date=pl.lit(later), value=pl.col("value") * 5)
    )
    key = ["symbol", "announce_date", "item"]
    both = pl.concat([restated, items]).unique(key, keep="first")
    other = with_items(lake, tmp_path / "restated", both)
    old, new = (estimate(one, dates, assets) for one in (rich, other))
    np.testing.assert_array_equal(old[:2], new[:2])
    for style in ("book_to_price", "earnings_yield", "growth", "leverage"):
        k = CNE5_STYLES.index(style)
        assert not np.allclose(old[2, :, k], new[2, :, k], equal_nan=True)


def test_without_statements_their_styles_are_zero(lake, dates, assets, tmp_path):
    bare = with_items(lake, tmp_path / "bare", invented(assets).head(0))
    found = estimate(bare, dates, assets)
    there = np.isfinite(found[:, :, 0])
    assert there.any()
    assert (found[there][:, len(CNE5_STYLES) - 4 :] == 0).all()
    assert (found[there][:, 0] != 0).any()
