"""The snapshot factors by hand, and the library beside them on days of every kind."""

import math
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.features import LibrarySpec, load_library
from intralpha.features.engine.machine import run
from intralpha.features.engine.program import Program, assemble
from intralpha.features.frames import vocabulary
from intralpha.features.frames.snapshot import FRAMES
from intralpha.features.language.compile import Compiler
from intralpha.features.language.graph import Graph
from intralpha.market import Lake, Ticks, closing_auctions, read_bars, read_daily, read_ticks
from intralpha.sources import SimulatedSpec, ingest

from .tick100 import NOON, STATISTICS, TICK100, TickDay, scale, series, tick100

ON = date(2023, 1, 3)
OLD = date(2018, 8, 17)  # the last session of Shanghai without a closing auction
LEVELS = range(1, 11)
SIDES = {"b": "bid", "a": "ask"}
WHATS = {"p": "price", "q": "volume", "n": "orders"}
COLUMNS = {f"{s}{w}": f"{side}_{what}" for s, side in SIDES.items() for w, what in WHATS.items()}
CLOCK = np.concatenate([np.arange(33_300_000, 41_400_001, 3000),
                        np.arange(46_800_000, 54_000_001, 3000)])  # fmt: skip

(SNAPSHOT,) = FRAMES


# --- days ----------------------------------------------------------------------------------------


def random_day(
    rng: np.random.Generator, price: float = 20.0, time: np.ndarray = CLOCK, gap: int = 3
) -> TickDay:
    """A mid that walks by ticks, a spread of up to ``gap`` ticks, levels a tick or two apart."""
    n = len(time)
    tick = round(price * 100) + np.cumsum(rng.integers(-1, 2, n))
    steps = rng.integers(1, 3, (2, n, 10))
    steps[1, :, 0] = rng.integers(1, gap + 1, n)
    steps[0, :, 0] = 0
    down, up = tick[:, None] - steps[0].cumsum(axis=1), tick[:, None] + steps[1].cumsum(axis=1)
    shares = 100.0 * rng.integers(1, 400, (2, n, 10)) * rng.integers(1, 30, (2, n, 1))
    orders = rng.integers(1, 40, (2, n, 10)).astype(float)
    return TickDay(
        time, down / 100, shares[0], orders[0], up / 100, shares[1], orders[1], 3e8 * price / 20
    )


def without(day: TickDay, side: str, levels: np.ndarray, parts: str = "pqn") -> TickDay:
    """The day without some levels [N, 10] of a side, or without their orders only."""
    gone = {f"{side}{p}": np.where(levels, math.nan, getattr(day, f"{side}{p}")) for p in parts}
    return replace(day, **gone)


def beyond(levels: int, n: int) -> np.ndarray:
    return np.tile(np.arange(10) >= levels, (n, 1))


def only(day: TickDay, rows: np.ndarray) -> TickDay:
    names = ("time", *COLUMNS)
    return replace(day, **{name: getattr(day, name)[rows] for name in names})


def made_days() -> dict[str, TickDay]:
    rng = np.random.default_rng(41)
    n = len(CLOCK)
    base, few = random_day(rng), random_day(rng, 8.0)
    thin = without(base, "b", rng.random((n, 10)) < np.linspace(0, 0.8, 10))
    book = without(thin, "a", beyond(4, n))
    up = without(base, "a", np.tile(np.arange(n)[:, None] > 1500, (1, 10)))
    hollow = base.bq.copy()
    hollow[::7, 0] = 0.0
    still = replace(base, **{x: np.tile(getattr(base, x)[:1], (n, 1)) for x in COLUMNS})
    return {
        "random": base,
        "dear": random_day(rng, 1700.0, gap=40),
        "cheap": random_day(rng, 1.2, gap=1),
        "tight": random_day(rng, 1700.0, gap=1),
        "missing levels": book,
        "counts of the best only": without(
            without(base, "b", beyond(1, n), "n"), "a", beyond(1, n), "n"
        ),
        "no counts": without(without(base, "b", beyond(0, n), "n"), "a", beyond(0, n), "n"),
        "no counts of bids": without(base, "b", beyond(0, n), "n"),
        "one-sided from eleven": up,
        "best bids of no shares": replace(base, bq=hollow),
        "one-sided": without(base, "b", beyond(0, n)),
        "at a limit": replace(base, half_locked=True),
        "suspended": replace(base, suspended=True),
        "still": still,
        "irregular": only(random_day(rng, 33.0), np.sort(rng.choice(n, 900, replace=False))),
        "59 snapshots": only(few, np.arange(400, 459)),
        "60 snapshots": only(few, np.arange(400, 460)),
        "61 of an afternoon": only(few, np.flatnonzero(CLOCK > NOON)[:61]),
        "nine in the morning": only(few, np.r_[310:319, np.flatnonzero(CLOCK > NOON)]),
        "no snapshots": only(few, np.arange(0)),
        "no amount": replace(base, day_amount=0.0),
        "old Shanghai": replace(random_day(rng), closing_auction=False),
    }


