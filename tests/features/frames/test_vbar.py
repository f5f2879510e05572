"""Kept values of equal-volume bars: a date costs its window once, and nothing stale is read."""

import logging
import shutil
from datetime import date, time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.base import Panel
from intralpha.features import LibrarySpec
from intralpha.features.factor_store import FactorStore
from intralpha.features.frames import vbar
from intralpha.market import Lake
from intralpha.market.bar_day import BarReader, MissingBarsError
from intralpha.sources import SimulatedSpec, ingest
from intralpha.sources.exchange.habits import HabitSpec

SPEC = SimulatedSpec(
    n_assets=6,
    start=date(2023, 1, 3),
    end=date(2023, 2, 24),
    freq=1,
    seed=4,
    habits=HabitSpec(orders_per_day=300),
)
INDEX = "000852.SH"
FOUR = """
name: four
frame: vbar
factors:
  - {name: day_ret_mean, expr: "mean(logret[age == 0])"}
  - {name: day_range_std, expr: "std(((high - low) / before)[age == 0])"}
  - {name: last_duration, expr: "mean(ln(1 + minutes)[rows_left < 240])", on_locked: keep}
  - {name: ret_skew, expr: "skew(logret[rows_left < 240])"}
"""
EVERY = ("day_ret_mean", "day_range_std", "last_duration", "ret_skew")
FEW = EVERY[:3]
FOLDER = Path(".cache") / "factors" / "vbar_1_20_960"


