"""The checker: shapes, units and names; common parts once; windows without masks."""

import re
from pathlib import Path

import pytest

from intralpha.features.engine.program import assemble
from intralpha.features.frames import RowFrame, frame_named, frames, vocabulary
from intralpha.features.language.compile import FUNCTIONS, Compiler
from intralpha.features.language.graph import Graph
from intralpha.features.language.library import LibraryError
from intralpha.features.language.syntax import ExpressionError
from intralpha.features.language.units import CNY_UNIT, PLAIN, SHARE_UNIT
from intralpha.features.libraries import libraries, load_library


def compiled(text: str, frame: str = "minute", bar_rows: int = 0) -> Graph:
    graph = Graph()
    Compiler(vocabulary(frame), graph, bar_rows).factor(text, "keep")
    return graph


def codes(graph: Graph) -> list[str]:
    last = len(graph.ops) - 1
    return [graph.ops[i].code for i in graph.used([last])]


@pytest.mark.parametrize(
    ("text", "column", "why"),
    [
        ("mean(volum)", 6, "no volum in the frame minute"),
        ("meen(volume)", 1, "no function meen"),
        ("volume", 1, "ends in a row"),
        ("ok", 1, "ends in a mask"),
        ("1", 1, "ends in a constant"),
        ("mean(volume + amount)", 13, "share beside CNY"),
        ("mean(volume[close < amount])", 19, "CNY / share beside CNY"),
        ("mean(ln(volume))", 6, "ln of share"),
        ("mean(exp(close))", 6, "exp of CNY / share"),
        ("mean(volume + 1)", 13, "share beside plain number"),
        ("mean(ok)", 6, "expected a series, found a mask"),
        ("mean(ok + 1)", 6, "a mask has no arithmetic"),
        ("mean(volume[ret])", 13, "expected a mask, found a row"),
        ("mean(volume[ok & ret])", 18, "expected a mask, found a row"),
        ("mean(volume, least=ret)", 20, "least= wants"),
        ("mean(volume, most=3)", 19, "takes least=, not most="),
        ("mean(volume, days=20)", 19, "takes least=, not days="),
        ("mean(volume, days=20)", 19, "mean(FACTOR, days=20) into one of frame day with `uses:"),
        ("mean(volume, leas=20)", 19, "did you mean least?"),
        ("sum(volume) / ago(sum(volume), 1)", 15, "no function ago"),
        ("sum(volume) / ago(sum(volume), 1)", 15, "ago(FACTOR, 1) into one of frame day"),
        ("abs(volume, least=3)", 19, "abs takes no least="),
        ("corr(volume)", 1, "corr takes 2 arguments, found 1"),
        ("mean(ret ** 5)", 10, "an exponent of 5"),
        ("mean(lag(ret, 0))", 6, "a lag of 0"),
        ("mean(lag(ret, 1.5))", 6, "a lag of 1.5"),
        ("mean(ret[top(ret, 2)])", 19, "expected a share"),
        ('mean(ret[clock("09:31", "12:07")])', 10, "no row"),
        ('mean(ret[clock("10:00", "09:30")])', 10, "not after"),
        ('mean("09:30")', 6, "a time outside clock"),
        ('mean(ret[clock("09:30", "10:00", least=3)])', 40, "clock takes no least="),
        ("mean(smaller(ret, ok))", 6, "a mask where numbers belong"),
        ("mean(larger(1, 2))", 6, "two constants"),
        ("mean(normal(close))", 6, "normal of CNY / share"),
        ("mean(ret[1 < 2])", 12, "compares two constants"),
        ("mean(mean(ret))", 6, "expected a series, found a day"),
        ("prod(volume)", 1, "a product of share"),
        ("where(ok, volume, close)", 1, "share beside CNY / share"),
        ("mean(-traded)", 6, "a mask where numbers belong"),
        ('mean(-clock("09:30", "10:00"))', 6, "a mask where numbers belong"),
        ("mean(lag(close, 1e999))", 17, "1e999 is too large a number"),
        ("mean(lag(close, 0 / 0))", 6, "a lag of nan"),
        ("mean(lag(close, close))", 6, "a lag of"),
        ("mean(ret, least=2.5)", 17, "least= wants"),
        ("mean(ret, least=3, least=4)", 26, "one argument by name"),
        ("where(mean(ret) > 0, ok, 0)", 1, "a mask where numbers belong"),
        ("mean(where(volume, ret, ret))", 12, "expected a mask, found a row"),
    ],
)
def test_errors_point_at_the_column(text, column, why):
    with pytest.raises(ExpressionError) as caught:
        compiled(text)
    assert why in str(caught.value)
    assert str(caught.value).startswith(f"column {column}: "), str(caught.value)


def test_hints_name_the_nearest_word():
    with pytest.raises(ExpressionError, match="did you mean volume"):
        compiled("mean(volum)")
    with pytest.raises(ExpressionError, match="did you mean kurt"):
        compiled("kurtosis(ret)")


