"""Explain: what the libraries hold, and what one factor is, costs and needs, as text."""

from pathlib import Path

from intralpha.features.engine.program import assemble
from intralpha.features.factors import Settings
from intralpha.features.frames import RowFrame, frame_named
from intralpha.features.language.compile import Compiler
from intralpha.features.language.graph import Graph
from intralpha.features.language.library import FactorEntry, Library, LibraryError
from intralpha.features.language.parameters import shown
from intralpha.features.language.syntax import names_read, nearest
from intralpha.features.language.vocabulary import Vocabulary
from intralpha.features.libraries import libraries, read_library
from intralpha.features.library_features import LibraryFeatures

SIGNS = {-1: "negative", 0: "not known", 1: "positive"}


def list_libraries() -> str:
    """One line a shipped library: frame, segments, number of factors, source."""
    lines = [f"{'library':18}{'frame':10}{'one number a':14}{'factors':>8}  source"]
    for name in libraries():
        library = read_library(name)
        per = "day" if library.segments == "day" else f"{library.segments} minutes"
        count = len(library.factors)
        lines.append(f"{name:18}{library.frame:10}{per:14}{count:8}  {library.source}")
    return "\n".join(lines)


def show_library(name: str) -> str:
    """Parameters of a library with values and choices, definitions, and its factors as written.

    Parameters
    ----------
    name : shipped, or the path of a YAML file

    Raises
    ------
    LibraryError, ExpressionError
        No such library, or one that no feature set could be made of.
    """
    library = read_library(name)
    LibraryFeatures(library.resolved({}), Settings(offers=library.parameters))  # or it raises
    lines = [f"{library.name}: frame {library.frame}, {library.source}"]
    if library.uses:
        lines.append(f"uses {', '.join(library.uses)}")
    if library.parameters:
        table = {n: _parameter(library, n) for n in library.parameters}
        lines += ["parameters, chosen in a recipe by `parameters: {NAME: VALUE}`", *_table(table)]
    if library.define:
        table = {n: _one_line(text) for n, text in library.define.items()}
        lines += ["definitions", *_table(table)]
    if library.parameters or library.define:
        lines.append("factors")
    return "\n".join([*lines, *_table({f.name: _one_line(f.expr) for f in library.factors})])


def _parameter(library: Library, name: str) -> str:
    """Value, choices and source of a parameter."""
    parameter = library.parameters[name]
    source = f"  [{parameter.source}]" if parameter.source else ""
    return f"{shown(parameter.value)}, choices {parameter.listed()}{source}"


def _table(rows: dict[str, str]) -> list[str]:
    width = max(map(len, rows))
    return [f"{key:{width}}  {text}" for key, text in rows.items()]


def explain_factor(name: str) -> str:
    """Formula, unit, source, inputs and cost of a factor, wherever it is found.

    Parameters
    ----------
    name : of a factor, or ``library.factor`` where several libraries have one of that name; or of a
        library: each of its factors. A library is a shipped one, or the path of a YAML file

    Raises
    ------
    LibraryError
        No shipped library has it, or the one that is named has not.
    ExpressionError
        It cannot be read.
    """
    if name in libraries() or name.endswith(".yaml") or Path(name).is_file():
        library = read_library(name)
        found = [(library, factor) for factor in library.factors]
    else:
        found = _factors_named(name)
    return "\n\n".join(_explained(library, factor) for library, factor in found)


def _factors_named(name: str) -> list[tuple[Library, FactorEntry]]:
    """Factors of a name, ``NAME`` or ``LIBRARY.NAME``, with their libraries; at least one."""
    wanted, _, only = name.rpartition(".")
    where = [read_library(n) for n in ([wanted] if wanted else libraries())]
    found = [(lib, factor) for lib in where for factor in lib.factors if factor.name == only]
    if not found:
        hint = nearest(only, sorted({f.name for lib in where for f in lib.factors}))
        found_in = f"library {wanted} has no" if wanted else "no library has a"
        raise LibraryError(f"{found_in} factor {only}; {hint}")
    return found


def _explained(library: Library, factor: FactorEntry) -> str:
    facts = {
        "expression": _one_line(factor.expr),
        "source": factor.source or library.source,
        "expected sign": SIGNS[factor.direction],
        "on locked days": "stays" if factor.on_locked == "keep" else "NaN",
    }
    read = _names_in(library, factor.expr)
    parts = [f"{n} = {_one_line(library.define[n])}" for n in library.define if n in read]
    facts |= {"where": "; ".join(parts)} if parts else {}
    choices = [f"{n} = {_parameter(library, n)}" for n in library.parameters if n in read]
    facts |= {"parameters": "; ".join(choices)} if choices else {}
    frame = frame_named(library.frame)
    if isinstance(frame, RowFrame):
        facts |= _compiled(library.resolved({}).only((factor.name,)), frame.vocabulary)
    lines = [f"  {line}" for line in _table(facts)]
    return "\n".join([f"{factor.name} (library {library.name}, frame {library.frame})", *lines])


def _names_in(library: Library, text: str) -> set[str]:
    """Names that an expression reads, and those that its definitions read."""
    found = names_read(text)
    for name in reversed(library.define):  # a definition may use those before it
        found |= names_read(library.define[name]) if name in found else set()
    return found


def _compiled(library: Library, frame: Vocabulary) -> dict[str, str]:
    """What only the compiled factor can tell, the one of the library."""
    (factor,) = library.factors
    graph = Graph()
    rows = 0 if library.segments == "day" else int(library.segments) // max(frame.minutes, 1)
    compiler = Compiler(frame, graph, rows)
    output = compiler.factor(factor.expr, factor.on_locked)
    program = assemble(graph, [output])
    used = [graph.ops[i] for i in graph.used([output])]
    inputs = sorted(op.name for op in used if op.code == "input")
    at_close = not rows or bool({op.name for op in used} & {*frame.whole_day, *frame.late})
    of_rows = sum(op.on == "row" and op.code != "input" for op in used)
    of_days = sum(op.on == "day" and op.code != "input" for op in used)
    return {
        "unit": str(compiler.units[0]),
        "known at": "15:00" if at_close else "end of the bar",
        "reads": ", ".join(inputs),
        "cost": f"{of_rows} passes over rows, {of_days} numbers a segment, "
        f"{program.row_registers} registers; shared parts count once in a set",
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())
