"""Series of minutes made from trades and snapshots: read, kept, joined to longer bars."""

from datetime import date
from shutil import rmtree

import numpy as np
import polars as pl
import pytest

from intralpha.features import ExpressionSpec, LibrarySpec
from intralpha.market import Lake
from intralpha.market.bar_day import (
    FIELDS,
    LEVEL2_COLUMNS,
    LEVEL2_FIELDS,
    SUMS,
    BarDay,
    BarReader,
    MissingBarsError,
)
from intralpha.market.manifest import read_manifest, write_manifest
from intralpha.sources import SimulatedSpec, ingest


def by_hand() -> BarDay:
    """Two stocks with four bars; the second has no snapshots, and no threshold."""
    values = np.ones((len(FIELDS), 2, 4), np.float32)
    level2 = np.tile(np.arange(1, 5, dtype=np.float32), (len(LEVEL2_FIELDS), 2, 1))
    place = LEVEL2_FIELDS.index
    level2[place("quotes"), 0] = [2, 0, 0, 0]
    level2[place("spread"), 0] = [0.5, np.nan, np.nan, np.nan]
    level2[place("depth_imbalance"), 0] = [-1, np.nan, np.nan, np.nan]
    for name in ("quotes", "spread", "depth_imbalance", "net_bid", "big_buy_amount"):
        level2[place(name), 1] = np.nan
    symbols = np.array(["000001.SZ", "600000.SH"])
    return BarDay(symbols, values, np.zeros(2, bool), level2)


def test_longer_bars_add_sums_and_weigh_means_by_quotes():
    day = by_hand()
    twice = day.longer(2)
    assert twice.field("buy_amount").tolist() == [[3, 7], [3, 7]]
    assert twice.field("big_sell_amount").tolist() == [[3, 7], [3, 7]]
    assert twice.field("quotes")[0].tolist() == [2, 0]
    np.testing.assert_array_equal(twice.field("spread")[0], [0.5, np.nan])
    np.testing.assert_array_equal(twice.field("depth_imbalance")[0], [-1, np.nan])
    for name in ("quotes", "spread", "net_bid", "big_buy_amount"):
        assert np.isnan(twice.field(name)[1]).all(), name
    assert day.level2 is not None
    day.level2[LEVEL2_FIELDS.index("quotes"), 0] = [2, 6, 0, 1]
    day.level2[LEVEL2_FIELDS.index("spread"), 0] = [0.5, 0.1, np.nan, 0.7]
    found = day.longer(2).field("spread")[0]
    np.testing.assert_allclose(found, [(2 * 0.5 + 6 * 0.1) / 8, 0.7], rtol=1e-6)
    assert LEVEL2_FIELDS[:SUMS][-1] == "quotes"
    assert day.longer(4).field("net_bid")[0].tolist() == [10]


def test_some_stocks_keep_their_series():
    day = by_hand().only(np.array([False, True]))
    assert day.symbols.tolist() == ["600000.SH"]
    assert day.field("sell_trades").tolist() == [[1, 2, 3, 4]]
    plain = BarDay(day.symbols, day.values, day.auction_inside)
    assert plain.only(np.array([True])).level2 is None
    assert plain.longer(2).level2 is None


@pytest.fixture
def lake(level2_lakes, tmp_path) -> Lake:
    """One session of minutes made from trades; one stock's without snapshots."""
    lake, on = Lake(tmp_path / "lake", create=True), level2_lakes.days[8].item()
    lake.append("instruments", level2_lakes.whole.scan("instruments").collect())
    lake.append("daily", level2_lakes.whole.scan("daily", end=on).collect())
    rows = level2_lakes.whole.scan("bars", on, on).collect()
    blind = pl.col("symbol") == level2_lakes.assets[0]
    book = ("net_bid_amount", "spread", "depth_imbalance", "quotes")
    rows = rows.with_columns(pl.when(~blind).then(pl.col(n)).alias(n) for n in book)
    lake.append("bars", rows)
    return lake