def test_units_multiply_and_cancel():
    assert str(CNY_UNIT / SHARE_UNIT) == "CNY / share"
    assert (CNY_UNIT / SHARE_UNIT).times(SHARE_UNIT) == CNY_UNIT
    assert (SHARE_UNIT**2) ** 0.5 == SHARE_UNIT
    assert str(PLAIN) == "plain number"
    for text in (
        "mean(amount / volume / close)",
        "mean(ln(volume / SHARE))",
        "sum(volume ** 2) / sum(volume) ** 2",
        "std(volume) / mean(volume)",
        "mean(ret[volume > 0])",
        "sqrt(sum(volume ** 2)) / SHARE",
        "where(mean(ret) > 0, mean(volume), 0) / SHARE",
        "mean(where(mean(close / open) > 1, ret, 0))",
        "mean(ret * 1e200 ** 4)",
    ):
        compiled(text)


def test_common_parts_are_kept_once():
    graph = Graph()
    compiler = Compiler(vocabulary("minute"), graph)
    compiler.factor("mean(ret[okT])")
    before = len(graph.ops)
    compiler.factor("std(ret[okT])")
    assert len(graph.ops) - before == 2  # the statistic, and the guard on it
    compiler.factor("mean(ret[okT])")
    assert len(graph.ops) - before == 2
    sums = Graph()
    Compiler(vocabulary("minute"), sums).factor("mean(open + close) + mean(close + open)")
    assert [op.code for op in sums.ops].count("mean") == 1


def test_a_clock_window_is_a_range_of_a_statistic_and_no_mask():
    graph = compiled('sum(volume[clock("10:00", "10:30")])')
    assert set(codes(graph)) == {"input", "rsubk", "select", "sum"}
    found = next(op for op in graph.ops if op.code == "sum")
    assert (found.lo, found.hi) == (30, 60)
    pair = compiled('corr(volume[clock("09:30", "11:00")], ret[clock("10:00", "15:00")])')
    found = next(op for op in pair.ops if op.code == "corr")
    assert (found.lo, found.hi) == (30, 90)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('mean(lag(volume[clock("09:30", "10:00")]))', {"crop": (0, 30)}),
        ('acorr(ret[clock("10:00", "10:30")])', {"crop": (30, 60)}),
        ('mean(ret[top(volume[clock("09:30", "10:00")], 0.3)])', {"crop": (0, 30)}),
        ('sum(where(clock("13:00", "15:00"), volume, 0))', {"cropmask": (120, 240)}),
        ('sum(volume[~(traded & clock("13:00", "15:00"))])', {"cropmask": (120, 240)}),
    ],
)  # fmt: skip
def test_a_window_is_worked_in_where_other_rows_are_looked_at(text, wanted):
    graph = compiled(text)
    found = {op.code: (op.lo, op.hi) for op in graph.ops}
    assert {code: found.get(code) for code in wanted} == wanted


def test_signs_and_zeros_keep_units():
    for text in (
        "mean(-volume / SHARE + 1)",
        "mean((0 - volume) / SHARE + 1)",
        "mean(where(ok, 0, volume) / SHARE + 1)",
        "mean(volume ** 0.5 * volume ** 0.5 + volume ** 2 / volume) / SHARE + 1",
    ):
        compiled(text)
    for text in ("mean(-volume + 1)", "mean((0 - volume) + 1)"):
        with pytest.raises(ExpressionError, match="share beside plain number"):
            compiled(text)


def test_returns_are_made_of_differences():
    """close / before - 1 and ln(close / before) lose no digits to a ratio near 1."""
    assert "reldiff" in codes(compiled("mean(ret)"))
    assert "reldiff" not in codes(compiled("mean(close / before - 2)"))
    assert "reldiff" not in codes(compiled("mean(close) / mean(before) - 1"))
    assert "logratio" in codes(compiled("mean(logret)"))
    grown = compiled("prod(1 + ret)")
    found = next(op for op in grown.ops if op.code == "growth")
    assert grown.ops[found.args[0]].code == "reldiff"


def test_the_ratio_of_a_flat_series_is_left_out():
    graph = compiled("tratio(ret)")
    small, std = next(op.args for op in graph.ops if op.code == "lt")
    assert (graph.ops[small].code, graph.ops[std].code) == ("mulk", "std")
    ratio = next(op for op in graph.ops if op.code == "div" and op.on == "day")
    assert [graph.ops[a].code for a in ratio.args] == ["mean", "std"]


def test_whole_day_numbers_of_bars_are_inputs_and_need_the_close():
    graph = compiled("sum(amount) / day_amount", bar_rows=30)
    assert "day_amount" in {op.name for op in graph.ops if op.code == "input"}
    with pytest.raises(ExpressionError, match="whole days"):
        compiled('sum(amount[clock("09:30", "10:00")]) / CNY', bar_rows=30)


