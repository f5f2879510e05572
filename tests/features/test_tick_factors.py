"""TickFactors on a lake: who asks, blocks, threads and the store change nothing, and what is kept
is never stale."""

import shutil
from datetime import time
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from intralpha.features import LibrarySpec, tick_factors
from intralpha.features.language.library import LibraryError
from intralpha.features.level2.order_statistics import StatisticsStore
from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.features.level2_needs import MissingLevel2Error
from intralpha.features.tick_factors import TickFactors
from intralpha.market import Lake
from intralpha.market.manifest import read_manifest, write_manifest

LIBRARIES = ("level2_trades", "level2_parents", "level2_orders", "tick100")
TABLE = {"level2_orders": "orders", "tick100": "snapshots"}
FEW = {"tick100": ("t_spread_mean", "t_imb10_mean", "t_net_bid_std", "t_micro_acorr")}
LAST = 9  # sessions of the lakes that may be changed


class Counts:
    """Calls of the machine as (stocks, factors), and the tables whose rows were read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[tuple[int, int]] = []
        self.read: list[str] = []
        made, read = tick_factors.run, tick_factors.read_ticks

        def run(program, data):
            self.made.append((len(data.bounds) - 1, program.outputs))
            return made(program, data)

        def read_ticks(lake, table, *rest):
            self.read.append(table)
            return read(lake, table, *rest)

        monkeypatch.setattr(tick_factors, "run", run)
        monkeypatch.setattr(tick_factors, "read_ticks", read_ticks)

    def clear(self) -> None:
        self.made.clear()
        self.read.clear()


@pytest.fixture
def counts(monkeypatch) -> Counts:
    return Counts(monkeypatch)


@pytest.fixture(scope="module")
def part(level2_lakes, tmp_path_factory) -> Lake:
    """The first sessions of the market, without any cache."""
    lake = Lake(tmp_path_factory.mktemp("part") / "lake", create=True)
    last = level2_lakes.days[LAST].item()
    lake.append("instruments", level2_lakes.whole.scan("instruments").collect())
    for table in ("daily", "bars", "auctions", "trades", "orders", "snapshots"):
        lake.append(table, level2_lakes.whole.scan(table, end=last).collect())
    return lake


@pytest.fixture
def lake(part, tmp_path) -> Lake:
    """A copy that may be changed."""
    shutil.copytree(part.root, tmp_path / "lake", ignore=shutil.ignore_patterns(".cache"))
    return Lake(tmp_path / "lake")


@pytest.fixture
def assets(level2_lakes) -> np.ndarray:
    return level2_lakes.assets


def values(lake: Lake, library: str, numbers, assets: np.ndarray, **settings) -> np.ndarray:
    settings = {"names": FEW.get(library, ())} | settings
    features = LibrarySpec(library=library, **settings).make()
    return features.compute(lake, lake.dates("daily")[list(numbers)], assets).values


def assert_fresh(lake: Lake, library: str, numbers, assets, got: np.ndarray, **settings) -> None:
    """The same numbers as without any store, and there are some."""
    plain = values(lake, library, numbers, assets, cache=False, **settings)
    np.testing.assert_array_equal(got, plain)
    assert np.isfinite(got).mean() > 0.8, "nothing was compared"


def change(lake: Lake, table: str, number: int, **columns: pl.Expr) -> None:
    """Other rows of a session."""
    on = lake.dates("daily")[number].item()
    rows = lake.scan(table, on, on).collect()
    lake.append(table, rows.with_columns(**columns), on_conflict="replace")


# --- what a value does not depend on ----------------------------------------------------------


@pytest.mark.one_in(4)
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("cache", [True, False])
def test_values_do_not_depend_on_who_asks(part, assets, library, cache):
    every = values(part, library, [7, 9], assets, cache=cache)
    few = np.sort([assets[3], assets[1], "999999.SZ"])
    some = values(part, library, [9], few, cache=cache)
    for symbol in (assets[1], assets[3]):
        here, there = list(assets).index(symbol), list(few).index(symbol)
        np.testing.assert_array_equal(some[0, there], every[1, here])
    assert np.isnan(some[:, list(few).index("999999.SZ")]).all()
    assert np.isfinite(every).mean() > 0.8
    nobody = values(part, library, [9], np.array(["999999.SZ"]), cache=cache)
    assert np.isnan(nobody).all()


@pytest.mark.one_in(4)
@pytest.mark.parametrize("library", LIBRARIES)
def test_blocks_and_threads_change_nothing(lake, assets, library, counts, monkeypatch):
    table, on = TABLE.get(library, "trades"), lake.dates("daily")[8]
    once = values(lake, library, [8], assets, cache=False)
    assert [stocks for stocks, _ in counts.made] == [len(assets)]
    path = lake.root / f"{table}/date={on}.parquet"
    rows = pq.read_table(path)
    for size in (rows.num_rows // 40, rows.num_rows // 7):
        pq.write_table(rows, path, row_group_size=size)
        monkeypatch.setattr(tick_factors.TickFactors, "block_rows", 1)
        for threads in ("1", "3"):
            monkeypatch.setenv("INTRALPHA_THREADS", threads)
            counts.clear()
            again = values(lake, library, [8], assets, cache=False)
            np.testing.assert_array_equal(again, once)
            assert len(counts.made) > 2
            assert sum(stocks for stocks, _ in counts.made) == len(assets)
    assert np.isfinite(once).mean() > 0.8


@pytest.mark.one_in(2)
@pytest.mark.parametrize("library", LIBRARIES)
def test_with_and_without_the_store(lake, assets, library):
    plain = values(lake, library, [6, 8], assets, cache=False)
    folder = lake.root / ".cache"
    kept = {p.parent.name for p in folder.rglob("*") if p.is_file()}
    assert kept <= {"orders"}  # daily statistics of orders, which thresholds are made of
    first = values(lake, library, [6, 8], assets)
    again = values(lake, library, [6, 8], assets)
    np.testing.assert_array_equal(first, plain)
    np.testing.assert_array_equal(again, plain)
    assert np.isfinite(plain).mean() > 0.8


# --- what is kept -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.one_in(2)
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_second_call_reads_the_store_only(lake, assets, library, counts):
    first = values(lake, library, range(5, 9), assets)
    assert len(counts.made) == len(counts.read) == 4
    counts.clear()
    again = values(lake, library, range(5, 9), assets)
    assert not counts.made
    assert not counts.read
    np.testing.assert_array_equal(again, first)
    more = values(lake, library, range(5, 10), assets[:2])
    assert len(counts.made) == 1  # the new session, of every stock
    assert counts.made[0][0] == len(assets)
    np.testing.assert_array_equal(more[:4], first[:, :2])


def test_a_new_factor_is_computed_alone(lake, assets, counts):
    names = ("bigorder_amt_perc", "day_conc_buy")
    values(lake, "level2_parents", [6, 7], assets, names=names)
    counts.clear()
    every = values(lake, "level2_parents", [6, 7], assets)
    assert [factors for _, factors in counts.made] == [4, 4]
    assert_fresh(lake, "level2_parents", [6, 7], assets, every)


@pytest.mark.slow
def test_sets_that_share_factors_do_not_drop_each_others_values(lake, assets, counts):
    first = values(lake, "hf27", [8, 9], assets)
    values(lake, "l2", [8, 9], assets)
    values(lake, "level2_parents", [8, 9], assets, names=("concentration_diff",))
    fixed = BigOrderSpec(rule="fixed_200k")
    values(lake, "level2_parents", [8, 9], assets, big_order=fixed)
    counts.clear()
    again = values(lake, "hf27", [8, 9], assets)
    values(lake, "l2", [8, 9], assets)
    values(lake, "level2_parents", [8, 9], assets, big_order=fixed)
    assert not counts.made
    np.testing.assert_array_equal(again, first)
    assert_fresh(lake, "hf27", [8, 9], assets, again)


@pytest.mark.slow
@pytest.mark.one_in(2)
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_changed_file_is_computed_again(lake, assets, library, counts):
    table = TABLE.get(library, "trades")
    first = values(lake, library, [6, 8], assets)
    if table == "snapshots":
        times = 2 + pl.col("time") // 3000 % 5
        change(lake, table, 8, **{n: pl.col(n) * times for n in ("bid_volume1", "ask_volume3")})
    else:
        change(lake, table, 8, volume=pl.col("volume") * (1 + pl.col("seq") % 3))
    counts.clear()
    second = values(lake, library, [6, 8], assets)
    assert len(counts.made) == 1
    np.testing.assert_array_equal(second[0], first[0])
    assert (second[1] != first[1]).any(axis=-1).all()
    assert_fresh(lake, library, [6, 8], assets, second)


@pytest.mark.slow
def test_trades_of_an_earlier_session_move_the_threshold(lake, assets, counts):
    """Orders ten times as large on session 4 give later sessions another threshold."""
    first = values(lake, "level2_parents", [3, 6, 8], assets)
    change(lake, "trades", 4, volume=pl.col("volume") * 10)
    counts.clear()
    second = values(lake, "level2_parents", [3, 6, 8], assets)
    assert len(counts.made) == 2
    np.testing.assert_array_equal(second[0], first[0])
    moved = (second != first).any(axis=(0, 1))
    names = LibrarySpec(library="level2_parents").make().names
    still = {n for n, m in zip(names, moved, strict=True) if not m}
    assert still == {"concentration_diff", "day_conc_buy", "day_conc_sell"}
    counts.clear()
    values(lake, "level2_orders", [6, 8], assets)
    change(lake, "trades", 5, volume=pl.col("volume") * 10)
    counts.clear()
    values(lake, "level2_orders", [6, 8], assets)
    assert not counts.made  # orders have no threshold


def test_changed_bars_and_limits_are_computed_again(lake, assets, counts):
    first = values(lake, "level2_trades", [6, 8], assets)
    change(lake, "bars", 6, high=pl.col("low"), open=pl.col("low"), close=pl.col("low"))
    locked = pl.read_parquet(lake.root / f"bars/freq=1min/date={lake.dates('daily')[6]}.parquet")
    price = locked.filter(pl.col("symbol") == assets[0])["low"].mode()[0]
    on = lake.dates("daily")[6]
    limits = pl.when(pl.col("date") == on.item()).then(pl.lit(price)).otherwise("up_limit")
    rows = lake.scan("daily", on.item(), on.item()).with_columns(up_limit=limits).collect()
    lake.append("daily", rows, on_conflict="replace")
    counts.clear()
    second = values(lake, "level2_trades", [6, 8], assets)
    assert len(counts.made) == 1
    assert (second[0, 0] != first[0, 0]).any()
    assert_fresh(lake, "level2_trades", [6, 8], assets, second)


def test_statistics_of_orders_are_computed_once(lake, assets, monkeypatch):
    calls = []
    keep = StatisticsStore.keep
    monkeypatch.setattr(
        StatisticsStore, "keep", lambda own, on, found: calls.append(on) or keep(own, on, found)
    )
    values(lake, "level2_parents", [6, 7, 8], assets)
    days = [d.item() for d in lake.dates("daily")]
    assert sorted(calls) == days[:8]
    values(lake, "level2_trades", [6, 7, 8], assets)
    assert len(calls) == 8


# --- what is missing --------------------------------------------------------------------------


@pytest.mark.one_in(2)
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_session_without_the_table_or_without_bars_is_nan(lake, assets, library):
    first = values(lake, library, [6, 7, 8], assets)
    table, days = TABLE.get(library, "trades"), lake.dates("daily")
    for name, number in ((f"{table}/date={days[6]}.parquet", 6),
                         (f"bars/freq=1min/date={days[8]}.parquet", 8)):  # fmt: skip
        forget(lake, name)
        found = values(lake, library, sorted([7, number]), assets)
        assert np.isnan(found[int(number > 7)]).all()
        assert np.isfinite(found[int(number < 7)]).any()
    kept = values(lake, library, [7], assets)
    assert np.isfinite(kept).any()
    if table != "trades":  # session 6 says when an order of session 7 is big
        np.testing.assert_array_equal(kept[0], first[1])


def forget(lake: Lake, name: str) -> None:
    """A lake without that file."""
    (lake.root / name).unlink()
    write_manifest(lake.root, {n: f for n, f in read_manifest(lake.root).items() if n != name})


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_lake_without_ticks_or_minutes_is_refused(part, assets, library, tmp_path):
    lake, on = Lake(tmp_path / "lake", create=True), part.dates("daily")[7].item()
    for table in ("instruments", "daily"):
        lake.append(table, part.scan(table).collect())
    table = TABLE.get(library, "trades")
    with pytest.raises(MissingLevel2Error, match=rf"{library} needs table {table}; .* 1 sessions"):
        values(lake, library, [7], assets)
    lake.append(table, part.scan(table, on, on).collect())
    with pytest.raises(MissingLevel2Error, match=rf"1-minute bars beside table {table}; "):
        values(lake, library, [7], assets)
    lake.append("bars", part.scan("bars", on, on).collect())
    assert np.isfinite(values(lake, library, [7], assets)).any()


def test_a_stock_without_rows_is_nan_beside_the_others(lake, assets):
    on = lake.dates("daily")[7].item()
    rows = lake.scan("orders", on, on).filter(pl.col("symbol") != assets[2]).collect()
    whole = values(lake, "level2_orders", [7], assets)
    forget(lake, f"orders/date={on}.parquet")
    lake.append("orders", rows)
    found = values(lake, "level2_orders", [7], assets)
    assert np.isnan(found[0, 2]).all()
    np.testing.assert_array_equal(np.delete(found, 2, axis=1), np.delete(whole, 2, axis=1))


def test_a_suspended_stock_is_nan(lake, assets):
    on = lake.dates("daily")[7].item()
    flag = pl.when(pl.col("symbol") == assets[1]).then(pl.lit(value=True)).otherwise("suspended")
    rows = lake.scan("daily", on, on).with_columns(suspended=flag).collect()
    lake.append("daily", rows, on_conflict="replace")
    for library in LIBRARIES:
        found = values(lake, library, [7], assets)
        assert np.isnan(found[0, 1]).all(), library
        assert np.isfinite(found[0, 0]).any(), library


# --- what it says of itself -------------------------------------------------------------------


def test_smoothing_is_the_mean_of_the_last_sessions(part, assets):
    daily = values(part, "level2_trades", range(10), assets).astype(np.float64)
    found = values(part, "level2_trades", [0, 4, 9], assets, smooth_days=4)
    for row, t in enumerate((0, 4, 9)):
        window = daily[max(t - 3, 0) : t + 1]
        count = np.isfinite(window).sum(axis=0)
        mean = np.nansum(window, axis=0) / np.where(count >= 2, count, np.nan)
        np.testing.assert_allclose(found[row], mean, rtol=1e-6)
    assert np.isfinite(found[1:]).mean() > 0.5


@pytest.mark.parametrize(
    ("library", "settings", "days"),
    [
        ("level2_orders", {}, 0),
        ("level2_orders", {"smooth_days": 5}, 4),
        ("level2_parents", {}, 20),
        ("level2_parents", {"smooth_days": 20}, 39),
        ("level2_parents", {"names": ("concentration_diff", "day_conc_buy")}, 0),
        ("level2_parents", {"big_order": BigOrderSpec(days=7)}, 7),
        ("level2_parents", {"big_order": BigOrderSpec(rule="day_mean")}, 0),
        ("level2_parents", {"big_order": BigOrderSpec(rule="fixed_200k")}, 20),  # middle moves
        ("level2_trades", {"big_order": BigOrderSpec(rule="fixed_200k")}, 0),
        ("level2_trades", {"big_order": BigOrderSpec(rule="q90")}, 20),
        ("tick100", {}, 0),
    ],
)
def test_sessions_looked_back_on(library, settings, days):
    features = LibrarySpec(library=library, **settings).make()
    assert isinstance(features.factors, TickFactors)
    assert features.lookback_days == days


@pytest.mark.slow
@pytest.mark.parametrize("library", ["level2_parents", "level2_trades"])
def test_what_lies_further_back_does_not_count(part, assets, library, tmp_path):
    rule = BigOrderSpec(days=3, min_days=2)
    spec = LibrarySpec(library=library, big_order=rule, smooth_days=2)
    features, days = spec.make(), part.dates("daily")
    first = 9 - features.lookback_days
    lake = Lake(tmp_path / "lake", create=True)
    lake.append("instruments", part.scan("instruments").collect())
    for table in ("daily", "bars", "auctions", "trades"):
        lake.append(table, part.scan(table, days[first].item()).collect())
    found = features.compute(lake, days[[9]], assets)
    whole = features.compute(part, days[[9]], assets)
    np.testing.assert_array_equal(found.values, whole.values)
    assert np.isfinite(found.values).mean() > 0.8


def test_what_a_set_says_of_itself():
    for library in LIBRARIES:
        features = LibrarySpec(library=library, base_freq=1).make()
        assert isinstance(features.factors, TickFactors)
        assert features.name == library
        assert features.times is None
        assert features.known_at == time(15, 0)
        assert features.known_at_slot(features.names[0]) == time(15, 0)
        assert len(features.units) == len(features.names)
    assert {str(u) for u in LibrarySpec(library="tick100").make().units} == {"plain number"}


@pytest.mark.parametrize("settings", [{"base_freq": 5}, {"segments": 30}])
def test_settings_that_do_not_fit(settings):
    with pytest.raises(LibraryError, match="is made from orders and daily"):
        LibrarySpec(library="level2_orders", **settings).make()


def test_a_library_of_ones_own(part, assets, tmp_path):
    """Against groups by Polars."""
    path = Path(tmp_path / "mine.yaml")
    path.write_text(
        "name: mine\nframe: trade\nfactors:\n"
        '  - {name: late, expr: \'sum(amount[clock("14:30", "14:57")]) / day_amount\'}\n'
        "  - {name: sides, expr: sum(side)}\n"
    )
    on = part.dates("daily")[7]
    panel = LibrarySpec(library=str(path)).make().compute(part, on[None], assets)
    amount, t = pl.col("price") * pl.col("volume"), pl.col("time")
    inside = ((t >= 34_200_000) & (t <= 41_400_000)) | ((t >= 46_800_000) & (t < 53_820_000))
    late = (t >= 52_200_000) & (t < 53_820_000)
    want = part.scan("trades", on.item(), on.item()).group_by("symbol").agg(
        late=amount.filter(late).sum() / amount.sum(), sides=pl.col("side").filter(inside).sum(),
    ).sort("symbol").collect()  # fmt: skip
    np.testing.assert_allclose(panel["late"][0], want["late"].to_numpy(), rtol=1e-5)
    np.testing.assert_allclose(panel["sides"][0], want["sides"].to_numpy(), rtol=1e-6)
    assert np.isfinite(panel.values).all()


def test_what_the_day_traded_counts_the_opening_auction_once(lake, assets, tmp_path):
    path = Path(tmp_path / "mine.yaml")
    path.write_text("name: mine\nframe: order\nfactors: [{name: whole, expr: day_amount / CNY}]\n")
    on = lake.dates("daily")[7].item()
    amount, early = pl.col("price") * pl.col("volume"), pl.col("time") < 34_200_000
    sums = {"whole": amount.sum(), "auction": amount.filter(early).sum()}
    want = lake.scan("trades", on, on).group_by("symbol").agg(**sums).sort("symbol").collect()
    found = values(lake, str(path), [7], assets)[0, :, 0]
    np.testing.assert_allclose(found, want["whole"].to_numpy(), rtol=1e-6)
    change(lake, "bars", 7, auc_in_first=pl.lit(value=True))  # it is in the first bar, they say
    found = values(lake, str(path), [7], assets)[0, :, 0]
    np.testing.assert_allclose(found, (want["whole"] - want["auction"]).to_numpy(), rtol=1e-6)
    assert (want["auction"] > 0).all()


def test_sets_over_sessions_take_the_rule_for_big_orders(part, assets):
    rule = BigOrderSpec(rule="day_mean")
    names = ("bigorder_amt_perc", "bigorder_ret2")
    plain = values(part, "hf27", [9], assets, names=names)
    other = values(part, "hf27", [9], assets, names=names, big_order=rule)
    parents = values(part, "level2_parents", [9], assets, names=names[:1], big_order=rule)
    np.testing.assert_array_equal(other[..., 0], parents[..., 0])
    assert (other != plain).all()
