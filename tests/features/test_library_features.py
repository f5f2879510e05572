"""Libraries on a lake: against the references, a cut lake, and the flat cache."""

import math
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.features import (
    LibrarySpec,
    libraries,
    load_library,
    time_factors,
)
from intralpha.features.factor_store import factor_keys
from intralpha.features.frames import frame_named
from intralpha.features.language.library import LibraryError
from intralpha.features.language.parameters import ParameterError
from intralpha.features.language.syntax import ExpressionError
from intralpha.features.tick_factors import TickFrame
from intralpha.features.time_factors import FrameFrequencyError
from intralpha.market import Lake, closing_auctions, read_bars, read_daily
from intralpha.market.bar_day import FIELDS, LEVEL2_FIELDS, BarReader, read_bar_day
from intralpha.sources import SimulatedSpec, ingest
from intralpha.sources.exchange.habits import HabitSpec

from ..reference.bar64 import bar64_proxy
from ..reference.blocks import back, block_series
from ..reference.day import MinuteDay
from ..reference.minute15 import minute15
from ..reference.volume100 import volume100_of
from .level2_lakes import CUT

SPEC = SimulatedSpec(
    n_assets=14,
    start=date(2023, 1, 3),
    end=date(2023, 3, 10),
    freq=1,
    habits=HabitSpec(orders_per_day=300),
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("library") / "lake", create=True)
    ingest([SPEC], made, show_progress=False)
    return made


@pytest.fixture(scope="module")
def assets(lake) -> np.ndarray:
    rows = lake.scan("instruments").filter(pl.col("board") != "index").collect()
    return np.array(sorted(rows["symbol"]))


def reference_day(lake: Lake, on: date, symbol: str) -> MinuteDay:
    bars = read_bars(lake, on, 1, FIELDS, np.array([symbol]))
    daily = read_daily(
        lake, ("preclose", "up_limit", "down_limit", "suspended"), on, on, np.array([symbol])
    )
    fields = {n: bars[n][0, :, 0].astype(np.float32).astype(np.float64) for n in FIELDS}
    numbers = {n: float(daily[n][0, 0]) for n in ("preclose", "up_limit", "down_limit")}
    suspended = bool(daily["suspended"][0, 0] > 0)
    closing = bool(closing_auctions(np.array([symbol]), on)[0])
    return MinuteDay(**fields, **numbers, closing_auction=closing, suspended=suspended)


def test_the_lake_gives_what_the_references_give(lake, assets):
    days = lake.dates("daily")[[3, 25]]
    panel = LibrarySpec(library="minute15").make().compute(lake, days, assets)
    checked = 0
    for d, day in enumerate(days):
        for a in (0, 3, 5, 9):
            listed = lake.scan("bars", day.item(), day.item(), 1).filter(
                pl.col("symbol") == assets[a]
            )
            if not listed.collect().height:
                assert np.isnan(panel.values[d, a]).all()
                continue
            want = minute15(reference_day(lake, day.item(), str(assets[a])))
            for f, name in enumerate(panel.names):
                got, expected = float(panel.values[d, a, f]), want[name]
                assert math.isnan(got) == math.isnan(expected), name
                if not math.isnan(expected):
                    assert got == pytest.approx(expected, rel=2e-4, abs=2e-5), name
                    checked += 1
    assert checked > 60


def reads_level2(name: str) -> bool:
    """Whether a library needs trades, orders, snapshots, or minutes made from them."""
    library = load_library(name)
    if isinstance(frame_named(library.frame), TickFrame):
        return True
    if library.frame not in ("minute", "bar5", "bar10", "bar15", "bar30"):
        return any(map(reads_level2, library.uses))
    features = LibrarySpec(library=name).make()
    return bool({*features.factors.program().rows} & {*LEVEL2_FIELDS})


def settings_of(library: str) -> LibrarySpec:
    """Settings under which a short market gives most factors a value."""
    smooth = 3 if load_library(library).frame not in ("day", "week", "month", "vbar") else 1
    names = ("apb", "apb_5d", "arpp") if library == "price_volume" else ()
    return LibrarySpec(library=library, base_freq=1, smooth_days=smooth, names=names)


