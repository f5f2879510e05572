"""Level-2 libraries on a lake of hand-made stock-days: from raw rows to values, with thresholds."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.features import LibrarySpec
from intralpha.features.level2.enrich import enrich
from intralpha.features.level2.thresholds import BigOrderSpec, thresholds
from intralpha.market import Lake

from ..reference import level2
from ..reference.level2_day import Level2Day, parent_amounts, rounded
from ..reference.level2_days import level2_days, ordinary
from .level2_inputs import NEW, OLD, instruments, rows_of_lake

BEFORE = {
    NEW: [date(2023, 2, n) for n in (20, 21, 22, 23, 24, 27, 28)],
    OLD: [date(2018, 8, n) for n in (8, 9, 10, 13, 14, 15, 16)],
}
LIBRARIES = ("level2_trades", "level2_parents", "level2_orders", "level2_minutes", "hf27", "l2")
WHOLE_DAY_OF_ORDERS = "corr_buyorder_volume_price"
DAYS = {name: day for name, day in level2_days(7).items() if not name.startswith("theta_")}


def symbols_of(names: list[str]) -> dict[str, str]:
    """Day -> its stock; of both exchanges, of Shanghai for those without closing auction."""
    fit = ["SZ" if i % 2 and DAYS[n].closing_auction else "SH" for i, n in enumerate(names)]
    return {n: f"{600000 + i}.{fit[i]}" for i, n in enumerate(names)}


SYMBOLS = symbols_of(list(DAYS))


class Market:
    """The lake, and the stock-days in it with thresholds from the sessions before."""

    def __init__(self, lake: Lake) -> None:
        self.lake, self.history = lake, {n: [] for n in DAYS}
        rng = np.random.default_rng(5)
        lake.append("instruments", instruments(list(SYMBOLS.values())))
        for on, before in BEFORE.items():
            here = {n: d for n, d in DAYS.items() if d.closing_auction == (on == NEW)}
            for session in before:
                made = {n: ordinary(rng, d.preclose, 60, 20, 1) for n, d in here.items()}
                for n, day in made.items():
                    self.history[n].append(day)
                self._add(made, session, ("trades", "daily"))
            self._add(here, on, ("trades", "orders", "snapshots", "daily"))
        enrich(lake, np.array([OLD, NEW], "datetime64[D]"), show_progress=False)

    def _add(self, days: dict[str, Level2Day], on: date, tables: tuple[str, ...]) -> None:
        rows = rows_of_lake({SYMBOLS[n]: d for n, d in days.items()}, on)
        for table in tables:
            self.lake.append(table, rows[table])

    def amounts(self, name: str) -> np.ndarray:
        """Orders of the sessions before."""
        found = [parent_amounts(d, side) for d in self.history[name] for side in ("buy", "sell")]
        return np.concatenate(found)

    def day(self, name: str) -> Level2Day:
        theta, middle = level2.threshold(self.amounts(name))
        return replace(DAYS[name], theta=theta, middle=middle)

    def values(self, spec: LibrarySpec) -> dict[str, dict[str, float]]:
        """Day -> factors."""
        features, assets = spec.make(), np.array(sorted(SYMBOLS.values()))
        panel = features.compute(self.lake, np.array([OLD, NEW], "datetime64[D]"), assets)
        row = {n: int(d.closing_auction) for n, d in DAYS.items()}
        place = {n: list(assets).index(s) for n, s in SYMBOLS.items()}
        for name in DAYS:
            assert np.isnan(panel.values[1 - row[name], place[name]]).all()
        return {n: dict(zip(panel.names, panel.values[row[n], place[n]].tolist(), strict=True))
                for n in DAYS}  # fmt: skip


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> Market:
    return Market(Lake(tmp_path_factory.mktemp("stock_days") / "lake", create=True))


def assert_equal(label: str, got: dict[str, float], want: dict[str, float]) -> int:
    """Four digits are kept."""
    assert list(got) == list(want)
    for factor, expected in want.items():
        value = got[factor]
        assert math.isnan(value) == math.isnan(expected), (label, factor, value, expected)
        if not math.isnan(expected):
            gap = abs(value - expected) / max(1.0, abs(expected))
            assert gap <= 1e-4, (label, factor, value, expected)
    return sum(map(math.isfinite, want.values()))


def reference(library: str, day: Level2Day) -> dict[str, float]:
    """What the lake must give; a stock without trades has no bars, and so nothing at all."""
    values = getattr(level2, library)(rounded(day))
    if not len(day.trades["time"]):
        values = dict.fromkeys(values, math.nan)
    return values


@pytest.mark.one_in(2)
@pytest.mark.one_in(3)
@pytest.mark.parametrize("library", LIBRARIES)
def test_every_stock_day_from_raw_rows(market, library):
    compared = 0
    for label, got in market.values(LibrarySpec(library=library)).items():
        want = reference(library, market.day(label))
        if (label, library) == ("edges", "hf27"):
            # Trades inside the closing auction, which no exchange has, are no rule of this factor.
            want["late_skew_ret"] = got["late_skew_ret"]
        if label == "few" and WHOLE_DAY_OF_ORDERS in want:
            # Its orders stop at 10:11 and its trades at 10:28, so they do not cover the day.
            want[WHOLE_DAY_OF_ORDERS] = math.nan
        compared += assert_equal(label, got, want)
    count = len(market.values(LibrarySpec(library=library))["random"])
    assert compared > 0.6 * count * len(DAYS)


def thresholds_by(rule: str, market: Market, name: str) -> tuple[float, float]:
    """Theta and middle of a rule [Spec 2.6]; of ``q90`` as the lake has it, once it was checked."""
    before, today = market.amounts(name), DAYS[name]
    middle = level2.threshold(before)[1]
    if rule == "fixed_200k":
        return 200_000.0, middle
    if rule == "day_mean":
        own = np.concatenate([parent_amounts(today, side) for side in ("buy", "sell")])
        return float(own.mean()), level2.threshold(own)[1]
    on = NEW if today.closing_auction else OLD
    found = thresholds(market.lake, on, BigOrderSpec(rule="q90")).of(np.array([SYMBOLS[name]]))
    theta = float(found[0][0])
    assert theta == pytest.approx(float(np.quantile(before, 0.9)), rel=0.045)
    return theta, middle


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["fixed_200k", "day_mean", "q90"])
def test_other_rules_for_big_orders(market, rule):
    spec = BigOrderSpec(rule=rule)
    plain = market.values(LibrarySpec(library="level2_parents"))
    for library in ("level2_parents", "level2_trades"):
        changed = 0
        for label, got in market.values(LibrarySpec(library=library, big_order=spec)).items():
            if not len(DAYS[label].trades["time"]):
                continue
            theta, middle = thresholds_by(rule, market, label)
            day = replace(DAYS[label], theta=theta, middle=middle)
            assert_equal(label, got, getattr(level2, library)(rounded(day)))
            changed += got.get("bigorder_amt_perc") != plain[label]["bigorder_amt_perc"]
        assert changed > 20


def test_without_sessions_before_no_order_is_big(market, tmp_path):
    """What needs no threshold is there."""
    lake = Lake(tmp_path / "lake", create=True)
    lake.append("instruments", market.lake.scan("instruments").collect())
    for table in ("trades", "orders", "snapshots", "daily"):
        lake.append(table, market.lake.scan(table, NEW, NEW).collect())
    enrich(lake, np.array([NEW], "datetime64[D]"), show_progress=False)
    features, assets = LibrarySpec(library="hf27").make(), np.array([SYMBOLS["busy"]])
    panel = features.compute(lake, np.array([NEW], "datetime64[D]"), assets)
    got = dict(zip(panel.names, panel.values[0, 0].tolist(), strict=True))
    day = replace(DAYS["busy"], theta=math.nan, middle=math.nan)
    assert assert_equal("busy", got, level2.hf27(rounded(day))) == 27 - 4
    assert math.isnan(got["bigorder_amt_perc"])
    assert math.isfinite(got["concentration_diff"])


@pytest.mark.slow
def test_hf27_with_a_mean_is_the_mean_of_its_days(level2_lakes):
    lake, days, assets = level2_lakes.whole, level2_lakes.days, level2_lakes.assets
    plain = LibrarySpec(library="hf27").make().compute(lake, days, assets)
    smooth = LibrarySpec(library="hf27", parameters={"smooth": 5}).make()
    found = smooth.compute(lake, days[[9, 15]], assets)
    for row, t in enumerate((9, 15)):
        window = plain.values[t - 4 : t + 1].astype(np.float64)
        count = np.isfinite(window).sum(axis=0)
        mean = np.nansum(window, axis=0) / np.where(count >= 3, count, np.nan)
        np.testing.assert_allclose(found.values[row], mean, rtol=2e-6, atol=1e-9)
    assert np.isfinite(found.values).mean() > 0.9


@pytest.mark.slow
def test_a_simulated_day_from_raw_rows(level2_lakes):
    """Both exchanges, rows read back from the lake by Polars, thresholds from its own orders."""
    lake, days = level2_lakes.whole, level2_lakes.days
    on, compared = days[12].item(), 0
    panels = {n: LibrarySpec(library=n).make().compute(lake, days[[12]], level2_lakes.assets)
              for n in ("hf27", "l2")}  # fmt: skip
    for a, symbol in enumerate(level2_lakes.assets.tolist()):
        day = simulated_day(lake, days[:12], on, symbol)
        for library, panel in panels.items():
            got = dict(zip(panel.names, panel.values[0, a].tolist(), strict=True))
            compared += assert_equal(symbol, got, getattr(level2, library)(rounded(day)))
    assert {s[-2:] for s in level2_lakes.assets.tolist()} == {"SH", "SZ"}
    assert compared > 200


def simulated_day(lake: Lake, before: np.ndarray, on: date, symbol: str) -> Level2Day:
    def rows(table: str, session: date) -> dict[str, np.ndarray]:
        frame = lake.scan(table, session, session).filter(pl.col("symbol") == symbol).collect()
        return {n: frame[n].to_numpy() for n in frame.columns if n not in ("date", "symbol")}

    history = [Level2Day(rows("trades", d.item())) for d in before]
    amounts = [parent_amounts(d, side) for d in history for side in ("buy", "sell")]
    theta, middle = level2.threshold(np.concatenate(amounts))
    facts = (
        lake.scan("daily", on, on).filter(pl.col("symbol") == symbol).collect().row(0, named=True)
    )
    numbers = {n: facts[n] or math.nan for n in ("preclose", "up_limit", "down_limit")}
    book = {n: np.nan_to_num(x) for n, x in rows("snapshots", on).items()}
    return Level2Day(
        rows("trades", on), rows("orders", on), book, **numbers, theta=theta, middle=middle,
        suspended=facts["suspended"],
    )  # fmt: skip