def test_every_shipped_library_compiles():
    names = libraries()
    assert {"minute15", "ms22", "minute100", "volume100", "bar64_30", "tick100"} <= set(names)
    for name in names:
        library = load_library(name)
        if not isinstance(frame_named(library.frame), RowFrame):
            continue
        rows = 0 if library.segments == "day" else int(library.segments)
        graph = Graph()
        compiler = Compiler(vocabulary(library.frame), graph, rows)
        outputs = [compiler.factor(f.expr, f.on_locked) for f in library.factors]
        program = assemble(graph, outputs)
        assert program.outputs == len(library.factors)
        assert program.row_registers < 32


def test_definitions_stand_for_parts_of_expressions(tmp_path):
    """A part keeps to itself, reads parameters and earlier parts, and is a mask where it is one."""
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nframe: minute\n"
        'parameters: {until: {value: "10:00", choices: ["10:00", "10:30"]}}\n'
        "define: {opening: 'clock(\"09:30\", until)', gap: high - low, twice: gap + gap}\n"
        "factors: [{name: a, expr: 'mean((twice / close)[opening])'}]\n"
    )
    library = load_library(str(path), {"until": "10:30"})
    text = 'mean((((high - low) + (high - low)) / close)[(clock("09:30", "10:30"))])'
    assert [f.expr for f in library.factors] == [text]
    assert (library.define, library.parameters) == ({}, {})
    assert next(op for op in compiled(text).ops if op.code == "mean").hi == 60


def test_clock_of_ticks_is_a_mask_of_minutes():
    graph = compiled('sum(amount[clock("09:30", "10:30")]) / CNY', "trade")
    found = {op.code: op.k for op in graph.ops if op.code in ("gtk", "lek")}
    assert found == {"gtk": 0.0, "lek": 60.0}
    with pytest.raises(ExpressionError, match="clock needs"):
        compiled('sum(amount[clock("09:30", "10:30")]) / CNY', "parent")


def test_libraries_are_checked(tmp_path):
    with pytest.raises(LibraryError, match="did you mean minute15"):
        load_library("minute51")
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nframe: minit\nfactors: [{name: a, expr: mean(ret)}]\n")
    with pytest.raises(LibraryError, match="did you mean minute"):
        load_library(str(path))
    path.write_text("name: mine\nframe: minute\nfactors: [{name: a, expr: x}, {name: a, expr: y}]")
    with pytest.raises(LibraryError, match="named twice: a"):
        load_library(str(path))
    path.write_text("name: mine\nframe: minute\nfactors: [{name: a, expr: mean(ret), dir: 1}]\n")
    with pytest.raises(LibraryError, match="dir"):
        load_library(str(path))
    for more, why in (
        ("define: {close: high}", "named as series of minute: close"),
        (
            "define: {p: high}\nparameters: {p: {value: 1, choices: [1]}}",
            "both parameter and defin",
        ),
        ("define: {p: high}", "no expression reads p"),
        ("uses: [ms22]", "uses is for the frame day, found frame minute"),
    ):
        path.write_text(
            f"name: mine\nframe: minute\n{more}\nfactors: [{{name: a, expr: mean(ret)}}]"
        )
        with pytest.raises(LibraryError, match=why):
            load_library(str(path))
    assert [f.name for f in load_library("minute15").only(("bigorder_ret",)).factors] == [
        "bigorder_ret"
    ]
    with pytest.raises(LibraryError, match="has no factor"):
        load_library("minute15").only(("bigorder",))


def test_a_library_that_cannot_be_read_is_told_with_its_place(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"name: mine\nframe: minute\nsource: \xb6\xaf\n")
    with pytest.raises(LibraryError, match=r"mine\.yaml, line 3, column 9: found byte 0xb6"):
        load_library(str(path))
    whole = "name: mine\nframe: minute\nfactors: [{name: a, expr: mean(ret)}]\n"
    path.write_text(f"{whole}source: 2023-13-01\n")
    with pytest.raises(LibraryError, match=r"no timestamp from '2023-13-01'(.|\n)*line 4"):
        load_library(str(path))
    path.write_text(f"{whole}frame: bar5\n")
    with pytest.raises(LibraryError, match="key 'frame' is given twice"):
        load_library(str(path))


PAGE = (Path(__file__).parents[3] / "docs" / "factor-language.md").read_text()


def test_functions_are_documented():
    missing = [name for name in FUNCTIONS if name not in PAGE]
    assert not missing


@pytest.mark.parametrize("frame", frames().values(), ids=frames())
def test_series_are_documented(frame):
    words = set(re.findall(r"[A-Za-z_][A-Za-z_0-9]*", " ".join(re.findall(r"`([^`]*)`", PAGE))))
    levels = {f"{side}{n}" for side in ("bp", "bq", "bn", "ap", "aq", "an") for n in range(2, 11)}
    assert frame.name in words
    assert {*frame.names()} - levels - words == set()
