"""Both kinds of model on a simulated market: form, files, no look ahead, leaks that are seen."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intralpha.audit import FUTURES
from intralpha.base import Panel
from intralpha.market import Lake, UniverseSpec, industry_codes, read_daily, universe
from intralpha.risk import (
    FactorRiskSpec,
    PcaRiskSpec,
    PriceVolumeSpec,
    RiskEstimate,
    RiskHistoryError,
    RiskModelSpec,
    SessionReturns,
    load_estimate,
    load_session,
    rolling_estimates,
    save_estimate,
    save_session,
)
from intralpha.risk.laid import LaidSessions

STYLES = PriceVolumeSpec(
    momentum_days=60, beta_days=60, volatility_days=60, month_days=10, year_months=6
)
FACTORS = FactorRiskSpec(
    exposures=STYLES, window_days=60, min_days=40, young_days=30, industry_min_stocks=1
)
PCA = PcaRiskSpec(window_days=60, min_days=40, young_days=30, n_factors=3)
ADJUSTED = FACTORS.model_copy(update={"eigenfactor": 1.2, "regime_half_life_days": 20.0})
MODELS = pytest.mark.parametrize(
    "spec", [FACTORS, ADJUSTED, PCA], ids=["factors", "adjusted", "pca"]
)
LAST = 250


def inside(lake: Lake, assets: np.ndarray) -> Panel:
    days = lake.dates("daily")[150 : LAST + 21]
    mask = universe(lake, UniverseSpec(min_listed_days=20), days, assets)
    return Panel(mask[:, :, None].astype(np.float32), days, assets, ("universe",))


Made = dict[np.datetime64, tuple[SessionReturns, RiskEstimate | None]]
KEPT: dict[tuple[str, str], Made] = {}


def made(spec: RiskModelSpec, lake: Lake, assets: np.ndarray) -> Made:
    """Sessions and estimates, made once of each model and lake."""
    key = type(spec).__name__ + repr(spec), str(lake.root)
    if key not in KEPT:
        KEPT[key] = _made(spec, lake, assets)
    return KEPT[key]


def _made(spec: RiskModelSpec, lake: Lake, assets: np.ndarray) -> Made:
    days = lake.dates("daily")[[LAST - 30, LAST, LAST + 20]]
    rolled = rolling_estimates(spec, lake, days, inside(lake, assets))
    return {one.date: (one, found) for one, found in rolled}


@pytest.mark.one_in(3)
@MODELS
def test_estimates_of_a_market(spec, lake, assets):
    found = [e for _, e in made(spec, lake, assets).values() if e is not None]
    assert len(found) == 3
    for one in found:
        even = np.full(len(one.assets), 1 / len(one.assets))
        assert 0.002 < np.sqrt(one.variance(even)) < 0.05
        assert 0.005 < np.sqrt(np.median(one.specific_var_A)) < 0.06
    if isinstance(spec, FactorRiskSpec):
        assert found[0].names[0] == "country"
        assert found[0].names[-8:] == (
            "size", "beta", "momentum", "residual_volatility", "nonlinear_size", "liquidity",
            "reversal", "amihud",
        )  # fmt: skip


@pytest.mark.slow
def test_explained_returns_add_up(lake, assets):
    """Return = exposures of the close before x factor returns + what is left."""
    panel = inside(lake, assets)
    days, before, mask = panel.dates[1:40], panel.dates[:39], panel.values[:39, :, 0] > 0
    found = list(FACTORS.explain(lake, days, assets, mask))
    styles = STYLES.estimate(lake, before, assets, mask).values.astype(np.float64)
    codes, labels = industry_codes(lake, before, assets)
    daily = read_daily(lake, ("adj_close", "filled_close"), assets=assets)
    price, filled = daily.at(days)["adj_close"], daily.at(before)["filled_close"]
    for d, one in enumerate(found):
        told = np.flatnonzero(np.isin(assets, one.assets))
        assert len(told) > 30
        factor = dict(zip(one.names, one.returns_K.tolist(), strict=True))
        industry = [factor[f"industry:{labels[code]}"] for code in codes[d, told]]
        explained = factor["country"] + np.array(industry) + styles[d, told] @ one.returns_K[-8:]
        ret = price[d, told] / filled[d, told] - 1
        np.testing.assert_allclose(explained + one.left_A, ret, rtol=0, atol=1e-12)
        assert 0 < one.r2 <= 1


@pytest.mark.one_in(3)
@MODELS
@pytest.mark.parametrize("future", ["noise", pytest.param("shifted", marks=pytest.mark.slow)])
def test_another_future_changes_nothing_before_it(spec, future, lake, assets, tmp_path):
    after = lake.dates("daily")[LAST]
    other = FUTURES[future](lake, after.item(), tmp_path / "lake")
    old, new = made(spec, lake, assets), made(spec, other, assets)
    upto = [day for day in old if day <= after]
    assert len(upto) == 100
    for day in upto:
        same(*old[day], *new[day])
    late = [day for day in old if day > after]
    with pytest.raises(AssertionError):
        same(*old[late[-1]], *new[late[-1]])


def same(
    one: SessionReturns,
    found: RiskEstimate | None,
    twin: SessionReturns,
    other: RiskEstimate | None,
) -> None:
    assert one.names == twin.names
    np.testing.assert_array_equal(one.assets, twin.assets)
    np.testing.assert_array_equal(one.returns_K, twin.returns_K)
    np.testing.assert_array_equal(one.left_A, twin.left_A)
    assert (found is None) == (other is None)
    if found is not None and other is not None:
        assert found.names == other.names
        np.testing.assert_array_equal(found.assets, other.assets)
        np.testing.assert_array_equal(found.loadings_AK, other.loadings_AK)
        np.testing.assert_array_equal(found.factor_cov_KK, other.factor_cov_KK)
        np.testing.assert_array_equal(found.specific_var_A, other.specific_var_A)


class Peeking(FactorRiskSpec):
    """Takes tomorrow's factor returns into today's covariance."""

    def estimates(self, lake, dates, assets, mask_DA, pasts):
        cheating = map(partial(self._with_tomorrow, lake, assets), dates, mask_DA, pasts)
        return super().estimates(lake, dates, assets, mask_DA, cheating)

    def _with_tomorrow(self, lake, assets, date, mask_A, past):
        sessions = lake.dates("daily")
        tomorrow = sessions[np.searchsorted(sessions, date) + 1 :][:1]
        ahead = tuple(self.explain(lake, tomorrow, assets, mask_A[None]))
        hidden = [SessionReturns(date, *_rest(one)) for one in ahead]  # under today's date
        return (*past, *hidden)


class SameDay(FactorRiskSpec):
    """Explains a session's return by the exposures of its own close, and calls it yesterday."""

    def explain(self, lake, dates, assets, mask_DA) -> Iterator[SessionReturns]:
        sessions = lake.dates("daily")
        later = sessions[np.minimum(np.searchsorted(sessions, dates) + 1, len(sessions) - 1)]
        for day, one in zip(dates, super().explain(lake, later, assets, mask_DA), strict=True):
            yield SessionReturns(day, *_rest(one))