def test_series_are_those_of_the_file_and_kept_beside_it(lake):
    on = lake.dates("bars", 1)[0].item()
    rows = lake.scan("bars", on, on).collect()
    plain, cached = (BarReader(lake, 1, cache, level2=True) for cache in (False, True))
    first, second, third = plain.read(on), cached.read(on), cached.read(on)
    assert first is not None
    assert second is not None
    assert third is not None
    for name, column in LEVEL2_COLUMNS.items():
        want = rows[column].cast(pl.Float32).fill_null(np.nan).to_numpy().reshape(-1, 240)
        for day in (first, second, third):
            np.testing.assert_array_equal(day.field(name), want, err_msg=name)
    assert np.isfinite(first.field("buy_amount")).any()
    assert np.isnan(first.field("net_bid")[0]).all()
    assert BarReader(lake, 1).read(on).level2 is None  # type: ignore[union-attr]
    folder = lake.root / ".cache" / "bars" / "freq=1min"
    assert len(list(folder.glob("*.level2.npy"))) == 1
    changed = rows.with_columns(active_buy_amount=pl.col("active_buy_amount") * 2)
    lake.append("bars", changed, on_conflict="replace")
    fourth = BarReader(lake, 1, True, level2=True).read(on)
    assert fourth is not None
    np.testing.assert_array_equal(fourth.field("buy_amount"), 2 * first.field("buy_amount"))
    assert len(list(folder.glob("*.level2.npy"))) == 1


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".level2.npy"])
@pytest.mark.parametrize("how", ["a bit", "cut"])
def test_a_day_that_is_kept_and_damaged_is_made_again(lake, suffix, how):
    on = lake.dates("bars", 1)[0].item()
    first = BarReader(lake, 1, True, level2=True).read(on)
    folder = lake.root / ".cache" / "bars" / "freq=1min"
    (path,) = (
        p for p in folder.iterdir() if p.name.partition(".")[2].partition(".")[2] == suffix[1:]
    )
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[len(changed) // 2] ^= 16
    path.unlink()  # its pages are mapped
    path.write_bytes(changed if how == "a bit" else whole[: len(whole) // 2])
    again = BarReader(lake, 1, True, level2=True).read(on)
    assert first is not None
    assert again is not None
    np.testing.assert_array_equal(again.values, first.values)
    np.testing.assert_array_equal(again.level2, first.level2)
    np.testing.assert_array_equal(again.symbols, first.symbols)
    assert path.read_bytes() == whole


def test_a_library_of_longer_bars_reads_them(lake, level2_lakes, tmp_path):
    """Against groups by Polars."""
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nframe: bar30\nfactors:\n"
        "  - {name: wide, expr: max(spread)}\n"
        "  - {name: bought, expr: 'sum(buy_amount[row == 2]) / CNY'}\n"
        "  - {name: seen, expr: last(quotes)}\n"
    )
    on, assets = lake.dates("bars", 1), level2_lakes.assets
    panel = LibrarySpec(library=str(path), base_freq=1).make().compute(lake, on, assets)
    part = pl.int_range(pl.len()).over("symbol") // 30
    rows = lake.scan("bars", on[0].item(), on[0].item()).with_columns(part=part)
    weighed = (pl.col("spread") * pl.col("quotes")).sum() / pl.col("quotes").sum()
    bars = rows.group_by("symbol", "part", maintain_order=True).agg(
        spread=weighed, bought=pl.col("active_buy_amount").sum(), quotes=pl.col("quotes").sum()
    ).collect()  # fmt: skip
    for a, symbol in enumerate(assets.tolist()):
        own = bars.filter(pl.col("symbol") == symbol)
        assert panel["bought"][0, a] == pytest.approx(own["bought"][1], rel=1e-5)
        if a == 0:
            assert np.isnan([panel["wide"][0, a], panel["seen"][0, a]]).all()
            continue
        spread = own["spread"].fill_nan(None).max()
        assert panel["wide"][0, a] == pytest.approx(spread, rel=1e-5)
        assert panel["seen"][0, a] == own["quotes"][7]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("library", ["minute15", "volume100"])
def test_a_lake_without_such_bars_is_an_error(tmp_path, library):
    features = LibrarySpec(library=library).make()
    span = {"start": date(2023, 1, 3), "end": date(2023, 2, 3)}
    for freq, says in ((None, "has no bars;"), (30, "has bars of 30 minutes;")):
        lake = Lake(tmp_path / f"{freq}", create=True)
        ingest([SimulatedSpec(n_assets=6, freq=freq or 30, **span)], lake, show_progress=False)
        if freq is None:
            rmtree(lake.root / "bars")
            files = read_manifest(lake.root)
            write_manifest(lake.root, {n: f for n, f in files.items() if "bars" not in n})
        assets = lake.scan("daily").select("symbol").unique().collect()["symbol"].sort()
        with pytest.raises(MissingBarsError, match=f"{says} expected bars of 1,(.|\\n)*enrich"):
            features.compute(lake, lake.dates("daily")[-1:], assets.to_numpy().astype(str))


@pytest.mark.one_in(5)
@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        (
            ExpressionSpec(factors={"a": "sum(amount)"}),
            ", or describe the lake's: frame: bar30; `intralpha",
        ),
        (
            ExpressionSpec(factors={"a": "sum(amount)"}, frame="bar15"),
            ", or describe the lake's: frame: bar30.",
        ),
        (
            ExpressionSpec(factors={"a": "sum(amount)"}, frame="bar30", freq=15),
            ", or say freq: 30.",
        ),
        (
            LibrarySpec(library="bar64_30", names=("bar_ret",)),
            ", or describe the lake's: rows: 30; `intralpha",
        ),
        (LibrarySpec(library="price_volume", names=("apb",)), "."),
    ],
)
def test_other_bars_of_the_lake_are_named_by_the_keys_of_the_recipe(tmp_path, spec, hint):
    whole = Lake(tmp_path, create=True)
    source = SimulatedSpec(n_assets=6, freq=30, start=date(2023, 1, 3), end=date(2023, 2, 3))
    ingest([source], whole, show_progress=False)
    days, assets = whole.dates("daily")[-1:], whole.scan("daily").collect()["symbol"].unique()
    # As in a recipe: a view of what is declared, among which are no bars of this lake.
    view = whole.limited(frozenset((read.table, read.freq) for read in spec.reads()))
    for lake in (whole, view):
        with pytest.raises(MissingBarsError, match="has bars of 30 minutes; expected") as caught:
            spec.make().compute(lake, days, np.sort(assets.to_numpy().astype(str)))
        assert f"Hint: ingest such bars{hint}" in str(caught.value)
