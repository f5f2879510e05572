"""Volume bars against the plain reference, alone and through the whole library made of them."""

import math
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.base import ConfigError, DataError
from intralpha.features.engine import volume_bars as volume_bars_module
from intralpha.features.engine.machine import run
from intralpha.features.engine.program import Program, assemble
from intralpha.features.engine.volume_bars import (
    FIELDS,
    SERIES,
    MinuteRowsError,
    SessionRows,
    VolumeBars,
    VolumeBarWindow,
    run_bars,
)
from intralpha.features.frames import vocabulary
from intralpha.features.language.compile import Compiler
from intralpha.features.language.graph import Graph
from intralpha.features.libraries import load_library

from ...reference.day import MinuteDay
from ...reference.days import days, history, ordinary, pinned, still, suspended_day
from ...reference.volume100 import VOLUME100, volume100_of
from ...reference.volume_bars import bars_of, volume_bars

AUCTION = ("auction_price", "auction_volume", "auction_amount")
Past = tuple[Sequence[MinuteDay], Sequence[float] | np.ndarray]  # days and their factors


def session_of(stocks: Sequence[MinuteDay], factors, dtype: type = np.float64) -> SessionRows:
    minutes = [np.stack([getattr(d, name) for d in stocks]).astype(dtype) for name in FIELDS]
    auction = [np.array([float(getattr(d, name)) for d in stocks]) for name in AUCTION]
    suspended = np.array([d.suspended for d in stocks])
    return SessionRows(*minutes, *auction, suspended, np.asarray(factors, np.float64))


def window_of(pasts: Sequence[Past], dtype: type = np.float64, **options) -> VolumeBarWindow:
    window = VolumeBarWindow(len(pasts), dtype=dtype, **options)
    for i in range(len(pasts[0][0])):
        window.push(session_of([p[0][i] for p in pasts], [p[1][i] for p in pasts], dtype))
    return window


def of_stock(bars: VolumeBars, number: int) -> dict[str, np.ndarray]:
    lo, hi = bars.bounds[number], bars.bounds[number + 1]
    return {name: x[lo:hi] for name, x in bars.columns().items()}


def assert_equal(ours: dict[str, np.ndarray], past: Past, bar_num: int = 960) -> int:
    """Same bars as the reference; how many there are."""
    theirs = bars_of(*past, bar_num)
    np.testing.assert_array_equal(ours["minutes"], theirs.minutes)
    np.testing.assert_array_equal(ours["age"], len(past[0]) - 1 - theirs.day)
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(ours[name], getattr(theirs, name), err_msg=name)
    np.testing.assert_allclose(ours["vwap"], theirs.vwap, rtol=1e-13)
    before = np.append(theirs.open[:1], theirs.close[:-1])
    np.testing.assert_array_equal(ours["before"], before)
    return len(theirs.close)


def volumes_only(volume: Sequence[float]) -> MinuteDay:
    """A day that begins with these volumes; the price of a row is its number."""
    row, sizes = np.arange(1.0, 241.0), np.zeros(240)
    sizes[: len(volume)] = volume
    return MinuteDay(row, row, row, row, sizes, sizes * row, sizes, preclose=1.0)


def ones(past: Sequence[MinuteDay]) -> Past:
    return past, np.ones(len(past))


@pytest.mark.parametrize(
    ("volumes", "bar_num", "last_rows"),
    [
        ([50, 20, 30, 15, 20, 15], 3, [1, 3, 6]),
        ([120, 10, 30, 40], 4, [1, 3, 4]),
        ([0, 50, 0, 50, 0, 0], 2, [2, 4]),
        ([0.1] * 30, 5, [6, 12, 18, 24, 30]),
        ([7], 960, [1]),
    ],
)
def test_vectors(volumes, bar_num, last_rows):
    bars = window_of([ones([volumes_only(volumes)])], bar_num=bar_num).bars().columns()
    assert bars["close"].tolist() == last_rows
    assert bars["minutes"].tolist() == np.diff([0, *last_rows]).tolist()
    assert not bars["age"].any()


