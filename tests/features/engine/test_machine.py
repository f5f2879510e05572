"""The machine against plain references, and expressions against NumPy, both generated together."""

import dataclasses
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.features import LibrarySpec
from intralpha.features.engine.machine import Rows, run
from intralpha.features.engine.program import Program, assemble
from intralpha.features.frames import frame_named, vocabulary
from intralpha.features.language.compile import Compiler
from intralpha.features.language.graph import Graph
from intralpha.features.language.library import Library
from intralpha.features.language.syntax import ExpressionError
from intralpha.features.libraries import load_library

from ...reference.bar64 import BAR64, PROXY, bar64, bar64_of_rows, bar64_proxy
from ...reference.day import MinuteDay
from ...reference.days import days
from ...reference.minute15 import minute15
from ...reference.minute100 import minute100
from ...reference.ms22 import ms22

REFERENCES = {"minute15": minute15, "minute100": minute100, "ms22": ms22}
USUAL_VOL = 0.0013
NOISE = "near_constant"  # its returns are 1e-7: the references themselves round there


def programme(library: Library) -> Program:
    frame, graph = vocabulary(library.frame), Graph()
    rows = 0 if library.segments == "day" else int(library.segments) // frame.minutes
    compiler = Compiler(frame, graph, rows)
    outputs = [compiler.factor(f.expr, f.on_locked) for f in library.factors]
    return assemble(graph, outputs, getattr(frame_named(library.frame), "inputs", ()))


def number(day: MinuteDay, name: str, usual: float) -> float:
    whole = {"day_volume": day.volume, "day_amount": day.amount, "day_trades": day.trades}
    if name in whole:
        return float(whole[name].sum() + getattr(day, name.replace("day", "auction")))
    if name == "price_ok":
        return float(not day.half_locked)
    if name == "usual_vol":
        return USUAL_VOL
    return usual if name == "usual_amount" else float(getattr(day, name))


