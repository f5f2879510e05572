"""The desk: what is known at a close, laid out by date, and nothing later."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from intralpha.base import Panel
from intralpha.market import Lake, UniverseSpec, read_daily, universe
from intralpha.portfolio import NoDecisionError, decisions, lay_desk
from intralpha.portfolio.desk import tradable
from intralpha.risk import PriceVolumeSpec

NAMES = ("close", "volume", "up_limit", "down_limit")
STYLES = PriceVolumeSpec(momentum_days=20, beta_days=20, volatility_days=20, year_months=3)
NAN = np.nan


@pytest.fixture(scope="module")
def lake(half_year_lake: Path) -> Lake:
    return Lake(half_year_lake)


@pytest.fixture(scope="module")
def parts(lake: Lake) -> tuple[np.ndarray, Panel, Panel, Panel]:
    """Decision dates, universe, a random signal on them, and the market."""
    market = read_daily(lake, NAMES)
    dates = market.dates[70:100:10]
    inside = universe(lake, UniverseSpec(min_listed_days=20), market.dates, market.assets)
    axes = Panel(inside[:, :, None].astype(np.float32), market.dates, market.assets, ("universe",))
    score = np.random.default_rng(0).standard_normal((len(dates), len(market.assets), 1))
    return dates, axes, Panel(score, dates, market.assets, ("score",)), market


def laid(lake: Lake, parts: tuple) -> object:
    dates, axes, signal, market = parts
    inside = axes.at(dates)["universe"] > 0
    weights = inside / inside.sum(axis=1, keepdims=True)
    styles = STYLES.estimate(lake, dates, axes.assets, inside)
    return lay_desk(lake, dates, axes, signal, market, weights, styles)


def test_the_signal_is_laid_by_name_not_by_place(lake, parts) -> None:
    dates, axes, signal, market = parts
    order = np.random.default_rng(1).permutation(len(signal.assets))[:-3]
    mixed = Panel(signal.values[:, order], signal.dates, signal.assets[order], signal.names)
    plain, other = laid(lake, parts), laid(lake, (dates, axes, mixed, market))
    kept = np.isin(axes.assets, mixed.assets)
    np.testing.assert_array_equal(other.alpha[:, kept], plain.alpha[:, kept])
    assert np.isnan(other.alpha[:, ~kept]).all()
    assert (~kept).sum() == 3


def test_a_snapshot_holds_universe_benchmark_and_holdings(lake, parts) -> None:
    desk = laid(lake, parts)
    day = parts[0][1]
    outside = desk.assets[~desk.inside[1]]
    assert len(outside) >= 1, "nothing is outside the universe"
    plain, held = desk.snapshot(day, desk.assets[:0]), desk.snapshot(day, outside[:1])
    assert set(plain.assets) == set(desk.assets[desk.inside[1]])
    assert set(held.assets) - set(plain.assets) == {outside[0]}
    at = list(held.assets).index(outside[0])
    assert np.isnan(held.alpha[at])
    assert held.benchmark[at] == 0
    assert not held.member[at]
    assert held.benchmark.sum() == pytest.approx(1)


def test_nothing_on_the_desk_is_later_than_its_date(lake, parts, tmp_path) -> None:
    """Another future: the same desk up to the last decision."""
    from intralpha.market import TABLES

    dates, _, signal, _ = parts
    last = dates[-1].item()
    other = Lake(tmp_path / "other", create=True)
    for table in TABLES:
        if lake.has(table) and table != "bars":
            frame = lake.scan(table).collect()
            if table == "daily":
                frame = frame.filter(frame["date"] <= last)
            other.append(table, frame)
    market = read_daily(other, NAMES, assets=signal.assets)
    inside = universe(other, UniverseSpec(min_listed_days=20), market.dates, market.assets)
    axes = Panel(inside[:, :, None].astype(np.float32), market.dates, market.assets, ("universe",))
    whole, cut = laid(lake, parts), laid(other, (dates, axes, signal, market))
    assert np.isfinite(whole.styles.values).sum() > 100, "nothing was compared"
    for name in ("alpha", "benchmark", "codes", "can_buy", "can_sell", "inside"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(cut, name))
    np.testing.assert_array_equal(whole.styles.values, cut.styles.values)


def test_tradable_by_hand() -> None:
    # Free, at limit-up, half a tick below it, at limit-down, no trade, no limit.
    rows = [
        (10.0, 5.0, 11.0, 9.0),
        (11.0, 5.0, 11.0, 9.0),
        (10.994, 5.0, 11.0, 9.0),
        (9.0, 5.0, 11.0, 9.0),
        (10.0, 0.0, 11.0, 9.0),
        (99.0, 5.0, NAN, NAN),
    ]
    days = np.array(["2024-01-02"], "datetime64[D]")
    panel = Panel(np.array([rows]), days, np.array(list("abcdef")), NAMES)
    can_buy, can_sell = tradable(panel)
    assert can_buy[0].tolist() == [True, False, True, True, False, True]
    assert can_sell[0].tolist() == [True, True, True, False, False, True]


def test_decisions_fall_on_dates_of_the_signal() -> None:
    days = np.array([f"2024-01-{d:02d}" for d in (2, 4, 5, 7, 10)], dtype="datetime64[D]")
    assert decisions(days, 2).tolist() == [date(2024, 1, d) for d in (2, 5, 10)]
    assert decisions(days[:-1], 2).tolist() == [date(2024, 1, d) for d in (2, 5)]
    assert decisions(days, 1, date(2024, 1, 3), date(2024, 1, 7)).tolist() == [
        date(2024, 1, d) for d in (4, 5, 7)
    ]
    with pytest.raises(NoDecisionError, match="given from 2024-01-02 to 2024-01-10") as caught:
        decisions(days, 1, date(2025, 1, 1))
    assert caught.value.start == date(2025, 1, 1)
    with pytest.raises(NoDecisionError, match="at no date"):
        decisions(days[:0], 1)