@pytest.mark.one_in(20)
@pytest.mark.parametrize("library", [n for n in libraries() if not reads_level2(n)])
def test_a_cut_lake_gives_the_same_up_to_the_cut(lake, assets, library, tmp_path):
    days = lake.dates("daily")
    last = days[28].item()
    cut = Lake(tmp_path / "lake", create=True)
    for table in ("instruments", "corporate_actions"):
        cut.append(table, lake.scan(table).collect())
    for table in ("daily", "bars"):
        cut.append(table, lake.scan(table).filter(pl.col("date") <= last).collect())
    features = settings_of(library).make()
    part = features.compute(cut, days[24:29], assets)
    whole = features.compute(lake, days[24:32], assets)
    np.testing.assert_array_equal(part.values, whole.values[:5])
    assert np.isfinite(part.values).mean() > 0.7


LEVEL2 = [name for name in libraries() if reads_level2(name)]


@pytest.mark.slow
@pytest.mark.parametrize("library", LEVEL2)
def test_ticks_after_the_cut_change_nothing_before_it(level2_lakes, library):
    features, days = settings_of(library).make(), level2_lakes.days
    part = features.compute(level2_lakes.cut, days[CUT - 3 : CUT + 1], level2_lakes.assets)
    whole = features.compute(level2_lakes.whole, days[CUT - 3 :], level2_lakes.assets)
    np.testing.assert_array_equal(part.values, whole.values[:4])
    assert np.isfinite(part.values).mean() > 0.7, "nothing was compared"
    assert np.isfinite(whole.values[4:]).mean() > 0.7


def test_every_library_is_cut_once():
    assert {"level2_trades", "level2_minutes", "tick100", "hf27", "l2"} <= {*LEVEL2}
    assert not {"minute15", "ms22", "price_volume", "volume100"} & {*LEVEL2}


def test_bar_features_of_ticks_are_known_when_they_say(level2_lakes):
    features = LibrarySpec(library="bar64_level2_30").make()
    late = [n for n in features.names if features.known_at_slot(n) != "bar end"]
    assert late == ["big_share", "big_net_ratio"]
    assert {features.known_at_slot(n) for n in late} == {features.known_at}
    day = level2_lakes.days[[CUT]]
    part, whole = (
        features.compute(lake, day, level2_lakes.assets)
        for lake in (level2_lakes.noon, level2_lakes.whole)
    )
    for name in features.names:
        early, all_day = (panel[name][0, :3] for panel in (part, whole))  # bars to 11:00
        assert np.isfinite(all_day).mean() > 0.7, f"nothing was compared: {name}"
        assert np.array_equal(early, all_day, equal_nan=True) == (name not in late), name
        assert not np.array_equal(part[name][0, 3:], whole[name][0, 3:], equal_nan=True), name


def test_volume_bars_on_the_lake_are_those_of_the_reference(lake, assets):
    days = lake.dates("daily")
    panel = LibrarySpec(library="volume100").make().compute(lake, days[[5, 22, 23, 30]], assets)
    assert np.isnan(panel.values[0]).all()  # five sessions are no window
    assert np.isfinite(panel.values[1:]).mean() > 0.8
    symbol, checked = str(assets[3]), 0
    for row, t in ((2, 23), (3, 30)):
        window = [reference_day(lake, d.item(), symbol) for d in days[t - 19 : t + 1]]
        factors = read_daily(
            lake, ("adj_factor",), days[t - 19].item(), days[t].item(), np.array([symbol])
        )["adj_factor"][:, 0]
        want = volume100_of(window, list(factors))
        for f, name in enumerate(panel.names):
            got, expected = float(panel.values[row, 3, f]), want[name]
            assert math.isnan(got) == math.isnan(expected), name
            if not math.isnan(expected):
                assert got == pytest.approx(expected, rel=5e-3, abs=2e-3), name
                checked += 1
    assert checked > 150


def test_the_usual_volatility_is_that_of_the_twenty_sessions_before(lake, assets):
    days = lake.dates("daily")
    names = ("act_buy_ratio_proxy", "prop_std_ActBuyVol_proxy")
    features = LibrarySpec(library="bar64_proxy_30", names=names).make()
    assert features.lookback_days == 20
    panel = features.compute(lake, days[[24, 30]], assets)
    symbol = str(assets[3])
    for row, t in enumerate((24, 30)):
        window = [reference_day(lake, d.item(), symbol) for d in days[t - 20 : t]]
        sigma = float(np.std(np.concatenate([d.rho for d in window if d.volume.sum() > 0])))
        want = bar64_proxy(reference_day(lake, days[t].item(), symbol), 30, sigma)
        for name in names:
            np.testing.assert_allclose(panel[name][row, :, 3], want[name], rtol=2e-3, atol=1e-4)
    assert np.isfinite(panel.values).mean() > 0.7