@pytest.mark.parametrize("rate", [pytest.param(1.0, marks=pytest.mark.slow), 0.37])
def test_bars_equal_the_reference(rate):
    pasts = [(h[0], h[1] * rate) for h in map(history, range(12))]
    bars = window_of(pasts).bars()
    counts = [assert_equal(of_stock(bars, i), past) for i, past in enumerate(pasts)]
    assert 700 < min(counts) <= max(counts) <= 960
    for i in range(12):
        assert 12 not in of_stock(bars, i)["age"]  # day 7 of 20 is suspended


@pytest.mark.slow
def test_the_window_forgets_and_may_be_short():
    pasts = [history(seed, 47) for seed in range(3)]
    window = VolumeBarWindow(3, dtype=np.float64)
    assert len(window.bars().bounds) == 4
    assert window.bars().rows.shape == (len(SERIES), 0)
    for i in range(47):
        window.push(session_of([p[0][i] for p in pasts], [p[1][i] for p in pasts]))
        if i in (0, 1, 6, 7, 19, 20, 30, 46):
            bars, first = window.bars(), max(i - 19, 0)
            for number, (found, factors) in enumerate(pasts):
                cut = found[first : i + 1], factors[first : i + 1]
                assert assert_equal(of_stock(bars, number), cut) > 150


@pytest.mark.one_in(4)
@pytest.mark.parametrize("bar_num", [13, 1, 960, 5000])
def test_degenerate_days(bar_num):
    rng = np.random.default_rng(5)
    normal = [ordinary(rng) for _ in range(3)]
    odd = days(3)
    pasts = [ones([*normal, day]) for day in odd.values()]
    pasts += [ones([day, *normal]) for day in odd.values()]
    pasts += [ones([day] * 4) for day in odd.values()]
    bars = window_of(pasts, bar_num=bar_num).bars()
    counts = [assert_equal(of_stock(bars, i), past, bar_num) for i, past in enumerate(pasts)]
    kinds = len(odd)
    for name in ("zero_volume", "suspended"):
        assert counts[2 * kinds + list(odd).index(name)] == 0
    assert max(counts) <= bar_num
    if bar_num == 960:  # a minute that holds nearly all closes one bar, not hundreds
        assert counts[list(odd).index("one_huge_minute")] < 50


def test_a_day_of_nothing_counts_in_minutes_and_a_suspended_one_does_not():
    a, b = volumes_only([0] * 100 + [3, 3]), volumes_only([0] * 10 + [6])
    for between, rows in ((volumes_only([]), 240), (suspended_day(9.0), 0)):
        past = ones([a, between, b])
        bars = window_of([past], bar_num=3).bars()
        assert_equal(of_stock(bars, 0), past, 3)
        got = window_of([past], bar_num=2).bars().columns()
        assert got["minutes"].tolist() == [102, 138 + rows + 11]
        assert got["age"].tolist() == [2, 0]
        assert got["open"].tolist() == [101, 11]


