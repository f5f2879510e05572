"""The bar features of trades and the book: by hand, and the library beside the reference."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from intralpha.features import LibrarySpec, load_library
from intralpha.features.engine.machine import Rows, run
from intralpha.features.engine.program import Program, assemble
from intralpha.features.frames import vocabulary
from intralpha.features.language.compile import Compiler
from intralpha.features.language.graph import Graph
from intralpha.features.level2.enrich import enrich
from intralpha.market import Lake
from intralpha.sources import SimulatedSpec, ingest

from .bar64_level2 import ALL64, BAR64_LEVEL2, Level2Day, bar64_level2
from .day import MinuteDay
from .days import days, ordinary
from .lake_days import FIELDS, enriched_symbols, stock_day

SERIES = {  # name in the language: attribute of the reference
    "buy_volume": "VB",
    "sell_volume": "VS",
    "buy_amount": "AB",
    "sell_amount": "AS",
    "buy_trades": "NB",
    "sell_trades": "NS",
    "big_buy_amount": "big_buy",
    "big_sell_amount": "big_sell",
    "net_bid": "net_bid",
    "spread": "spread",
    "depth_imbalance": "depth",
    "quotes": "quotes",
}


def enriched(day: MinuteDay, seed: int) -> Level2Day:
    """Active sides that share out what traded (nothing of the closing print), and a book."""
    rng = np.random.default_rng(seed)
    share = rng.beta(2, 2, 240) * day.cont
    share[rng.random(240) < 0.05] = 0.0
    left = np.where(day.cont, 1 - share, 0.0)
    buys, sells = np.round(day.trades * share), np.round(day.trades * left)
    quotes = rng.integers(0, 21, 240)  # also where the price is locked or the auction calls
    big = rng.random((2, 240)) * day.amount
    return Level2Day(
        day,
        day.volume * share,
        day.volume * left,
        day.amount * share,
        day.amount * left,
        buys,
        sells,
        *big,
        net_bid=rng.normal(0, 1e5, 240),
        spread=np.where(quotes > 0, rng.gamma(2, 3e-4, 240), math.nan),
        depth=np.where(quotes > 0, rng.uniform(-1, 1, 240), math.nan),
        quotes=quotes.astype(float),
    )


def all_days() -> dict[str, Level2Day]:
    found = {name: enriched(d, i) for i, (name, d) in enumerate(days(17).items())}
    base, none = found["random"], np.full(240, math.nan)
    only_buys = {"VB": base.minutes.volume, "AB": base.minutes.amount, "NB": base.minutes.trades}
    zero = dict.fromkeys(("VS", "AS", "NS"), np.zeros(240))
    thin = np.where(np.arange(240) % 9 == 0, base.quotes + 1, 0.0)
    return found | {
        "no trades read": replace(base, **dict.fromkeys(SERIES.values(), none)),
        "no threshold": replace(base, big_buy=none, big_sell=none),
        "no snapshots": replace(
            base, spread=none, depth=none, quotes=none, net_bid=none
        ),
        "only buys": replace(base, **only_buys, **zero),
        "few quotes": replace(
            base, quotes=thin, spread=np.where(thin > 0, 1e-3, math.nan),
            depth=np.where(thin > 0, base.spread, math.nan),
        ),
    }  # fmt: skip


def programme(bar: int) -> Program:
    graph = Graph()
    compiler = Compiler(vocabulary("minute"), graph, bar)
    factors = load_library("bar64_level2_30").factors
    return assemble(graph, [compiler.factor(f.expr, f.on_locked) for f in factors])


def library_values(found: list[Level2Day], bar: int) -> np.ndarray:
    """The library in float64, [days, bars, 19]."""
    program = programme(bar)
    rows = [
        np.concatenate([getattr(d.minutes if n in FIELDS else d, SERIES.get(n, n)) for d in found])
        for n in program.rows
    ]
    bars = 240 // bar
    numbers = [
        [float(getattr(d.minutes, n)) for d in found for _ in range(bars)] for n in program.days
    ]
    bounds = np.arange(0, len(found) * 240 + 1, bar)
    data = Rows(np.array(rows, float), np.array(numbers), bounds, 240, 0)
    return run(program, data).reshape(len(found), bars, -1)


def test_both_libraries_together_are_the_64_of_the_specification():
    assert len(set(ALL64)) == len(ALL64) == 64
    names = {load_library(n).name: [f.name for f in load_library(n).factors]
             for n in ("bar64_30", "bar64_level2_30")}  # fmt: skip
    assert names["bar64_level2_30"] == list(BAR64_LEVEL2)
    assert len(BAR64_LEVEL2) == 19
    assert sorted([*names["bar64_30"], *names["bar64_level2_30"]]) == sorted(ALL64)
    where = {9: "act_buy_valper", 14: "net_act_str", 15: "bar_ret", 29: "prop_t_ret",
             30: "prop_t_TradeCount", 45: "prop_skew_Tvalper", 46: "prop_t_ActBuyVol",
             51: "prop_acorr_ActSellVol", 52: "corr_ret_TradeValue", 55: "corr_ret_netact",
             57: "bar_val_share", 59: "big_min_ret", 60: "big_share",
             64: "netbid_ratio"}  # fmt: skip
    assert {i: ALL64[i - 1] for i in where} == where


@pytest.mark.parametrize("bar", [10, 30])
def test_every_feature_equals_the_reference(bar):
    found = all_days()
    got = library_values(list(found.values()), bar)
    finite = 0
    for (label, day), rows in zip(found.items(), got, strict=True):
        want = bar64_level2(day, bar)
        tolerance = 1e-6 if label == "near_constant" else 1e-9  # returns of 1e-7 there
        for f, name in enumerate(BAR64_LEVEL2):
            assert np.array_equal(np.isnan(rows[:, f]), np.isnan(want[name])), (label, name)
            np.testing.assert_allclose(
                rows[:, f], want[name], rtol=tolerance, atol=tolerance, err_msg=f"{label} {name}"
            )
        finite += int(np.isfinite(rows).sum())
        if label in ("no trades read", "suspended", "zero_volume"):
            assert np.isnan(rows).all()
    assert finite > 0.6 * got.size


def test_what_is_not_known_takes_only_its_features_away():
    gone = {"no threshold": BAR64_LEVEL2[14:16], "no snapshots": BAR64_LEVEL2[16:]}
    gone["few quotes"] = BAR64_LEVEL2[16:18]
    for label, names in gone.items():
        values = bar64_level2(all_days()[label], 30)
        lost = {n for n, x in values.items() if np.isnan(x).all()}
        assert lost == set(names), label


def test_one_bar_by_plain_slices():
    day, at = enriched(ordinary(np.random.default_rng(5)), 6), slice(60, 90)
    values = {name: x[2] for name, x in bar64_level2(day, 30).items()}
    m = day.minutes
    vb, ab, a_s, nb, ns = (getattr(day, n)[at] for n in ("VB", "AB", "AS", "NB", "NS"))
    net, amount, quotes = ab - a_s, m.amount[at].sum(), day.quotes[at]
    some = quotes > 0
    want = {
        "act_buy_valper": np.log(ab.sum() / nb.sum() + 1),
        "act_sell_valper": np.log(a_s.sum() / ns.sum() + 1),
        "act_valper_ratio": np.log(ab.sum() / nb.sum() / (a_s.sum() / ns.sum())),
        "act_buy_ratio": ab.sum() / amount,
        "act_buy_cnt_ratio": nb.sum() / (nb + ns).sum(),
        "net_act_str": net.mean() / net.std(),
        "prop_t_ActBuyVol": vb.mean() / vb.std(),
        "prop_std_ActBuyVol": vb.std() / vb.mean(),
        "prop_acorr_ActBuyVol": np.corrcoef(vb[1:], vb[:-1])[0, 1],
        "corr_ret_netact": np.corrcoef(m.rho[at], net)[0, 1],
        "corr_netact_nextret": np.corrcoef(net[:-1], m.rho[at][1:])[0, 1],
        "big_share": (day.big_buy + day.big_sell)[at].sum() / (2 * amount),
        "big_net_ratio": (day.big_buy - day.big_sell)[at].sum() / amount,
        "spread_mean": np.average(day.spread[at][some], weights=quotes[some]),
        "depth_imb_mean": np.average(day.depth[at][some], weights=quotes[some]),
        "netbid_ratio": day.net_bid[at].sum() / amount,
    }
    for name, x in want.items():
        assert values[name] == pytest.approx(x, rel=1e-12), name


def test_the_last_bar_stops_before_the_auction():
    day = enriched(ordinary(np.random.default_rng(7)), 8)
    loud = {n: np.where(np.arange(240) == 239, 1e12, getattr(day, n)) for n in SERIES.values()}
    for k in (10, 30):
        want, got = bar64_level2(day, k), bar64_level2(replace(day, **loud), k)
        for name in BAR64_LEVEL2:
            np.testing.assert_array_equal(got[name], want[name], err_msg=name)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("bar64") / "lake", create=True)
    spec = SimulatedSpec(n_assets=6, start=date(2023, 1, 3), end=date(2023, 1, 11), freq=1,
                         ticks=("trades", "snapshots"))  # fmt: skip
    ingest([spec], made, show_progress=False)
    enrich(made, made.dates("trades"), show_progress=False)
    return made


@pytest.mark.one_in(2)
@pytest.mark.parametrize("bar", [10, 30])
def test_a_lake_gives_what_the_reference_gives(lake, bar):
    on = lake.dates("trades")[-1].item()
    symbols = enriched_symbols(lake, on)
    assert len(symbols) >= 4
    features = LibrarySpec(library="bar64_level2_30", segments=bar).make()
    panel = features.compute(lake, np.array([on]), symbols)
    for a, symbol in enumerate(symbols):
        want = bar64_level2(stock_day(lake, on, str(symbol)), bar)
        for f, name in enumerate(panel.names):
            got = panel.values[0, :, a, f]
            assert np.array_equal(np.isnan(got), np.isnan(want[name])), (symbol, name)
            np.testing.assert_allclose(got, want[name], rtol=2e-4, atol=2e-4, err_msg=name)
    assert np.isfinite(panel.values).mean() > 0.6