# --- the library beside them ---------------------------------------------------------------------


def programme() -> Program:
    graph = Graph()
    compiler = Compiler(vocabulary("snapshot"), graph)
    factors = load_library("tick100").factors
    return assemble(graph, [compiler.factor(f.expr, f.on_locked) for f in factors])


def ticks_of(days: list[TickDay], on: date, exchange: str) -> Ticks:
    """Days of stocks as the reader of a lake gives them: no price is NaN, no number 0."""
    columns = {"time": np.concatenate([d.time for d in days]).astype(np.int32)}
    for name, column in COLUMNS.items():
        kind = {"p": np.float64, "q": np.int64, "n": np.int32}[name[1]]
        for k in LEVELS:
            values = np.concatenate([getattr(d, name)[:, k - 1] for d in days])
            whole = values if kind is np.float64 else np.nan_to_num(values)
            columns[f"{column}{k}"] = whole.astype(kind)
    bounds = np.concatenate([[0], np.cumsum([len(d.time) for d in days])])
    symbols = np.array([f"{i:06d}.{exchange}" for i in range(len(days))])
    return Ticks(on, "snapshots", symbols, bounds, columns)


def day_of(ticks: Ticks, s: int, day_amount: float) -> TickDay:
    """A stock of a block as the reference reads it."""
    lo, hi = ticks.bounds[s], ticks.bounds[s + 1]
    parts = {
        name: np.stack([ticks[f"{column}{k}"][lo:hi].astype(float) for k in LEVELS], axis=1)
        for name, column in COLUMNS.items()
    }
    closing = bool(closing_auctions(ticks.symbols[s : s + 1], ticks.on)[0])
    return TickDay(ticks["time"][lo:hi].astype(int), **parts, day_amount=day_amount,
                   closing_auction=closing)  # fmt: skip


def library_values(ticks: Ticks, days: list[TickDay]) -> np.ndarray:
    """The library in float64 on a block of stocks [S, 100]."""
    program = programme()
    numbers = {
        "day_amount": [d.day_amount for d in days],
        "suspended": [float(d.suspended) for d in days],
        "price_ok": [float(not d.half_locked) for d in days],
    }
    of_days = np.array([numbers[n] for n in program.days])
    assert set(SNAPSHOT.columns(program)) <= set(ticks.columns)
    free = np.zeros((len(days), 240), bool)
    return run(program, SNAPSHOT.rows(program, ticks, of_days, free, np.float64))


def assert_equal(got: np.ndarray, want: dict[str, float], label: str) -> int:
    """Compare a day; the number of values that were."""
    for name, x in zip(TICK100, got, strict=True):
        assert math.isnan(x) == math.isnan(want[name]), (label, name, x, want[name])
        if not math.isnan(x):
            gap = abs(x - want[name])
            assert gap <= 1e-9 * scale(want, name), (label, name, x, want[name])
    return int(np.isfinite(got).sum())


def test_the_library_has_the_names_of_the_specification():
    assert [f.name for f in load_library("tick100").factors] == list(TICK100)
    assert len(set(TICK100)) == 100


