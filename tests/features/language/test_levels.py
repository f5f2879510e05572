"""Sums over levels of the book: by hand, beside NumPy, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.features.engine.machine import Rows, run
from intralpha.features.engine.program import assemble
from intralpha.features.frames import vocabulary
from intralpha.features.language.compile import Compiler
from intralpha.features.language.graph import Graph
from intralpha.features.language.syntax import ExpressionError

LEVELS = 10
WIDTH = 7  # snapshots in a segment


def book(seed: int) -> dict[str, np.ndarray]:
    """Ten levels [10, 7] of prices, shares and orders: small whole numbers, so sums are exact."""
    rng = np.random.default_rng(seed)
    shape = (LEVELS, WIDTH)
    return {f"{s}{what}": rng.integers(1, 50, shape).astype(float) for s in "ba" for what in "pqn"}


def evaluate(text: str, levels: dict[str, np.ndarray]) -> float:
    """One number of one segment, through the compiler and the machine, in float64."""
    graph = Graph()
    op = Compiler(vocabulary("snapshot"), graph).factor(text, "keep")
    program = assemble(graph, [op])
    rows = [levels[name[:2]][int(name[2:]) - 1] for name in program.rows]
    days = np.zeros((len(program.days), 1))
    return float(run(program, Rows(np.array(rows), days, np.array([0, WIDTH]), 0, 0))[0, 0])


def unit_of(text: str) -> str:
    compiler = Compiler(vocabulary("snapshot"), Graph())
    compiler.factor(text, "keep")
    return str(compiler.units[0])


def refused(text: str, frame: str = "snapshot") -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        Compiler(vocabulary(frame), Graph()).factor(text, "keep")
    return caught.value


def test_a_sum_by_hand():
    levels = {"bp": np.outer([10.0, 9.0, 8.0, *[1.0] * 7], np.ones(WIDTH))}
    levels["bq"] = np.outer([100.0, 300.0, 200.0, *[700.0] * 7], np.ones(WIDTH))
    assert evaluate("mean(levels(bq, 3), least=1)", levels) == 600
    assert evaluate("mean(levels(bq, 2, 3), least=1)", levels) == 500
    assert evaluate("mean(levels(bq, 3, 3), least=1)", levels) == 200
    assert evaluate("mean(levels(bq, 10), least=1)", levels) == 5500
    assert evaluate("mean(levels(bp * bq, 2), least=1)", levels) == 3700
    # 10 - 9 and 9 - 8, each times the shares of the better level.
    assert evaluate("mean(levels((bp - deeper(bp)) * bq, 2), least=1)", levels) == 400
    # The shares two levels on: 200 behind 100, 700 behind 300.
    assert evaluate("mean(levels(bq * deeper(deeper(bq)), 2), least=1)", levels) == 230_000
    # A part with a number of its own stays where it is: (8 - 10) + (8 - 9).
    assert evaluate("mean(levels(bp3 - bp, 2), least=1)", levels) == -3


def test_deeper_moves_everything_under_it():
    levels = book(3)
    text = "mean(levels(deeper(bp * bq + 2 * bp * aq), 2, 4), least=1)"
    moved = slice(2, 5)
    each = levels["bp"] * levels["bq"] + 2 * levels["bp"] * levels["aq"]
    assert evaluate(text, levels) == pytest.approx(each[moved].sum(axis=0).mean(), rel=1e-14)


SIDES = ("b", "a")
PARTS = {  # text with the level left out, and the same in NumPy from the level's rows
    "bq": lambda x, k: x["bq"][k],
    "aq - bq": lambda x, k: x["aq"][k] - x["bq"][k],
    "bp * bq": lambda x, k: x["bp"][k] * x["bq"][k],
    "(ap1 - ap) * aq": lambda x, k: (x["ap"][0] - x["ap"][k]) * x["aq"][k],
    "where(bn > an, bq, 0)": lambda x, k: np.where(x["bn"][k] > x["an"][k], x["bq"][k], 0),
    "larger(bp, ap)": lambda x, k: np.maximum(x["bp"][k], x["ap"][k]),
    "bq ** 2 / aq": lambda x, k: x["bq"][k] ** 2 / x["aq"][k],
    "-bn": lambda x, k: -x["bn"][k],
}


@given(
    st.integers(0, 10_000),
    st.sampled_from(sorted(PARTS)),
    st.integers(1, LEVELS),
    st.integers(0, LEVELS),
    st.sampled_from(["mean", "max", "min", "sum"]),
)
def test_sums_are_those_of_numpy(seed, part, first, more, statistic):
    last = min(first + more, LEVELS)
    levels, each = book(seed), PARTS[part]
    want = sum(each(levels, k) for k in range(first - 1, last))
    wanted = float(getattr(np, statistic)(want))
    ends = f"{last}" if first == 1 else f"{first}, {last}"
    got = evaluate(f"{statistic}(levels({part}, {ends}), least=1)", levels)
    assert got == pytest.approx(wanted, rel=1e-12, abs=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, LEVELS - 1), st.sampled_from(["bp", "aq"]))
def test_deeper_is_the_next_level(seed, last, name):
    levels = book(seed)
    steps = levels[name][1 : last + 1] - levels[name][:last]
    got = evaluate(f"sum(levels((deeper({name}) - {name}) ** 2, {last}), least=1)", levels)
    assert got == pytest.approx(float((steps**2).sum()), rel=1e-12)


def test_a_level_that_is_missing_makes_the_sum_missing():
    levels = book(5)
    levels["bp"][2, 4] = np.nan
    whole = evaluate("count(levels(bp, 2))", levels)
    assert whole == WIDTH
    assert evaluate("count(levels(bp, 3))", levels) == WIDTH - 1
    assert evaluate("count(levels(where(bp > 0, bp, 0), 3))", levels) == WIDTH


def test_units_are_those_of_one_level():
    assert unit_of("mean(levels(bq, 5))") == "share"
    assert unit_of("mean(levels(bp * bq, 2, 10))") == "CNY"
    assert unit_of("mean(levels(bq, 10) / levels(bn, 10))") == "share"
    assert unit_of("mean(levels(deeper(bp) - bp, 9))") == "CNY / share"
    assert unit_of("mean(levels(bp / ap, 3))") == "plain number"


def test_sums_share_their_first_levels():
    graph = Graph()
    compiler = Compiler(vocabulary("snapshot"), graph)
    compiler.factor("mean(levels(bq, 10))", "keep")
    before = len(graph.ops)
    compiler.factor("mean(levels(bq, 5))", "keep")
    assert len(graph.ops) - before == 2  # the mean and the guard; the sum was there


@pytest.mark.parametrize(
    ("text", "column", "why"),
    [
        ("mean(levels(bq))", 6, "levels takes 2 or 3 arguments, found 1"),
        ("mean(levels(bq, 1, 2, 3))", 6, "levels takes 2 or 3 arguments, found 4"),
        ("mean(levels(bq, least=3))", 23, "levels takes no least="),
        ("mean(levels(bq, 0))", 17, "whole numbers from 1 to 10"),
        ("mean(levels(bq, 11))", 17, "whole numbers from 1 to 10"),
        ("mean(levels(bq, 2.5))", 17, "whole numbers from 1 to 10"),
        ("mean(levels(bq, -2))", 17, "whole numbers from 1 to 10"),
        ("mean(levels(bq, 1e999))", 17, "1e999 is too large a number"),
        ("mean(levels(bq, bq1))", 17, "whole numbers from 1 to 10"),
        ("mean(levels(bq, 1, 12))", 20, "whole numbers from 1 to 10"),
        ("mean(levels(bq, 5, 3))", 20, "the last level 3 is above the first 5"),
        ("mean(levels(bq > 0, 3))", 16, "expected a series, found a mask"),
        ("mean(levels(mean(bq), 3))", 13, "expected a series, found a day"),
        ("mean(levels(bp + bq, 3))", 16, "CNY / share beside share"),
        ("mean(levels(mid, 3))", 13, "nothing in levels(...) has levels"),
        ("mean(levels(bq1, 3))", 13, "nothing in levels(...) has levels"),
        ("mean(levels(2, 3))", 13, "nothing in levels(...) has levels"),
        ("mean(levels(bp - deeper(mid), 3))", 25, "nothing in deeper(...) has levels"),
        ("mean(levels(levels(bq, 2), 3))", 13, "levels inside levels"),
        ("mean(levels(bq + deeper(levels(bq, 2)), 3))", 25, "levels inside levels"),
        ("mean(levels(deeper(bq), 10))", 20, "level 11: the book has 10"),
        ("mean(levels(bq - deeper(deeper(bq)), 9))", 32, "level 11: the book has 10"),
        ("mean(levels(deeper(bq, bq), 3))", 13, "deeper takes 1 arguments, found 2"),
        ("mean(levels(deeper(bq, least=3), 3))", 30, "deeper takes no least="),
        ("mean(deeper(bq1))", 6, "deeper outside levels"),
        ("mean(bq)", 6, "no bq in the frame snapshot"),
        ("mean(bq11)", 6, "no bq11 in the frame snapshot"),
        ("levels(bq, 3)", 1, "ends in a row"),
    ],
)
def test_errors_point_at_the_column(text, column, why):
    error = refused(text)
    assert why in str(error)
    assert str(error).startswith(f"column {column}: "), str(error)


def test_only_snapshots_have_levels():
    for frame in ("minute", "bar5", "vbar", "trade", "order", "parent"):
        error = refused("mean(levels(volume, 3))", frame)
        assert str(error).startswith("column 6: levels needs the frame snapshot"), frame