def test_frames_over_sessions_refuse_what_does_not_apply():
    for library, settings in (
        ("price_volume", {"smooth_days": 5}),
        ("price_volume", {"segments": 30}),
        ("volume100", {"base_freq": 5}),
        ("volume100", {"smooth_days": 20}),
    ):
        with pytest.raises(LibraryError, match=r"leave out|does not apply"):
            LibrarySpec(library=library, **settings).make()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"library": "hf27", "smooth_days": 5}, r"smooth_days 5 does.*parameters: \{smooth: 5\}"),
        ({"library": "hf27", "smooth_days": 3}, r"parameters: \{smooth: N\}, with one of 1, 5, 20"),
        ({"library": "price_volume", "smooth_days": 5}, r"mean\(\.\.\., days=N\)"),
        ({"library": "hf27", "segments": 30}, r"segments does not apply.*leave segments out"),
    ],
)
def test_a_mean_over_sessions_has_its_place_named(settings, said):
    with pytest.raises(LibraryError, match=f"(?s){said}"):
        LibrarySpec(**settings).make()


def test_smoothing_is_the_mean_of_the_last_days(lake, assets):
    days = lake.dates("daily")
    daily = LibrarySpec(library="minute15", names=("down_vol_perc",)).make()
    smooth = LibrarySpec(library="minute15", names=("down_vol_perc",), smooth_days=5).make()
    assert smooth.lookback_days == 4
    values = daily.compute(lake, days[:12], assets).values[..., 0].astype(np.float64)
    got = smooth.compute(lake, days[[0, 1, 2, 7, 11]], assets).values[..., 0]
    for row, t in enumerate((0, 1, 2, 7, 11)):
        window = values[max(t - 4, 0) : t + 1]
        count = np.isfinite(window).sum(axis=0)
        with np.errstate(invalid="ignore"):
            mean = np.where(count >= 3, np.nansum(window, axis=0) / count, np.nan)
        np.testing.assert_allclose(got[row], mean, rtol=1e-6)


def test_some_assets_and_some_factors_are_a_part_of_all(lake, assets):
    days = lake.dates("daily")[5:8]
    every = LibrarySpec(library="minute15").make().compute(lake, days, assets)
    names = ("corr_volume_item", "late_skew_ret")
    few = np.array(["000001.SZ", "601999.SH", str(assets[-1])])
    some = LibrarySpec(library="minute15", names=names).make().compute(lake, days, np.sort(few))
    for symbol in (few[0], few[2]):
        a, b = list(assets).index(symbol), list(np.sort(few)).index(symbol)
        for n in names:
            np.testing.assert_array_equal(every[n][:, a], some[n][:, b])
    assert np.isnan(some.values[:, list(np.sort(few)).index("601999.SH")]).all()


def test_the_flat_cache_is_made_again_when_the_file_changes(lake, assets, tmp_path):
    own = Lake(tmp_path / "lake", create=True)
    day = lake.dates("daily")[2].item()
    rows = lake.scan("bars", day, day, 1).collect()
    own.append("bars", rows)
    first = BarReader(own, 1).read(day)
    folder = own.root / ".cache" / "bars" / "freq=1min"
    files = sorted(p.name for p in folder.iterdir())
    assert first is not None
    assert len(files) == 2
    np.testing.assert_array_equal(first.values, read_bar_day(own, day, 1).values)
    other = rows.with_columns(volume=pl.col("volume") * 2)
    own.append("bars", other, on_conflict="replace")
    second = BarReader(own, 1).read(day)
    assert second is not None
    np.testing.assert_array_equal(second.field("volume"), 2 * first.field("volume"))
    assert len(list(folder.iterdir())) == 2
    assert sorted(p.name for p in folder.iterdir()) != files
    (folder / next(p.name for p in folder.iterdir() if p.suffix == ".npy")).unlink()
    third = BarReader(own, 1).read(day)
    assert third is not None
    np.testing.assert_array_equal(third.values, second.values)
    assert not own.verify()


def test_without_cache_nothing_is_written(lake, assets, tmp_path):
    before = lake.version()
    own = Lake(tmp_path / "lake", create=True)
    day = lake.dates("daily")[2]
    for table in ("bars", "daily"):
        own.append(table, lake.scan(table).filter(pl.col("date") == day.item()).collect())
    spec = LibrarySpec(library="minute15", cache=False)
    one = spec.make().compute(own, day[None], assets)
    assert not (own.root / ".cache").exists()
    two = (spec.model_copy(update={"cache": True})).make().compute(own, day[None], assets)
    np.testing.assert_array_equal(one.values, two.values)
    assert lake.version() == before