class Counts:
    """What was computed, as (stocks, factors) a date, and the sessions whose bars were opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[tuple[int, int]] = []
        self.opened: list[date] = []
        self.fail_at = -1
        made, read = vbar.run_bars, BarReader.read

        def run_bars(program, window, days):
            if len(self.made) == self.fail_at:
                raise KeyboardInterrupt
            self.made.append((window.stocks, program.outputs))
            return made(program, window, days)

        def counted(reader, day):
            self.opened.append(day)
            return read(reader, day)

        monkeypatch.setattr(vbar, "run_bars", run_bars)
        monkeypatch.setattr(BarReader, "read", counted)

    def clear(self) -> None:
        self.made.clear()
        self.opened.clear()


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("volume") / "lake", create=True)
    ingest([SPEC], made, show_progress=False)
    for day in made.dates("bars", 1):
        BarReader(made, 1).read(day.item())
    return made


@pytest.fixture(scope="module")
def stocks(source) -> np.ndarray:
    table = source.scan("instruments").filter(pl.col("board") != "index").collect()
    return np.array(sorted(table["symbol"]))


@pytest.fixture
def lake(source, tmp_path) -> Lake:
    shutil.copytree(source.root, tmp_path / "lake")
    return Lake(tmp_path / "lake")


@pytest.fixture
def counts(monkeypatch) -> Counts:
    return Counts(monkeypatch)


def cut(source: Lake, folder: Path, days: int, without: tuple[int, ...] = ()) -> Lake:
    """The first days of the market in a lake of their own; some have no minutes."""
    lake, sessions = Lake(folder, create=True), source.dates("daily")
    lake.append("instruments", source.scan("instruments").collect())
    there = pl.col("date") <= sessions[days - 1].item()
    lake.append("daily", source.scan("daily").filter(there).collect())
    there &= ~pl.col("date").is_in([sessions[n].item() for n in without])
    lake.append("bars", source.scan("bars").filter(there).collect())
    return lake


def rows_of(lake: Lake, table: str, number: int) -> pl.DataFrame:
    on = lake.dates("daily")[number].item()
    return lake.scan(table, on, on).collect()


def replace_rows(lake: Lake, table: str, number: int, symbol: str, **columns: pl.Expr) -> None:
    """Other numbers of one stock on one session."""
    rows = rows_of(lake, table, number).filter(pl.col("symbol") == symbol)
    lake.append(table, rows.with_columns(**columns), on_conflict="replace")


def values(lake: Lake, numbers, assets, names=EVERY, cache: bool = True) -> Panel:
    library = lake.root.with_suffix(".yaml")
    library.write_text(FOUR)
    spec = LibrarySpec(library=str(library), names=names, cache=cache)
    return spec.make().compute(lake, lake.dates("daily")[list(numbers)], assets)


def assert_fresh(lake: Lake, numbers, assets, panel: Panel, names=EVERY) -> None:
    """The same numbers as without any store, and there are some."""
    plain = values(lake, numbers, assets, names, cache=False)
    np.testing.assert_array_equal(panel.values, plain.values)
    assert np.isfinite(panel.values).mean() > 0.8, "nothing was compared"


@pytest.mark.slow
def test_a_date_is_computed_once_and_a_new_one_walks_its_own_window(
    source, stocks, tmp_path, counts
):
    lake, days = cut(source, tmp_path / "lake", 27), source.dates("daily")
    first = values(lake, range(22, 27), stocks)
    assert counts.made == [(6, 4)] * 5
    assert sorted(counts.opened) == days[3:27].tolist()  # carried over: each session once
    counts.clear()
    again = values(lake, range(22, 27), stocks)
    assert not counts.made
    assert not counts.opened
    np.testing.assert_array_equal(again.values, first.values)
    for table in ("daily", "bars"):
        lake.append(table, rows_of(source, table, 27))
    more = values(lake, range(22, 28), stocks)
    assert counts.made == [(6, 4)]
    assert sorted(counts.opened) == days[8:28].tolist()
    np.testing.assert_array_equal(more.values[:5], first.values)
    assert_fresh(lake, range(22, 28), stocks, more)


def test_a_new_factor_is_computed_alone(lake, stocks, counts):
    values(lake, range(22, 25), stocks, FEW)
    counts.clear()
    every = values(lake, range(22, 25), stocks)
    assert counts.made == [(6, 1)] * 3
    counts.clear()
    turned = values(lake, range(22, 25), stocks, EVERY[::-1])
    assert not counts.made
    np.testing.assert_array_equal(turned.values, every.values[..., ::-1])
    assert_fresh(lake, range(22, 25), stocks, every)


def test_who_asks_changes_neither_the_values_nor_what_is_kept(lake, stocks, counts):
    values(lake, range(22, 25), stocks[1:3])
    assert counts.made == [(6, 4)] * 3  # of every stock
    files = sorted(p.name for p in (lake.root / FOLDER).iterdir())
    asked = np.array(["999999.SZ", *stocks[::-1]])  # in no order, and one that is not there
    counts.clear()
    panel = values(lake, range(22, 25), asked)
    assert not counts.made
    assert np.isnan(panel.values[:, 0]).all()
    assert_fresh(lake, range(22, 25), stocks[::-1], Panel(
        panel.values[:, 1:], panel.dates, asked[1:], EVERY))  # fmt: skip
    assert sorted(p.name for p in (lake.root / FOLDER).iterdir()) == files


@pytest.mark.slow
def test_an_index_is_computed_when_asked_for_and_not_kept(lake, stocks, counts):
    values(lake, range(22, 25), stocks)
    files = sorted(p.name for p in (lake.root / FOLDER).iterdir())
    both = np.sort([INDEX, stocks[2]])
    for _ in range(2):
        counts.clear()
        panel = values(lake, range(22, 25), both)
        assert counts.made == [(1, 4)] * 3
    assert sorted(p.name for p in (lake.root / FOLDER).iterdir()) == files
    assert_fresh(lake, range(22, 25), both, panel)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("kind", ["minutes", "adj_factor", "suspended"])
def test_a_changed_session_is_computed_again_where_it_is_looked_at(lake, stocks, counts, kind):
    dates, symbol = [22, 28, 29, 30, 32], stocks[4]
    first = values(lake, dates, stocks)
    changes = {
        "minutes": ("bars", {"close": pl.col("low"), "volume": pl.col("volume") * 3}),
        "adj_factor": ("daily", {"adj_factor": pl.col("adj_factor") * 1.7}),
        "suspended": ("daily", {"suspended": ~pl.col("suspended")}),
    }
    table, columns = changes[kind]
    replace_rows(lake, table, 10, symbol, **columns)
    counts.clear()
    second = values(lake, dates, stocks)
    assert len(counts.made) == 3  # session 10 is the first of the window of 29
    assert_fresh(lake, dates, stocks, second)
    moved = (second.values != first.values).any(axis=-1)
    assert moved[:3, 4].all()
    assert not np.delete(moved, 4, axis=1).any()
    assert not moved[3:].any()


@pytest.mark.slow
def test_limits_count_on_the_day_only_and_other_columns_nowhere(lake, stocks, counts):
    dates = [22, 25, 26, 30]
    values(lake, dates, stocks)
    replace_rows(lake, "daily", 25, stocks[0], up_limit=pl.col("up_limit") + 0.01)
    replace_rows(lake, "daily", 25, stocks[0], float_shares=pl.col("float_shares") * 2)
    replace_rows(lake, "daily", 31, stocks[0], adj_factor=pl.col("adj_factor") * 2)  # same file
    replace_rows(lake, "daily", 25, INDEX, adj_factor=pl.col("adj_factor") * 2)
    counts.clear()
    panel = values(lake, dates, stocks)
    assert len(counts.made) == 1
    assert_fresh(lake, dates, stocks, panel)


@pytest.mark.slow
def test_auctions_and_missing_sessions_are_part_of_the_key(source, stocks, tmp_path, counts):
    lake, dates = cut(source, tmp_path / "lake", 31, without=(8,)), [24, 27, 28, 30]
    first = values(lake, dates, stocks)
    assert_fresh(lake, dates, stocks, first)
    lake.append("bars", rows_of(source, "bars", 8))
    counts.clear()
    second = values(lake, dates, stocks)
    assert len(counts.made) == 2
    assert (second.values[:2] != first.values[:2]).any(axis=-1).all()
    at, price = pl.lit(time(9, 25)).alias("time"), pl.col("open").alias("price")
    opening = rows_of(source, "daily", 9).select("date", "symbol", at, price, "volume", "amount")
    lake.append("auctions", opening)
    counts.clear()
    third = values(lake, dates, stocks)
    assert len(counts.made) == 3
    assert_fresh(lake, dates, stocks, third)


@pytest.mark.slow
def test_another_instrument_changes_no_key_until_it_trades(lake, stocks, counts):
    values(lake, [22, 23], stocks)
    row = lake.scan("instruments").filter(pl.col("symbol") == stocks[0]).collect()
    lake.append("instruments", row.with_columns(symbol=pl.lit("000999.SZ")))
    counts.clear()
    values(lake, [22, 23], np.array(["000999.SZ", *stocks]))
    assert not counts.made
    moved = pl.lit("index")  # a stock that was taken for one is no longer kept
    lake.append("instruments", row.with_columns(board=moved), on_conflict="replace")
    panel = values(lake, [22, 23], stocks)
    assert counts.made == [(5, 4), (1, 4)] * 2
    assert_fresh(lake, [22, 23], stocks, panel)


def test_a_killed_run_goes_on_where_it_stopped(lake, stocks, counts):
    counts.fail_at = 2
    with pytest.raises(KeyboardInterrupt):
        values(lake, range(22, 27), stocks)
    assert len(counts.made) == 2
    counts.fail_at = -1
    counts.clear()
    panel = values(lake, range(22, 27), stocks)
    assert len(counts.made) == 3
    assert_fresh(lake, range(22, 27), stocks, panel)


@pytest.mark.slow
@pytest.mark.one_in(3)
@pytest.mark.parametrize("lost", [".npy", ".json", ".symbols.npy"])
def test_half_a_file_is_no_file(lake, stocks, counts, lost):
    values(lake, [22, 23], stocks, FEW)
    first = values(lake, [22, 23], stocks)
    on = lake.dates("daily")[22]
    files = sorted(p for p in (lake.root / FOLDER).glob(f"{on}.*") if p.name.endswith(lost))
    files[0].unlink()  # of two with values
    counts.clear()
    again = values(lake, [22, 23], stocks)
    assert len(counts.made) == 1
    np.testing.assert_array_equal(again.values, first.values)
    values(lake, [22, 23], stocks)
    assert len(counts.made) == 1


def test_what_another_process_drops_is_computed_again(lake, stocks, counts, monkeypatch):
    keep = FactorStore.keep

    def dropped(store, on, key, *rest):
        keep(store, on, key, *rest)
        for path in (lake.root / FOLDER).glob(f"{on}.{key}.*"):
            path.unlink()

    monkeypatch.setattr(FactorStore, "keep", dropped)
    panel = values(lake, [22, 24], stocks)
    assert len(counts.made) == 4
    assert_fresh(lake, [22, 24], stocks, panel)


def test_the_past_does_not_depend_on_what_the_lake_holds_later(source, lake, stocks, tmp_path):
    short = cut(source, tmp_path / "short", 26)
    whole, part = values(lake, range(20, 32), stocks), values(short, range(20, 26), stocks)
    np.testing.assert_array_equal(part.values, whole.values[:6])
    for root in (short.root, lake.root):  # filed under the same names, too
        names = {p.name for p in (root / FOLDER).iterdir() if p.name < str(whole.dates[6])}
        assert len(names) == 6 * 3
    assert names == {p.name for p in (short.root / FOLDER).iterdir()}


@pytest.mark.slow
def test_dates_far_apart_share_one_window(lake, stocks, counts):
    days = lake.dates("daily")
    panel = values(lake, [19, 21, 32], stocks)
    assert sorted(counts.opened) == days[:33].tolist()
    assert_fresh(lake, [19, 21, 32], stocks, panel)
    one = values(lake, [32], stocks, cache=False)
    np.testing.assert_array_equal(one.values[0], panel.values[2])


def test_too_few_sessions_of_minutes_are_no_window(source, stocks, tmp_path, counts):
    lake = cut(source, tmp_path / "lake", 26, without=(*range(5), 25))
    for cache in (True, False):
        panel = values(lake, range(21, 26), stocks, cache=cache)
        seen = np.isfinite(panel.values).all(axis=(1, 2))
        assert seen.tolist() == [False, False, False, True, False]
    assert len(counts.made) == 2
    assert source.dates("daily")[25] not in np.array(counts.opened, "datetime64[D]")
    empty = cut(source, tmp_path / "empty", 22, without=tuple(range(22)))
    with pytest.raises(MissingBarsError, match="has no bars"):
        values(empty, [20, 21], stocks)


def test_a_window_of_which_most_sessions_have_no_minutes_is_none(source, stocks, tmp_path):
    """Ten of twenty are enough, as in a mean of twenty days: 12 to 21 of the window from 2 on."""
    lake = cut(source, tmp_path / "half", 22, without=tuple(range(1, 12)))
    found = values(lake, [19, 20, 21], stocks).values
    assert [bool(np.isfinite(day).any()) for day in found] == [False, False, True]
    assert_fresh(lake, [21], stocks, values(lake, [21], stocks))


def drop_daily(lake: Lake, gone: pl.Expr) -> None:
    rows = lake.scan("daily").collect()
    for path in (lake.root / "daily").iterdir():
        path.unlink()
    lake.append("daily", rows.filter(~gone))


@pytest.mark.slow
def test_what_is_kept_of_a_date_does_not_depend_on_other_dates(lake, stocks, counts):
    last = lake.dates("daily")[3].item()  # after that one stock has minutes and no daily row
    drop_daily(lake, (pl.col("symbol") == stocks[1]) & (pl.col("date") > last))
    values(lake, [24], stocks, FEW)
    panel = values(lake, [22, 24], stocks)
    assert counts.made == [(5, 3), (6, 4), (6, 1)]
    assert np.isnan(panel.values[:, 1]).all()
    assert_fresh(lake, [22, 24], stocks, panel)


@pytest.mark.parametrize("cache", [True, False])
def test_a_stock_without_a_daily_row_on_the_day_is_nan_and_named(lake, stocks, cache, caplog):
    whole = values(lake, range(23, 26), stocks, cache=False)
    drop_daily(lake, (pl.col("date") == whole.dates[1].item()) & (pl.col("symbol") == stocks[3]))
    with caplog.at_level(logging.WARNING):
        panel = values(lake, range(23, 26), stocks, cache=cache)
    assert np.isnan(panel.values[1, 3]).all()  # though older bars are there
    same = np.ones(whole.values.shape[:2], bool)
    same[1:, 3] = False
    np.testing.assert_array_equal(panel.values[same], whole.values[same])
    assert np.isfinite(panel.values[2, 3]).any()
    assert (panel.values[2, 3] != whole.values[2, 3]).any()  # the day before adds nothing
    assert "1 stocks with unusable minutes" in caplog.text
    assert stocks[3] in caplog.text