def _rest(one: SessionReturns) -> tuple[Any, ...]:
    return one.names, one.returns_K, one.assets, one.left_A, one.r2


@pytest.mark.slow
@pytest.mark.parametrize("cheat", [Peeking, SameDay])
def test_planted_leaks_are_seen(cheat, lake, assets, tmp_path):
    after = lake.dates("daily")[LAST]
    other = FUTURES["noise"](lake, after.item(), tmp_path / "lake")
    spec = cheat(**FACTORS.model_dump(exclude={"kind"}))
    old, new = made(spec, lake, assets), made(spec, other, assets)
    with pytest.raises(AssertionError):
        same(*old[after], *new[after])


@pytest.mark.one_in(3)
@MODELS
def test_a_past_that_is_not_past_or_too_short_is_refused(spec, lake, assets):
    day = lake.dates("daily")[LAST]
    past = tuple(one for one, _ in made(spec, lake, assets).values())
    mask = np.ones(len(assets), dtype=bool)
    with pytest.raises(RiskHistoryError, match="after it"):
        spec.estimate(lake, day, assets, mask, past)
    with pytest.raises(RiskHistoryError, match="found 12 explained sessions"):
        spec.estimate(lake, day, assets, mask, past[:12])


@pytest.mark.one_in(3)
@MODELS
def test_files_keep_everything(spec, lake, assets, tmp_path: Path):
    one, found = made(spec, lake, assets)[lake.dates("daily")[LAST]]
    save_session(one, tmp_path)
    assert found is not None
    save_estimate(found, tmp_path)
    same(one, found, load_session(tmp_path), load_estimate(tmp_path))
    assert load_session(tmp_path).date == one.date


def test_factors_and_stocks_are_matched_by_name():
    day = np.datetime64("2024-01-02")
    one = SessionReturns(
        day, ("a", "b"), np.array([1.0, 2.0]), np.array(["X", "Z"]), np.array([0.1, 0.3]), 0.5
    )
    axis = np.array(["Z", "Y", "W", "X"])
    returns, left = LaidSessions(axis).of((one,), ("b", "c", "a"), axis != "W")
    np.testing.assert_array_equal(returns, [[2.0, np.nan, 1.0]])
    np.testing.assert_array_equal(left, [[0.3, np.nan, 0.1]])
    empty = LaidSessions(axis[:0]).of((one,), (), np.zeros(0, dtype=bool))
    assert empty[1].shape == (1, 0)