@pytest.mark.slow
@pytest.mark.one_in(2)
@pytest.mark.parametrize("old", [False, True])
def test_every_factor_of_made_days_equals_the_reference(old):
    found = {k: d for k, d in made_days().items() if d.closing_auction != old}
    days = list(found.values())
    got = library_values(ticks_of(days, OLD if old else ON, "SH"), days)
    counts = {
        label: assert_equal(row, tick100(day), label)
        for (label, day), row in zip(found.items(), got, strict=True)
    }
    if old:
        assert counts == {"old Shanghai": 100}
        return
    whole = ("random", "dear", "cheap", "tight", "missing levels", "counts of the best only")
    assert {counts[k] for k in whole} == {100}
    empty = ("one-sided", "at a limit", "suspended", "no snapshots")
    assert {k for k, n in counts.items() if n == 0} == set(empty)
    assert counts["59 snapshots"] == 10  # of a window, which needs ten
    # Without orders two series are gone; with those of asks only, one of them is always -1.
    assert (counts["no counts"], counts["no counts of bids"]) == (80, 87)
    assert (counts["no amount"], counts["one-sided from eleven"]) == (90, 70)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("tick100") / "lake", create=True)
    one = {"start": date(2023, 1, 4), "end": date(2023, 1, 5), "freq": 1}
    ingest([SimulatedSpec(n_assets=9, **one, ticks=("snapshots",))], made, show_progress=False)
    return made


def test_simulated_days_of_both_exchanges_equal_the_reference(lake):
    on = date(2023, 1, 5)
    (ticks,) = read_ticks(lake, "snapshots", on, SNAPSHOT.columns(programme()))
    exchanges = [str(s)[-2:] for s in ticks.symbols]
    assert min(map(exchanges.count, ("SH", "SZ"))) >= 3
    bars = read_bars(lake, on, 1, ("amount",), ticks.symbols)["amount"][0]
    days = [day_of(ticks, s, float(bars[:, s].sum())) for s in range(len(ticks.symbols))]
    got = library_values(ticks, days)
    finite = [
        assert_equal(row, tick100(day), str(symbol))
        for row, day, symbol in zip(got, days, ticks.symbols, strict=True)
    ]
    assert min(finite) > 60
    # The feature set reads the same from the lake; it keeps float32.
    panel = LibrarySpec(library="tick100").make().compute(lake, np.array([on]), ticks.symbols)
    halted = read_daily(lake, ("suspended",), on, on, ticks.symbols)["suspended"][0] > 0
    np.testing.assert_allclose(panel.values[0][~halted], got[~halted].astype(np.float32), rtol=1e-5,
                               atol=1e-9)  # fmt: skip


VENDOR = {
    "bp": "BuyPrice", "bq": "BuyOrderQty", "bn": "BuyNumOrders",
    "ap": "SellPrice", "aq": "SellOrderQty", "an": "SellNumOrders",
}  # fmt: skip


def real_days(root: Path) -> tuple[Ticks, list[TickDay]]:
    """Five Shenzhen stocks; the vendor writes an empty level as price 0."""
    with zipfile.ZipFile(root / "level2" / "snapshots_5sz_20220601.zip") as archive:
        frame = pl.read_csv(archive.read("tick.csv"), infer_schema_length=None)
    rows = frame.sort("SecurityID", maintain_order=True)
    clock = rows["MDTime"].str.to_time("%H:%M:%S%.3f").cast(pl.Int64) // 1_000_000
    columns = {"time": clock.cast(pl.Int32).to_numpy()}
    for name, column in COLUMNS.items():
        for k in LEVELS:
            values = rows[f"{VENDOR[name]}{k}"]
            columns[f"{column}{k}"] = values.round(2).to_numpy() if name[1] == "p" else values
    columns = {k: np.asarray(v) for k, v in columns.items()}
    names, edges = np.unique(rows["SecurityID"].to_numpy().astype(str), return_index=True)
    ticks = Ticks(date(2022, 6, 1), "snapshots", names, np.append(edges, len(rows)), columns)
    amount = rows.group_by("SecurityID").agg(pl.col("TotalValueTrade").max()).sort("SecurityID")
    totals = amount["TotalValueTrade"].to_list()
    return ticks, [day_of(ticks, s, float(x)) for s, x in enumerate(totals)]