def daily_series(lake: Lake, symbol: str) -> dict[str, np.ndarray]:
    """Daily series of one stock from the raw columns, adjusted."""
    raw = ("open", "high", "low", "close", "preclose", "volume", "amount", "adj_factor",
           "float_shares")  # fmt: skip
    panel = read_daily(lake, raw, assets=np.array([symbol]))
    daily = {n: panel[n][:, 0] for n in raw}
    traded = daily["volume"] > 0
    factor = daily["adj_factor"]
    out = {n: daily[n] * factor for n in ("open", "high", "low", "close", "preclose")}
    mean = daily["amount"] / np.where(traded, daily["volume"], np.nan)
    out["vwap"] = np.where(traded, mean * factor, out["close"])
    out |= {n: daily[n] for n in ("volume", "amount")}
    out["turnover"] = daily["volume"] / daily["float_shares"]
    return out | {"traded": traded.astype(np.float64)}


def test_weeks_on_the_lake_are_those_of_the_reference(lake, assets):
    days = lake.dates("daily")
    panel = LibrarySpec(library="price_week").make().compute(lake, days, assets)
    for symbol in (assets[0], assets[4], assets[9]):
        blocks, column = block_series(daily_series(lake, str(symbol)), 5), {}
        for name in ("open", "high", "low", "close", "vwap", "volume", "ret"):
            column[f"week_{name}"] = blocks[name]
        before = np.concatenate([np.full(20, np.nan), blocks["close"][:-20]])
        column["week_ret_4"] = blocks["close"] / before - 1
        rets = np.where(blocks["traded"] == 1, blocks["ret"], np.nan)
        windows = [back(rets, t, 12, 5) for t in range(len(days))]
        column["week_vol_12"] = np.array([np.std(w) if len(w) >= 6 else np.nan for w in windows])
        assert set(column) == set(panel.names)
        for name, want in column.items():
            got = panel[name][:, list(assets).index(symbol)]
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6, err_msg=name)
            assert np.isfinite(got).sum() > 15, name


@pytest.mark.slow
@pytest.mark.parametrize("library", ["price_week", "price_month"])
def test_blocks_do_not_look_ahead(look_ahead, library):
    features = LibrarySpec(library=library).make()
    assert features.lookback_days == {"price_week": 4 + 55, "price_month": 19 + 220}[library]
    short = tuple(n for n in features.names if n != "month_vol_12")  # half a year at least
    look_ahead.assert_causal(LibrarySpec(library=library, names=short).make())


