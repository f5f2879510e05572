"""The torch machine gives what the Numba machine gives, on days, bars and ragged segments."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from intralpha.features.engine.machine import Rows, run
from intralpha.features.engine.program import Program, assemble
from intralpha.features.frames import frames, vocabulary
from intralpha.features.language.compile import Compiler
from intralpha.features.language.graph import Graph
from intralpha.features.libraries import libraries, load_library
from intralpha.features.tick_factors import TickFrame
from intralpha.market.bar_day import LEVEL2_FIELDS

from ..features.engine.test_machine import programme, rows_of
from ..features.level2_inputs import rows_of_minutes, rows_of_ticks
from .day import MinuteDay
from .days import days
from .level2_day import Level2Day
from .level2_days import level2_days
from .torch_machine import _cuts, run_torch

LIBRARIES = [n for n in libraries() if load_library(n).frame in ("minute", "bar5")]
TICK_LIBRARIES = [n for n in libraries() if isinstance(frames()[load_library(n).frame], TickFrame)]
TOLERANCE = {np.float64: 1e-9, np.float32: 1e-4}


def chosen_days() -> dict[str, MinuteDay]:
    """All of them, near_constant too: both machines round its tiny returns alike."""
    return {f"{name}/{seed}": day for seed in (1, 2) for name, day in days(seed).items()}


def from_library(name: str, found: dict[str, MinuteDay], dtype: type) -> tuple[Program, Rows]:
    library = load_library(name)
    program, segment = programme(library), 0 if library.segments == "day" else library.segments
    if set(program.rows) & set(LEVEL2_FIELDS):
        return program, rows_of_minutes(program, level2_stock_days(), dtype, int(segment))
    return program, rows_of(program, list(found.values()), library.frame, int(segment), dtype)


def level2_stock_days() -> list[Level2Day]:
    """Those that close with an auction and traded."""
    found = [day for seed in (1, 2) for day in level2_days(seed).values()]
    return [d for d in found if d.closing_auction and len(d.trades["time"])]


def assert_same(got: np.ndarray, want: np.ndarray, tolerance: float) -> None:
    assert got.dtype == want.dtype
    assert np.isfinite(want).sum() > 0.3 * want.size, "nothing was compared"
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", LIBRARIES)
def test_every_library_of_days(name, dtype):
    program, data = from_library(name, chosen_days(), dtype)
    assert_same(run_torch(program, data), run(program, data), TOLERANCE[dtype])


@pytest.mark.one_in(8)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", TICK_LIBRARIES)
def test_every_library_of_ticks(name, dtype):
    library, found = load_library(name), level2_stock_days()
    program = programme(library)
    data = rows_of_ticks(program, library.frame, found, dtype)
    if library.frame != "parent":  # rows of parent orders have no time
        assert (data.lunch > 0).sum() > len(found) / 2
        assert len(set(data.lunch.tolist())) > len(found) / 4
    want = run(program, data)
    assert_same(run_torch(program, data), want, TOLERANCE[dtype])
    assert_same(run_torch(program, data, block_rows=3000), want, TOLERANCE[dtype])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_gpu(dtype):
    # Its logarithm may differ in the last digit, of which near_constant's returns are made.
    found = {n: day for n, day in chosen_days().items() if not n.startswith("near_constant")}
    for name in LIBRARIES:
        program, data = from_library(name, found, dtype)
        assert_same(run_torch(program, data, "cuda"), run(program, data), TOLERANCE[dtype])
    program, data = from_texts(RAGGED), ragged(LENGTHS, dtype)
    assert_same(run_torch(program, data, "cuda", 64), run(program, data), TOLERANCE[dtype])


# --- ragged segments ---------------------------------------------------------------------------

LENGTHS = [31, 0, 1, 2, 40, 0, 17, 3, 100, 30, 29, 0]
RAGGED = """
count(ret)
sum(minutes[ok])
mean(ret, least=1)
std(close, least=2)
skew(logret)
kurt(logret, least=4)
min(low)
max(high[age == 0])
first(open)
first(lead(close), least=3)
last(close[ret > 0])
last(rows_left)
prod(1 + ret)
prod(close / open, least=2)
median(close)
median(ret[ret < 0], least=1)
mad(logret)
drawdown(close, least=1)
corr(ret, minutes)
acorr(logret, least=3)
corr(ret, lead(minutes, 2), least=2)
count(lag(close, 40))
sum(row[lag(close, 3) < close])
mean(prev(vwap, open) / CNY * SHARE, least=1)
mean(minutes[top(abs(ret), 0.3)], least=1)
sum(row[top(age, 0.25, least=3)])
sum(row[~top(age, 0.5, least=1) & close > mean(close, least=1)])
sum(where(rows_left < 5, ret, 0 - minutes))
count(close[~(ret > 0)])
sum(larger(minutes, 3) - smaller(minutes, row))
where(count(ret) > 20, mean(ret), sum(sign(ret)) / 0)
last(vwap) / first(vwap) - exp(sum(logret))
mean(rows_left ** 2, least=0)
count(1 / (minutes - 2))
count(close / (minutes - 2))
count(row / minutes - 1)
count(sign(ret))
count(ln(minutes))
skew(0.1 + 0 * row, least=3)
sum(row[top(row, 0.07, least=1)])
corr(row, 0.1 + 0 * row)
""".strip().splitlines()


def ragged(lengths: list[int], dtype: type, seed: int = 5) -> Rows:
    """Random bars of equal volume, with ties and gaps; inputs in the order of INPUTS."""
    rng, n = np.random.default_rng(seed), sum(lengths)
    opened = np.round(20 * np.exp(np.cumsum(rng.normal(0, 0.01, n))), 2)
    close = np.round(opened * np.exp(rng.normal(0, 0.01, n)), 2)
    values = {
        "open": opened,
        "high": np.maximum(opened, close) + 0.02,
        "low": np.minimum(opened, close) - 0.02,
        "close": np.where(rng.random(n) < 0.1, np.nan, close),
        "vwap": (opened + close) / 2,
        "before": opened + 0.01,
        "minutes": rng.integers(0, 6, n),
        "age": rng.integers(0, 4, n),
    }
    suspended = (np.arange(len(lengths)) % 7 == 6).astype(np.float64)
    rows = np.array([values[name] for name in INPUTS], dtype)
    bounds = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return Rows(rows, suspended[None], bounds, 0, 0)


INPUTS = ("open", "high", "low", "close", "vwap", "before", "minutes", "age")


def from_texts(texts: list[str]) -> Program:
    graph = Graph()
    compiler = Compiler(vocabulary("vbar"), graph)
    return assemble(graph, [compiler.factor(text, "keep") for text in texts], INPUTS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_ragged_segments(dtype):
    program, data = from_texts(RAGGED), ragged(LENGTHS, dtype)
    want = run(program, data)
    for block_rows in (1, 64, 10**6):
        assert_same(run_torch(program, data, block_rows=block_rows), want, TOLERANCE[dtype])


def test_library_of_bars_of_equal_volume():
    texts = [f.expr for f in load_library("volume100").factors]
    program = from_texts(texts)
    lengths = np.random.default_rng(8).integers(0, 130, 40).tolist()
    data = ragged(lengths, np.float64)
    assert_same(run_torch(program, data), run(program, data), 1e-9)


def test_ragged_segments_stop_at_lunch():
    program = from_texts(["sum(lag(row, 2))", "sum(lead(row, 3))", "count(lag(lead(row)))"])
    data = ragged(LENGTHS, np.float64)
    data = Rows(data.rows, data.days, data.bounds, 0, lunch=17)
    assert_same(run_torch(program, data), run(program, data), 1e-12)


def test_every_segment_has_its_own_lunch():
    """By hand: the second row of the first segment and the third of the second are after lunch."""
    rows = np.full((len(INPUTS), 7), np.nan)
    rows[INPUTS.index("close")] = [1, 2, 3, 10, 20, 30, 40]
    program = from_texts(["sum(lag(close))", "sum(lead(close))", "count(lag(close, 2))"])
    lunch = np.array([1, 2])
    data = Rows(rows, np.zeros((1, 2)), np.array([0, 3, 7]), 0, lunch)
    want = [[2.0, 3.0, 0.0], [40.0, 60.0, 0.0]]
    np.testing.assert_array_equal(run(program, data), want)
    np.testing.assert_array_equal(run(program, data, block_rows=1), want)
    np.testing.assert_array_equal(run_torch(program, data), want)
    np.testing.assert_array_equal(run_torch(program, data, block_rows=1), want)


def test_a_long_segment_among_short_ones():
    program, lengths = from_texts(RAGGED), [1, 2] * 50 + [500] + [3, 0, 9] * 50
    data = ragged(lengths, np.float64)
    blocks = list(pairwise(_cuts(data, 600)))
    assert max(max(lengths[a:b]) * (b - a) for a, b in blocks) <= 600  # padding counts
    assert_same(run_torch(program, data, block_rows=600), run(program, data), 1e-9)


def test_by_hand():
    rows = np.full((len(INPUTS), 5), np.nan)
    rows[INPUTS.index("close")] = [4.0, 2.0, 2.0, 8.0, 6.0]
    program = from_texts(
        [
            "median(close, least=1)",
            "drawdown(close, least=1)",
            "sum(row[top(close, 0.5, least=1)])",
            "last(lead(close))",
            "sum(rows_left)",
        ]
    )
    got = run_torch(program, Rows(rows, np.zeros((1, 2)), np.array([0, 3, 5]), 0, 0))
    np.testing.assert_array_equal(got, [[2.0, 0.5, 3.0, 2.0, 3.0], [7.0, 0.25, 1.0, 6.0, 1.0]])


# --- blocks, order, edges ----------------------------------------------------------------------


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", ["minute15", "bar64_30", "ms22"])
def test_blocks_change_nothing(name):
    program, data = from_library(name, chosen_days(), np.float32)
    once = run_torch(program, data, block_rows=10**7)
    for block_rows in (1, 240, 7 * 240 + 1):
        again = run_torch(program, data, block_rows=block_rows)
        np.testing.assert_array_equal(np.isnan(again), np.isnan(once))
        np.testing.assert_allclose(again, once, rtol=1e-6)


def test_order_of_segments_is_order_of_results():
    found = chosen_days()
    order = np.random.default_rng(3).permutation(len(found))
    shuffled = {name: found[name] for name in np.array(list(found))[order]}
    program, data = from_library("minute100", found, np.float64)
    moved = from_library("minute100", shuffled, np.float64)[1]
    assert_same(run_torch(program, moved), run_torch(program, data)[order], 1e-12)


def test_order_of_ragged_segments_is_order_of_results():
    program, data = from_texts(RAGGED), ragged(LENGTHS, np.float64)
    order = np.random.default_rng(4).permutation(len(LENGTHS))
    parts = [data.rows[:, data.bounds[s] : data.bounds[s + 1]] for s in order]
    bounds = np.concatenate([[0], np.cumsum([p.shape[1] for p in parts])])
    shuffled = Rows(np.concatenate(parts, axis=1), data.days[:, order], bounds, 0, 0)
    assert_same(run_torch(program, shuffled), run_torch(program, data)[order], 1e-12)


@pytest.mark.parametrize("lengths", [[], [0, 0], [1], [0, 1]])
def test_hardly_any_rows(lengths):
    program, data = from_texts(RAGGED), ragged(lengths, np.float64)
    np.testing.assert_allclose(run_torch(program, data), run(program, data), rtol=1e-12)


def test_inputs_may_be_read_only():
    program, data = from_library("minute15", chosen_days(), np.float32)
    want = run_torch(program, data)
    for array in (data.rows, data.days, data.bounds):
        array.flags.writeable = False
    np.testing.assert_array_equal(run_torch(program, data), want)