@settings(max_examples=30)
@given(
    volumes=st.lists(
        st.lists(st.one_of(st.just(0), st.integers(0, 1000)), max_size=12), min_size=1, max_size=4
    ),
    bar_num=st.integers(1, 40),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_the_counting_rule(volumes, bar_num, dtype):
    past = [volumes_only(v) for v in volumes]
    window = window_of([ones(past)], dtype, sessions=len(past), bar_num=bar_num)
    bars = window.bars(("age", "close", "minutes"))
    rows = np.concatenate([d.volume for d in past])
    want = volume_bars(rows, rows.sum() / bar_num)
    got = bars.columns()
    ends = (len(past) - 1 - got["age"]) * 240 + got["close"] - 1
    assert ends.tolist() == [bar[-1] for bar in want]
    assert got["minutes"].tolist() == [len(bar) for bar in want]
    assert len(want) <= bar_num
    assert not rows.sum() or ends[-1] == np.flatnonzero(rows)[-1]


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), factor=st.floats(0.1, 500))
def test_volumes_that_float32_rounds_still_fill_the_last_bar(seed, factor):
    rng = np.random.default_rng(seed)
    past = [volumes_only(rng.uniform(1e7, 1e9, 240)) for _ in range(3)]
    window = VolumeBarWindow(1, sessions=3, bar_num=50)
    for day in past:  # float64 given, float32 kept
        window.push(session_of([day], [factor]))
    bars = window.bars().columns()
    assert len(bars["close"]) == 50
    assert bars["age"][-1] == 0
    assert bars["minutes"].sum() == 720


def test_threads_order_and_neighbours_change_no_byte():
    pasts = [history(seed) for seed in range(7)]
    window = window_of(pasts, np.float32, threads=1)
    first, again = window.bars(), window.bars()
    assert first.rows.tobytes() == again.rows.tobytes()
    for threads in (2, 4, 64):
        other = window_of(pasts, np.float32, threads=threads).bars()
        assert other.rows.tobytes() == first.rows.tobytes()
        assert other.bounds.tobytes() == first.bounds.tobytes()
    order = np.random.default_rng(1).permutation(7)
    moved = window_of([pasts[i] for i in order], np.float32).bars()
    for new, old in enumerate(order):
        for name, x in of_stock(moved, new).items():
            assert x.tobytes() == of_stock(first, old)[name].tobytes()


def test_series_come_in_the_order_asked_for():
    window = window_of([history(1), history(2)])
    every = window.bars()
    assert every.names == SERIES
    some = window.bars(["age", "close", "before"])
    assert some.names == ("age", "close", "before")
    for name, x in some.columns().items():
        assert x.tobytes() == every.columns()[name].tobytes()
    assert every.rows.flags.c_contiguous
    assert every.inputs(np.zeros((1, 2))).rows is every.rows
    for bad in (["close", "volume"], ["close", "close"]):
        with pytest.raises(ConfigError, match="expected"):
            window.bars(bad)


def test_a_split_changes_no_bar():
    past, factors = history(3)
    split = [
        replace(
            day,
            **{name: getattr(day, name) / 4 for name in ("open", "high", "low", "close")},
            volume=day.volume * 4,
            auction_price=day.auction_price / 4,
            auction_volume=day.auction_volume * 4,
        )
        for day in past
    ]
    for dtype in (np.float32, np.float64):
        ours = window_of([(past, factors)], dtype).bars()
        theirs = window_of([(split, 4 * factors)], dtype).bars()
        np.testing.assert_allclose(ours.rows, theirs.rows, rtol=1e-12)