def rows_of(
    program: Program, found: list[MinuteDay], frame: str, segment: int, dtype: type
) -> Rows:
    """Inputs of the machine, made from the days of the references."""
    minutes = vocabulary(frame).minutes
    source = [d if minutes == 1 else d.bars(minutes) for d in found]
    rows = [np.concatenate([getattr(d, n) for d in source]) for n in program.rows]
    per_day = 240 // minutes
    length = segment // minutes if segment else per_day
    numbers = [
        [number(d, n, 1e6) for d in found for _ in range(per_day // length)] for n in program.days
    ]
    count = len(found) * per_day // length
    bounds = np.arange(0, count * length + 1, length)
    shape = (len(program.days), count)
    lunch = 0 if segment else 120 // minutes
    return Rows(np.array(rows, dtype), np.reshape(numbers, shape), bounds, per_day, lunch)


def all_days() -> dict[str, MinuteDay]:
    return {f"{name}/{seed}": day for seed in (1, 2) for name, day in days(seed).items()}


@pytest.mark.parametrize("name", REFERENCES)
def test_every_factor_equals_its_reference(name):
    library, found = load_library(name), all_days()
    program = programme(library)
    data = rows_of(program, list(found.values()), library.frame, 0, np.float64)
    got = run(program, data)
    finite = 0
    for (label, day), row in zip(found.items(), got, strict=True):
        want = REFERENCES[name](day)
        tolerance = 1e-7 if label.startswith(NOISE) else 1e-9
        for factor, value in zip(library.factors, row, strict=True):
            expected = want[factor.name]
            assert math.isnan(value) == math.isnan(expected), (label, factor.name, value, expected)
            if not math.isnan(expected):
                finite += 1
                gap = abs(value - expected)
                assert gap <= tolerance * max(1.0, abs(expected)), (label, factor.name, gap)
    assert finite > 0.5 * got.size


@pytest.mark.one_in(6)
@pytest.mark.parametrize(("minutes", "least"), [(5, 5), (5, 2), (10, 3), (15, 2), (15, 1), (30, 1)])
def test_bar_features_of_longer_rows_equal_their_reference(minutes, least):
    """What can have a value with so few rows has the reference's; the rest is refused."""
    found = {k: d for k, d in all_days().items() if not d.half_locked and not d.suspended}
    names = [n for n in BAR64 if rows_wanted(n, least) <= 30 // minutes]
    assert 10 <= len(names) <= len(BAR64)
    rows = LibrarySpec(library="bar64_30", names=names, rows=minutes, parameters={"least": least})
    library = rows.library_of()
    program = programme(library)
    data = rows_of(program, list(found.values()), f"bar{minutes}", 30, np.float64)
    got, compared = run(program, data).reshape(len(found), 8, -1), 0
    for (label, day), bars in zip(found.items(), got, strict=True):
        want = bar64_of_rows(day, minutes, 30, np.full(8, 1e6), least)
        tolerance = 1e-6 if label.startswith(NOISE) else 1e-9
        for f, name in enumerate(names):
            assert np.array_equal(np.isnan(bars[:, f]), np.isnan(want[name])), (label, name)
            np.testing.assert_allclose(
                bars[:, f], want[name], rtol=tolerance, atol=tolerance, err_msg=f"{label} {name}"
            )
            compared += int(np.isfinite(bars[:, f]).sum())
    assert compared > 0.5 * got.size, "nothing was compared"
    for name in set(BAR64).difference(names):
        one = rows.model_copy(update={"names": (name,)})
        with pytest.raises(ExpressionError, match=r"observations, a segment has \d+ rows"):
            one.make()


def rows_wanted(name: str, least: int) -> int:
    """Rows that a formula wants, by what it is: see the reference's head."""
    three = ("skew", "prop_t", "acorr", "corr_")
    two = ("_std", "bar_apb", "path_eff")
    own = 4 if "kurt" in name else 3 if any(x in name for x in three) else 1
    if name in ("tval_rel", "bar_val_share"):
        return 1
    return max(least, own, 2 if any(x in name for x in two) else 1)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("bar", [10, 30])
def test_every_bar_feature_equals_its_reference(bar):
    library = load_library("bar64_30").model_copy(update={"segments": bar})
    assert [f.name for f in library.factors] == list(BAR64)
    found = {k: d for k, d in all_days().items() if not d.half_locked}  # known at the close only
    program = programme(library)
    data = rows_of(program, list(found.values()), "minute", bar, np.float64)
    got = run(program, data).reshape(len(found), 240 // bar, -1)
    for (label, day), rows in zip(found.items(), got, strict=True):
        want = bar64(day, bar, np.full(240 // bar, 1e6))
        for f, name in enumerate(BAR64):
            tolerance = 1e-6 if label.startswith(NOISE) else 1e-9
            assert np.array_equal(np.isnan(rows[:, f]), np.isnan(want[name])), (label, name)
            np.testing.assert_allclose(
                rows[:, f], want[name], rtol=tolerance, atol=tolerance, err_msg=f"{label} {name}"
            )


def test_classified_bar_features_equal_their_reference():
    library = load_library("bar64_proxy_30")
    assert [f.name for f in library.factors] == [f"{n}_proxy" for n in PROXY]
    found = {k: d for k, d in all_days().items() if not d.half_locked}
    program = programme(library)
    data = rows_of(program, list(found.values()), "minute", 30, np.float64)
    got = run(program, data).reshape(len(found), 8, -1)
    finite = 0
    for (label, day), rows in zip(found.items(), got, strict=True):
        want = bar64_proxy(day, 30, USUAL_VOL)
        for f, factor in enumerate(library.factors):
            expected = want[factor.name]
            assert np.array_equal(np.isnan(rows[:, f]), np.isnan(expected)), (label, factor.name)
            tolerance = 1e-6 if label.startswith(NOISE) else 1e-9
            np.testing.assert_allclose(
                rows[:, f], expected, rtol=tolerance, atol=tolerance, err_msg=factor.name
            )
            finite += np.isfinite(expected).sum()
    assert finite > 0.5 * got.size


def rounded(day: MinuteDay) -> MinuteDay:
    """The same day as float32 stores it."""
    names = ("open", "high", "low", "close", "volume", "amount", "trades")
    return dataclasses.replace(
        day, **{n: getattr(day, n).astype(np.float32).astype(np.float64) for n in names}
    )


@pytest.mark.parametrize("name", REFERENCES)
def test_float32_storage_keeps_four_digits(name):
    library = load_library(name)
    found = {k: rounded(d) for k, d in all_days().items() if not k.startswith(NOISE)}
    program = programme(library)
    got = run(program, rows_of(program, list(found.values()), library.frame, 0, np.float32))
    exact = run(program, rows_of(program, list(found.values()), library.frame, 0, np.float64))
    assert got.dtype == np.float32
    both = np.isfinite(got) & np.isfinite(exact)
    assert both.sum() > 0.98 * np.isfinite(exact).sum()
    gap = np.abs(got - exact)[both] / np.maximum(np.abs(exact[both]), 1e-3)
    assert np.quantile(gap, 0.99) < 1e-4
    assert gap.max() < 5e-3


def test_threads_and_blocks_change_nothing():
    for name in ("minute15", "bar64_30"):
        library = load_library(name)
        program = programme(library)
        segment = 0 if library.segments == "day" else int(library.segments)
        data = rows_of(program, list(all_days().values()), "minute", segment, np.float32)
        once = run(program, data, threads=1)
        for threads, block in ((2, 240), (3, 5 * 240), (4, 1), (1, 10**6)):
            again = run(program, data, threads, block)
            np.testing.assert_array_equal(once, again)


def test_segments_do_not_touch_each_other():
    library = load_library("minute100")
    program, found = programme(library), list(all_days().values())
    together = run(program, rows_of(program, found, "minute", 0, np.float32))
    for i in (0, 7, 20, len(found) - 1):
        alone = run(program, rows_of(program, [found[i]], "minute", 0, np.float32))
        np.testing.assert_array_equal(alone[0], together[i])


def test_no_segments_and_ragged_segments():
    graph = Graph()
    compiler = Compiler(vocabulary("vbar"), graph)
    texts = ("mean(ret, least=1)", "count(lag(close))", "first(lead(close))", "last(rows_left)")
    program = assemble(graph, [compiler.factor(t, "keep") for t in texts])
    lengths = [3, 0, 1, 5]
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    close = np.arange(1.0, bounds[-1] + 1)
    rows = np.array([close if n == "close" else close - 0.5 for n in program.rows])
    got = run(program, Rows(rows, np.zeros((len(program.days), 4)), bounds, 0, 0), block_rows=4)
    for s, n in enumerate(lengths):
        x = close[bounds[s] : bounds[s + 1]]
        want = [np.mean(x / (x - 0.5) - 1) if n else np.nan, max(n - 1, 0)]
        want += [x[1] if n > 1 else np.nan, 0 if n else np.nan]
        np.testing.assert_allclose(got[s], want, rtol=1e-12)
    none = run(program, Rows(rows[:, :0], np.zeros((len(program.days), 0)), np.zeros(1, int), 0, 0))
    assert none.shape == (0, 4)


# --- expressions and what NumPy makes of them, generated together --------------------------------

LENGTH = 12
Pair = tuple[str, np.ndarray]


def masked(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.where(mask, values, np.nan)


@st.composite
def series(draw: st.DrawFn, data: dict[str, np.ndarray], depth: int = 3) -> Pair:
    """An expression that gives plain numbers, and its value."""
    kind = draw(st.integers(0, 6)) if depth else 0
    if kind == 0:
        name = draw(st.sampled_from(["close", "open"]))
        return f"({name} / CNY * SHARE)", data[name]
    text, value = draw(series(data, depth - 1))
    other, second = draw(series(data, depth - 1))
    if kind == 1:
        symbol = draw(st.sampled_from("+-*"))
        table = {"+": np.add, "-": np.subtract, "*": np.multiply}
        return f"({text} {symbol} {other})", table[symbol](value, second)
    if kind == 2:
        return f"({text} / {other})", np.divide(value, np.where(second == 0, np.nan, second))
    if kind == 3:
        name = draw(st.sampled_from(["smaller", "larger"]))
        made = np.minimum(value, second) if name == "smaller" else np.maximum(value, second)
        return f"{name}({text}, {other})", made
    if kind == 4:
        return f"({text})[{other} > 1]", masked(value, np.nan_to_num(second, nan=-9) > 1)
    if kind == 5:
        step = draw(st.integers(1, 3))
        before = np.full(LENGTH, np.nan)
        before[step:] = value[:-step]
        return f"lag({text}, {step})", before
    name = draw(st.sampled_from(["abs", "sign", "sqrt"]))
    table = {"abs": np.abs, "sign": np.sign, "sqrt": np.sqrt}
    return f"{name}({text})", table[name](value)


def statistic(name: str, x: np.ndarray) -> float:
    x = x[~np.isnan(x)]
    if name == "count":
        return float(len(x))
    if name == "sum":
        return math.fsum(x)
    if not len(x):
        return math.nan
    table = {"mean": np.mean, "std": np.std, "min": np.min, "max": np.max, "median": np.median}
    table |= {"first": lambda v: v[0], "last": lambda v: v[-1], "prod": np.prod}
    return float(table[name](x))


@settings(max_examples=120)
@given(st.data())
def test_generated_expressions(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    values = {"close": rng.integers(1, 6, LENGTH) / 2.0, "open": rng.integers(0, 4, LENGTH) * 1.0}
    name = data.draw(
        st.sampled_from(["count", "sum", "mean", "std", "min", "max", "median", "first", "last"])
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        text, value = data.draw(series(values))
        want = statistic(name, value)
    graph = Graph()
    program = assemble(
        graph, [Compiler(vocabulary("vbar"), graph).factor(f"{name}({text}, least=0)", "keep")]
    )
    rows = np.array([values.get(n, values["close"]) for n in program.rows])
    shape = (len(program.days), 1)
    got = run(program, Rows(rows, np.zeros(shape), np.array([0, LENGTH]), 0, 0))[0, 0]
    assert math.isnan(got) == math.isnan(want), text
    if not math.isnan(want):
        assert got == pytest.approx(want, rel=1e-9, abs=1e-9), text