@pytest.mark.real_data
def test_real_snapshots_equal_the_reference(real_data):
    ticks, days = real_days(real_data)
    got = library_values(ticks, days)
    assert got.shape == (5, 100)
    for row, day, symbol in zip(got, days, ticks.symbols, strict=True):
        values = tick100(day)
        assert assert_equal(row, values, str(symbol)) == 100
        assert 1e-4 < values["t_spread_mean"] < 3e-3
        assert values["t_imb1_lead"] > 0  # more bids than offers: the price rises


# --- by hand -------------------------------------------------------------------------------------


def test_series_of_two_snapshots_by_hand():
    bp, ap = [[10.00, 9.99], [10.01, 10.00]], [[10.02, 10.03], [10.03, 0.0]]
    bq, aq = [[300, 700], [500, 100]], [[100, 900], [200, 0]]
    bn, an = [[3, 1], [2, 1]], [[1, 4], [4, 0]]
    wide = [np.pad(np.array(x, float), ((0, 0), (0, 8))) for x in (bp, bq, bn, ap, aq, an)]
    day = TickDay(np.array([34_200_000, 34_203_000]), *wide, day_amount=1e6)
    found, mid, noon = series(day)
    assert noon == 2
    np.testing.assert_allclose(mid.astype(float), [10.01, 10.02])
    want = {
        "spread": [0.02 / 10.01, 0.02 / 10.02],
        "mid_ret": [math.log(10.02 / 10.01), math.nan],
        "imb1": [200 / 400, 300 / 700],
        "imb5": [0.0, 400 / 800],
        "imb10": [0.0, 400 / 800],
        "count_imb": [-1 / 9, -1 / 7],
        "size_ratio": [math.log(250 / 200), math.log(200 / 50)],
        # The bids lie 0.017 and 0.01 + 1/600, the asks 0.019 and 0.01 from the mid.
        "slope": [(0.017 - 0.019) / 10.01, (0.01 + 0.01 / 6 - 0.01) / 10.02],
        "net_bid": [math.nan, ((5005 - 2006) - (3000 - 1002)) / 1e6],
        "micro": [(10.015 - 10.01) / 10.01, (7 * 0.02 / 7 * 5 / 7 + 10.01 - 10.02) / 10.02],
    }
    for name, x in want.items():
        np.testing.assert_allclose(found[name].astype(float), x, rtol=1e-11, atol=1e-15,
                                   err_msg=name)  # fmt: skip


def test_the_windows_and_the_look_ahead_by_hand():
    day = random_day(np.random.default_rng(2))
    values, (found, mid, noon) = tick100(day), series(day)
    time = day.time[day.both_sided()]
    assert [int((time < t).sum()) for t in (36_000_000, 41_400_001)] == [600, noon] == [600, 2401]
    x = found["imb1"].astype(float)
    assert values["t_imb1_w1"] == pytest.approx(x[:600].mean(), rel=1e-12)
    assert values["t_imb1_w2"] == pytest.approx(x[600:2401].mean(), rel=1e-12)
    assert values["t_imb1_w3"] == pytest.approx(x[2401:4201].mean(), rel=1e-12)
    assert values["t_imb1_w4"] == pytest.approx(x[4201:4741].mean(), rel=1e-12)
    assert len(time) == 4741
    late_open = x[4201:].mean() - x[:600].mean()
    assert values["t_imb1_late_open"] == pytest.approx(late_open, rel=1e-12)
    log = np.log(mid.astype(float))
    first = np.r_[0:2381, 2401:4721]
    want = np.corrcoef(x[first], log[first + 20] - log[first])[0, 1]
    assert values["t_imb1_lead"] == pytest.approx(want, rel=1e-9)
    own = np.r_[0:2380, 2401:4720]
    want = np.corrcoef(log[own + 1] - log[own], log[own + 21] - log[own + 1])[0, 1]
    assert values["t_mid_ret_lead"] == pytest.approx(want, rel=1e-9)
    pairs = np.r_[1:2401, 2402:4741]
    assert values["t_imb1_acorr"] == pytest.approx(np.corrcoef(x[pairs], x[pairs - 1])[0, 1])
    assert tuple(values) == TICK100
    assert len(STATISTICS) == 10
