"""A new day costs a day, a new factor that factor, and nothing stale is read."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.features import LibrarySpec, time_factors
from intralpha.features.factor_store import FactorStore, factor_keys
from intralpha.features.language.library import FactorEntry, Library
from intralpha.market import Lake
from intralpha.sources import SimulatedSpec, ingest

SPEC = SimulatedSpec(n_assets=10, start=date(2023, 1, 3), end=date(2023, 2, 10), freq=1)


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("store") / "lake", create=True)
    ingest([SPEC], lake, show_progress=False)
    return lake


@pytest.fixture
def runs(monkeypatch) -> list[tuple[int, int]]:
    """Segments and factors of every call of the machine."""
    calls = []
    machine = time_factors.run

    def counted(program, data):
        calls.append((len(data.bounds) - 1, program.outputs))
        return machine(program, data)

    monkeypatch.setattr(time_factors, "run", counted)
    return calls


def part_of(source: Lake, folder, days: int) -> Lake:
    """The first days of the market in a lake of their own."""
    lake = Lake(folder, create=True)
    last = source.dates("daily")[days - 1].item()
    lake.append("instruments", source.scan("instruments").collect())
    for table in ("daily", "bars"):
        lake.append(table, source.scan(table).filter(pl.col("date") <= last).collect())
    return lake


def add_day(source: Lake, lake: Lake, day: np.datetime64) -> None:
    for table in ("daily", "bars"):
        lake.append(table, source.scan(table).filter(pl.col("date") == day.item()).collect())


ASSETS = np.array(["000001.SZ", "000002.SZ", "300001.SZ", "600001.SH"])


def test_a_day_is_computed_once_and_a_new_day_alone(source, tmp_path, runs):
    lake, days = part_of(source, tmp_path / "lake", 8), source.dates("daily")
    features = LibrarySpec(library="minute15").make()
    first = features.compute(lake, days[2:8], ASSETS)
    assert len(runs) == 6
    again = features.compute(lake, days[2:8], ASSETS)
    assert len(runs) == 6
    np.testing.assert_array_equal(first.values, again.values)
    add_day(source, lake, days[8])
    more = features.compute(lake, days[2:9], ASSETS)
    assert len(runs) == 7
    np.testing.assert_array_equal(more.values[:6], first.values)
    plain = LibrarySpec(library="minute15", cache=False).make().compute(lake, days[2:9], ASSETS)
    np.testing.assert_array_equal(more.values, plain.values)


def test_a_new_factor_is_computed_alone(source, tmp_path, runs):
    lake, days = part_of(source, tmp_path / "lake", 4), source.dates("daily")[:4]
    few = ("late_skew_ret", "volume_perc3")
    LibrarySpec(library="minute15", names=few).make().compute(lake, days, ASSETS)
    every = LibrarySpec(library="minute15").make().compute(lake, days, ASSETS)
    assert [outputs for _, outputs in runs] == [2] * 4 + [13] * 4
    plain = LibrarySpec(library="minute15", cache=False).make().compute(lake, days, ASSETS)
    np.testing.assert_array_equal(every.values, plain.values)


def test_other_stocks_need_nothing_new(source, tmp_path, runs):
    lake, days = part_of(source, tmp_path / "lake", 3), source.dates("daily")[:3]
    features = LibrarySpec(library="minute15").make()
    features.compute(lake, days, ASSETS[:1])
    calls = len(runs)
    panel = features.compute(lake, days, ASSETS)
    assert len(runs) == calls
    assert np.isfinite(panel.values).mean() > 0.8


def test_changed_bars_and_changed_limits_are_computed_again(source, tmp_path, runs):
    lake, days = part_of(source, tmp_path / "lake", 3), source.dates("daily")[:3]
    features = LibrarySpec(library="minute15").make()
    features.compute(lake, days, ASSETS)
    runs.clear()
    rows = lake.scan("bars").filter(pl.col("date") == days[1].item()).collect()
    changed = rows.with_columns(volume=pl.col("volume") + 100)
    lake.append("bars", changed, on_conflict="replace")
    features.compute(lake, days, ASSETS)
    assert len(runs) == 1
    daily = lake.scan("daily").filter(pl.col("date") == days[2].item()).collect()
    lake.append("daily", daily.with_columns(up_limit=pl.col("close")), on_conflict="replace")
    features.compute(lake, days, ASSETS)
    assert len(runs) == 2
    folder = lake.root / ".cache" / "factors" / "minute_1_day"
    assert len({p.name.split(".")[0] for p in folder.iterdir()}) == 3
    assert len(list(folder.glob("*.npy"))) == 3


def test_bars_of_a_day_are_kept_too(source, tmp_path, runs):
    lake, days = part_of(source, tmp_path / "lake", 24), source.dates("daily")[:24]
    features = LibrarySpec(library="bar64_30", names=("tval_rel", "bar_ret")).make()
    first = features.compute(lake, days[21:24], ASSETS)
    assert len(runs) == 3
    again = features.compute(lake, days[21:24], ASSETS)
    assert len(runs) == 3
    np.testing.assert_array_equal(first.values, again.values)
    assert first.values.shape == (3, 8, 4, 2)


# --- the store alone ------------------------------------------------------------------------------

ON, OTHER = date(2023, 1, 5), date(2023, 1, 6)
VALUES = np.arange(6, dtype=np.float32).reshape(3, 2)
STOCKS = np.array(["000001.SZ", "000002.SZ", "600001.SH"])


@pytest.fixture
def stores(tmp_path):
    lake = Lake(tmp_path / "lake", create=True)
    return lambda: FactorStore(lake, "frame", 1)


def test_a_factor_is_filed_by_its_expression_and_its_guard():
    written = ("mean(close)", "mean( close)", "mean(close)", "mean(open)", "mean(close)")
    factors = [FactorEntry(name=f"f{i}", expr=expr) for i, expr in enumerate(written)]
    factors[4] = factors[4].model_copy(update={"on_locked": "keep"})
    keys = factor_keys(Library(name="own", frame="vbar", factors=tuple(factors)))
    assert keys[0] == keys[2]
    assert len(set(keys)) == 4  # blanks inside are not looked through


def test_values_come_back_with_their_stocks(stores):
    first = stores()
    first.keep(ON, "key", ("a", "b"), VALUES, STOCKS)
    first.keep(ON, "key", ("c",), VALUES[:, :1] + 9, STOCKS)
    first.keep(OTHER, "key", ("a",), -VALUES[:, :1])
    for store in (first, stores()):
        assert store.names(ON, "key") == {"a", "b", "c"}
        have = store.load(ON, "key", ("c", "b", "z"))
        assert sorted(have) == ["b", "c"]
        assert have["b"].tolist() == [1, 3, 5]
        assert have["c"].tolist() == [9, 11, 13]
        assert store.symbols(ON, "key").tolist() == STOCKS.tolist()
        assert store.load(OTHER, "key", ("a",))["a"].tolist() == [0, -2, -4]
        assert not len(store.symbols(OTHER, "key"))
        assert not store.names(ON, "other")


def test_another_key_drops_what_was_there(stores):
    store = stores()
    store.keep(ON, "old", ("a", "b"), VALUES, STOCKS)
    store.keep(OTHER, "old", ("a",), VALUES[:, :1], STOCKS)
    stores().keep(ON, "new", ("a",), VALUES[:, :1], STOCKS)
    fresh = stores()
    assert not fresh.names(ON, "old")
    assert not len(fresh.symbols(ON, "old"))
    assert fresh.names(ON, "new") == {"a"}
    assert fresh.names(OTHER, "old") == {"a"}


def test_what_goes_while_a_store_is_open_counts_as_absent(stores):
    store = stores()
    store.keep(ON, "key", ("a",), VALUES[:, :1], STOCKS)
    store.keep(ON, "key", ("b",), VALUES[:, 1:], STOCKS)
    folder = store.folder
    next(p for p in folder.glob("*.npy") if "symbols" not in p.name).unlink()
    assert len(store.load(ON, "key", ("a", "b"))) == 1
    for path in folder.iterdir():
        path.unlink()
    assert not store.names(ON, "key")
    assert not store.load(ON, "key", ("a", "b"))
    assert not len(store.symbols(ON, "key"))


@pytest.mark.parametrize("suffix", [".npy", ".json", ".symbols.npy"])
@pytest.mark.parametrize("at", [0.3, 0.9])
def test_what_was_damaged_counts_as_absent_and_can_be_filed_again(stores, suffix, at):
    store = stores()
    store.keep(ON, "key", ("a", "b"), VALUES, STOCKS)
    (path,) = (
        p for p in store.folder.iterdir()
        if p.name.endswith(suffix) and ("symbols" in p.name) == ("symbols" in suffix)
    )  # fmt: skip
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 1
    path.write_bytes(content)
    damaged = stores()
    if "symbols" in suffix:
        assert not len(damaged.symbols(ON, "key"))
    else:
        assert not damaged.load(ON, "key", ("a", "b"))
    damaged.keep(ON, "key", ("a", "b"), VALUES, STOCKS)
    assert stores().load(ON, "key", ("a", "b"))["b"].tolist() == VALUES[:, 1].tolist()
    assert stores().symbols(ON, "key").tolist() == STOCKS.tolist()


def test_the_folder_is_listed_once(stores, monkeypatch):
    store = stores()
    store.keep(ON, "key", ("a",), VALUES[:, :1], STOCKS)
    listings = []
    listed = type(store.folder).iterdir
    monkeypatch.setattr(
        type(store.folder), "iterdir", lambda path: listings.append(path) or listed(path)
    )
    again = stores()
    for day in range(1, 28):
        again.names(date(2023, 1, day), "key")
        again.load(date(2023, 1, day), "key", ("a",))
    assert len(listings) == 1