def test_a_library_over_days_cannot_name_factors_of_weeks(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nframe: day\nfactors: [{name: a, expr: week_ret}]\n")
    with pytest.raises(ExpressionError, match="no week_ret in the frame day"):
        LibrarySpec(library=str(path)).make()


CHOICES = [
    ({"early": "10:30"}, {"early_minutes": 60}, "early_corr_volume_ret"),
    ({"early": "11:30"}, {"early_minutes": 120}, "early_corr_volume_ret"),
    ({"big_share": 0.1}, {"tenths": 1}, "bigorder_ret"),
    ({"big_share": 0.2}, {"tenths": 2}, "bigorder_ret"),
    ({"amp_base": "preclose"}, {"amp_base": "preclose"}, "corr_volume_amplitude"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("choice", "wanted", "name"), CHOICES, ids=str)
def test_a_choice_is_that_of_the_reference_and_is_filed_apart(lake, assets, choice, wanted, name):
    days, symbols = lake.dates("daily")[[3, 25]], [0, 3, 5, 9]
    plain = LibrarySpec(library="minute15", names=(name,)).make()
    before = plain.compute(lake, days, assets)[name]
    found = LibrarySpec(library="minute15", names=(name,), parameters=choice).make()
    values = found.compute(lake, days, assets)[name]
    np.testing.assert_array_equal(plain.compute(lake, days, assets)[name], before)
    compared = 0
    for d, day in enumerate(days):
        for a in symbols:
            if np.isnan(values[d, a]):
                continue
            reference = reference_day(lake, day.item(), str(assets[a]))
            want = pytest.approx(minute15(reference, **wanted)[name], rel=2e-4, abs=2e-5)
            assert values[d, a] == want
            assert values[d, a] != before[d, a]
            compared += 1
    assert compared > 4


def test_only_what_a_choice_changes_has_another_key():
    plain = LibrarySpec(library="minute15").make().library
    other = LibrarySpec(library="minute15", parameters={"big_share": 0.1}).make().library
    pairs = zip(factor_keys(plain), factor_keys(other), strict=True)
    changed = [f.name for f, (a, b) in zip(plain.factors, pairs, strict=True) if a != b]
    assert changed == ["bigorder_ret"]
    same = LibrarySpec(library="minute15", parameters={"big_share": 0.3, "amp_base": "low"}).make()
    assert factor_keys(same.library) == factor_keys(plain)


def test_what_a_library_does_not_offer_is_refused():
    with pytest.raises(ParameterError, match=r'found "10:15", expected one of "10:00", "10:30"'):
        LibrarySpec(library="minute15", parameters={"early": "10:15"}).make()
    with pytest.raises(ParameterError, match=r"no parameter big; it has early: .*big_share: 0\.1"):
        LibrarySpec(library="minute15", parameters={"big": 0.1}).make()
    with pytest.raises(ParameterError, match="no parameter early; it has none"):
        LibrarySpec(library="price_week", parameters={"early": "10:00"}).make()
    arpp = LibrarySpec(library="price_volume", names=("arpp",), parameters={"arpp_smooth": 1})
    assert arpp.make().lookback_days == 4


def test_when_bar_factors_are_known():
    features = LibrarySpec(library="bar64_30").make()
    assert features.known_at_slot("bar_ret") == "bar end"
    assert features.known_at_slot("bar_val_share") == features.known_at
    assert features.name == "bar64_30_30"
    assert features.lookback_days == 20
    assert LibrarySpec(library="minute15").make().times is None


def test_settings_that_do_not_fit():
    with pytest.raises(FrameFrequencyError, match="bars of 2 minutes"):
        LibrarySpec(library="ms22", base_freq=2).make()
    with pytest.raises(LibraryError, match="no library"):
        LibrarySpec(library="nothing").make()


def test_a_library_of_ones_own(lake, assets, tmp_path):
    path = Path(tmp_path / "mine.yaml")
    path.write_text(
        "name: mine\nframe: bar15\nfactors:\n"
        "  - {name: swing, expr: (max(high) - min(low)) / preclose}\n"
        '  - {name: late, expr: \'sum(amount[clock("14:00", "15:00")]) / day_amount\'}\n'
    )
    days = lake.dates("daily")[4:6]
    panel = LibrarySpec(library=str(path), base_freq=1).make().compute(lake, days, assets)
    daily = read_daily(
        lake, ("high", "low", "preclose", "volume"), days[0].item(), days[1].item(), assets
    )
    want = np.where(daily["volume"] > 0, (daily["high"] - daily["low"]) / daily["preclose"], np.nan)
    both = np.isfinite(panel["swing"]) & np.isfinite(want)
    assert both.sum() > 20
    np.testing.assert_allclose(panel["swing"][both], want[both], rtol=1e-4, atol=1e-6)


def test_a_value_looks_back_on_what_its_mean_and_its_parts_look_back_on():
    bars = LibrarySpec(library="bar64_30", names=("tval_rel",))
    assert bars.make().lookback_days == 20
    assert (bars.model_copy(update={"smooth_days": 5})).make().lookback_days == 24
    assert LibrarySpec(library="hf27").make().lookback_days == 20  # thresholds of big orders
    assert LibrarySpec(library="hf27", parameters={"smooth": 5}).make().lookback_days == 24
    few = LibrarySpec(library="hf27", names=("late_skew_ret",), parameters={"smooth": 5})
    assert few.make().lookback_days == 4


@pytest.mark.slow
def test_libraries_of_one_frame_do_not_drop_each_others_values(level2_lakes, monkeypatch):
    """What is usual is in the key of those that read it, and in that of no other."""
    lake, days, assets = level2_lakes.cut, level2_lakes.days[CUT - 1 : CUT + 1], level2_lakes.assets
    together = {
        "bar64_30": "tval_rel",
        "bar64_level2_30": "act_buy_ratio",
        "bar64_proxy_30": "act_buy_ratio_proxy",
        "minute15": "down_vol_perc",
        "hand_made_minutes": "day_informed_sell",
    }
    sets = [LibrarySpec(library=n, names=(f,), base_freq=1).make() for n, f in together.items()]
    first = [s.compute(lake, days, assets).values for s in sets]
    monkeypatch.setattr(time_factors, "run", None)  # nothing is to be computed
    for features, values in zip(sets, first, strict=True):
        np.testing.assert_array_equal(features.compute(lake, days, assets).values, values)
        assert np.isfinite(values).any(), features.name
