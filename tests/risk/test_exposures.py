"""Exposures of a simulated market: scale, orthogonality, fall-backs, and no look ahead."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.base import Panel
from intralpha.base.panel import UnknownNameError
from intralpha.market import Lake, UniverseSpec, float_cap, read_daily, universe
from intralpha.risk import STYLES, MaskShapeError, PriceVolumeSpec, exposures
from intralpha.sources.exchange.market import SimulatedMarket, SimulatedSpec

SPEC = PriceVolumeSpec(momentum_days=120, beta_days=120, volatility_days=120, year_months=6)


@pytest.fixture(scope="module")
def dates(lake: Lake) -> np.ndarray:
    return lake.dates("daily")[[40, 150, 151, 200, 260, 340]]


def mask_of(lake: Lake, dates: np.ndarray, assets: np.ndarray) -> np.ndarray:
    return universe(lake, UniverseSpec(min_listed_days=20), dates, assets)


@pytest.fixture(scope="module")
def found(lake, dates, assets) -> Panel:
    return exposures(lake, dates, assets, mask_of(lake, dates, assets), SPEC)


def test_form(found, dates, assets, lake):
    assert found.names == STYLES
    assert found.values.dtype == np.float32
    assert found.values.shape == (len(dates), len(assets), 8)
    price = read_daily(lake, ("filled_close",), assets=assets).at(dates)["filled_close"]
    known = np.isfinite(price)
    assert not known.all()
    assert np.isfinite(found.values[known]).all()
    assert np.isnan(found.values[~known]).all()


def test_core_has_cap_weighted_mean_zero_and_unit_std(found, lake, dates, assets):
    mask = mask_of(lake, dates, assets)
    daily = read_daily(lake, ("close", "total_shares"), assets=assets).at(dates)
    cap = daily["close"] * daily["total_shares"]
    for style in ("size", "nonlinear_size", "residual_volatility", "liquidity"):
        for d in range(2, len(dates)):
            core = mask[d]
            z = found[style][d, core].astype(np.float64)
            assert np.average(z, weights=cap[d, core]) == pytest.approx(0, abs=1e-5)
            assert z.std() == pytest.approx(1, abs=1e-5)


def test_orthogonal_styles(found, lake, dates, assets):
    mask = mask_of(lake, dates, assets)
    pairs = [
        ("residual_volatility", "size"),
        ("residual_volatility", "beta"),
        ("liquidity", "size"),
    ]
    for style, other in pairs:
        for d in range(2, len(dates)):
            x, y = found[style][d, mask[d]], found[other][d, mask[d]]
            # Winsorising after the fit bends orthogonality a little.
            assert abs(np.corrcoef(x, y)[0, 1]) < 0.1


def test_size_orders_stocks_by_total_cap(found, lake, dates, assets):
    daily = read_daily(lake, ("close", "total_shares"), assets=assets).at(dates)
    cap = daily["close"] * daily["total_shares"]
    for d in range(len(dates)):
        known = np.isfinite(cap[d])
        order = np.argsort(cap[d, known])
        assert (np.diff(found["size"][d, known][order]) >= 0).all()


def test_beta_finds_the_betas_of_the_market(found):
    """The simulated loadings are the answer that the estimate must point at."""
    stocks = SimulatedMarket(SimulatedSpec(n_assets=48))._stocks
    true = dict(zip(stocks.symbols.tolist(), stocks.beta.tolist(), strict=True))
    truth = np.array([true[s] for s in found.assets.tolist()])
    known = np.isfinite(found["beta"][-1])
    assert np.corrcoef(found["beta"][-1, known], truth[known])[0, 1] > 0.4


def test_a_style_without_history_is_zero_for_all(found):
    assert found.dates[0] == found.dates.min()
    early = found["momentum"][0]
    assert (early[np.isfinite(early)] == 0).all()
    later = found["momentum"][-1]
    assert np.nanstd(later) > 0.5


def test_default_windows_are_those_of_the_specification():
    spec = PriceVolumeSpec()
    assert (spec.beta_days, spec.beta_half_life_days) == (252, 63)
    assert (spec.momentum_days, spec.momentum_skip_days, spec.momentum_half_life_days) == (
        504,
        21,
        126,
    )
    assert (spec.volatility_days, spec.volatility_half_life_days) == (252, 42)
    assert spec.lookback_days == 525


def test_dates_can_be_asked_for_in_any_cut(found, lake, dates, assets):
    for pick in ([3], [1, 4], [5]):
        mask = mask_of(lake, dates[pick], assets)
        part = exposures(lake, dates[pick], assets, mask, SPEC)
        np.testing.assert_array_equal(part.values, found.values[pick])


def test_stocks_that_come_later_change_no_bit(lake, assets):
    """The axis of a date made today and of the same date made in a year."""
    spec = SPEC.model_copy(update={"beta_days": 20, "momentum_days": 20, "volatility_days": 20})
    close = read_daily(lake, ("filled_close",), assets=assets)
    last = int(np.isnan(close["filled_close"]).any(axis=1).sum()) - 1  # a stock is listed after it
    days = close.dates[[last, last + 10]]
    whole = exposures(lake, days, assets, mask_of(lake, days, assets), spec).values[0]
    known = np.isfinite(close["filled_close"][last])
    assert 0 < (~known).sum() < 10
    cut = lake.limited(None, days[0].item())
    mask = mask_of(lake, days[:1], assets[known])
    part = exposures(cut, days[:1], assets[known], mask, spec).values[0]
    assert (part.std(axis=0) > 0.1).all(), "nothing was compared"
    np.testing.assert_array_equal(part, whole[known])


def test_order_of_assets_does_not_matter(found, lake, dates, assets):
    order = np.random.default_rng(3).permutation(len(assets))
    mask = mask_of(lake, dates, assets)[:, order]
    mixed = exposures(lake, dates, assets[order], mask, SPEC)
    np.testing.assert_allclose(mixed.values, found.values[:, order], rtol=1e-4, atol=1e-5)


def changed_after(lake: Lake, root: Path, after: np.datetime64, cheat: bool = False) -> Lake:
    """A copy with prices, volumes and shares after a date multiplied by noise."""
    out = Lake(root, create=True)
    daily = lake.scan("daily").collect()
    limit = after.item()
    rng = np.random.default_rng(5)
    later = (pl.col("date") >= limit) if cheat else (pl.col("date") > limit)
    noise = pl.Series(np.exp(rng.normal(0, 0.5, daily.height)))
    size = pl.Series(np.exp(rng.normal(0, 1.0, daily.height)))
    prices = ("open", "high", "low", "close", "preclose")
    daily = daily.with_columns(
        *(pl.when(later).then(pl.col(c) * noise).otherwise(pl.col(c)) for c in prices),
        *(
            pl.when(later).then((pl.col(c) * size).cast(daily.schema[c])).otherwise(pl.col(c))
            for c in ("volume", "amount", "float_shares", "total_shares")
        ),
    )
    out.append("daily", daily)
    for table in ("instruments", "industry"):
        out.append(table, lake.scan(table).collect())
    return out


def test_nothing_looks_ahead(found, lake, dates, assets, tmp_path):
    upto = 3
    other = changed_after(lake, tmp_path / "changed", dates[upto])
    again = exposures(other, dates, assets, mask_of(lake, dates, assets), SPEC)
    known = np.isfinite(found.values[: upto + 1])
    assert known.sum() > 1000, "nothing was compared"
    np.testing.assert_array_equal(again.values[: upto + 1], found.values[: upto + 1])
    assert not np.allclose(again.values[upto + 1 :], found.values[upto + 1 :], equal_nan=True)
    short = exposures(
        other, dates[: upto + 1], assets, mask_of(lake, dates, assets)[: upto + 1], SPEC
    )
    np.testing.assert_array_equal(short.values, found.values[: upto + 1])


def test_the_check_sees_a_change_of_the_day_itself(found, lake, dates, assets, tmp_path):
    other = changed_after(lake, tmp_path / "cheat", dates[3], cheat=True)
    again = exposures(other, dates[:4], assets, mask_of(lake, dates[:4], assets), SPEC)
    assert not np.allclose(again.values[3], found.values[3], equal_nan=True)


def without(lake: Lake, root: Path, columns: tuple[str, ...]) -> Lake:
    out = Lake(root, create=True)
    out.append(
        "daily", lake.scan("daily").collect().with_columns(pl.lit(None).alias(c) for c in columns)
    )
    for table in ("instruments", "industry"):
        out.append(table, lake.scan(table).collect())
    return out


def test_without_total_shares_the_float_cap_takes_their_place(lake, dates, assets, tmp_path):
    other = without(lake, tmp_path / "float", ("total_shares",))
    mask = mask_of(lake, dates, assets)
    size = exposures(other, dates, assets, mask, SPEC)["size"]
    cap = float_cap(lake, dates, assets)["float_cap"]
    for d in range(len(dates)):
        known = np.isfinite(cap[d])
        assert (np.diff(size[d, known][np.argsort(cap[d, known])]) >= 0).all()


def test_without_any_share_counts_amounts_take_their_place(lake, dates, assets, tmp_path):
    other = without(lake, tmp_path / "amount", ("total_shares", "float_shares"))
    mask = mask_of(lake, dates, assets)
    found = exposures(other, dates, assets, mask, SPEC)
    amount = read_daily(lake, ("amount",), assets=assets)
    row = int(np.searchsorted(amount.dates, dates[-1]))
    past = amount["amount"][row - 59 : row + 1]
    mean = np.nanmean(np.where(past > 0, past, np.nan)[:, mask[-1]], axis=0)
    size = found["size"][-1, mask[-1]]
    assert (np.diff(size[np.argsort(mean)]) >= 0).all()
    liquidity = found["liquidity"][-1, mask[-1]]
    assert liquidity.std() == pytest.approx(1, abs=1e-4)


def test_bad_arguments_are_refused(lake, dates, assets):
    with pytest.raises(MaskShapeError, match="expected"):
        exposures(lake, dates, assets, np.ones((2, 3), dtype=bool), SPEC)
    sunday = np.array(["2023-06-11"], dtype="datetime64[D]")
    with pytest.raises(UnknownNameError, match="2023-06-11"):
        exposures(lake, sunday, assets, np.ones((1, len(assets)), dtype=bool), SPEC)


def test_no_dates_no_rows(lake, assets):
    none = np.array([], dtype="datetime64[D]")
    found = exposures(lake, none, assets, np.ones((0, len(assets)), dtype=bool), SPEC)
    assert found.values.shape == (0, len(assets), 8)