def test_stocks_stand_anywhere_in_a_session_and_its_rows_may_be_mapped(tmp_path):
    pasts = [history(seed) for seed in range(4)]
    want = window_of(pasts, np.float32).bars()
    window = VolumeBarWindow(4)
    rng = np.random.default_rng(2)
    for i in range(20):
        # a suspended stock has no rows, but for the first one
        here = [k for k in range(4) if k == 0 or not pasts[k][0][i].suspended]
        order = rng.permutation(here)
        rows = session_of([pasts[k][0][i] for k in order], [pasts[k][1][i] for k in order])
        place = np.full(4, -1)
        place[order] = np.arange(len(order))
        fields = {}
        for name in FIELDS:
            np.save(tmp_path / f"{name}.npy", getattr(rows, name).astype(np.float32))
            fields[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
        window.push(replace(rows, place=place, **fields))
    found = window.bars()
    assert found.rows.tobytes() == want.rows.tobytes()
    assert found.bounds.tobytes() == want.bounds.tobytes()


def test_a_session_of_nobody_leaves_the_bars_and_makes_them_older():
    pasts = [history(seed) for seed in range(2)]
    window = window_of(pasts)
    before = window_of([(days_[1:], factors[1:]) for days_, factors in pasts]).bars()
    nothing, none = np.empty((0, 240)), np.empty(0)
    window.push(SessionRows(*[nothing] * 6, *[none] * 3, none > 0, none, np.full(2, -1)))
    after = window.bars()
    older = before.rows.copy()
    older[SERIES.index("age")] += 1
    assert after.rows.tobytes() == older.tobytes()


def test_bad_rows_are_named_by_their_number_in_the_window():
    pasts = [history(seed) for seed in range(3)]
    rows = session_of([p[0][0] for p in pasts], [1.0, math.nan, 1.0])
    window = VolumeBarWindow(5)
    with pytest.raises(MinuteRowsError) as found:
        window.push(replace(rows, place=np.array([-1, 0, 2, -1, 1])))
    assert found.value.stocks.tolist() == [4]
    window.push(replace(rows, place=np.array([-1, 0, 2, -1, -1])))  # nobody looks at it
    assert np.diff(window.bars().bounds).astype(bool).tolist() == [False, True, True, False, False]


def test_some_stocks_are_a_part_of_all():
    pasts = [history(seed) for seed in range(5)]
    window = window_of(pasts, np.float32)
    every = window.bars()
    for first, last in ((0, 2), (2, 5), (3, 3), (4, 5)):
        part = window.bars(SERIES, first, last)
        lo, hi = every.bounds[first], every.bounds[last]
        assert part.bounds.tolist() == (every.bounds[first : last + 1] - lo).tolist()
        assert part.rows.tobytes() == every.rows[:, lo:hi].tobytes()


# --- what must be refused ------------------------------------------------------------------------


def test_bad_rows_are_named_and_leave_the_window_as_it_was():
    pasts = [history(seed) for seed in range(3)]
    window, good = window_of(pasts), session_of([p[0][0] for p in pasts], [1.0] * 3)
    before = window.bars()
    for field in fields(SessionRows):
        if field.name in ("suspended", "place"):
            continue
        for value in (-1.0, math.nan, math.inf):
            broken = getattr(good, field.name).copy()
            broken[1] = value
            with pytest.raises(MinuteRowsError, match="number 1") as found:
                window.push(replace(good, **{field.name: broken}))
            assert found.value.stocks.tolist() == [1]
    with pytest.raises(DataError, match="2 stocks"):
        window.push(session_of([pasts[0][0][0]] * 2, [1.0] * 2))
    assert window.bars().rows.tobytes() == before.rows.tobytes()


def test_nothing_is_read_of_a_suspended_day_or_of_the_prices_of_quiet_rows():
    past, factors = history(4)
    clean = window_of([(past, factors)]).bars()
    window = VolumeBarWindow(1, dtype=np.float64)
    for day, factor in zip(past, factors, strict=True):
        rows = session_of([day], [factor])
        quiet = slice(None) if day.suspended else rows.volume[0] == 0
        names = FIELDS if day.suspended else ("open", "high", "low", "close", "amount")
        for name in names:
            getattr(rows, name)[0, quiet] = math.nan
        if day.suspended:
            nothing = dict.fromkeys((*AUCTION, "factor"), np.array([math.nan]))
            rows = replace(rows, **nothing)
        window.push(rows)
    assert window.bars().rows.tobytes() == clean.rows.tobytes()


# --- the library ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def program() -> Program:
    library, graph = load_library("volume100"), Graph()
    assert [f.name for f in library.factors] == list(VOLUME100)
    compiler = Compiler(vocabulary(library.frame), graph)
    return assemble(graph, [compiler.factor(f.expr, f.on_locked) for f in library.factors])


def factors_of(program: Program, pasts: Sequence[Past], dtype: type, threads: int = 1):
    bars = window_of(pasts, dtype, sessions=len(pasts[0][0]), threads=threads).bars(program.rows)
    last = [p[0][-1] for p in pasts]
    known = {
        "suspended": [d.suspended for d in last],
        "price_ok": [not d.half_locked for d in last],
    }
    numbers = np.array([known[name] for name in program.days], np.float64)
    return run(program, bars.inputs(numbers), threads)


def last_days() -> dict[str, Past]:
    """Windows that end in an ordinary day and in every odd one, most with a split among them."""
    out: dict[str, Past] = {f"history {seed}": history(seed) for seed in range(4)}
    for seed in (1, 2):
        past, factors = history(seed)
        for name, day in days(seed).items():
            out[f"{name} {seed}"] = ([*past[:-1], day], factors)
    past, factors = history(3)
    out["locked"] = [*past[:-1], pinned(past[-1], 0, 150, past[-1].up_limit)], factors
    out["still"] = ones([d if d.suspended else still(d, 20.0) for d in past])
    return out


def test_every_factor_equals_its_reference(program):
    pasts = last_days()
    got = factors_of(program, list(pasts.values()), np.float64)
    for row, (label, past) in zip(got, pasts.items(), strict=True):
        want = volume100_of(*past)
        for name, value in zip(VOLUME100, row, strict=True):
            both_absent = math.isnan(value) and math.isnan(want[name])
            close = math.isclose(value, want[name], rel_tol=1e-9, abs_tol=1e-10)
            assert close or both_absent, (label, name, value, want[name])
    assert np.isfinite(got[:4]).all()
    assert np.isfinite(got).mean() > 0.5


def scale_of(name: str, want: dict[str, float]) -> float:
    """What an error is measured against, beside the value: signed sums cancel."""
    if name.endswith("_mean"):
        return want[name.replace("_mean", "_std")]
    kinds = {"kurt": 3.0, "skew": 1.0, "acorr1": 1.0, "trend_r2": 1.0, "path_eff": 1.0}
    return next((size for kind, size in kinds.items() if name.endswith(kind)), 0.0)


@pytest.mark.slow
def test_float32_keeps_four_digits(program):
    pasts = {k: p for k, p in last_days().items() if not k.startswith("near_constant")}
    got = factors_of(program, list(pasts.values()), np.float32)
    assert got.dtype == np.float32
    for row, (label, past) in zip(got, pasts.items(), strict=True):
        want = volume100_of(*past)
        for name, value in zip(VOLUME100, row.tolist(), strict=True):
            assert math.isnan(value) == math.isnan(want[name]), (label, name)
            if not math.isnan(value):
                gap, size = abs(value - want[name]), max(abs(want[name]), scale_of(name, want))
                assert gap <= 1e-4 * size, (label, name, value, want[name])


@pytest.mark.parametrize("at_once", [1, 3, 128])
def test_factors_are_made_some_stocks_at_a_time(program, monkeypatch, at_once):
    pasts = [history(seed) for seed in range(7)]
    monkeypatch.setattr(volume_bars_module, "STOCKS_AT_ONCE", at_once)
    window = window_of(pasts, np.float32)
    numbers = np.zeros((len(program.days), 7))
    numbers[program.days.index("price_ok")] = [1, 1, 0, 1, 1, 1, 1]
    numbers[program.days.index("suspended"), 4] = 1
    want = run(program, window.bars(program.rows).inputs(numbers))
    for threads in (1, 2, 4):
        assert run_bars(program, window, numbers, threads).tobytes() == want.tobytes()
    finite = np.isfinite(want).mean(axis=1)
    assert ((finite > 0.9) == [True, True, False, True, False, True, True]).all()


def test_threads_change_no_factor(program):
    pasts = list(last_days().values())
    once = factors_of(program, pasts, np.float32)
    for threads in (2, 4):
        assert factors_of(program, pasts, np.float32, threads).tobytes() == once.tobytes()
